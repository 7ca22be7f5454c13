"""A desk that gives a change a row: what its logs look like, and what becomes of each activity."""

from collections import Counter
from typing import Any

from infra.commands import Commands
from infra.importing import Report, run
from infra.importing.loading import parse
from tests.infra.importing.desk import AnyDesk

HEADER = "case,what,when,who,state"
TIME = 'time = { column = "when", date_format = "%Y-%m-%d %H:%M", zone = "Europe/Rome" }'
LOG = """
source = "desk"
[id]
column = "case"
[register]
subject = { column = "who" }
description = { columns = ["who"], labelled = true }
channel = { value = "unknown" }
[log]
activity = "what"
time = { column = "when", date_format = "%Y-%m-%d %H:%M", zone = "Europe/Rome" }
row = { columns = ["what", "who", "state"], labelled = true }
"""
ON = """
[[on]]
activity = ["note"]
[[on]]
activity = ["rank"]
[[on.then]]
command = "classify"
fields = { severity = { column = "state", translate = { "1" = "low", "2" = "high" } } }
[[on]]
activity = ["take"]
[[on.imply]]
command = "cancel-ask"
in = ["awaiting_customer"]
fields = { reason = { value = "work goes on" } }
[[on.then]]
command = "reopen"
in = ["resolved", "closed"]
fields = { reason = { value = "taken again" } }
[[on.then]]
command = "assign"
fields = { analyst = { column = "who" } }
[[on]]
activity = ["wait"]
refused = "reject"
[[on.then]]
command = "request-information"
fields = { question = { value = "unknown" } }
[[on]]
activity = ["solve"]
[[on.then]]
command = "resolve"
[on.then.fields]
outcome = { value = "upheld" }
basis = { value = "final_position" }
summary = { column = "who" }
[[on]]
activity = ["close"]
refused = "imply"
[[on.imply]]
command = "resolve"
[on.imply.fields]
outcome = { value = "upheld" }
basis = { value = "not_required" }
summary = { value = "unknown" }
[[on.then]]
command = "close"
fields = { reason = { value = "not_required" } }
"""
DESK = LOG + ON
WHOLE = DESK.replace('"desk"', '"whole"')
"""The same under another source's name, so that what one run makes can be compared."""


class Desk(AnyDesk):
    """Imports made-up logs."""

    async def take(
        self, *rows: str, mapping: str = DESK, commands: Commands | None = None, **options: Any
    ) -> Report:
        self.file.write_text("\n".join((HEADER, *rows)) + "\n")
        report = await run(self.file, parse(mapping), commands or Commands(self.log), **options)
        assert report.rows == report.added + report.noted + report.known + report.rejected
        return report

    async def tags(self) -> list[str]:
        return [each.tag for each in await self.events()]

    async def made(self, source: str) -> Counter[str]:
        """How many events of each type the imports of a source appended."""
        return Counter(each.tag for each in await self.events() if each.actor == f"import:{source}")
