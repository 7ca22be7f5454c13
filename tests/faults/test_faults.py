"""A few seconds of faults, as `make faults` has for longer: every promise is kept."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.faults.__main__ import nats_server
from tests.faults.faults import Fault, lose_answers
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


FORGET = """
CREATE FUNCTION ouvidoria.forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER forget BEFORE INSERT ON ouvidoria.idempotency FOR EACH ROW EXECUTE FUNCTION ouvidoria.forget()
"""


def test_a_service_that_forgets_its_keys_is_found_out(tmp_path: Path) -> None:
    """By another run, where none of the answers that the first one lost was that of a command done."""

    def forgetting(house: House) -> Mapping[str, Fault]:
        asyncio.run(execute(house.database, FORGET))
        return {"lose answers": lose_answers}

    def found_out(seed: int) -> bool:
        home = tmp_path / str(seed)
        home.mkdir()
        report = run(home, SECONDS, seed, line=True, menu=forgetting)
        return any("was done 2 times" in violation for violation in report.violations)

    assert any(found_out(SEED + more) for more in range(3))
