"""A cursor goes on with the same list, however that is written, and with no other."""

from typing import Any

import pytest
from msgspec import Struct, structs

from api.validation import query
from infra.pages import asked_for
from infra.webhooks.reading import Deliveries, Parked
from projections.audit import Trail
from projections.complaints import Worklist
from projections.customers import Customers
from projections.sla import AtRisk, Drill
from projections.sla_documents import Calendars, Policies
from projections.staff import Analysts, Teams
from projections.webhooks import Webhooks

LISTS: tuple[type[Struct], ...] = (
    Worklist, Trail, Customers, AtRisk, Drill, Policies, Calendars, Teams, Analysts,
    Webhooks, Deliveries, Parked,
)  # fmt: skip
OF_THE_PAGE = {"sort", "limit", "cursor"}
AT = "2026-01-01T00:00:00"


def filters(wanted: Struct) -> str:
    return asked_for(wanted, "id").filters


def test_each_list_has_a_name_of_its_own() -> None:
    assert len({asked_for(each(), "id").list for each in LISTS}) == len(LISTS)


@pytest.mark.parametrize(
    ("asked", "written", "otherwise"),
    [
        (Worklist, "", "sort=-registered_at&limit=50"),
        (Worklist, "state=closed&state=proposed", "state=proposed&state=closed&state=proposed"),
        (Worklist, "team=cards&analyst=ana", "analyst=ana&limit=7&team=cards"),
        (Worklist, f"due_before={AT}Z", "due_before=2025-12-31T21:00:00-03:00"),
        (Worklist, f"registered_from={AT}Z", f"registered_from={AT}.000%2B00:00"),
        (Trail, f"recorded_to={AT}Z", "recorded_to=2026-01-01T05:30:00%2B05:30"),
        (AtRisk, "", "within=86400&sort=due_at"),
        (Drill, "without=team&without=tier", "without=tier&without=team"),
        (Webhooks, "state=active&state=disabled", "state=disabled&state=active"),
        (Deliveries, "status=parked", "limit=3&status=parked"),
    ],
)
def test_the_same_list_is_the_same_however_it_is_written(
    asked: type[Struct], written: str, otherwise: str
) -> None:
    assert filters(query(written.encode(), asked)) == filters(query(otherwise.encode(), asked))


@pytest.mark.parametrize("asked", LISTS)
def test_another_value_of_any_filter_is_another_list(asked: Any) -> None:
    names = [name for name in asked.__struct_fields__ if name not in OF_THE_PAGE]
    lists = [asked(), *(structs.replace(asked(), **{name: value}) for name in names for value in ("a", "b"))]
    assert len({filters(each) for each in lists}) == len(lists)
