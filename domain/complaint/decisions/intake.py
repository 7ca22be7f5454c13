"""Taking a complaint in and saying what it is."""

from __future__ import annotations

from typing import Any

from domain.aggregate import Context
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint import values
from domain.complaint.state import Complaint
from domain.complaint.values import plain
from domain.messages import Refused
from domain.times import received


def register(command: c.Register, ctx: Context) -> list[e.ComplaintEvent]:
    if ctx.protocol is None:
        raise ValueError("registering needs a protocol number in the context")
    if command.anonymity == "anonymous" and (command.customer_id or command.contact):
        raise Refused("identity-given", "an anonymous complaint names neither a customer nor a contact")
    return [
        e.ComplaintRegistered(
            protocol=ctx.protocol,
            subject=command.subject,
            description=command.description,
            channel=command.channel,
            kind=command.kind,
            anonymity=command.anonymity,
            received_at=received(command.received_at, ctx),
            customer_id=command.customer_id,
            contact=command.contact and plain(command.contact, values.Contact),
            product=command.product,
            category=command.category,
            journey_stage=command.journey_stage,
            severity=command.severity,
            remedy_sought=command.remedy_sought,
            subject_refs=plain(command.subject_refs, tuple[values.SubjectRef, ...])
            if command.subject_refs
            else None,
            points=checked_points(command.points),
            forwarded_from=command.forwarded_from,
            prior_protocol=command.prior_protocol,
            follows=command.follows,
            source_ref=command.source_ref,
            tags=tuple(dict.fromkeys(command.tags)),
        )
    ]


def classify(state: Complaint, command: c.Classify) -> list[e.ComplaintEvent]:
    """Records only what differs from what is known."""
    given = _given(command)
    if not given:
        raise Refused("nothing-to-change", "a classification names at least one field")
    changed = {name: value for name, value in given.items() if value != getattr(state, name)}
    return [e.ComplaintClassified(**changed)] if changed else []


def change_kind(state: Complaint, command: c.ChangeKind) -> list[e.ComplaintEvent]:
    return kind_changed(state, command.kind, command.reason)


def kind_changed(state: Complaint, kind: values.Kind, reason: str) -> list[e.ComplaintEvent]:
    if kind == state.kind:
        return []
    return [e.KindChanged(kind=kind, previous=state.kind, reason=reason)]


def acknowledge(command: c.Acknowledge) -> list[e.ComplaintEvent]:
    """Each acknowledgement is a message of its own, so a second one is recorded too."""
    return [
        e.ComplaintAcknowledged(channel=command.channel, automatic=command.automatic, message=command.message)
    ]


def checked_points(points: tuple[c.PointInput, ...]) -> tuple[values.Point, ...]:
    """One point is the main one: the first, where none is marked."""
    mains = [point.point_id for point in points if point.main]
    if len(mains) > 1 or len({point.point_id for point in points}) < len(points):
        raise Refused(
            "points-inconsistent", "points have different ids and at most one of them is the main one"
        )
    main = mains[0] if mains else points[0].point_id if points else None
    return tuple(
        values.Point(
            point_id=point.point_id,
            main=point.point_id == main,
            product=point.product,
            category=point.category,
        )
        for point in points
    )


def _given(command: c.Classify) -> dict[str, Any]:
    given: dict[str, Any] = {
        "category": command.category,
        "severity": command.severity,
        "journey_stage": command.journey_stage,
        "product": command.product,
        "tags": None if command.tags is None else tuple(dict.fromkeys(command.tags)),
        "vulnerability": command.vulnerability and plain(command.vulnerability, values.Vulnerability),
        "assessment": command.assessment and plain(command.assessment, values.Assessment),
    }
    return {name: value for name, value in given.items() if value is not None}
