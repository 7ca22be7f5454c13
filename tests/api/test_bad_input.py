"""Every wrong request gets its clear answer, and nothing of it is recorded."""

import base64
import json
import socket
from collections.abc import Iterator
from typing import Any, get_args
from uuid import uuid4

import pytest

from api.examples import CALENDAR
from domain import fields
from domain.complaint.lifecycle import State
from domain.complaint.values import Basis, SubjectType
from infra.pages import asked_for
from projections.complaints import Worklist
from tests.api.serving import NOWHERE, REGISTER, Service, problem, wrong

JSON = {"content-type": "application/json"}


@pytest.fixture(autouse=True)
def _nothing_is_recorded(service: Service, request: pytest.FixtureRequest) -> Iterator[None]:
    """Of what a test asks for; complaints that it needs are made by the fixture `made`."""
    made = request.getfixturevalue("made")
    head = service.head()
    yield
    assert (made["version"], service.head()) == (1, head)


@pytest.fixture(scope="module")
def made(service: Service) -> dict[str, Any]:
    return service.register()


def send(service: Service, body: bytes, path: str = "/v1/complaints") -> dict[str, str]:
    return wrong(service.send("POST", path, content=body, headers=JSON))


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b"{'subject': 'x'}",
        b'{"subject": 1, garbage',
        b'{"subject": "x",}',
        b'{"subject": NaN}',
        b'{"occurred_at": 1e999}',
        b"\xff\xfe{}",
        b'{"subject": "\xff"}',
        b'{"subject": "\xed\xa0\x80"}',
        b'{"subject": "\\ud800"}',
        b'\xef\xbb\xbf{"subject": "x"}',
        b"   ",
        b"[" * 100_000,
        b'{"contact":' * 10_000,
        b'{"subject":1,"contact":' + b"[" * 100_000,
    ],
    ids=range(16),
)
def test_what_is_not_json_is_told_so(service: Service, body: bytes) -> None:
    found = send(service, body)
    assert found.keys() == {"$"}
    assert found["$"].startswith("not JSON")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"5", b"true", b"[{}]"])
def test_a_body_is_an_object(service: Service, body: bytes) -> None:
    assert send(service, body)["$"].startswith("Expected `object`")


def test_an_empty_body_is_an_empty_object(service: Service, made: dict[str, Any]) -> None:
    assert send(service, b"").keys() == {"$.subject", "$.description", "$.channel"}
    answer = service.send("POST", f"/v1/complaints/{made['id']}/close", content=b"")
    assert wrong(answer) == {"$.reason": "required"}


def test_a_field_given_twice_is_named_at_any_depth(service: Service) -> None:
    twice = b'{"subject":"a","subject":"b","description":"x","channel":"y"}'
    assert send(service, twice) == {"$..subject": "given more than once"}
    deep = b'{"subject":"a","description":"x","channel":"y","contact":{"name":"a","name":"b"}}'
    assert send(service, deep) == {"$..name": "given more than once"}


def test_every_wrong_field_is_named_by_its_path(service: Service) -> None:
    answer = service.post(
        "/v1/complaints",
        {
            "subject": 5,
            "channel": "",
            "colour": "red",
            "severity": "extreme",
            "customer_id": "x",
            "received_at": "2026-02-30T00:00:00Z",
            "contact": {"email": "nobody", "nick": "b"},
            "subject_refs": [{"type": "invoice", "value": "1"}, {"type": "planet"}],
            "points": [{"point_id": 1, "main": "yes"}, 7],
        },
    )
    assert wrong(answer) == {
        "$.subject": "Expected `str`, got `int`",
        "$.description": "required",
        "$.channel": "Expected `str` of length >= 1",
        "$.colour": "unknown field",
        "$.severity": "Invalid enum value 'extreme'; allowed: low, medium, high, critical",
        "$.customer_id": "Invalid UUID",
        "$.received_at": "Invalid RFC3339 encoded datetime",
        "$.contact.email": "not an e-mail address",
        "$.contact.nick": "unknown field",
        "$.subject_refs[1].type": f"Invalid enum value 'planet'; allowed: {', '.join(get_args(SubjectType))}",
        "$.subject_refs[1].value": "required",
        "$.points[0].point_id": "Expected `str`, got `int`",
        "$.points[0].main": "Expected `bool`, got `str`",
        "$.points[1]": "Expected `object`, got `int`",
    }


def test_the_detail_says_in_one_line_what_the_errors_say(service: Service) -> None:
    body = problem(service.post("/v1/complaints", {"subject": "a", "description": "b"}), 400, "malformed")
    assert body["detail"] == "$.channel: required"


