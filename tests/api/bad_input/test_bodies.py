"""What is wrong in a body is told by its path: all of it at once."""

from typing import Any, get_args

import pytest

from api.examples import CALENDAR
from domain import fields
from domain.complaint.lifecycle import State
from domain.complaint.values import Basis, SubjectType
from tests.api.bad_input.sending import send
from tests.api.serving import REGISTER, Service, problem, wrong


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
