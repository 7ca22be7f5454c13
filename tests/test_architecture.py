"""What import-linter cannot say: the domain rests on msgspec and the standard library, and nothing else."""

import ast
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