def test_a_value_that_is_none_of_those_allowed_is_answered_with_them(
    service: Service, made: dict[str, Any]
) -> None:
    unknown = service.post(f"/v1/complaints/{made['id']}/resolve", {"outcome": "x", "basis": "y" * 5_000})
    found = wrong(unknown)
    assert found["$.outcome"] == "Invalid enum value 'x'; allowed: upheld, partly_upheld, not_upheld"
    assert found["$.basis"].endswith(f"; allowed: {', '.join(get_args(Basis))}")
    listed = wrong(service.get("/v1/complaints?state=asleep&state=closed"))
    assert listed["state"].endswith(f"; allowed: {', '.join(get_args(State))}")
    within = wrong(
        service.post("/v1/sla/calendars", {**CALENDAR, "windows": {"monday": []}}, role="supervisor")
    )
    assert within == {"$.windows": "Invalid enum value 'monday'; allowed: mon, tue, wed, thu, fri, sat, sun"}


def test_no_request_makes_the_answer_swell(service: Service) -> None:
    many = {f"unknown{number}": 1 for number in range(50_000)}
    answer = service.post("/v1/complaints", many)
    assert len(wrong(answer)) == 100
    long = service.post("/v1/complaints", {"x" * 500_000: 1})
    assert max(len(answer.content), len(long.content)) < 20_000
    crowd = {**REGISTER, "points": [{"point_id": "a"}] * 30_000}
    assert wrong(service.post("/v1/complaints", crowd)) == {"$.points": "Expected `array` of length <= 50"}


@pytest.mark.parametrize(
    ("path", "body", "field", "limit"),
    [
        ("/v1/complaints", REGISTER, "subject", fields.SUBJECT_LENGTH),
        ("/v1/complaints", REGISTER, "description", fields.TEXT_LENGTH),
        ("/v1/complaints", REGISTER, "channel", fields.LABEL_LENGTH),
        ("/v1/complaints", REGISTER, "backdating_reason", fields.TEXT_LENGTH),
        ("/v1/customers", {"name": "Bia"}, "email", fields.EMAIL_LENGTH),
        ("/v1/customers", {"name": "Bia"}, "phone", fields.PHONE_LENGTH),
        ("/v1/customers", {"name": "Bia"}, "tier", fields.SLUG_LENGTH),
    ],
)
def test_text_over_its_limit_is_refused(
    service: Service, path: str, body: dict[str, Any], field: str, limit: int
) -> None:
    text = "a@" + "a" * (limit - 1) if field == "email" else "a" * (limit + 1)
    found = wrong(service.post(path, {**body, field: text}))
    assert found == {f"$.{field}": f"Expected `str` of length <= {limit}"}


def test_lists_and_what_is_in_them_have_limits(service: Service, made: dict[str, Any]) -> None:
    path = f"/v1/complaints/{made['id']}/classify"
    assert wrong(service.post(path, {"tags": ["x"] * 51})) == {"$.tags": "Expected `array` of length <= 50"}
    found = wrong(service.post(path, {"tags": ["ok", "x" * 51, ""]}))
    assert found.keys() == {"$.tags[1]", "$.tags[2]"}


@pytest.mark.parametrize("text", ["a\x00b", "\x1b[31m", "  ", "two\nlines"])
def test_a_line_is_not_blank_and_has_no_control_characters(service: Service, text: str) -> None:
    found = wrong(service.post("/v1/complaints", {**REGISTER, "subject": text}))
    assert found == {"$.subject": "blank, of more than one line, or with control characters"}


@pytest.mark.parametrize(
    ("moment", "reason"),
    [
        ("2026-02-30T00:00:00Z", "Invalid RFC3339 encoded datetime"),
        ("2026-01-01T25:00:00Z", "Invalid RFC3339 encoded datetime"),
        ("2026-01-01", "Invalid RFC3339 encoded datetime"),
        ("yesterday", "Invalid RFC3339 encoded datetime"),
        ("0000-01-01T00:00:00Z", "Invalid RFC3339 encoded datetime"),
        ("2026-01-01T00:00:00", "Expected `datetime` with a timezone component"),
        (1767225600, "Expected `datetime | null`, got `int`"),
    ],
)
def test_what_is_no_time_with_its_zone_is_refused(service: Service, moment: object, reason: str) -> None:
    found = wrong(service.post("/v1/complaints", {**REGISTER, "received_at": moment}))
    assert found == {"$.received_at": reason}


