"""The plan decided without a database, and counted; as a program, the tables of docs/demo.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from domain.aggregate import Context
from domain.complaint import Complaint
from domain.messages import Event
from domain.times import effective_time
from infra.demo import seasons
from infra.demo.making import make_plan
from infra.demo.plan import Entry, Plan, Ref, created_id
from infra.demo.texts import Cause, stories

NAMESPACE = UUID("8f5b7d1c-7f4e-5a39-9d0e-2b6f4f7f6a10")
ENDED = ("withdrawn", "dismissed", "forwarded", "duplicate")
ANSWERS = ("propose-resolution", "resolve")


class Decided(NamedTuple):
    """An entry, its events with their times, and the state at the end."""

    entry: Entry
    events: list[tuple[Event, datetime]]
    state: Any


class Rate(NamedTuple):
    """Complaints of a cause a week, before and after it was fixed."""

    cause: Cause
    fixed: date
    before: float
    after: float


def stream_of(ref: Ref) -> UUID:
    """Stands for the stream that a log would make."""
    return uuid5(NAMESPACE, f"{ref.to}/{ref.number}")


def decided(entry: Entry) -> Decided:
    """All commands of an entry, each decided on what those before it led to.

    Raises:
        Refused: the rules do not allow one of them.
    """
    state, events = None, []
    for command in entry.commands(stream_of):
        at = effective_time(command, seasons.END)
        context = Context(
            now=seasons.END,
            occurred_at=at,
            actor=entry.actor,
            new_id=created_id(entry.claim, command.verb, at),
            protocol=str(entry.number),
            origin="import",
        )
        for event in entry.aggregate.decide(state, command, context):
            state = entry.aggregate.evolve(state, event, at)
            events.append((event, at))
    return Decided(entry, events, state)


def rates(cases: list[Decided]) -> list[Rate]:
    """How often the causes that were fixed are found, by week of registration."""
    return [
        Rate(cause, cause.fixed, *_weekly(cases, cause, cause.fixed))
        for story in stories()
        for cause in story.causes
        if cause.fixed
    ]


def days_to_answer(case: Decided) -> float | None:
    """From registration to the final response; None: not answered, or nobody had to."""
    state: Complaint = case.state
    steps = case.entry.steps
    answers = [step.at for step in steps if step.verb in ANSWERS]
    if state.kind != "complaint" or state.state in ENDED or not answers:
        return None
    return (answers[0] - steps[0].at).total_seconds() / 86_400


def tables(plan: Plan) -> Iterator[str]:
    """The numbers of docs/demo.md, as Markdown tables."""
    cases = [decided(entry) for entry in plan.cases]
    states: list[Complaint] = [case.state for case in cases]
    steps = [step for case in plan.cases for step in case.steps]
    channels = Counter(entry.steps[0].fields["channel"] for entry in plan.cases)
    months = Counter(f"{entry.steps[0].at:%Y-%m}" for entry in plan.cases)
    origins = Counter(f"{state.origin.sector}: {state.origin.cause}" for state in states if state.origin)
    yield from _table("kind", Counter(state.kind for state in states).most_common())
    yield from _table("state at the end", Counter(state.state for state in states).most_common())
    yield from _table("channel", channels.most_common())
    yield from _table("month", sorted(months.items()))
    yield from _table("origin", origins.most_common(12))
    yield "| cause that was fixed | on | a week before | a week after |"
    yield "|---|---|---|---|"
    for rate in rates(cases):
        yield f"| {rate.cause.cause} | {rate.fixed} | {rate.before:.2f} | {rate.after:.2f} |"
    yield ""
    yield from _table("what happens", _happenings(plan, cases, Counter(step.verb for step in steps)).items())
    ratings = Counter(str(step.fields["csat"]) for step in steps if step.verb == "rate")
    yield from _table("csat", sorted(ratings.items()))


def _happenings(plan: Plan, cases: list[Decided], verbs: Counter[str]) -> dict[str, int]:
    days = [took for case in cases if (took := days_to_answer(case)) is not None]
    states: list[Complaint] = [case.state for case in cases]
    people = [entry.steps[0].fields.get("customer_id") for entry in plan.cases]
    often = Counter(person for person in people if person is not None)
    bodies = Counter(
        step.fields["body"] for case in plan.cases for step in case.steps if step.verb == "open-external-case"
    )
    return {
        "events of cases": sum(len(case.events) for case in cases),
        "customers with a case": len(often),
        "customers with several": sum(many > 1 for many in often.values()),
        "complaints with a final response": len(days),
        "of these after more than 7 days": sum(took > 7 for took in days),
        "questions to sectors": verbs["consult-sector"],
        "answers of sectors": verbs["record-sector-answer"],
        "cases reopened": verbs["reopen"],
        "promises": verbs["promise"],
        "promises missed": verbs["record-missed-promise"],
        "compensations paid": verbs["pay-compensation"],
        "payments that failed": verbs["fail-compensation"],
        "anonymous cases": sum(state.anonymity == "anonymous" for state in states),
        "confidential cases": sum(state.anonymity == "confidential" for state in states),
        "vulnerable customers": sum(state.vulnerability is not None for state in states),
        "ratings": verbs["rate"],
        **{f"external cases: {body}": many for body, many in bodies.most_common()},
    }


def _weekly(cases: list[Decided], cause: Cause, fixed: date) -> tuple[float, float]:
    on = [
        state.registered_at.astimezone(seasons.ZONE).date()
        for case in cases
        if (state := case.state).origin
        and (state.origin.sector, state.origin.cause) == (cause.sector, cause.cause)
    ]
    before = sum(registered < fixed for registered in on)
    weeks_before = (fixed - seasons.FIRST).days / 7
    weeks_after = ((seasons.LAST - fixed).days + 1) / 7
    return before / weeks_before, (len(on) - before) / weeks_after


def _table(heading: str, rows: Iterable[tuple[str, int]]) -> Iterator[str]:
    yield f"| {heading} | n |"
    yield "|---|---|"
    for name, many in rows:
        yield f"| {name} | {many:,} |"
    yield ""


if __name__ == "__main__":
    print("\n".join(tables(make_plan())))  # noqa: T201 - this is the command's output
