"""A desk that gives a complaint a row."""

from typing import Any

from infra.commands import Commands
from infra.importing import Report, run
from infra.importing.loading import parse
from tests.infra.importing.desk import AnyDesk

HEAD = 'source = "desk"\n'
BASE = """
[id]
column = "id"
[register]
subject = { column = "subject" }
description = { value = "from the old desk" }
channel = { value = "web" }
"""
SIMPLE = HEAD + BASE


class Desk(AnyDesk):
    """Imports made-up files."""

    async def take(self, text: str | bytes, mapping: str = SIMPLE, **options: Any) -> Report:
        self.file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return await run(self.file, parse(mapping), Commands(self.log), **options)

    async def only(self, text: str, mapping: str) -> Any:
        """The event of the one complaint in the file."""
        assert (await self.take(text, mapping)).added == 1, self.rejected()
        return (await self.events())[0].event

    async def rejection(self, text: str | bytes, mapping: str = SIMPLE) -> tuple[str, str, str]:
        """Line, field and reason of the one row that is rejected; all others came in."""
        report = await self.take(text, mapping)
        assert (report.rejected, report.rows) == (1, report.added + 1)
        assert report.rejects == self.rejects
        (row,) = self.rejected()
        return row["line"], row["field"], row["reason"]
