"""What is to be done about a row of a log, decided on the complaint before anything is appended."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from domain.aggregate import Context
from domain.complaint import COMPLAINT, Complaint
from domain.complaint.commands import AddNote, CancelAsk
from domain.messages import Command, Refused
from domain.staff import Staff
from domain.times import effective_time
from infra.importing.binding import BoundLog, Change, Move
from infra.importing.columns import Row
from infra.importing.reading import Rejected
from infra.importing.sorting import Placed

IMPLIED = "Not in the source: implied by the row that follows, whose time stands for it."
NOBODY = Staff()
UNCERTAIN = "Time not in the source: the last known one of the case stands for it."


class Fact(Struct, frozen=True, kw_only=True):
    """A row of a log, read: its cells, what its activity makes of it, its words and its time."""

    row: Row
    change: Change
    words: str
    at: datetime
    uncertain: bool
    """It has no time of its own: `at` is the last known one of its case."""


class Plan(Struct, frozen=True, kw_only=True):
    """Commands to execute for a row, all or none, what it counts as then, and the complaint after it."""

    commands: Sequence[Command]
    counts_as: Literal["added", "noted"]
    leads_to: Complaint
    implied: int = 0


def fact_of(bound: BoundLog, placed: Placed, last_known: datetime | None) -> Fact:
    """The row read; `last_known` is its time if it has none of its own.

    Raises:
        Rejected: a value is not a known one, or there is no time.
    """
    row = placed.record.fields
    at = placed.at or last_known
    change, words = bound.change(row), bound.words(row)
    if at is None:
        raise Rejected(bound.time_columns, "no row of its case has a time")
    return Fact(row=row, change=change, words=words, at=at, uncertain=placed.at is None)


def dated(
    command: Command, at: datetime, *, uncertain: bool, implied: bool = False, words: str = ""
) -> Command:
    """The command as of a time. The one place where an uncertain or implied fact is marked."""
    marks = (IMPLIED if implied else "", UNCERTAIN if uncertain else "", command.backdating_reason or words)
    reason = "\n".join(mark for mark in marks if mark)
    return replace(command, occurred_at=at, backdating_reason=reason or None, time_uncertain=uncertain)


def plans(fact: Fact, state: Complaint, now: datetime, staff: Staff = NOBODY) -> Iterator[Plan]:
    """What can be done about a row, the best first; each is possible in this state, as far as can be told.

    Raises:
        Rejected: nothing (more) is possible, or a value is not what its command allows.
    """
    change, why, refused = fact.change, "", False
    for moves in _attempts(change):
        try:
            yield _assembled(fact, moves, state, now, staff)
        except Refused as error:
            why, refused = str(error), True
        except _Unchanged:
            why, refused = "it changes nothing", False
    if refused and change.refused == "reject":
        raise Rejected(" + ".join(_verbs(fact)), why)
    note = _note(fact, why)
    try:
        state, _ = rehearsed(note, state, now)
    except Refused as error:
        raise Rejected(note.verb, str(error)) from error
    yield Plan(commands=(note,), counts_as="noted", leads_to=state)


def _attempts(change: Change) -> Iterator[Sequence[Move]]:
    """First with what is always implied in these states; then with what is implied by the refusal."""
    if not change.then:
        return
    yield (*(move for move in change.imply if move.states), *change.then)
    if any(not move.states for move in change.imply):
        yield (*change.imply, *change.then)


class _Unchanged(Exception):
    """All is so already."""


def _assembled(fact: Fact, moves: Sequence[Move], state: Complaint, now: datetime, staff: Staff) -> Plan:
    """The commands of the moves, each decided on what those before it led to.

    A row that adds nothing to what is implied is kept as a note beside it. Raises Refused, _Unchanged.
    """
    commands: list[Command] = []
    implied, own = 0, False
    for move in moves:
        if move.states and state.state not in move.states:
            continue
        made = move.make(fact.row)
        for given in () if made is None else _spelled_out(made, state):
            words = "" if move.implied or own else fact.words
            command = dated(given, fact.at, uncertain=fact.uncertain, implied=move.implied, words=words)
            state, changed = rehearsed(command, state, now, staff)
            if changed:
                commands.append(command)
                implied += move.implied
                own = own or not move.implied
    if not commands:
        raise _Unchanged
    if not own:
        commands.append(_note(fact, "it changes nothing"))
    counts_as: Literal["added", "noted"] = "added" if own else "noted"
    return Plan(commands=commands, counts_as=counts_as, leads_to=state, implied=implied)


def _spelled_out(command: Command, state: Complaint) -> Sequence[Command]:
    """A file knows no ask by its id: cancel-ask that names none ends every open one."""
    if isinstance(command, CancelAsk) and command.ask_id is None and command.sector is None:
        return [replace(command, ask_id=ask.ask_id) for ask in state.asks]
    return (command,)


def rehearsed(command: Command, state: Any, now: datetime, staff: Staff = NOBODY) -> tuple[Complaint, bool]:
    """The complaint after a command, before it None for a `register`; and whether any event is made.

    Raises Refused.
    """
    at = effective_time(command, now)
    context = Context(
        now=now,
        occurred_at=at,
        actor="import",
        new_id=uuid4(),
        protocol="",
        origin="import",
        staff=staff,
    )
    events = COMPLAINT.decide(state, command, context)
    for event in events:
        state = COMPLAINT.evolve(state, event, at)
    return state, bool(events)


def _note(fact: Fact, why: str) -> Command:
    heading = f"Kept as a note; {why}.\n" if why else ""
    return dated(AddNote(text=heading + fact.words), fact.at, uncertain=fact.uncertain)


def _verbs(fact: Fact) -> list[str]:
    return [made.verb for move in fact.change.then if (made := move.make(fact.row)) is not None]
