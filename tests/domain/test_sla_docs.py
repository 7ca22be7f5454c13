"""What the page of service levels says is what the code does."""

import re
from datetime import date, datetime
from pathlib import Path

import pytest
from msgspec import structs

from domain.sla import ActivePolicy, Calendar, Facts, PinnedCalendar, Policy, Target
from domain.sla.documents import Match
from domain.sla.presets import PRESETS
from domain.sla.preview import preview
from infra.holidays import holiday_set
from tests.domain.test_domain_docs import rows

PAGE = (Path(__file__).parent.parent.parent / "docs/sla.md").read_text(encoding="utf-8")
SECTIONS = {text.split("\n")[0]: text for text in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]}
EXAMPLES = [
    tuple(cell.strip(" `") for cell in line.strip("|").split("|"))
    for line in SECTIONS["Presets"].splitlines()
    if re.match(r"\| `[a-z-]+` \| `[a-z-]+` \| \d", line)
]


def names(section: str, heading: str) -> list[str]:
    return [row[0] for row in rows(SECTIONS[section], heading)]


def test_every_field_of_the_documents_has_its_line() -> None:
    assert sorted(names("Policies", "field")) == sorted(Policy.__struct_fields__)
    assert sorted(names("Policies", "field of a target")) == sorted(Target.__struct_fields__)
    assert sorted(names("Calendars", "field")) == sorted(Calendar.__struct_fields__)


def test_every_field_to_match_is_named() -> None:
    (line,) = [row for row in rows(SECTIONS["Policies"], "field") if row[0] == "match"]
    assert set(Match.__struct_fields__) <= set(re.findall(r"`([a-z_]+)`", line[1]))


def test_every_preset_is_there_with_its_source_and_its_doubts() -> None:
    told = {row[0]: row[2] for row in rows(SECTIONS["Presets"], r"preset \| what it is \| source")}
    assert told.keys() == PRESETS.keys()
    for preset in PRESETS.values():
        sources = {policy.source for policy in preset.policies if policy.source}
        assert sources <= {told[preset.name]}
        for doubt in preset.doubts:
            assert f"| `{preset.name}` | {doubt} |" in PAGE


@pytest.mark.parametrize(("name", "target", "received", "due"), EXAMPLES)
def test_a_worked_example_comes_out_as_it_says(name: str, target: str, received: str, due: str) -> None:
    preset = PRESETS[name]
    calendars = {
        each.name: PinnedCalendar(
            calendar=each, version=1, holidays=holiday_set(each.holidays, date(2026, 11, 26))
        )
        for each in preset.calendars
    }
    active = [
        ActivePolicy(policy=each, version=1, calendar=calendars[each.calendar]) for each in preset.policies
    ]
    bodies = {"cfpb": ("cfpb",), "consumidor-gov-br": ("consumidor.gov.br",)}
    facts = structs.replace(Facts(), external_bodies=bodies.get(name, ()))
    found = preview(active, facts, datetime.fromisoformat(received))
    (expected,) = [each for each in found.targets if each.target == target]
    assert expected.due_at == datetime.fromisoformat(due)


def test_every_preset_has_a_worked_example() -> None:
    assert {name for name, *_ in EXAMPLES} == PRESETS.keys()
