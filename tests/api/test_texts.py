"""Whatever a text is made of, the views have it as the log does."""

import random

import pytest

from domain.fields import SUBJECT_LENGTH, TEXT_LENGTH
from tests.api.serving import Service

LINES = {
    "backslashes": r"\ \\ \' \n \u0000 \x41 E'\\' \N",
    "quotes": """it's '' ''' "quoted" $$ $1 $tag$ ` ´""",
    "places": "%s %% %(name)s %b {} {0} :name ?",
    "statements": "'); DROP TABLE events; -- /* */ ;",
    "values": '[1, 2], {"a": null}, {a,"b"}, NULL',
    "beyond ASCII": "ação 😀 👩‍👩‍👧 \u200f\u202e\u2028 \uffff \U0010ffff e\u0301",
    "quotes alone": "'" * SUBJECT_LENGTH,
    "backslashes alone": "\\" * SUBJECT_LENGTH,
    "four bytes each": "😀" * SUBJECT_LENGTH,
}


def long_text() -> str:
    """As long as a text may be, and full of what has to be quoted somewhere."""
    chance = random.Random(1)  # noqa: S311 - repeatable, not secret
    return "".join(chance.choices("'\"\\%$;{}[],:ação😀\t\n\r ", k=TEXT_LENGTH - 1)) + "."


@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
def test_a_text_is_the_same_in_a_view_and_in_the_log(service: Service, line: str) -> None:
    text, name = long_text(), line[:200]
    made = service.register(subject=line, description=text, contact={"name": name}, tags=[line[:50]])
    service.do(made["id"], "promise", what=text, due_at="2099-01-01T12:00:00Z")
    service.do(made["id"], "correct", remedy_sought=text, reason=text)
    path = f"/v1/complaints/{made['id']}"
    found = service.fresh(path).json()
    assert (found["subject"], found["description"], found["remedy_sought"]) == (line, text, text)
    assert (found["contact"], found["tags"]) == ({"name": name}, [line[:50]])
    assert found["promises"][0]["what"] == text
    assert found == service.get(path, params={"version": found["version"]}).json()


@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
def test_a_customer_is_called_what_they_were_called(service: Service, line: str) -> None:
    made = service.post("/v1/customers", {"name": line[:200], "external_ref": line[:200]}).json()
    found = service.fresh(f"/v1/customers/{made['id']}").json()
    assert (found["name"], found["external_ref"]) == (line[:200], line[:200])
    assert service.get("/v1/customers", params={"external_ref": line[:200]}).json()["items"] == [found]
