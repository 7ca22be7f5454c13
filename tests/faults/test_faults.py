"""A few seconds of faults, as `make faults` has for longer: every promise is kept."""

import asyncio
import random
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.faults import checks
from tests.faults.__main__ import nats_server
from tests.faults.faults import Fault
from tests.faults.harness import run
from tests.faults.house import House
from tests.infra.logs import run as execute

SECONDS, SEED = 3.0, 1


@pytest.mark.parametrize("line", [pytest.param(True, id="apart"), pytest.param(False, id="embedded")])
def test_every_promise_is_kept_whatever_dies(tmp_path: Path, line: bool) -> None:
    report = run(tmp_path, SECONDS, SEED, line=line, nats_server=nats_server())
    assert report.violations == [], report
    assert report.acknowledged > 0
    assert report.faults


def test_without_its_folder_no_run_is_begun(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match=r"must be there before: .*/nowhere"):
        run(tmp_path / "nowhere", SECONDS, SEED, line=True)


FORGET = """
CREATE FUNCTION ouvidoria.forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER forget BEFORE INSERT ON ouvidoria.idempotency FOR EACH ROW EXECUTE FUNCTION ouvidoria.forget()
"""


WRITTEN = "SELECT count(*) FROM events WHERE tag IN ('complaint-registered', 'note-added')"


def lose_answers(house: House, _chance: random.Random) -> None:
    """Until that of a command done was among them."""
    assert house.line
    with checks.opened(house.database) as connection:
        house.line.lose()
        before, end = connection.execute(WRITTEN).fetchone(), time.monotonic() + 5
        while connection.execute(WRITTEN).fetchone() == before and time.monotonic() < end:
            time.sleep(0.01)
    house.line.cut()
    house.line.mend()


def test_a_service_that_forgets_its_keys_is_found_out(tmp_path: Path) -> None:
    def forgetting(house: House) -> Mapping[str, Fault]:
        asyncio.run(execute(house.database, FORGET))
        return {"lose answers": lose_answers}

    report = run(tmp_path, 1.0, SEED, line=True, menu=forgetting)
    assert any("was done 2 times" in violation for violation in report.violations), report
