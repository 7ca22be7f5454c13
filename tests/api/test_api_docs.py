"""What the documentation says of the API is what the code does."""

import re
from pathlib import Path

from api.roles import MAY, ROLES
from domain import fields
from tests.api.test_openapi import OPERATIONS

DOCS = Path(__file__).parent.parent.parent / "docs"
HTTP = (DOCS / "http.md").read_text(encoding="utf-8")
ROLES_PAGE = (DOCS / "roles.md").read_text(encoding="utf-8")


def test_the_table_of_roles_and_actions_is_the_one_in_force() -> None:
    (header,) = re.findall(r"^\| action \| (.*) \|$", ROLES_PAGE, flags=re.MULTILINE)
    printed = {
        (action, role): cell
        for action, cells in re.findall(
            r"^\| `([a-z/ -]+)` \| ((?:(?:yes|–) ?\|? ?)+)\|$", ROLES_PAGE, re.MULTILINE
        )
        for role, cell in zip(header.split(" | "), cells.strip(" |").split(" | "), strict=True)
    }
    assert printed == {
        (action, role): "yes" if role in roles else "–" for action, roles in MAY.items() for role in ROLES
    }


def test_every_role_says_whom_it_is_for() -> None:
    assert re.findall(r"^\| `([a-z]+)` \| [a-z]", ROLES_PAGE, flags=re.MULTILINE) == list(ROLES)


def test_every_limit_of_text_has_its_line() -> None:
    printed = dict(re.findall(r"^\| `([A-Z_]+)` \| (\d+) (?:characters|items) \|", HTTP, flags=re.MULTILINE))
    assert printed == {name: str(value) for name, value in vars(fields).items() if name.endswith("_LENGTH")}


def test_every_read_has_its_line() -> None:
    reads = {label for label in OPERATIONS if label.startswith("GET")}
    assert set(re.findall(r"`(GET /(?:v1|health)/[^`]+)`", HTTP)) >= reads
