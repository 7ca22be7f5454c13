"""Which policies apply to a complaint."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

from msgspec import Struct

from domain.fields import SLUG_LENGTH, SLUG_PATTERN, TAG_LENGTH
from domain.messages import Problem
from domain.sla.documents import Match, PinnedCalendar, Policy
from domain.sla.pinning import Applied, Facts, PinnedPolicy
from domain.sla.problems import line_problems, list_problems, twice

T = TypeVar("T")


class ActivePolicy(Struct, frozen=True, kw_only=True):
    """A policy in force, with the version of its calendar in force."""

    policy: Policy
    version: int
    calendar: PinnedCalendar


def apply(policies: Iterable[ActivePolicy], facts: Facts) -> Applied:
    """Every legal policy that matches, and of each other layer the first by order, then by name."""
    matching = [active for active in policies if matches(active.policy, facts)]
    ranked = sorted(matching, key=lambda active: (active.policy.order, active.policy.name))
    first = {active.policy.layer: active for active in reversed(ranked)}
    held = [
        active for active in ranked if active.policy.layer == "legal" or first[active.policy.layer] is active
    ]
    return Applied(policies=tuple(map(_pinned, held)), facts=facts)


def matches(policy: Policy, facts: Facts) -> bool:
    """Whether the complaint is what the policy is about."""
    match = policy.match
    kinds = values_of(match.kind) or (("complaint",) if policy.layer == "legal" else ())
    bodies, tags = values_of(match.external_body), values_of(match.tags)
    return (
        (not kinds or facts.kind in kinds)
        and (not bodies or any(body in bodies for body in facts.external_bodies))
        and (not tags or any(tag in tags for tag in facts.tags))
        and all(
            not (wanted := values_of(getattr(match, name))) or getattr(facts, name) in wanted
            for name in SINGLE
        )
    )


SINGLE = tuple(name for name in Match.__struct_fields__ if name not in {"kind", "external_body", "tags"})


def values_of(given: T | tuple[T, ...] | None) -> tuple[T, ...]:
    """One value or several as several; none for None."""
    if given is None:
        return ()
    return given if isinstance(given, tuple) else (given,)


def _pinned(active: ActivePolicy) -> PinnedPolicy:
    holidays = active.calendar.holidays
    return PinnedPolicy(
        policy=active.policy.name,
        version=active.version,
        layer=active.policy.layer,
        calendar=active.calendar.calendar.name,
        calendar_version=active.calendar.version,
        holidays=holidays.version if holidays else None,
    )


def match_problems(policy: Policy, others: Iterable[Policy]) -> Iterator[Problem]:
    """Conditions that nothing can meet, and policies that are always beaten by an earlier one."""
    for name in Match.__struct_fields__:
        given = getattr(policy.match, name)
        if given == ():
            yield Problem(f"$.match.{name}", "names no value, so nothing meets it")
        elif isinstance(given, tuple):
            yield from list_problems(f"$.match.{name}", given)
            yield from twice(f"$.match.{name}", given)
        elif given is not None:
            yield from line_problems(f"$.match.{name}", given)
    yield from _unmet(policy.match)
    if policy.layer == "legal":
        return
    for other in others:
        if _comes_before(other, policy) and _covers(other.match, policy.match):
            yield Problem("$.match", f"everything that meets it is taken by {other.name}, which comes first")


def _unmet(match: Match) -> Iterator[Problem]:
    """Values that no complaint ever has."""
    for tier in values_of(match.tier):
        if not re.match(SLUG_PATTERN, tier) or len(tier) > SLUG_LENGTH:
            yield Problem(
                "$.match.tier", f"no tier is called so: its name is a-z, 0-9, - and _, {SLUG_LENGTH} at most"
            )
    for tag in values_of(match.tags):
        if len(tag) > TAG_LENGTH:
            yield Problem("$.match.tags", f"no tag is longer than {TAG_LENGTH}")


def _comes_before(other: Policy, policy: Policy) -> bool:
    return other.layer == policy.layer and (other.order, other.name) < (policy.order, policy.name)


def _covers(wide: Match, narrow: Match) -> bool:
    """Whether all that meets the one meets the other."""
    for name in Match.__struct_fields__:
        wanted, given = values_of(getattr(wide, name)), values_of(getattr(narrow, name))
        if wanted and not (given and set(given) <= set(wanted)):
            return False
    return True
