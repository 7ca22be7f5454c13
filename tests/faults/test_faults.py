"""A few seconds of faults, as `make faults` has for longer: every promise is kept."""

from pathlib import Path

import pytest

from tests.faults.harness import run

SECONDS = 5.0


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("line", [True, False], ids=["apart", "embedded"])
def test_every_promise_is_kept_whatever_dies(tmp_path: Path, seed: int, line: bool) -> None:
    report = run(tmp_path, SECONDS, seed, line=line)
    assert report.violations == [], report
    assert report.acknowledged > 0
    assert report.faults
