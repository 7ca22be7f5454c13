"""Lists over HTTP: pages, filters, sorts and search."""

import threading
from collections.abc import Iterator
from itertools import product
from typing import Any

import httpx
import pytest

from infra.pages import Asked, asked_for, encode_cursor
from infra.webhooks.reading import Deliveries
from tests.api.serving import Service, wrong
from tests.api.test_cursors import LISTS


def pages(service: Service, path: str, **more: Any) -> Iterator[httpx.Response]:
    """All pages, by following `Link` as long as there is one."""
    answer = service.fresh(path, **more)
    while True:
        yield answer
        link = answer.links.get("next")
        assert (link is None) == (answer.json()["next"] is None)
        if link is None:
            return
        answer = service.get(link["url"], **more)


@pytest.fixture(scope="module")
def known(service: Service) -> dict[str, str]:
    """A small house: the name of each complaint, and its id."""
    customer = service.post("/v1/customers", {"name": "Rui"}).json()["id"]
    ids = {
        "fee": service.register(
            subject="Cobrança em duplicidade",
            description="Não reconheço a cobrança no cartão.",
            product="card",
            category="billing",
            severity="low",
            channel="phone",
            customer_id=customer,
            received_at="2026-01-05T10:00:00-03:00",
        )["id"],
        "parcel": service.register(
            subject="Envío dañado",
            description="Las devoluciones tardan demasiado.",
            product="shop",
            category="delivery",
            severity="critical",
            channel="email",
            received_at="2026-01-03T10:00:00Z",
        )["id"],
        "app": service.register(
            subject="The app crashes",
            description="It crashed while paying invoices.",
            product="app",
            channel="chat",
            kind="request",
            received_at="2026-01-04T10:00:00Z",
        )["id"],
    }
    service.do(ids["fee"], "assign", analyst="ana", team="cards")
    service.do(ids["fee"], "request-information", question="Which?", due_at="2190-01-01T00:00:00Z")
    service.do(
        ids["parcel"], "consult-sector", sector="logistics", question="Where?", due_at="2180-01-01T00:00:00Z"
    )
    service.do(ids["app"], "resolve", outcome="not_upheld", summary="Fixed.", basis="not_required")
    service.do(ids["app"], "record-reply", channel="chat", message="No.")
    return {**{stream_id: name for name, stream_id in ids.items()}, "customer": customer}


def named(service: Service, known: dict[str, str], query: str) -> list[str]:
    return [known[item["id"]] for item in service.fresh(f"/v1/complaints?{query}").json()["items"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=awaiting_customer", {"fee"}),
        ("state=awaiting_customer&state=resolved", {"fee", "app"}),
        ("state=resolved&state=resolved", {"app"}),
        ("kind=request", {"app"}),
        ("analyst=ana", {"fee"}),
        ("team=cards", {"fee"}),
        ("category=delivery", {"parcel"}),
        ("product=app", {"app"}),
        ("severity=critical", {"parcel"}),
        ("channel=email", {"parcel"}),
        ("origin=gateway", set()),
        ("needs_review=true", {"app"}),
        ("needs_review=false", {"fee", "parcel"}),
        ("due_before=2185-01-01T00:00:00Z", {"parcel"}),
        ("breached=true", set()),
        ("breached=false", {"fee", "parcel", "app"}),
        ("registered_from=2026-01-01T00:00:00Z", {"fee", "parcel", "app"}),
        ("registered_from=2100-01-01T00:00:00Z", set()),
        ("registered_to=2100-01-01T00:00:00Z", {"fee", "parcel", "app"}),
        ("registered_to=2020-01-01T00:00:00-03:00", set()),
        ("analyst=ana&product=card&state=awaiting_customer", {"fee"}),
        ("analyst=ana&product=shop", set()),
        ("q=cobranca", {"fee"}),
        ("q=COBRAN%C3%87AS", {"fee"}),
        ("q=cartao", {"fee"}),
        ("q=devolucion", {"parcel"}),
        ("q=devoluci%C3%B3n", {"parcel"}),
        ("q=envio+danado", {"parcel"}),
        ("q=invoice+crash", {"app"}),
        ("q=crash+or+cobranca", {"app", "fee"}),
        ("q=crash+-invoice", set()),
        ("q=%22app+crashes%22", {"app"}),
        ("q=nothing+of+this+kind", set()),
        ("q=%27%28%29%3A%26%7C%21%2A%5C%22", set()),
    ],
)
def test_a_filter_keeps_what_it_names(
    service: Service, known: dict[str, str], query: str, found: set[str]
) -> None:
    assert set(named(service, known, query)) == found


def test_a_customer_finds_their_complaints(service: Service, known: dict[str, str]) -> None:
    assert named(service, known, f"customer_id={known['customer']}") == ["fee"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("registered_at", ["fee", "parcel", "app"]),
        ("-registered_at", ["app", "parcel", "fee"]),
        ("received_at", ["parcel", "app", "fee"]),
        ("-received_at", ["fee", "app", "parcel"]),
        ("updated_at", ["fee", "parcel", "app"]),
        ("-updated_at", ["app", "parcel", "fee"]),
        ("due_at", ["parcel", "fee", "app"]),
        ("-due_at", ["fee", "parcel", "app"]),
        ("severity", ["app", "fee", "parcel"]),
        ("-severity", ["parcel", "fee", "app"]),
    ],
)
def test_a_list_is_in_the_order_asked_for_on_one_page_and_on_many(
    service: Service, known: dict[str, str], sort: str, order: list[str]
) -> None:
    assert named(service, known, f"sort={sort}") == order
    walked = pages(service, f"/v1/complaints?sort={sort}&limit=1")
    assert [known[item["id"]] for page in walked for item in page.json()["items"]] == order


