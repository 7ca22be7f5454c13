"""What the documentation says of the domain is what the code does."""

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from domain import AGGREGATES, fields
from domain.approvals import Ground
from domain.complaint.lifecycle import ALLOWED, CLOCK_FACTS, RECORDED_AS_REPLY, State
from domain.messages import COMMON_FIELDS, personal_fields, tag_of
from domain.refusals import FORBIDDEN, REFUSALS

DOCS = Path(__file__).parent.parent.parent / "docs"
LIFECYCLE = (DOCS / "lifecycle.md").read_text(encoding="utf-8")
EVENT_SECTIONS = re.split(r"^### ", (DOCS / "events.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
EVENTS = {tag_of(event): event for aggregate in AGGREGATES.values() for event in aggregate.events}


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the table whose first header cell is `heading`, below its rule."""
    (table,) = re.findall(rf"^\| {heading} \|.*\n\|[-:|]+\|\n((?:\|.*\n?)+)", text, flags=re.MULTILINE)
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return [[name.strip("`"), *rest] for name, *rest in cells]


def section(tag: str) -> str:
    (found,) = [text for text in EVENT_SECTIONS if text.startswith(f"`{tag}`")]
    return found


def cell(verb: str, state: State) -> str:
    if state in RECORDED_AS_REPLY.get(verb, ()):
        return "reply"
    return "yes" if state in ALLOWED[verb] else "–"


def test_the_table_of_commands_and_states_is_the_one_in_force() -> None:
    printed = {row[0]: row[1:] for row in rows(LIFECYCLE, "command")}
    assert printed == {verb: [cell(verb, state) for state in get_args(State)] for verb in ALLOWED}


def test_the_columns_of_the_table_are_the_states_in_order() -> None:
    (header,) = re.findall(r"^\| command \| (.*) \|$", LIFECYCLE, flags=re.MULTILINE)
    assert header.replace(" ", "_").split("_|_") == list(get_args(State))


def test_every_state_has_its_meaning() -> None:
    assert [row[0] for row in rows(LIFECYCLE, "state")] == list(get_args(State))


def test_every_refusal_has_its_line() -> None:
    assert {row[0]: row[1] for row in rows(LIFECYCLE, "slug")} == REFUSALS


def test_what_another_person_could_do_is_named() -> None:
    (line,) = re.findall(r"\(`not-found`\), (.*?) with 403", LIFECYCLE, flags=re.DOTALL)
    assert set(re.findall(r"`([a-z-]+)`", line)) == FORBIDDEN


def test_the_commands_whose_time_moves_clocks_are_named() -> None:
    (named,) = re.findall(r"pauses or resumes\s+a clock: (.*?)\. It", LIFECYCLE, flags=re.DOTALL)
    assert set(re.findall(r"`([a-z-]+)`", named)) == CLOCK_FACTS


def test_the_grounds_for_a_second_person_have_their_lines() -> None:
    assert [row[0] for row in rows(LIFECYCLE, "ground")] == list(get_args(Ground))


def test_every_limit_has_its_line() -> None:
    limits = {
        name: str(value) for name, value in vars(fields).items() if name.endswith(("_LENGTH", "_LIMIT"))
    }
    assert {row[0]: row[1] for row in rows(LIFECYCLE, "limit")} == limits


def test_exactly_the_events_there_are_have_a_section() -> None:
    assert [text.split("`")[1] for text in EVENT_SECTIONS] == list(EVENTS)


@pytest.mark.parametrize("tag", EVENTS)
def test_every_event_has_its_meaning_and_its_fields(tag: str) -> None:
    text, event = section(tag), EVENTS[tag]
    assert text.splitlines()[2].strip()
    known = [
        [field.name, "yes" if field.required else "", "yes" if field.name in personal_fields(event) else ""]
        for field in msgspec.structs.fields(event)
        if field.name not in COMMON_FIELDS
    ]
    printed = rows(text, "field") if known else []
    assert [row[:3] for row in printed] == known
    assert all(row[3] for row in printed)
