"""What the page of service levels says is what the code does."""

import re
from pathlib import Path

from domain.sla import Calendar, Policy, Target
from domain.sla.documents import Match
from tests.domain.test_domain_docs import rows

PAGE = (Path(__file__).parent.parent.parent / "docs/sla.md").read_text(encoding="utf-8")
SECTIONS = {text.split("\n")[0]: text for text in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]}


def names(section: str, heading: str) -> list[str]:
    return [row[0] for row in rows(SECTIONS[section], heading)]


def test_every_field_of_the_documents_has_its_line() -> None:
    assert sorted(names("Policies", "field")) == sorted(Policy.__struct_fields__)
    assert sorted(names("Policies", "field of a target")) == sorted(Target.__struct_fields__)
    assert sorted(names("Calendars", "field")) == sorted(Calendar.__struct_fields__)


def test_every_field_to_match_is_named() -> None:
    (line,) = [row for row in rows(SECTIONS["Policies"], "field") if row[0] == "match"]
    assert set(Match.__struct_fields__) <= set(re.findall(r"`([a-z_]+)`", line[1]))