def test_the_newest_come_first_unless_asked_otherwise(service: Service, known: dict[str, str]) -> None:
    assert named(service, known, "") == ["app", "parcel", "fee"]


def test_a_cursor_belongs_to_its_sort(service: Service, known: dict[str, str]) -> None:
    cursor = service.fresh("/v1/complaints?limit=1&sort=due_at").json()["next"]
    for other in ("sort=-due_at", "sort=severity", ""):
        assert wrong(service.get(f"/v1/complaints?{other}&cursor={cursor}")) == {
            "cursor": "the cursor belongs to another sort"
        }


def test_a_cursor_belongs_to_its_filters(service: Service, known: dict[str, str]) -> None:
    asked = "state=awaiting_customer&state=awaiting_sector"
    cursor = service.fresh(f"/v1/complaints?limit=1&{asked}").json()["next"]
    for other in ("", "state=awaiting_customer", f"{asked}&team=cards"):
        assert wrong(service.get(f"/v1/complaints?{other}&cursor={cursor}")) == {
            "cursor": "the cursor belongs to other filters"
        }
    same = "state=awaiting_sector&limit=2&state=awaiting_customer"
    assert named(service, known, f"{same}&cursor={cursor}") == ["fee"]


def test_cursors_of_other_lists_belong_to_their_filters_too(own_service: Service) -> None:
    for number in range(3):
        own_service.post("/v1/customers", {"name": f"C{number}"})
    for path, role in (("/v1/customers?", "analyst"), ("/v1/audit/trail?", "auditor")):
        cursor = own_service.fresh(f"{path}limit=1", role=role).json()["next"]
        other = "tier=gold" if role == "analyst" else "actor=ana"
        assert wrong(own_service.get(f"{path}{other}&cursor={cursor}", role=role)) == {
            "cursor": "the cursor belongs to other filters"
        }


def test_a_cursor_of_one_list_is_refused_by_every_other(service: Service, known: dict[str, str]) -> None:
    described = service.get("/schema/openapi.json").json()["paths"].items()
    lists = [
        path
        for path, methods in described
        if any(each.get("name") == "cursor" for each in methods.get("get", {}).get("parameters", []))
    ]
    assert len(lists) == len(LISTS)
    hook = {"url": "https://receiver.example/hook"}
    ours, other = [service.post("/v1/webhooks", hook, role="admin").json()["id"] for _ in range(2)]
    of_another_webhook = Asked(f"Deliveries/{other}", "-position", asked_for(Deliveries(), "").filters)
    given = {
        "/v1/complaints": service.fresh("/v1/complaints?limit=1").json()["next"],
        f"/v1/webhooks/{other}/deliveries": encode_cursor(of_another_webhook, 7, 7),
    }
    for path, source in product((each.format(id=ours) for each in lists), given):
        role = "admin" if "webhooks" in path else "auditor"
        answer = service.fresh(f"{path}?cursor={given[source]}", role=role)
        assert path == source or wrong(answer) == {"cursor": "the cursor belongs to another list"}, path


def test_the_link_keeps_the_filters_and_names_no_host(service: Service, known: dict[str, str]) -> None:
    query = "state=awaiting_customer&state=awaiting_sector&product=shop&product=card"
    assert wrong(service.get(f"/v1/complaints?{query}")).keys() == {"product"}
    query = "state=awaiting_customer&state=awaiting_sector&registered_from=2026-01-01T00:00:00-03:00&limit=1"
    first = service.fresh(f"/v1/complaints?{query}", headers={"host": "evil.example"})
    link = first.links["next"]["url"]
    assert link.startswith(
        "/v1/complaints?state=awaiting_customer&state=awaiting_sector&registered_from=2026"
    )
    assert link.endswith(f"&limit=1&cursor={first.json()['next']}")
    last = service.get(link)
    assert [known[item["id"]] for item in last.json()["items"]] == ["fee"]
    assert last.json()["next"] is None
    assert "link" not in last.headers


def test_walking_the_pages_shows_each_complaint_once_while_new_ones_arrive(own_service: Service) -> None:
    before = {own_service.register()["id"] for _ in range(40)}
    done = threading.Event()

    def arrive() -> None:
        while not done.is_set():
            own_service.register()

    arriving = threading.Thread(target=arrive)
    arriving.start()
    for sort in ("-registered_at", "registered_at"):
        seen: list[str] = []
        for page in pages(own_service, f"/v1/complaints?limit=7&sort={sort}"):
            seen += [item["id"] for item in page.json()["items"]]
            if before <= set(seen):
                break
        assert len(seen) == len(set(seen))
        assert before <= set(seen)
    done.set()
    arriving.join()


def test_customers_and_the_trail_are_read_in_pages_too(own_service: Service) -> None:
    ids = [own_service.post("/v1/customers", {"name": f"C{number}"}).json()["id"] for number in range(7)]
    walked = pages(own_service, "/v1/customers?limit=3&sort=registered_at")
    assert [item["id"] for page in walked for item in page.json()["items"]] == ids
    trail = pages(own_service, "/v1/audit/trail?limit=2&sort=-position", role="auditor")
    assert [item["position"] for page in trail for item in page.json()["items"]] == [7, 6, 5, 4, 3, 2, 1]


def test_an_item_has_what_a_worklist_shows(service: Service, known: dict[str, str]) -> None:
    item = service.fresh("/v1/complaints?product=card").json()["items"][0]
    assert (
        item
        | {
            "state": "awaiting_customer",
            "version": 3,
            "subject": "Cobrança em duplicidade",
            "analyst": "ana",
            "due_at": "2190-01-01T00:00:00Z",
            "received_at": "2026-01-05T13:00:00Z",
        }
        == item
    )
    assert item["protocol"].isdigit()
    assert "description" not in item
