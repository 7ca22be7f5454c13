"""Policies and calendars by version, and what each application made of a target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from domain.complaint.values import ExternalBody
from domain.sla.documents import CASE_OPENED, Layer, OnReopening, Policy, Stop, Target
from domain.sla.matching import values_of
from domain.sla.pinning import PinnedPolicy
from domain.sla.timeline import Case, Timeline
from domain.sla.working_time import WorkingTime

NONE: frozenset[str] = frozenset()

Version = tuple[str, int]
"""The name and the version of a policy or of a calendar."""


class Book(NamedTuple):
    """Everything that complaints may refer to. KeyError for what was never defined."""

    policies: Mapping[Version, Policy]
    calendars: Mapping[Version, WorkingTime]


class Term(Struct, frozen=True, gc=False):
    """A target under one version of its policy, in force from `since`; None: it applies no longer."""

    since: datetime
    pinned: PinnedPolicy
    target: Target
    time: WorkingTime
    bodies: tuple[ExternalBody, ...]
    """Whose cases are meant; empty: all."""

    @property
    def on_reopening(self) -> OnReopening:
        """What a reopening does."""
        legal: OnReopening = "new_cycle" if self.pinned.layer == "legal" else "resume"
        return self.target.on_reopening or legal


Name = tuple[Layer, str, str]
"""Of what is owed: the layer, the policy where each of the layer applies (legal), the target's name."""


class Duty(Struct, frozen=True, gc=False):
    """The same owed, counted from the same, through all applications."""

    terms: list[Term]
    until: datetime | None
    """Since when it applies no longer."""
    superseded: bool
    """Whether something else is owed by its name from then on."""
    follows: bool
    """Whether something else was owed by its name before."""


class Series(Struct, frozen=True, gc=False):
    """A duty, perhaps for one case of an outside body."""

    duty: Duty
    terms: list[Term]
    until: datetime | None
    """Since when it applies no longer."""
    case: Case | None
    renamed: frozenset[str]
    """The policies of which another duty had its clock's name before."""

    @property
    def newest(self) -> Term:
        """What holds now, or held last."""
        return self.terms[-1]

    @property
    def case_id(self) -> UUID | None:
        """The id of the case."""
        return self.case.case_id if self.case else None

    def at(self, moment: datetime) -> Term:
        """What held at a moment; the first holds for what was before it."""
        return next((term for term in reversed(self.terms) if term.since <= moment), self.terms[0])

    def clock_id(self, term: Term) -> str:
        """What its clock is called under a term: the same in all cycles and versions."""
        policy = term.pinned.policy
        named = f"{policy}/{term.target.name}"
        if policy in self.renamed:
            first = next(each for each in self.terms if each.pinned.policy == policy)
            named = f"{named}/v{first.pinned.version}"
        return named if self.case is None else f"{named}/{self.case.case_id}"


def series(timeline: Timeline, book: Book) -> Iterator[Series]:
    """Every duty that ever applied, and each of its cases."""
    named: dict[Name, list[Term]] = {}
    gone: dict[Name, datetime] = {}
    for application in timeline.applications:
        holding = dict(_terms(application.at, application.policies, book))
        gone = {name: gone.get(name, application.at) for name in named if name not in holding}
        for name, term in holding.items():
            named.setdefault(name, []).append(term)
    duties = [duty for name, terms in named.items() for duty in _duties(terms, gone.get(name))]
    for duty, renamed in _in_order(duties) if len(timeline.applications) > 1 else zip(duties, repeat(NONE)):
        for case in _cases(timeline, duty):
            yield from _of_case(duty, case, renamed)


def _in_order(duties: list[Duty]) -> Iterator[tuple[Duty, frozenset[str]]]:
    """By when they first applied, each with the policies of which another had its clock's name before."""
    owners: dict[tuple[str, str], Duty] = {}
    for duty in sorted(duties, key=lambda duty: duty.terms[0].since):
        clocks = {(term.pinned.policy, term.target.name) for term in duty.terms}
        yield duty, frozenset(clock[0] for clock in clocks if owners.setdefault(clock, duty) is not duty)


def _duties(terms: list[Term], until: datetime | None) -> Iterator[Duty]:
    """One, unless a later version asks for something else by the same name."""
    first = 0
    for index in range(1, len(terms) + 1):
        if index == len(terms):
            yield Duty(terms[first:], until, superseded=False, follows=first > 0)
        elif _owed(terms[index]) != _owed(terms[first]):
            yield Duty(terms[first:index], terms[index].since, superseded=True, follows=first > 0)
            first = index


def _owed(term: Term) -> tuple[Stop, str]:
    return term.target.stops, term.target.counts_from


def _cases(timeline: Timeline, duty: Duty) -> Sequence[Case | None]:
    return timeline.cases if duty.terms[0].target.counts_from == CASE_OPENED else (None,)


def _of_case(duty: Duty, case: Case | None, renamed: frozenset[str]) -> Iterator[Series]:
    """The terms that are about the case, if any is, until one is not."""
    if case is None:
        yield Series(duty, duty.terms, duty.until, None, renamed)
        return
    about = [not term.bodies or case.body in term.bodies for term in duty.terms]
    if not any(about):
        return
    terms = [term for term, is_about in zip(duty.terms, about, strict=True) if is_about]
    after = duty.terms[len(about) - about[::-1].index(True) :]
    yield Series(duty, terms, after[0].since if after else duty.until, case, renamed)


def _terms(at: datetime, policies: Sequence[PinnedPolicy], book: Book) -> Iterator[tuple[Name, Term]]:
    for pinned in policies:
        policy = book.policies[pinned.policy, pinned.version]
        time = book.calendars[pinned.calendar, pinned.calendar_version]
        bodies: tuple[ExternalBody, ...] = values_of(policy.match.external_body)
        own = pinned.policy if pinned.layer == "legal" else ""
        for target in policy.targets:
            yield (pinned.layer, own, target.name), Term(at, pinned, target, time, bodies)
