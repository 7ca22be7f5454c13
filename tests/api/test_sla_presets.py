"""Presets by API and at set-up, and what a complaint would owe by when."""

from typing import Any

import pytest
from click.testing import CliRunner
from msgspec import to_builtins

from api.cli import main
from api.examples import CALENDAR, POLICY
from domain.sla.presets import PRESETS
from tests.api.serving import Service, problem, wrong

PREVIEW = "/v1/sla/preview"


def install(service: Service, name: str, **who: Any) -> list[dict[str, Any]]:
    answer = service.post(f"/v1/sla/presets/{name}/install", {}, **({"role": "supervisor"} | who))
    assert answer.status_code == 200, answer.text
    documents: list[dict[str, Any]] = answer.json()["documents"]
    return documents


def test_all_presets_are_listed_with_their_sources(service: Service) -> None:
    items = service.get("/v1/sla/presets").json()["items"]
    assert [item["name"] for item in items] == list(PRESETS)
    assert items[0]["policies"][0]["source"] == "Decreto 11.034/2022, art. 12, § 2º, I, and art. 13"


def test_a_preset_is_installed_by_one_supervisor_and_approved_by_another(service: Service) -> None:
    calendar, policy = install(service, "brazil-sac")
    assert (calendar["kind"], calendar["active_version"], policy["active_version"]) == ("calendar", 1, None)
    again = install(service, "brazil-sac")
    assert again == [calendar, policy]
    approved = service.post(
        f"/v1/sla/policies/{policy['name']}/approve",
        {"approval_id": policy["approval_id"]},
        token=service.key("samir", "supervisor"),
    )
    assert approved.json()["active_version"] == 1
    made = service.register()
    assert [event["type"] for event in made["events"]] == ["complaint-registered", "sla-applied"]
    shared, other = install(service, "consumidor-gov-br")
    assert (shared["id"], other["active_version"]) == (calendar["id"], None)


def set_up(service: Service, monkeypatch: pytest.MonkeyPatch, *presets: str) -> str:
    """Put presets in force at once; what is said of that."""
    monkeypatch.setenv("OUVIDORIA_HOME", str(service.settings.home))
    monkeypatch.setenv("OUVIDORIA_DATABASE_URL", service.settings.url())
    done = CliRunner().invoke(main, ["sla", "install", *presets])
    assert done.exit_code == 0, done.output
    return done.output


def test_at_set_up_a_preset_is_in_force_at_once(
    own_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        output = set_up(own_service, monkeypatch, "help-desk", "cfpb")
        assert "help-desk-advanced" in output
        assert "cfpb" in output
    (listed,) = own_service.fresh("/v1/sla/policies?name=help-desk").json()["items"]
    assert (listed["state"], listed["version"]) == ("active", 2)
    assert "brazil-sac" in CliRunner().invoke(main, ["sla", "presets"]).output


def test_an_unknown_preset_is_not_found(service: Service) -> None:
    problem(service.post("/v1/sla/presets/none/install", {}, role="supervisor"), 404, "not-found")


def ask(service: Service, **question: Any) -> dict[str, Any]:
    answer = service.post(PREVIEW, {"received_at": "2026-12-18T23:50:00-03:00"} | question)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_a_draft_shows_when_a_complaint_would_be_due(service: Service) -> None:
    head = service.head()
    found = ask(
        service, calendars=[CALENDAR], policies=[POLICY], facts={"product": "credit-card", "tier": "basic"}
    )
    due = {target["target"]: target for target in found["targets"] if target["policy"] == "Cards"}
    assert due["first response"]["due_at"] == "2026-12-21T21:00:00Z"
    assert due["first response"]["version"] == 0
    final = due["final response"]
    # Ten days of business: 21-23, 28-31, and from 4 to 6 January; the 24th is a holiday of the house's own.
    assert final["due_at"] == "2027-01-07T03:00:00Z"
    assert final["holidays"] == ["2026-12-24", "2026-12-25", "2027-01-01"]
    assert [each["what"] for each in due["first response"]["recorded"]] == ["warning", "warning", "breach"]
    assert service.head() == head


def test_what_begins_with_something_else_is_told_apart(service: Service) -> None:
    (sac,) = PRESETS["brazil-sac"].policies
    found = ask(service, policies=[], facts={})
    if not found["policies"]:  # the preset is not in force here: asked for as a draft
        install(service, "brazil-sac")
    draft = service.get("/v1/sla/presets").json()["items"][0]
    found = ask(service, policies=draft["policies"], calendars=draft["calendars"])
    assert [each["counts_from"] for each in found["waiting"]] == ["history-requested"]
    (answer,) = (each for each in found["targets"] if each["policy"] == sac.name)
    assert answer["due_at"] == "2026-12-26T03:00:00Z"  # through the 25th


def test_a_wrong_draft_is_refused_with_its_place(service: Service) -> None:
    broken = {**POLICY, "calendar": "nowhere"}
    body = {"received_at": "2026-12-18T23:50:00Z", "policies": [broken]}
    assert set(wrong(service.post(PREVIEW, body))) == {"$.policies[0].calendar"}
    body = {"received_at": "2026-12-18T23:50:00Z", "calendars": [{**CALENDAR, "zone": "Mars/Olympus"}]}
    assert set(wrong(service.post(PREVIEW, body))) == {"$.calendars[0].zone"}
    for outside in ("0001-01-01T00:00:00Z", "1899-12-31T23:00:00Z", "2200-01-01T00:00:00Z"):
        assert set(wrong(service.post(PREVIEW, {"received_at": outside}))) == {"$.received_at"}


def test_a_draft_calendar_that_policies_in_force_could_not_count_by_is_refused(
    own_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = PRESETS["help-desk"]
    never = {**to_builtins(desk.calendars[0]), "windows": {}}
    assert ask(own_service, calendars=[CALENDAR, never])["policies"] == [], "nothing is in force yet"
    set_up(own_service, monkeypatch, "help-desk")
    body = {"received_at": "2026-12-18T23:50:00Z", "calendars": [CALENDAR, never]}
    reasons = wrong(own_service.post(PREVIEW, body))
    assert set(reasons) == {"$.calendars[1]"}
    assert "never opens" in reasons["$.calendars[1]"]
    days = {"name": "days", "stops": "resolved", "length": {"amount": 2, "unit": "calendar_days"}}
    drafts = [{**to_builtins(each), "targets": [days]} for each in desk.policies]
    (found,) = ask(own_service, calendars=[CALENDAR, never], policies=drafts)["targets"]
    assert found["due_at"] == "2026-12-21T03:00:00Z"
