"""Another system's desk, whose files are imported into one database."""

import csv
from pathlib import Path
from typing import Any

from infra.events import Recorded
from infra.log import Log, read
from tests.infra.logs import served

ROOT = Path(__file__).parents[3]
CFPB = ROOT.parent / "shared" / "data" / "cfpb_2014.csv"


class AnyDesk:
    """The file that is imported, what came of it, and the rows that did not come in."""

    def __init__(self, database: str, log: Log, folder: Path) -> None:
        self.database = database
        self.log = log
        self.file = folder / "desk.csv"
        self.rejects = folder / "desk.rejects.csv"

    async def events(self) -> list[Recorded[Any]]:
        found: list[Recorded[Any]] = []
        async with served(self.database) as connection:
            while page := await read(connection, self.log.vault, len(found), 1000):
                found += page
        return found

    def rejected(self) -> list[dict[str, str]]:
        with self.rejects.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
