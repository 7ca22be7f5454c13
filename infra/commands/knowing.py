"""What a decision looks up beside its stream: policies, calendars, holidays, staff, the customer's tier."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from domain.complaint import Complaint
from domain.complaint import commands as c
from domain.complaint.lifecycle import CHANGES_FACTS
from domain.messages import Command
from domain.sla import HolidayRule
from domain.sla_calendar import DefineCalendar, ReviseCalendar
from infra.holidays import holiday_set, subdivisions
from infra.reference import Reference

NOTHING: Mapping[str, Any] = {}

TierOf = Callable[[UUID], Awaitable[str | None]]


async def of_documents(reference: Reference, command: Command, today: date) -> Mapping[str, Any]:
    """For commands on policies, calendars and staff, which are rare: what stands in the log now."""
    await reference.refresh()
    rule = command.holidays if isinstance(command, DefineCalendar | ReviseCalendar) else None
    found = await asyncio.to_thread(_holidays, rule, today) if rule else NOTHING
    return {"sla": reference.standing, "staff": reference.staff, **found}


def _holidays(rule: HolidayRule, today: date) -> Mapping[str, Any]:
    """Some countries take the library half a second."""
    return {"holidays": holiday_set(rule, today), "known_holidays": subdivisions(rule.country)}


async def of_complaint(
    reference: Reference, command: Command, state: Complaint | None, tier_of: TierOf
) -> Mapping[str, Any]:
    """For commands on complaints: what is in memory, and a tier where one may matter."""
    clocks = await _of_clocks(reference, command, state, tier_of)
    return {**clocks, "staff": reference.staff} if isinstance(command, c.Assign) else clocks


async def _of_clocks(
    reference: Reference, command: Command, state: Complaint | None, tier_of: TierOf
) -> Mapping[str, Any]:
    if state is not None and state.timeline.applications:
        if not all(reference.know(each.policies) for each in state.timeline.applications):
            await reference.refresh()
    elif not reference.standing.active:
        return NOTHING
    if command.verb not in CHANGES_FACTS:
        return {"sla": reference.standing}
    customer_id = _customer(command, state)
    return {"sla": reference.standing, "tier": await tier_of(customer_id) if customer_id else None}


def _customer(command: Command, state: Complaint | None) -> UUID | None:
    """Whose complaint it is once the command is carried out."""
    match command:
        case c.Register() | c.RelinkCustomer():
            return command.customer_id
        case c.Correct(customer_id=UUID() as customer_id):
            return customer_id
        case c.Approve() if state and (kept := _kept(command, state).get("customer_id")):
            return UUID(kept)
        case _:
            return state.customer_id if state else None


def _kept(command: c.Approve, state: Complaint) -> Mapping[str, Any]:
    """The fields of the command that waits for the approval."""
    waiting = (each for each in state.approvals if each.approval_id == command.approval_id)
    return next((each.command or NOTHING for each in waiting), NOTHING)
