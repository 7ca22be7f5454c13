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


def linked(page: Path) -> set[Path]:
    """The files and folders that a page links to."""
    targets = re.findall(r"\]\((?!https?:)([\w./-]+)(?:#[\w-]+)?\)", page.read_text())
    return {(page.parent / target).resolve() for target in targets}


def test_every_page_is_reached_from_the_readme_or_the_map_of_the_docs() -> None:
    reached = linked(ROOT / "README.md") | linked(ROOT / "docs/README.md")
    assert ROOT / "docs/README.md" in linked(ROOT / "README.md")
    assert {page for page in (ROOT / "docs").rglob("*.md") if page not in reached} == set()


def test_every_link_leads_to_a_page_and_a_heading() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        assert {target for target in linked(page) if not target.exists()} == set(), page
        for target, anchor in re.findall(r"\]\((?!https?:)([\w./-]*)#([\w-]+)\)", page.read_text()):
            assert anchor in anchors((page.parent / target).resolve() if target else page), (page, anchor)


def anchors(page: Path) -> set[str]:
    """What can follow the `#` in a link to a page: its headings, as GitHub spells them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_sector_of_the_development_key_is_the_one_the_readme_asks() -> None:
    assert f'"sector": "{SECTOR}"' in (ROOT / "README.md").read_text()
