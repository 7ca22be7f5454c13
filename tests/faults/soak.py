"""What is too long for each day: faults with PostgreSQL embedded, and a service that breaks its promise."""

import asyncio
import random
import time
from collections.abc import Mapping
from pathlib import Path

from tests.faults import checks
from tests.faults.__main__ import nats_server
from tests.faults.faults import EVERYWHERE, Fault
from tests.faults.harness import run
from tests.faults.house import House
from tests.infra.logs import run as execute

SEED = 2


def test_every_promise_is_kept_with_postgresql_embedded(tmp_path: Path) -> None:
    report = run(tmp_path, 0, SEED, line=False, nats_server=nats_server())
    assert report.violations == [], report
    assert report.acknowledged > 0
    assert report.faults.keys() >= {*EVERYWHERE, "flap the receiver"}


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
