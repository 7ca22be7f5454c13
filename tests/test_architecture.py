"""What import-linter cannot say of the domain: what it imports, and that its types do not break msgspec."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = sys.stdlib_module_names | {"msgspec", "domain"}


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(level=0, module=str(module)):
                yield module.partition(".")[0]


@pytest.mark.parametrize(
    "file", sorted((ROOT / "domain").rglob("*.py")), ids=lambda file: str(file.relative_to(ROOT))
)
def test_the_domain_imports_msgspec_and_the_standard_library_only(file: Path) -> None:
    assert set(imported(file)) <= ALLOWED


DECODERS = """
import msgspec

from domain import AGGREGATES

for aggregate in AGGREGATES.values():
    for command in aggregate.commands:
        msgspec.json.Decoder(command)
"""


def test_a_process_that_decoded_commands_ends_without_a_crash() -> None:
    """msgspec 0.22 frees a union of a list and a text with a pattern wrongly; `debug` makes that show."""
    environment = {**os.environ, "PYTHONMALLOC": "debug"}
    subprocess.run([sys.executable, "-c", DECODERS], cwd=ROOT, env=environment, check=True)
