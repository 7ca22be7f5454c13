"""Policies and calendars by version, and what each application made of a target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from domain.complaint.values import ExternalBody
from domain.sla.documents import CASE_OPENED, Layer, OnReopening, Policy, Target
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


Duty = tuple[Layer, str, str]
"""What is owed: the layer, the policy where each of the layer applies (legal), and the target's name."""


class Series(Struct, frozen=True, gc=False):
    """A duty through all applications, perhaps for one case of an outside body."""

    terms: list[Term]
    until: datetime | None
    """Since when it applies no longer."""
    case: Case | None

    @property
    def newest(self) -> Term:
        """What holds now, or held last."""
        return self.terms[-1]

    @property
    def case_id(self) -> UUID | None:
        """The id of the case."""
        return self.case.case_id if self.case else None


def series(timeline: Timeline, book: Book) -> Iterator[Series]:
    """Every duty that ever applied, and each of its cases."""
    duties: dict[Duty, list[Term]] = {}
    gone: dict[Duty, datetime] = {}
    for application in timeline.applications:
        holding = dict(_terms(application.at, application.policies, book))
        gone = {duty: gone.get(duty, application.at) for duty in duties if duty not in holding}
        for duty, term in holding.items():
            duties.setdefault(duty, []).append(term)
    for duty, terms in duties.items():
        for case in _cases(timeline, terms[-1]):
            yield Series(terms, gone.get(duty), case)


def _cases(timeline: Timeline, term: Term) -> Sequence[Case | None]:
    if term.target.counts_from != CASE_OPENED:
        return (None,)
    return [case for case in timeline.cases if not term.bodies or case.body in term.bodies]


def _terms(at: datetime, policies: Sequence[PinnedPolicy], book: Book) -> Iterator[tuple[Duty, Term]]:
    for pinned in policies:
        policy = book.policies[pinned.policy, pinned.version]
        time = book.calendars[pinned.calendar, pinned.calendar_version]
        bodies: tuple[ExternalBody, ...] = values_of(policy.match.external_body)
        own = pinned.policy if pinned.layer == "legal" else ""
        for target in policy.targets:
            yield (pinned.layer, own, target.name), Term(at, pinned, target, time, bodies)
