"""The documentation is complete where completeness can be checked."""

import re
from pathlib import Path

import rich_click as click

from api.cli import main
from api.dev_keys import SECTOR

ROOT = Path(__file__).parent.parent


def names(group: click.Group, prefix: str = "ouvidoria") -> list[str]:
    found = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command, full = group.get_command(context, name), f"{prefix} {name}"
        found += names(command, full) if isinstance(command, click.Group) else [full]
    return found


def test_every_command_of_the_command_line_has_its_line() -> None:
    page = (ROOT / "docs/cli.md").read_text()
    documented = re.findall(r"^\| `(ouvidoria [a-z]+(?: [a-z]+)?)", page, re.MULTILINE)
    assert sorted(documented) == sorted(names(main))


def test_every_page_is_reached_from_the_readme() -> None:
    linked = set(re.findall(r"\(docs/([\w./-]+)\)", (ROOT / "README.md").read_text()))
    pages = {page.name for page in (ROOT / "docs").glob("*.md")}
    assert pages - linked == set()
    assert {name for name in linked if not (ROOT / "docs" / name).exists()} == set()


def test_the_sector_of_the_development_key_is_the_one_the_readme_asks() -> None:
    assert f'"sector": "{SECTOR}"' in (ROOT / "README.md").read_text()
