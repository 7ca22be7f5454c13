"""A desk that gives a change a row."""

from pathlib import Path

import pytest

from infra.log import Log
from tests.infra.importing.logs.desk import Desk


@pytest.fixture
def desk(database: str, log: Log, tmp_path: Path) -> Desk:
    return Desk(database, log, tmp_path)
