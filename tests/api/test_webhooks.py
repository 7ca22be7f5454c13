"""Webhooks over HTTP: made, tried, changed, looked into; and what is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.api.serving import NOWHERE, Service, eventually, problem, serving, wrong
from tests.databases import database_url, drop_database, make_database
from tests.receiver import Receiver, answering, receiving, well

COMMANDS: dict[str, dict[str, Any]] = {
    "change": {"payload": "thin"},
    "pause": {},
    "resume": {},
    "rotate-secret": {},
    "retire-secret": {},
    "replay": {"from_position": 1},
    "resume-parked": {},
    "skip": {"position": 1, "reason": "Unreadable."},
    "delete": {},
    "test": {},
}


@pytest.fixture(scope="module")
def near(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose webhooks may lead to this machine."""
    name = make_database(postgres, template)
    home, where = tmp_path_factory.mktemp("home"), database_url(postgres, name)
    with serving(where, home, webhook_http=True, webhook_networks="127.0.0.0/8") as running:
        yield running
    drop_database(postgres, name)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def make(service: Service, url: str, **fields: Any) -> dict[str, Any]:
    answer = service.post("/v1/webhooks", {"url": url, **fields}, role="integrator")
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/webhooks/{body['id']}"
    return body


def tell(service: Service, made: dict[str, Any], command: str, **fields: Any) -> dict[str, Any]:
    answer = service.post(f"/v1/webhooks/{made['id']}/{command}", fields, role="admin")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def look(service: Service, made: dict[str, Any], what: str = "", **parameters: Any) -> Any:
    path = f"/v1/webhooks/{made['id']}{what}"
    answer = service.fresh(path, role="auditor", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def verified(secret: str, received: Any) -> Any:
    return Webhook(secret).verify(received.body, {k.lower(): v for k, v in received.headers.items()})


def test_a_new_webhook_gets_what_happens_from_then_on_signed(near: Service, receiver: Receiver) -> None:
    made = make(near, f"{receiver.url}/hook", types=["complaint-registered"], description="CRM")
    complaint = near.register()
    eventually(lambda: receiver.taken)
    event = verified(made["secret"], receiver.taken[0])
    assert (event["type"], event["subject"]) == ("ouvidoria.complaint-registered", complaint["id"])
    assert int(event["sequence"]) == complaint["position"]
    assert event["id"] == receiver.taken[0].headers["webhook-id"] == f"{complaint['id']}/1"
    assert receiver.taken[0].path == "/hook"


def test_it_is_shown_without_its_secret(near: Service, receiver: Receiver) -> None:
    made = make(near, receiver.url, types=["note-added"], payload="thin", description="CRM")
    shown = look(near, made)
    assert {name: shown[name] for name in ("state", "url", "types", "payload", "description")} == {
        "state": "active",
        "url": receiver.url,
        "types": ["note-added"],
        "payload": "thin",
        "description": "CRM",
    }
    listed = near.fresh("/v1/webhooks?limit=200", role="admin")
    assert shown in listed.json()["items"]
    assert made["secret"] not in listed.text + str(shown)


def test_what_becomes_of_it_is_in_the_trail_without_its_url(near: Service, receiver: Receiver) -> None:
    made = make(near, f"{receiver.url}/token-in-the-url")
    tell(near, made, "pause", reason="Moving.")
    trail = near.fresh(f"/v1/audit/trail?complaint_id={made['id']}", role="auditor")
    entries = [(entry["type"], entry["actor"]) for entry in trail.json()["items"]]
    assert entries == [("webhook-created", "integrator"), ("webhook-paused", "admin")]
    assert "127.0.0.1" in trail.text
    assert "token-in-the-url" not in trail.text


def test_the_same_key_gives_the_same_webhook_and_its_secret_again(near: Service, receiver: Receiver) -> None:
    headers = {"idempotency-key": "crm-1"}
    first, again = (
        near.post("/v1/webhooks", {"url": receiver.url}, role="integrator", headers=headers) for _ in range(2)
    )
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"


def test_a_change_is_conditional_like_any_other(near: Service, receiver: Receiver) -> None:
    made = make(near, receiver.url)
    path = f"/v1/webhooks/{made['id']}/pause"
    problem(near.post(path, {}, role="admin", headers={"if-match": '"7"'}), 412, "version-mismatch")
    assert near.post(path, {}, role="admin", headers={"if-match": '"1"'}).json()["state"] == "paused"
    assert look(near, made)["etag"] == 2


def test_a_test_event_is_sent_at_once_and_its_end_is_told(near: Service, receiver: Receiver) -> None:
    made = make(near, receiver.url)
    tell(near, made, "pause")
    told = tell(near, made, "test")
    assert (told["delivered"], told["response_status"], told["error"]) == (True, 204, None)
    event = verified(made["secret"], receiver.received[-1])
    assert (event["type"], event["id"]) == ("ouvidoria.webhook-test", told["message_id"])
    receiver.answer = answering(302, Location="https://elsewhere.example")
    told = tell(near, made, "test")
    assert (told["delivered"], told["response_status"]) == (False, 302)
    assert told["error"] == "answered 302: redirects are not followed"


def test_two_secrets_sign_while_one_is_exchanged(near: Service, receiver: Receiver) -> None:
    made = make(near, receiver.url, types=["note-added"])
    rotated = tell(near, made, "rotate-secret", overlap_hours=1)
    assert rotated["secret"] != made["secret"]
    tell(near, made, "test")
    for secret in (made["secret"], rotated["secret"]):
        verified(secret, receiver.received[-1])
    tell(near, made, "retire-secret")
    tell(near, made, "test")
    signatures = receiver.received[-1].headers["webhook-signature"].split()
    assert len(signatures) == 1
    verified(rotated["secret"], receiver.received[-1])
    problem(near.post(f"/v1/webhooks/{made['id']}/retire-secret", {}, role="admin"), 409, "one-secret")


def test_what_fails_is_told_and_may_be_skipped(near: Service, receiver: Receiver) -> None:
    receiver.answer = answering(500, "no such table", **{"Retry-After": "600"})
    made = make(near, receiver.url, types=["complaint-registered", "note-added"])
    complaint = near.register()
    near.do(complaint["id"], "add-note", text="x")
    eventually(lambda: look(near, made, "/standing")["waiting"])
    (head,) = look(near, made, "/parked")["items"]
    assert (head["stream_id"], head["position"], head["type"]) == (
        complaint["id"], complaint["position"], "complaint-registered",
    )  # fmt: skip
    assert (head["status"], head["response_status"], head["response"]) == ("retrying", 500, "no such table")
    assert (head["attempts"], head["waiting"]) == (1, 1)
    standing = look(near, made, "/standing")
    assert (standing["retrying"], standing["waiting"], standing["failures"]) == (1, 1, 1)
    assert look(near, made, "/deliveries", status="waiting")["items"][0]["type"] == "note-added"
    receiver.answer = well
    body = {"position": head["position"], "reason": "It cannot be read."}
    path, key = f"/v1/webhooks/{made['id']}/skip", {"idempotency-key": "skip-1"}
    first = near.post(path, body, role="admin", headers=key)
    assert first.json()["events"][0]["type"] == "webhook-delivery-skipped"
    eventually(lambda: len(receiver.taken) == 1)
    eventually(lambda: look(near, made, "/parked")["items"] == [])
    assert near.post(path, body, role="admin", headers=key).json() == first.json()
    problem(near.post(path, {**body, "position": 1}, role="admin"), 409, "not-waiting")
    statuses = [each["status"] for each in look(near, made, "/deliveries")["items"]]
    assert statuses == ["delivered", "skipped"]


def test_deliveries_come_in_pages(near: Service, receiver: Receiver) -> None:
    made = make(near, receiver.url, types=["complaint-registered"])
    positions = [near.register()["position"] for _ in range(5)]
    eventually(lambda: len(look(near, made, "/deliveries")["items"]) == 5)
    found: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = look(near, made, "/deliveries", limit=2, **cursor)
        found += [each["position"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert found == positions[::-1]
    path = f"/v1/webhooks/{made['id']}/deliveries"
    for no_cursor in ("nonsense", ""):
        assert wrong(near.get(f"{path}?cursor={no_cursor}", role="admin")).keys() == {"cursor"}
    assert wrong(near.get(f"{path}?status=lost", role="admin")).keys() == {"status"}


def test_a_replay_begins_where_it_is_told_to(near: Service, receiver: Receiver) -> None:
    made = make(near, receiver.url, types=["complaint-registered"])
    position = near.register()["position"]
    eventually(lambda: len(receiver.taken) == 1)
    tell(near, made, "replay", from_position=position)
    eventually(lambda: len(receiver.taken) == 2)
    path = f"/v1/webhooks/{made['id']}/replay"
    for beyond in (near.head() + 1000, 0, -1):
        answer = near.post(path, {"from_position": beyond}, role="admin")
        assert wrong(answer).keys() == {"$.from_position"}


def test_a_deleted_webhook_does_not_exist(near: Service, receiver: Receiver) -> None:
    made = make(near, receiver.url)
    assert tell(near, made, "delete", reason="Replaced.")["state"] == "deleted"
    for part in ("", "/standing", "/deliveries", "/parked"):
        problem(near.fresh(f"/v1/webhooks/{made['id']}{part}", role="admin"), 404, "not-found")
    for command, body in COMMANDS.items():
        problem(near.post(f"/v1/webhooks/{made['id']}/{command}", body, role="admin"), 404, "not-found")
    listed = near.fresh("/v1/webhooks?limit=200", role="admin").json()["items"]
    assert made["id"] not in {each["id"] for each in listed}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_was_never_made_is_not_found(near: Service, command: str) -> None:
    answer = near.post(f"/v1/webhooks/{NOWHERE}/{command}", COMMANDS[command], role="admin")
    problem(answer, 404, "not-found")
    complaint = near.register()
    answer = near.post(f"/v1/webhooks/{complaint['id']}/{command}", COMMANDS[command], role="admin")
    problem(answer, 404, "not-found")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://crm.example.com/hook", "it must begin with https://"),
        ("https://127.0.0.1/hook", "127.0.0.1 is not a public address"),
        ("https://[::1]/hook", "::1 is not a public address"),
        ("https://[::ffff:10.0.0.1]/hook", "10.0.0.1 is not a public address"),
        ("https://169.254.169.254/latest/meta-data", "169.254.169.254 is not a public address"),
        ("https://localhost/hook", "127.0.0.1 is not a public address"),
        ("https://2130706433/hook", "2130706433 is neither a name nor a whole IP address"),
    ],
)
def test_a_url_that_leads_inside_is_refused(service: Service, url: str, reason: str) -> None:
    body = problem(service.post("/v1/webhooks", {"url": url}, role="integrator"), 409, "url-refused")
    assert body["detail"] == reason
    made = make(service, "https://crm.invalid/hook", types=["note-added"])
    answer = service.post(f"/v1/webhooks/{made['id']}/change", {"url": url}, role="integrator")
    problem(answer, 409, "url-refused")


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, {"$.url"}),
        ({"url": "crm.example.com"}, {"$.url"}),
        ({"url": "https://crm.invalid", "types": ["complaint-lost", "note-added"]}, {"$.types[0]"}),
        ({"url": "https://crm.invalid", "payload": "fat"}, {"$.payload"}),
        ({"url": "https://crm.invalid", "secret": "mine"}, {"$.secret"}),
        ({"url": "https://crm.invalid/" + "x" * 2000}, {"$.url"}),
    ],
)
def test_a_body_that_makes_no_sense_is_refused_by_field(
    service: Service, body: dict[str, Any], paths: set[str]
) -> None:
    assert wrong(service.post("/v1/webhooks", body, role="integrator")).keys() == paths


def test_a_name_that_leads_inside_is_found_out_when_it_is_called(database: str, tmp_path: Path) -> None:
    with receiving() as receiver, serving(database, tmp_path, webhook_http=True) as service:
        made = make(service, f"http://0x7f.1:{receiver.port}/hook")
        told = tell(service, made, "test")
        assert not told["delivered"]
        assert receiver.received == []