@pytest.mark.parametrize(
    ("field", "moment", "slug"),
    [
        ("received_at", "0001-01-01T00:00:00+23:59", "time-out-of-range"),
        ("received_at", "1899-12-31T23:59:59Z", "time-out-of-range"),
        ("occurred_at", "9999-12-31T23:59:59-23:59", "time-out-of-range"),
        ("received_at", "2199-12-31T23:59:59Z", "received-in-future"),
        ("occurred_at", "2199-12-31T23:59:59Z", "occurred-in-future"),
        ("occurred_at", "2000-01-01T00:00:00Z", "backdating-reason-missing"),
    ],
)
def test_a_time_that_cannot_be_is_refused(service: Service, field: str, moment: str, slug: str) -> None:
    body = problem(service.post("/v1/complaints", {**REGISTER, field: moment}), 409, slug)
    assert body["detail"]


def test_a_command_in_the_wrong_state_is_refused_with_the_states_that_allow_it(
    service: Service, made: dict[str, Any]
) -> None:
    path = f"/v1/complaints/{made['id']}/close"
    body = problem(service.post(path, {"reason": "accepted"}), 409, "wrong-state")
    assert body["detail"] == "close is not possible in the state registered; it is in: resolved"


@pytest.mark.parametrize(
    ("command", "body", "slug"),
    [
        ("assign", {}, "nothing-to-assign"),
        ("classify", {}, "nothing-to-change"),
        ("cancel-ask", {"reason": "x"}, "ask-not-named"),
        ("cancel-ask", {"reason": "x", "ask_id": NOWHERE}, "unknown-ask"),
        ("accept-resolution", {"channel": "email", "scope": "full"}, "no-proposal"),
        ("propose-resolution", {"outcome": "upheld", "summary": "x", "channel": "y",
                                "redress": {"kind": "refund", "amount": "1"}}, "amount-incomplete"),
    ],
)  # fmt: skip
def test_the_business_rules_refuse_with_a_slug_and_a_reason(
    service: Service, made: dict[str, Any], command: str, body: dict[str, Any], slug: str
) -> None:
    answer = service.post(f"/v1/complaints/{made['id']}/{command}", body)
    assert problem(answer, 409, slug)["detail"]


def test_a_customer_who_does_not_exist_is_named(service: Service, made: dict[str, Any]) -> None:
    for unknown in (NOWHERE, made["id"]):
        found = wrong(service.post("/v1/complaints", {**REGISTER, "customer_id": unknown}))
        assert found == {"$.customer_id": "no customer has this id"}


def test_an_id_of_another_kind_is_not_found(service: Service, made: dict[str, Any]) -> None:
    problem(service.post(f"/v1/customers/{made['id']}/change-tier", {"tier": "gold"}), 404, "not-found")
    problem(service.get(f"/v1/customers/{made['id']}"), 404, "not-found")


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/v1",
        "/v1/complaints/not-a-uuid",
        "/v1/complaints/%00",
        "/v1/complaints/%FF%FE",
        f"/v1/complaints/{NOWHERE}/history/more",
        "/v1/complaints/by-protocol/%00",
        "/v1/complaints/by-protocol/%FF",
        "/v1/teams/%00",
        "/v1/analysts/a%00b",
        "/v1/sla/policies/%00",
        "/v1/complaints/by-protocol/abc",
        "/v1/complaints/by-protocol/" + "1" * 5000,
        "/v1/complaints/by-protocol/" + "1" * 20,
        "/problems/nothing",
        "/v1/complaints/../../etc/passwd",
        "//",
    ],
)
def test_a_path_that_leads_nowhere_is_a_problem_too(service: Service, path: str) -> None:
    problem(service.get(path), 404, "not-found")


