"""Cases that outside bodies open. Several per complaint, in any state, each known by body and reference."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.aggregate import Context
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint.state import Complaint, ExternalCase
from domain.messages import Refused
from domain.times import happened, utc


def open_external_case(state: Complaint, command: c.OpenExternalCase, ctx: Context) -> list[e.ComplaintEvent]:
    """A known body and reference is the same case: recorded again only when a time is another one."""
    known = next(
        (
            case
            for case in state.external_cases
            if (case.body, case.reference) == (command.body, command.reference)
        ),
        None,
    )
    opened_at = happened(command.opened_at, ctx) if command.opened_at else _opened_at(known, ctx)
    due_at = utc(command.due_at) if command.due_at else known.due_at if known else None
    if known is not None and (opened_at, due_at) == (known.opened_at, known.due_at):
        return []
    return [
        e.ExternalCaseOpened(
            case_id=known.case_id if known else ctx.new_id,
            body=command.body,
            reference=command.reference,
            opened_at=opened_at,
            due_at=due_at,
        )
    ]


def answer_external_case(state: Complaint, command: c.AnswerExternalCase) -> list[e.ComplaintEvent]:
    case = _only(state) if command.case_id is None else _known(state, command.case_id)
    return [
        e.ExternalCaseAnswered(
            case_id=case.case_id,
            body=case.body,
            reference=case.reference,
            answer=command.answer,
            declared_timely=command.declared_timely,
        )
    ]


def decide_external_case(state: Complaint, command: c.DecideExternalCase) -> list[e.ComplaintEvent]:
    """Bodies decide again on appeal, so each decision is recorded."""
    case = _known(state, command.case_id)
    return [
        e.ExternalCaseDecided(
            case_id=case.case_id,
            body=case.body,
            reference=case.reference,
            outcome=command.outcome,
            rating=command.rating,
        )
    ]


def _opened_at(known: ExternalCase | None, ctx: Context) -> datetime:
    return known.opened_at if known else ctx.occurred_at


def _known(state: Complaint, case_id: UUID) -> ExternalCase:
    for case in state.external_cases:
        if case.case_id == case_id:
            return case
    raise Refused("unknown-external-case", f"the complaint has no external case {case_id}")


def _only(state: Complaint) -> ExternalCase:
    if len(state.external_cases) != 1:
        raise Refused("unknown-external-case", f"it has {len(state.external_cases)} external cases; name one")
    return state.external_cases[0]
