"""How policies and calendars stand: every version that complaints may refer to, and what is in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from domain.published import Published
from domain.sla.book import Book
from domain.sla.documents import PinnedCalendar, Policy
from domain.sla.matching import ActivePolicy
from domain.sla.working_time import WorkingTime


class Standing(NamedTuple):
    book: Book
    active: tuple[ActivePolicy, ...]
    calendars: Mapping[str, PinnedCalendar]
    """The versions in force, by name."""

    def counting_by(self, calendar: str) -> tuple[Policy, ...]:
        """The policies in force that count by a calendar."""
        return tuple(each.policy for each in self.active if each.policy.calendar == calendar)


def standing(
    policies: Iterable[Published[Policy]], calendars: Iterable[Published[PinnedCalendar]]
) -> Standing:
    """Everything as it stands now. A policy whose calendar is not in force is not in force either."""
    kept, known = list(policies), list(calendars)
    in_force = {each.name: each.versions[each.active - 1] for each in known if each.active}
    return Standing(
        book=Book(
            policies={
                (each.name, version): policy
                for each in kept
                for version, policy in enumerate(each.versions, start=1)
            },
            calendars={
                (each.name, pinned.version): WorkingTime(pinned) for each in known for pinned in each.versions
            },
        ),
        active=tuple(
            ActivePolicy(policy=policy, version=each.active, calendar=in_force[policy.calendar])
            for each in kept
            if each.active and (policy := each.versions[each.active - 1]).calendar in in_force
        ),
        calendars=in_force,
    )
