"""Folding rows of the view: every column comes from the domain's own fold, or from the match in `changes`."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from msgspec.structs import replace

from domain.complaint import Complaint, ComplaintEvent, evolve_case
from domain.complaint import events as e
from domain.complaint.lifecycle import OPEN
from domain.messages import Event
from infra.events import Recorded
from projections.complaints.changes import changes
from projections.complaints.facts import Facts
from projections.complaints.items import OpenAsk, OpenProposal
from projections.complaints.row import Row
from projections.complaints.traits import traits_of


def fold(row: Row | None, recorded: Recorded[Event]) -> Row:
    """The complaint's row after an event."""
    return finished(fold_many(row, (recorded,)))


def fold_many(row: Row | None, events: Sequence[Recorded[Event]]) -> Row:
    """The complaint's row after some events, but for what follows from the domain's state: see `finished`."""
    case: Complaint | None
    case, etag = (row.case, row.etag) if row else (None, events[0].version)
    for recorded in events:
        event = cast("ComplaintEvent", recorded.event)
        case = evolve_case(case, event, recorded.occurred_at)
        row = row or _first(recorded, cast("e.ComplaintRegistered", event), case)
        if changed := changes(row, event, recorded.occurred_at):
            row = replace(row, **changed)
        if recorded.origin != "system":
            etag = recorded.version
    return replace(
        cast("Row", row),
        case=cast("Complaint", case),
        version=events[-1].version,
        etag=etag,
        updated_at=events[-1].recorded_at,
    )


def _first(recorded: Recorded[Event], event: e.ComplaintRegistered, case: Complaint) -> Row:
    return Row(
        complaint_id=recorded.stream_id,
        version=recorded.version,
        etag=recorded.version,
        case=case,
        protocol=case.protocol,
        kind=case.kind,
        state=case.state,
        subject=event.subject,
        channel=event.channel,
        anonymity=case.anonymity,
        received_at=event.received_at,
        registered_at=recorded.occurred_at,
        updated_at=recorded.recorded_at,
        points=event.points,
        forwarded_from=event.forwarded_from,
        prior_protocol=event.prior_protocol,
        follows=event.follows,
        source_ref=event.source_ref,
    )


def finished(row: Row) -> Row:
    """The row with all that follows from the domain's state."""
    case = row.case
    asks, proposal = row.asks, row.proposal if case.proposal else None
    if asks:
        open_ids = {ask.ask_id for ask in case.asks}
        asks = tuple(ask for ask in asks if ask.ask_id in open_ids)
    due_at = _due(case, row.facts, asks, proposal)
    in_traits = {
        "kind": case.kind,
        "state": case.state,
        "category": case.category,
        "product": case.product,
        "severity": case.severity,
        "team": case.team,
        "origin": _origin(case),
    }
    return replace(
        row,
        **in_traits,
        anonymity=case.anonymity,
        received_at=case.received_at,
        customer_id=case.customer_id,
        journey_stage=case.journey_stage,
        tags=case.tags,
        analyst=case.analyst,
        flags=case.flags,
        escalation=case.escalation,
        duplicate_of=case.duplicate_of,
        needs_review=case.needs_review,
        awaits_approval=bool(case.approvals),
        asks=asks,
        proposal=proposal,
        due_at=due_at,
        traits=traits_of(
            **in_traits,
            due=due_at is not None,
            channel=row.channel,
            asked=row.asked_sectors,
            week=row.registered_at,
        ),
    )


def _origin(case: Complaint) -> str | None:
    """`sector/cause`, or `sector/cause/product` where the product is known."""
    if case.origin is None:
        return None
    return "/".join(filter(None, (case.origin.sector, case.origin.cause, case.origin.product)))


def _due(
    case: Complaint, facts: Facts, asks: Sequence[OpenAsk], proposal: OpenProposal | None
) -> datetime | None:
    """What somebody is owed first; while the case is not open, promises and outside bodies alone count."""
    due = [promise.due_at for promise in case.promises if promise.status == "open"]
    due += [
        body.due_at
        for body in case.external_cases
        if body.due_at and facts.external_cases[str(body.case_id)].waiting
    ]
    if case.state in OPEN:
        due += [promise.due_at for promise in case.promises if promise.status == "missed"]
        due += [ask.due_at for ask in asks if ask.due_at]
        if proposal and proposal.reply_by:
            due.append(proposal.reply_by)
    return min(due, default=None)
