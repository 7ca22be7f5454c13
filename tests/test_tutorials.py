"""What the tutorials and how-to guides tell one to type works, in order, and shows what they say."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.ports import free_port
from tests.test_readme import environment, running
from tests.warm import warm

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = sorted(
    str(page.relative_to(DOCS))
    for pages in ("tutorials/*.md", "howto/*.md", "subscribing.md")
    for page in DOCS.glob(pages)
    if BLOCK.search(page.read_text())
)
AFTER_A_BLOCK = "--- end of block ---"
REFUSED = re.compile(r"^[45]\d\d [A-Z]", re.MULTILINE)
PAGES_AT_ONCE = 2
PAGE_SECONDS = 300


class Step(NamedTuple):
    """Commands, and the lines that are shown for them."""

    commands: str
    shown: list[str]


def steps(page: str) -> list[Step]:
    found: list[Step] = []
    for kind, text in BLOCK.findall((DOCS / page).read_text()):
        if kind == "sh":
            found.append(Step(text, []))
        else:
            found[-1].shown.extend(text.splitlines())
    return found


def typed(page: str, folder: Path, shims: Path, environ: dict[str, str]) -> list[str]:
    """What each step of the page shows, typed one after the other into one shell in a folder of its own."""
    folder.mkdir()
    script = f"\necho '{AFTER_A_BLOCK}'\n".join(step.commands for step in steps(page))
    done = subprocess.run(
        ["bash", "-c", script.replace("$PWD/.venv/bin", f"{shims}:{Path(sys.executable).parent}")],  # noqa: S607 - as typed
        cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False, timeout=PAGE_SECONDS,
    )  # fmt: skip
    assert list(folder.iterdir()) == [], "the page leaves files behind"
    return [plain(output) for output in done.stdout.split(AFTER_A_BLOCK)]


def plain(output: str) -> str:
    """The lines without what frames and indents them."""
    return "\n".join(line.strip(" │┃") for line in output.splitlines())


def in_order(shown: list[str]) -> str:
    """A pattern of these lines, others between them; `…` stands for anything within a line."""
    lines = (".*".join(map(re.escape, line.strip().split("…"))) for line in shown)
    return "".join(rf"^{line}$(?:.|\n)*?" for line in lines)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[list[str]]]]:
    """What every page shows; they are typed side by side against one service."""
    folder = tmp_path_factory.mktemp("docs")
    home, port = folder / "home", free_port()
    environ = environment(home, port)
    with (
        running(home, port),
        warm(folder, environ) as shims,
        ThreadPoolExecutor(PAGES_AT_ONCE) as shells,
    ):
        yield {
            page: shells.submit(typed, page, folder / page.replace("/", "-"), shims, environ)
            for page in PAGES
        }


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_what_its_commands_show(page: str, outputs: dict[str, Future[list[str]]]) -> None:
    if "curl " in (DOCS / page).read_text() and shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine")
    results = outputs[page].result()
    assert len(results) == len(steps(page))
    for step, output in zip(steps(page), results, strict=True):
        assert re.search(in_order(step.shown), output, re.MULTILINE), f"{step.commands}\n{output}"
        refusals = [line for line in step.shown if REFUSED.match(line)]
        assert len(REFUSED.findall(output)) == len(refusals), f"{step.commands}\n{output}"
        assert "Traceback" not in output, output
