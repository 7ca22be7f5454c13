"""Other complaints that a complaint has to do with.

A duplicate was registered after its original (or in the same instant, with the greater id). Registration
never changes, so this is an order, and no chain of duplicates can ever come back to where it began: not even
when both directions are marked at once, each without knowing of the other.
"""

from __future__ import annotations

from uuid import UUID

from domain.aggregate import Context, Lookup
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint import state as s
from domain.messages import Refused


def mark_duplicate(state: s.Complaint, command: c.MarkDuplicate, ctx: Context) -> list[e.ComplaintEvent]:
    if command.of == ctx.stream_id:
        raise Refused("not-a-duplicate", "a complaint is not a duplicate of itself")
    original = _named(command.of, ctx)
    if original is None:
        return [e.DuplicateMarked(of=command.of)]
    _check_original(state, command.of, original, ctx)
    return [
        e.DuplicateMarked(
            of=command.of, of_registered_at=original.registered_at, customer_id=original.customer_id
        )
    ]


def unmark_duplicate(state: s.Complaint, command: c.UnmarkDuplicate) -> list[e.ComplaintEvent]:
    if state.duplicate_of is None:
        return []
    return [e.DuplicateUnmarked(of=state.duplicate_of, reason=command.reason)]


def link(state: s.Complaint, command: c.Link, ctx: Context) -> list[e.ComplaintEvent]:
    if command.to == ctx.stream_id:
        raise Refused("linked-to-itself", "a complaint is not linked to itself")
    if s.Link(to=command.to, relation=command.relation) in state.links:
        return []
    _named(command.to, ctx)
    return [e.ComplaintLinked(to=command.to, relation=command.relation)]


def unlink(state: s.Complaint, command: c.Unlink) -> list[e.ComplaintEvent]:
    if s.Link(to=command.to, relation=command.relation) not in state.links:
        raise Refused("unknown-link", f"the complaint is not linked to {command.to} as {command.relation}")
    return [e.ComplaintUnlinked(to=command.to, relation=command.relation)]


def _named(complaint_id: UUID, ctx: Context) -> Lookup | None:
    """What is known of the other complaint; an import may name one that comes later."""
    if ctx.lookup is None and ctx.origin != "import":
        raise Refused("unknown-complaint-named", f"no complaint has the id {complaint_id}")
    return ctx.lookup


def _check_original(state: s.Complaint, original_id: UUID, original: Lookup, ctx: Context) -> None:
    if state.customer_id is None or original.customer_id != state.customer_id:
        raise Refused("not-a-duplicate", "it is not of the same customer; link them instead")
    if not _earlier(original_id, original, state, ctx):
        raise Refused("not-a-duplicate", "it was registered later; mark that one as the duplicate")
    if original.duplicate_of is not None:
        raise Refused("not-a-duplicate", f"it is itself a duplicate of {original.duplicate_of}")


def _earlier(original_id: UUID, original: Lookup, state: s.Complaint, ctx: Context) -> bool:
    if original.registered_at != state.registered_at:
        return original.registered_at < state.registered_at
    return ctx.stream_id is not None and original_id < ctx.stream_id