def test_an_unknown_command_is_not_found(service: Service, made: dict[str, Any]) -> None:
    problem(service.post(f"/v1/complaints/{made['id']}/explode", {}), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/complaints", {"GET", "POST", "OPTIONS"}),
        ("PUT", f"/v1/complaints/{NOWHERE}", {"GET", "OPTIONS"}),
        ("GET", f"/v1/complaints/{NOWHERE}/close", {"POST", "OPTIONS"}),
        ("POST", "/health/live", {"GET", "OPTIONS"}),
        ("PATCH", "/v1/audit/trail", {"GET", "OPTIONS"}),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(
    service: Service, method: str, path: str, allowed: set[str]
) -> None:
    answer = service.send(method, path)
    problem(answer, 405, "method-not-allowed")
    assert set(answer.headers["allow"].split(", ")) == allowed
    options = service.send("OPTIONS", path, role=None)
    assert (options.status_code, options.content) == (204, b"")
    assert set(options.headers["allow"].split(", ")) == allowed


def test_head_is_get_without_the_body(service: Service, made: dict[str, Any]) -> None:
    path = f"/v1/complaints/{made['id']}?version=1"
    got, asked = service.get(path), service.send("HEAD", path)
    assert (asked.status_code, asked.content) == (200, b"")
    for name in ("etag", "content-length", "content-type"):
        assert asked.headers[name] == got.headers[name]
    assert service.send("HEAD", "/nowhere").status_code == 404
    assert service.send("HEAD", f"/v1/complaints/{made['id']}/close").status_code == 405


def test_a_trailing_slash_changes_nothing(service: Service) -> None:
    assert service.get("/v1/complaints/?limit=1").status_code == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("colour=red", "colour"),
        ("sector=billing", "sector"),
        ("limit=1&limit=2", "limit"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("limit=", "limit"),
        ("limit", "limit"),
        ("limit=1.0", "limit"),
        ("limit=%205", "limit"),
        ("limit=null", "limit"),
        ("limit=99999999999999999999999999", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=bnVsbA", "cursor"),
        ("cursor=W10", "cursor"),
        ("sort=name", "sort"),
        ("state=open", "state"),
        ("state=closed&state=", "state"),
        ("severity=null", "severity"),
        ("customer_id=null", "customer_id"),
        ("customer_id=5", "customer_id"),
        ("breached=1", "breached"),
        ("breached=True", "breached"),
        ("due_before=1700000000", "due_before"),
        ("due_before=2026-01-01", "due_before"),
        ("due_before=2026-01-01T00:00:00", "due_before"),
        ("due_before=0001-01-01T00:00:00%2B23:59", "due_before"),
        ("registered_to=9999-12-31T23:59:59-23:59", "registered_to"),
        ("analyst=", "analyst"),
        ("analyst=" + "x" * 201, "analyst"),
        ("analyst=a%00b", "analyst"),
        ("q=", "q"),
        ("q=" + "x" * 301, "q"),
        ("q=%FF", "query"),
        ("q=%ED%A0%80", "query"),
        ("&".join(f"x{number}=1" for number in range(300)), "query"),
    ],
)
def test_a_wrong_parameter_is_named(service: Service, query: str, field: str) -> None:
    assert wrong(service.get(f"/v1/complaints?{query}")).keys() == {field}


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/v1/customers", "email=x", "email"),
        ("/v1/customers", "tier=Gold", "tier"),
        ("/v1/audit/trail", "complaint_id=x", "complaint_id"),
        ("/v1/audit/trail", "recorded_from=2026", "recorded_from"),
        ("/v1/me", "x=1", "x"),
        (f"/v1/complaints/{NOWHERE}", "version=0", "version"),
        (f"/v1/complaints/{NOWHERE}", "version=99999999999999999", "version"),
        (f"/v1/complaints/{NOWHERE}", "position=-1", "position"),
        (f"/v1/complaints/{NOWHERE}", "as_of=2026-01-01T00:00:00", "as_of"),
        (f"/v1/complaints/{NOWHERE}/history", "as_of=0001-01-01T00:00:00%2B23:59", "as_of"),
        (f"/v1/customers/{NOWHERE}", "version=1", "version"),
    ],
)
def test_no_resource_takes_a_parameter_that_it_does_not_know(
    service: Service, path: str, query: str, field: str
) -> None:
    assert wrong(service.get(f"{path}?{query}", role="supervisor")).keys() == {field}


def test_a_command_takes_no_parameters(service: Service, made: dict[str, Any]) -> None:
    answer = service.post(f"/v1/complaints/{made['id']}/investigate?dry_run=true", {})
    assert wrong(answer) == {"dry_run": "unknown parameter"}


@pytest.mark.parametrize(
    "moment", ["2026-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"]
)
def test_times_at_the_edge_are_taken_as_filters(service: Service, moment: str) -> None:
    for name in ("registered_from", "registered_to", "due_before"):
        assert service.get(f"/v1/complaints?{name}={moment}").status_code == 200
    for name in ("recorded_from", "recorded_to", "occurred_from", "occurred_to"):
        assert service.get(f"/v1/audit/trail?{name}={moment}", role="auditor").status_code == 200
    assert service.get(f"/v1/complaints/{NOWHERE}?as_of={moment}").status_code == 404


