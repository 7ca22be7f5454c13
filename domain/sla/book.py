"""Policies and calendars by version, and what each application made of a target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from domain.complaint.values import ExternalBody
from domain.sla.documents import CASE_OPENED, Layer, OnReopening, Policy, Stop, Target
from domain.sla.matching import values_of
from domain.sla.pinning import PinnedPolicy
from domain.sla.timeline import Case, Timeline
from domain.sla.working_time import WorkingTime

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
Duty = tuple[Name, Stop, str]
"""What is owed: its name, what meets it, and from what it counts."""


class Gone(NamedTuple):
    at: datetime
    """Since when a duty applies no longer."""
    superseded: bool
    """Whether something else is owed by its name from then on."""


class Series(Struct, frozen=True, gc=False):
    """A duty through all applications, perhaps for one case of an outside body."""

    terms: list[Term]
    gone: Gone | None
    case: Case | None
    follows: bool
    """Whether something else was owed by its name before."""
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
    duties: dict[Duty, list[Term]] = {}
    gone: dict[Duty, Gone] = {}
    owners: dict[tuple[str, str], Duty] = {}
    for application in timeline.applications:
        holding = dict(_terms(application.at, application.policies, book))
        names = {name for name, *_ in holding}
        left = ((duty, Gone(application.at, duty[0] in names)) for duty in duties if duty not in holding)
        gone = {duty: gone.get(duty, since) for duty, since in left}
        for duty, term in holding.items():
            duties.setdefault(duty, []).append(term)
            owners.setdefault((term.pinned.policy, term.target.name), duty)
    first: dict[Name, Duty] = {}
    for duty, terms in duties.items():
        follows = first.setdefault(duty[0], duty) is not duty
        policies = {term.pinned.policy for term in terms}
        renamed = frozenset(each for each in policies if owners[each, terms[0].target.name] != duty)
        for case in timeline.cases if duty[2] == CASE_OPENED else (None,):
            yield from _of_case(Series(terms, gone.get(duty), case, follows, renamed))


def _of_case(each: Series) -> Iterator[Series]:
    """With the terms that are about its case, if any is, until one is not."""
    case, terms = each.case, each.terms
    about = [case is None or not term.bodies or case.body in term.bodies for term in terms]
    if all(about):
        yield each
    elif any(about):
        after = terms[len(about) - about[::-1].index(True) :]
        gone = Gone(after[0].since, superseded=False) if after else each.gone
        held = [term for term, is_about in zip(terms, about, strict=True) if is_about]
        yield Series(held, gone, case, each.follows, each.renamed)


def _terms(at: datetime, policies: Sequence[PinnedPolicy], book: Book) -> Iterator[tuple[Duty, Term]]:
    for pinned in policies:
        policy = book.policies[pinned.policy, pinned.version]
        time = book.calendars[pinned.calendar, pinned.calendar_version]
        bodies: tuple[ExternalBody, ...] = values_of(policy.match.external_body)
        own = pinned.policy if pinned.layer == "legal" else ""
        for target in policy.targets:
            duty = (pinned.layer, own, target.name), target.stops, target.counts_from
            yield duty, Term(at, pinned, target, time, bodies)
