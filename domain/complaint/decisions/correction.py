"""Correcting what was registered. A kind or a customer given here is changed by the event that says so."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.aggregate import Context
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint import values
from domain.complaint.decisions.intake import checked_points, kind_changed
from domain.complaint.state import Complaint
from domain.complaint.values import plain
from domain.messages import Refused
from domain.times import received, utc

AS_GIVEN = (
    "subject",
    "description",
    "channel",
    "anonymity",
    "product",
    "category",
    "journey_stage",
    "severity",
    "remedy_sought",
    "forwarded_from",
    "prior_protocol",
    "follows",
    "source_ref",
)


def correct(state: Complaint, command: c.Correct, ctx: Context) -> list[e.ComplaintEvent]:
    """Records what differs from what is known; [] where nothing does."""
    given = _given(command, ctx)
    if not (given or command.remove or command.kind or command.customer_id):
        raise Refused("nothing-to-change", "a correction names at least one field")
    customer_id, removed = _identity(state, command)
    changed = {name: value for name, value in given.items() if _differs(state, name, value)}
    events: list[e.ComplaintEvent] = []
    if command.kind is not None:
        events += kind_changed(state, command.kind, command.reason)
    events += relinked(state, customer_id, command.reason)
    if "received_at" in changed:
        changed["previous_received_at"] = state.received_at
    if removed := tuple(name for name in removed if _differs(state, name, None)):
        changed["removed"] = removed
    if changed:
        events.append(e.ComplaintCorrected(reason=command.reason, **changed))
    return events


def relink_customer(state: Complaint, command: c.RelinkCustomer) -> list[e.ComplaintEvent]:
    if state.anonymity == "anonymous" and command.customer_id is not None:
        raise Refused("identity-given", "the complaint is anonymous; correct its anonymity with the customer")
    return relinked(state, command.customer_id, command.reason)


def relinked(state: Complaint, customer_id: UUID | None, reason: str) -> list[e.ComplaintEvent]:
    if customer_id == state.customer_id:
        return []
    return [
        e.CustomerRelinked(customer_id=customer_id, previous_customer_id=state.customer_id, reason=reason)
    ]


def moves_receipt(state: Complaint, command: c.Correct) -> bool:
    """Whether it moves the start of the clocks that count from the receipt."""
    return command.received_at is not None and utc(command.received_at) != state.received_at


def _identity(state: Complaint, command: c.Correct) -> tuple[UUID | None, tuple[str, ...]]:
    """The customer, and the fields that are left empty: who becomes anonymous is named nowhere any more."""
    anonymity = command.anonymity or state.anonymity
    kept = tuple(name for name in dict.fromkeys(command.remove) if getattr(command, name) is None)
    if anonymity != "anonymous":
        return command.customer_id or state.customer_id, kept
    if command.customer_id or command.contact:
        raise Refused("identity-given", "an anonymous complaint names neither a customer nor a contact")
    forget = state.anonymity != "anonymous" and "contact" not in kept
    return None, (*kept, "contact") if forget else kept


def _given(command: c.Correct, ctx: Context) -> dict[str, Any]:
    given: dict[str, Any] = {
        name: value for name in AS_GIVEN if (value := getattr(command, name)) is not None
    }
    if command.contact is not None:
        given["contact"] = plain(command.contact, values.Contact)
    if command.subject_refs is not None:
        given["subject_refs"] = plain(command.subject_refs, tuple[values.SubjectRef, ...])
    if command.tags is not None:
        given["tags"] = tuple(dict.fromkeys(command.tags))
    if command.points is not None:
        given["points"] = checked_points(command.points)
    if command.received_at is not None:
        given["received_at"] = received(command.received_at, ctx)
    return given


def _differs(state: Complaint, name: str, value: Any) -> bool:
    """The state does not hold everything that is registered; what it does not hold differs."""
    return name == "points" or value != getattr(state, name, ...)
