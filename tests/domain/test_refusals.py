"""The list of refusals is whole, and each refusal has a test."""

import re
from pathlib import Path

from domain.refusals import FORBIDDEN, NOT_FOUND, REFUSALS

ROOT = Path(__file__).parent.parent.parent
DOMAIN = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "domain").rglob("*.py"))
TESTS = "\n".join(
    file.read_text(encoding="utf-8")
    for file in Path(__file__).parent.glob("test_*.py")
    if file != Path(__file__)
)
USED = set(re.findall(r"Refused\(\s*\"([a-z-]+)\"", DOMAIN))


def test_the_slug_of_every_refusal_is_listed_and_every_listed_slug_is_used() -> None:
    assert REFUSALS.keys() == USED
    assert len(re.findall(r"\bRefused\((?!Exception)", DOMAIN)) == len(
        re.findall(r"\bRefused\(\s*\"[a-z-]+\"", DOMAIN)
    )


def test_every_refusal_has_a_test() -> None:
    assert [slug for slug in REFUSALS if f'"{slug}"' not in TESTS] == []


def test_what_is_not_found_or_forbidden_is_a_refusal_too() -> None:
    assert REFUSALS.keys() >= NOT_FOUND | FORBIDDEN
