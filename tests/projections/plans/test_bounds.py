"""No page of a list looks at more than a bound, whatever is asked, and however many rows there are."""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import combinations
from typing import Any, get_args

import pytest

from bench.explaining import explaining
from projections import audit, customers
from projections.audit import Trail
from projections.complaints import Sort, Worklist
from projections.customers import Customers
from tests.infra.logs import NOW
from tests.projections.house import House
from tests.projections.plans.asking import EXAMPLES, OTHERS, seen, wanted
from tests.projections.plans.filling import FEW, asked_as_the_api_does, filled_database, within_bounds

pytestmark = pytest.mark.anyio

SORTS = int(os.environ.get("SORTS", "1"))
"""`make soak` has all ten."""


@pytest.fixture(scope="module")
def smaller(postgres: str, template: str) -> Iterator[str]:
    """The same, a tenth as large."""
    yield from filled_database(postgres, template, FEW)


def every_pair() -> Iterator[Worklist]:
    """Each filter alone in every sort, and with each other one in SORTS of them."""
    sorts = get_args(Sort)
    for sort in sorts:
        yield from (wanted(name, sort=sort, limit=5) for name in EXAMPLES)
    for examples in (EXAMPLES, OTHERS):
        for number, pair in enumerate(combinations(examples, 2)):
            some = (sorts[(number + 3 * more) % len(sorts)] for more in range(SORTS))
            yield from (wanted(*pair, examples=examples, sort=sort, limit=5) for sort in some)


@pytest.mark.usefixtures("bounds")
async def test_no_pair_of_filters_in_any_sort_looks_at_more_than_the_bounds(filled: House) -> None:
    for asked in every_pair():
        assert within_bounds(await seen(filled, asked), bound(asked)), asked


def bound(asked: Worklist) -> int:
    """As `docs/performance.md` says: whoever asks for words or sectors reads texts or lists as well."""
    return 2 if asked.q is None and asked.sector is None else 6


HARD: Sequence[Mapping[str, Any]] = [
    {"kind": "request", "sort": "due_at"},
    {"severity": "critical", "sort": "due_at"},
    {"severity": "critical", "state": ("withdrawn",), "sort": "-due_at"},
    {"breached": True, "sort": "-updated_at"},
    {"breached": True, "sort": "-severity"},
    {"channel": "fax", "sort": "-severity"},
    {"category": "gone", "sort": "-updated_at"},
    {"kind": "request", "breached": True, "sort": "-updated_at"},
    {"q": "parcel", "channel": "fax"},
]


@pytest.mark.usefixtures("bounds")
async def test_hard_pairs_keep_to_the_same_bound_at_ten_times_as_many_rows(
    database: str, smaller: str
) -> None:
    for url in (smaller, database):
        async with asked_as_the_api_does(url) as at:
            for each in HARD:
                asked = Worklist(**each, limit=5)
                assert within_bounds(await seen(at, asked), bound(asked)), (url, asked)


MORE_TRAILS: Sequence[Mapping[str, Any]] = [
    {"correlation": "request 77"},
    {"actor": "actor 2", "action": "type 7"},
    {"actor": "actor 2", "action": "type 3"},  # never together
    {"occurred_from": NOW - timedelta(minutes=90), "occurred_to": NOW - timedelta(minutes=60)},
    {"occurred_from": NOW - timedelta(days=2), "actor": "actor 1"},
    {"recorded_from": NOW - timedelta(days=2), "recorded_to": NOW - timedelta(days=1), "action": "type 7"},
]


@pytest.mark.usefixtures("bounds")
@pytest.mark.parametrize("sort", ["position", "-position"])
@pytest.mark.parametrize("asked", MORE_TRAILS)
async def test_the_audit_trail_looks_at_no_more_than_the_bounds(
    filled: House, asked: Mapping[str, Any], sort: Any
) -> None:
    async with explaining(filled.connection) as plans:
        await audit.trail(filled.connection, Trail(**asked, sort=sort))
    assert within_bounds(plans)


@pytest.mark.usefixtures("bounds")
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"email": "77@example.com"},
        {"external_ref": "ref 77"},
        {"tier": "gold"},
        {"tier": "standard"},
        {"kind": "internal", "tier": "standard"},
    ],
)
async def test_the_list_of_customers_looks_at_no_more_than_the_bounds(
    filled: House, asked: Mapping[str, Any]
) -> None:
    async with explaining(filled.connection) as plans:
        await customers.customers(filled.connection, Customers(**asked))
    assert within_bounds(plans)
