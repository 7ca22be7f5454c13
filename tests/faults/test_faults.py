"""Every fault once, as `make faults` has them for longer: every promise is kept."""

from pathlib import Path

import pytest

from tests.faults.__main__ import nats_server
from tests.faults.faults import EVERYWHERE, ON_THE_LINE
from tests.faults.harness import run

SEED = 1


def test_every_promise_is_kept_whatever_dies(tmp_path: Path) -> None:
    report = run(tmp_path, 0, SEED, line=True, nats_server=nats_server())
    assert report.violations == [], report
    assert report.acknowledged > 0
    assert report.faults.keys() >= {*EVERYWHERE, *ON_THE_LINE, "flap the receiver"}


def test_without_its_folder_no_run_is_begun(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match=r"must be there before: .*/nowhere"):
        run(tmp_path / "nowhere", 0, SEED, line=True)