def test_a_forged_cursor_is_refused_whatever_is_in_it(service: Service) -> None:
    asked = asked_for(Worklist(), "-registered_at")
    cursors: tuple[Any, ...] = (
        [*asked, "2026-01-01T00:00:00+23:59", NOWHERE],
        [*asked, "0001-01-01T00:00:00+23:59", NOWHERE],
        [*asked, "2026-01-01T00:00:00", NOWHERE],
        [*asked, 5, NOWHERE],
        [*asked, "2026-01-01T00:00:00Z", "x"],
        ["registered_at", asked.filters, "2026-01-01T00:00:00Z", NOWHERE],
        ["-registered_at"],
        ["-registered_at", "2026-01-01T00:00:00Z", NOWHERE],
        {},
    )
    for forged in cursors:
        cursor = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode().rstrip("=")
        answer = service.get(f"/v1/complaints?cursor={cursor}")
        assert answer.status_code in {200, 400}, (forged, answer.text)
        if answer.status_code == 400:
            assert wrong(answer).keys() == {"cursor"}


@pytest.mark.parametrize("position", ["-1", "abc", "", "1.5", "9" * 19, "+1", "１".encode()])
def test_a_malformed_position_is_named(service: Service, made: dict[str, Any], position: str | bytes) -> None:
    headers = {"min-log-position": position}
    for path in ("/v1/complaints", f"/v1/complaints/{made['id']}", f"/v1/complaints/{made['id']}/history"):
        assert wrong(service.get(path, headers=headers)).keys() == {"Min-Log-Position"}


@pytest.mark.parametrize(
    "given", ["nonsense", "wait=", "wait=-1", "wait=99999999", "é".encode("latin-1"), ";;,"]
)
def test_preferences_that_mean_nothing_are_passed_over(service: Service, given: str | bytes) -> None:
    assert service.get("/v1/complaints?limit=1", headers={"prefer": given}).status_code == 200


def test_a_body_over_the_limit_is_refused_with_or_without_its_length(service: Service) -> None:
    large = b'{"subject": "' + b"x" * service.settings.body_limit + b'"}'
    headers = {**JSON, "connection": "close"}
    problem(service.send("POST", "/v1/complaints", content=large, headers=headers), 413, "body-too-large")
    pieces = (large[start : start + 65536] for start in range(0, len(large), 65536))
    chunked = service.send("POST", "/v1/complaints", content=pieces, headers=headers)
    problem(chunked, 413, "body-too-large")


@pytest.mark.parametrize(
    "media_type", ["text/plain", "multipart/form-data; boundary=x", "application/xml", "json", "image/png"]
)
def test_a_body_of_another_type_is_refused(service: Service, media_type: str) -> None:
    answer = service.send(
        "POST", "/v1/complaints", content=json.dumps(REGISTER), headers={"content-type": media_type}
    )
    problem(answer, 415, "unsupported-media-type")


def test_authentication_comes_before_everything_that_is_wrong_with_a_request(service: Service) -> None:
    answer = service.send("POST", "/v1/complaints?x=1", content=b"{", role=None)
    problem(answer, 401, "unauthenticated")
    problem(service.send("POST", "/v1/complaints", content=b"{", role="auditor"), 403, "forbidden")


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /v1/complaints?q=\xff HTTP/1.1\r\n",
        b"GET /v1/complaints/\xff HTTP/1.1\r\n",
        b"GET /v1/complaints?q=caf\xc3\xa9 HTTP/1.1\r\n",
        b"GET /v1/complaints?limit=1&q=caf\xc3\xa9 HTTP/1.1\r\n",
        b"GET * HTTP/1.1\r\n",
        b"GET http://other.example/v1/complaints HTTP/1.1\r\n",
        b"BREW /v1/complaints HTTP/1.1\r\n",
        b"GET /v1/complaints HTTP/1.1\r\nx-request-id: \xff\xff\r\n",
        b"GET /v1/complaints HTTP/1.1\r\nidempotency-key: \x01\r\n",
        b"GET /v1/complaints HTTP/1.1\r\nhost: bad host\r\n",
        b"POST /v1/complaints HTTP/1.1\r\ncontent-length: -5\r\n",
        b"nonsense\r\n",
    ],
)
def test_raw_bytes_that_no_client_sends_never_make_a_server_error(service: Service, raw: bytes) -> None:
    head = f"host: x\r\nauthorization: Bearer {service.keys['analyst']}\r\nconnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as sent:
        sent.sendall(raw + head.encode())
        answer = b""
        while piece := sent.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 ")
    assert answer.split()[1][:1] in {b"2", b"4"}, answer[:300]


def test_who_sends_garbage_is_still_served_afterwards(service: Service) -> None:
    assert service.get("/v1/complaints", headers={"x-request-id": uuid4().hex}).status_code == 200
