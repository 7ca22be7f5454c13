"""Traits tell complaints apart, and are those that the rows of this version of the view were written with."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, get_args

from domain.complaint.lifecycle import State
from domain.complaint.values import Kind, Severity
from projections import complaints
from projections.complaints import traits


def test_each_state_kind_and_severity_is_a_trait_of_its_own() -> None:
    for name, values in (("state", State), ("kind", Kind), ("severity", Severity)):
        trait = traits.TRAITS[name]
        numbers = {trait.of(value) for value in (None, *get_args(values))}
        assert len(numbers) == len(get_args(values)) + 1, f"{name} needs more bits"
    masks = [each.mask for each in traits.TRAITS.values()]
    assert sum(masks) == 2**63 - 1, "some bits are of no trait, or of two"


def test_other_traits_are_those_of_another_version_of_the_view() -> None:
    """Rows have the traits that they were written with."""
    values: Mapping[str, Sequence[Any]] = {
        "state": get_args(State),
        "kind": get_args(Kind),
        "severity": get_args(Severity),
        "due": (False, True),
        "channel": ("web", "fax"),
        "team": ("north", None),
        "category": ("billing", "preço"),
        "product": ("card", ""),
        "origin": ("sales/promise", None),
        "asked": ((), ("sales", "billing")),
        "week": (datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
    }
    numbers = [traits.TRAITS[name].of(each) for name, some in values.items() for each in some]
    made = hashlib.sha256(repr(numbers).encode()).hexdigest()[:8]
    assert (complaints.VIEW.version, made) == (4, "38d70afb")
