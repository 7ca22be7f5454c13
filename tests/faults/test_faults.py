"""A few seconds of faults, as `make faults` has for longer: every promise is kept."""

from pathlib import Path

import pytest

from tests.faults.__main__ import nats_server
from tests.faults.harness import run

SECONDS, SEED = 5.0, 1


@pytest.mark.parametrize("line", [pytest.param(True, id="apart"), pytest.param(False, id="embedded")])
def test_every_promise_is_kept_whatever_dies(tmp_path: Path, line: bool) -> None:
    report = run(tmp_path, SECONDS, SEED, line=line, nats_server=nats_server())
    assert report.violations == [], report
    assert report.acknowledged > 0
    assert report.faults
