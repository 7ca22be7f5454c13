"""Service levels over HTTP: a complaint's clocks, what is at risk, compliance, its chart, and what if."""

import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.api.serving import NOWHERE, Service, problem, wrong

CALENDAR = {
    "name": "always",
    "zone": "UTC",
    "windows": {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
}
POLICY = {
    "name": "desk",
    "layer": "internal",
    "order": 1,
    "calendar": "always",
    "targets": [
        {
            "name": "resolution",
            "stops": "resolved",
            "length": {"amount": 8, "unit": "business_hours"},
            "pauses_in": ["awaiting_customer"],
        }
    ],
}
NOW = datetime.now(UTC)
RESOLVE = {"outcome": "upheld", "summary": "Refunded.", "basis": "accepted_on_contact"}


def in_force(service: Service) -> None:
    sofia = service.key("sofia", "supervisor")
    assert service.post("/v1/sla/calendars", CALENDAR, role="supervisor").status_code == 201
    assert service.post("/v1/sla/policies", POLICY, role="supervisor").status_code == 201
    asked = service.post("/v1/sla/policies/desk/activate", {}, role="supervisor").json()
    approval = {"approval_id": asked["events"][0]["data"]["approval_id"]}
    assert service.post("/v1/sla/policies/desk/approve", approval, token=sofia).status_code == 200


@pytest.fixture(scope="module")
def cases(service: Service) -> dict[str, str]:
    """Three complaints under a policy of eight hours: one met, one met late, one with an hour to go."""
    in_force(service)
    found = {
        name: service.register(received_at=(NOW - timedelta(hours=hours)).isoformat())["id"]
        for name, hours in (("met", 1), ("late", 9), ("open", 7))
    }
    for name in ("met", "late"):
        service.do(found[name], "assign", analyst="bia", team="north")
        service.do(found[name], "resolve", **RESOLVE)
    return found


def test_a_complaint_shows_its_clocks(service: Service, cases: dict[str, str]) -> None:
    [clock] = service.fresh(f"/v1/complaints/{cases['met']}/sla").json()["clocks"]
    assert (clock["state"], clock["policy"], clock["target"]) == ("met", "desk", "resolution")
    assert clock["intervals"][0]["state"] == "running"
    [late] = service.fresh(f"/v1/complaints/{cases['late']}/sla").json()["clocks"]
    assert late["state"] == "met_late"
    problem(service.get(f"/v1/complaints/{NOWHERE}/sla"), 404, "not-found")


def test_what_is_at_risk_is_listed_with_when(service: Service, cases: dict[str, str]) -> None:
    listed = service.fresh("/v1/sla/at-risk?within=7200").json()["items"]
    assert [item["complaint_id"] for item in listed] == [cases["open"]]
    assert service.fresh("/v1/sla/at-risk?within=60").json()["items"] == []
    assert set(wrong(service.get("/v1/sla/at-risk?within=soon&team="))) == {"within", "team"}


def test_compliance_is_told_with_its_counts(service: Service, cases: dict[str, str]) -> None:
    answer = service.fresh("/v1/sla/compliance?by=team&by=target")
    body = answer.json()
    assert answer.headers["vary"] == "Accept"
    assert int(answer.headers["log-position"]) > 0
    met, breached = sorted(body["groups"], key=lambda group: group["breached"])
    assert (met["team"], met["target"], met["met"], met["n"]) == ("north", "resolution", 1, 1)
    assert "team" not in breached, "nobody had it when its time was up"
    assert (breached["breached"], breached["met_late"], breached["overdue"]) == (1, 1, 0)
    assert (body["total"]["compliance"], body["total"]["n"]) == (0.5, 2)
    assert cases


def test_a_period_that_ends_before_it_begins_is_refused(service: Service) -> None:
    for path in ("/v1/sla/compliance", "/v1/sla/clocks"):
        answer = service.get(f"{path}?decided_from=2026-02-01&decided_to=2026-01-01")
        assert set(wrong(answer)) == {"decided_to"}


def test_a_figure_leads_to_its_complaints(service: Service, cases: dict[str, str]) -> None:
    breached = service.fresh("/v1/sla/clocks?outcome=breached&target=resolution").json()["items"]
    assert [item["complaint_id"] for item in breached] == [cases["late"]]


def texts_of(chart: str) -> list[str | None]:
    drawing = ET.fromstring(chart)  # noqa: S314 - our own
    return [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")]


def test_compliance_is_drawn_for_who_accepts_a_picture(service: Service, cases: dict[str, str]) -> None:
    answer = service.fresh("/v1/sla/compliance?by=target", headers={"accept": "image/svg+xml"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert {"Compliance by target", "resolution", f"{NOW:%Y-%m}"} <= set(texts_of(answer.text))
    assert "prefers-color-scheme: dark" in answer.text
    assert cases


def test_an_empty_chart_says_that_there_is_no_data(service: Service, cases: dict[str, str]) -> None:
    answer = service.fresh("/v1/sla/compliance?policy=none", headers={"accept": "image/svg+xml"})
    assert "no data" in answer.text
    assert cases


@pytest.mark.parametrize(("years", "first"), [(1, "%Y-%m"), (9, "%Y Q"), (70, "%Y")])
def test_a_chart_of_decades_is_as_legible_as_one_of_a_year(
    own_service: Service, years: int, first: str
) -> None:
    in_force(own_service)
    due = NOW - timedelta(days=365 * years)
    own_service.register(received_at=(due - timedelta(hours=8)).isoformat())
    own_service.do(own_service.register()["id"], "resolve", **RESOLVE)
    accept = {"accept": "image/svg+xml"}
    chart = own_service.fresh("/v1/sla/compliance", headers=accept).text
    along = [text for text in texts_of(chart) if text and text.startswith(("19", "20"))]
    assert along[0].startswith(f"{due:{first}}")
    assert 4 <= len(along) <= 7
    assert chart.count("<circle") == 2
    by_day = own_service.fresh("/v1/sla/compliance?period=day", headers=accept).text
    assert f"{due:%Y-%m-%d}" in texts_of(by_day), "as it was asked for"


def ended(service: Service, path: str) -> dict[str, Any]:
    """A simulation once it has ended; a minute is more than it needs."""
    found: dict[str, Any] = {}
    for _ in range(600):
        found = service.get(path, role="supervisor").json()
        if found["state"] not in {"waiting", "running"}:
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def asked(policy: dict[str, Any], **more: Any) -> dict[str, Any]:
    yesterday, tomorrow = ((NOW + timedelta(days=days)).date().isoformat() for days in (-1, 1))
    return {"policy": policy, "decided_from": yesterday, "decided_to": tomorrow, **more}


def test_a_draft_is_replayed_over_the_history(service: Service, cases: dict[str, str]) -> None:
    longer = {**POLICY["targets"][0], "length": {"amount": 10, "unit": "business_hours"}}  # type: ignore[index]  # a list of targets
    head = service.head()
    answer = service.post("/v1/sla/simulations", asked({**POLICY, "targets": [longer]}), role="supervisor")
    assert answer.status_code == 202, answer.text
    found = ended(service, answer.headers["location"])
    assert (found["state"], found["progress"]) == ("done", 1.0), found
    result = found["result"]
    assert (result["before"]["total"]["compliance"], result["after"]["total"]["compliance"]) == (0.5, 1.0)
    assert [(each["complaint_id"], each["before"], each["after"]) for each in result["changed"]] == [
        (cases["late"], "breached", "met")
    ]
    since = service.ask(f"SELECT DISTINCT actor FROM ouvidoria.events WHERE position > {head}")
    assert set(since) <= {("system:watchdog",)}, "nothing is written"


def test_a_draft_of_a_calendar_is_replayed_with_its_holidays(service: Service, cases: dict[str, str]) -> None:
    draft = {**CALENDAR, "holidays": {"country": "BR", "subdivision": "SP"}}
    draft["exceptions"] = {f"{NOW + timedelta(days=days):%F}": [] for days in (-1, 0, 1)}
    answer = service.post("/v1/sla/simulations", _of_calendar(draft), role="supervisor")
    assert answer.status_code == 202, answer.text
    found = ended(service, answer.headers["location"])
    assert (found["state"], found["result"]["changed_complaints"]) == ("done", 1)
    assert found["result"]["changed"][0]["complaint_id"] == cases["late"]


def _of_calendar(draft: dict[str, Any]) -> dict[str, Any]:
    return {**asked(POLICY), "policy": None, "calendar": draft}


def test_a_simulation_can_be_given_up(service: Service, cases: dict[str, str]) -> None:
    answer = service.post("/v1/sla/simulations", asked(POLICY), role="supervisor")
    path = answer.headers["location"]
    given_up = service.post(f"{path}/cancel", {}, role="supervisor")
    assert given_up.json()["state"] in {"cancelled", "done"}
    assert ended(service, path)["state"] in {"cancelled", "done"}
    assert cases


COPIES = """
INSERT INTO ouvidoria_views.sla_cases_4
SELECT (json_populate_record(c, json_build_object('complaint_id', gen_random_uuid()))).*
  FROM ouvidoria_views.sla_cases_4 c, generate_series(1, 40000)"""


def test_a_simulation_under_way_is_given_up_and_stops(own_service: Service) -> None:
    """As many complaints as take it some seconds, of which it has seen some."""
    service = own_service
    in_force(service)
    service.register()
    service.fresh("/v1/sla/at-risk")
    service.ask(COPIES)
    head = service.head()
    path = service.post("/v1/sla/simulations", asked(POLICY), role="supervisor").headers["location"]
    seen = under_way(service, path)
    assert 0 < seen["progress"] < 1
    given_up = service.post(f"{path}/cancel", {}, role="supervisor").json()
    assert (given_up["state"], given_up["result"]) == ("cancelled", None)
    service.ask("DELETE FROM ouvidoria_views.sla_cases_4")
    following = service.post("/v1/sla/simulations", asked(POLICY), role="supervisor").headers["location"]
    assert ended(service, following)["state"] == "done", "whoever reckoned the first is free again"
    left = service.get(path, role="supervisor").json()
    assert (left["state"], left["result"]) == ("cancelled", None)
    assert left["progress"] < 1
    assert service.head() == head


def under_way(service: Service, path: str) -> dict[str, Any]:
    """A simulation that has seen some complaints, and has some left."""
    found: dict[str, Any] = {}
    for _ in range(600):
        found = service.get(path, role="supervisor").json()
        if found["progress"] > 0:
            return found
        time.sleep(0.02)
    raise AssertionError(found)


def test_a_simulation_that_makes_no_sense_is_refused(service: Service, cases: dict[str, str]) -> None:
    path = "/v1/sla/simulations"
    backwards = asked(POLICY, decided_from="2026-02-01", decided_to="2026-01-01")
    assert set(wrong(service.post(path, backwards, role="supervisor"))) == {"$.decided_to"}
    nothing = {"decided_from": "2026-01-01", "decided_to": "2026-02-01"}
    assert set(wrong(service.post(path, nothing, role="supervisor"))) == {"$.policy"}
    lost = asked({**POLICY, "calendar": "nowhere"})
    assert set(wrong(service.post(path, lost, role="supervisor"))) == {"$.policy.calendar"}
    shut = _of_calendar({**CALENDAR, "windows": {}})
    assert set(wrong(service.post(path, shut, role="supervisor"))) == {"$.calendar"}
    unknown = _of_calendar({**CALENDAR, "holidays": {"country": "BR", "subdivision": "XX"}})
    assert set(wrong(service.post(path, unknown, role="supervisor"))) == {"$.calendar.holidays.subdivision"}
    problem(service.post(path, asked(POLICY)), 403, "forbidden")
    problem(service.get(f"{path}/{NOWHERE}", role="supervisor"), 404, "not-found")
    assert cases


def test_of_too_many_clocks_it_says_what_to_ask_instead(
    service: Service, cases: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["projections.sla.compliance"], "MOST", 0)
    answer = service.get("/v1/sla/compliance?by=team&by=channel", role="auditor")
    assert wrong(answer)["decided_from"].endswith("more than one dimension: ask for a shorter one")
    path = "/v1/sla/compliance?by=channel&team=nowhere"
    assert service.get(path, role="auditor").status_code == 200
    assert service.get("/v1/sla/compliance?by=team", role="auditor").status_code == 200
    assert cases
