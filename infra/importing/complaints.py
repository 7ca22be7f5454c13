"""Files of one row a complaint: each row one stream, whole or not at all."""

import asyncio

from domain.complaint import COMPLAINT
from domain.messages import Refused
from infra.commands import AlreadyClaimed, Caller, Commands, KeyReused
from infra.importing.binding import Bound
from infra.importing.mapping import Mapping
from infra.importing.reading import Reader, Record, Rejected
from infra.importing.reporting import Tally


class Complaints:
    """The rows of one file on their way; none is read ahead of those under way."""

    def __init__(
        self,
        reader: Reader,
        bound: Bound,
        tally: Tally,
        *,
        mapping: Mapping,
        commands: Commands,
        correlation: str,
    ) -> None:
        self._reader = reader
        self._commands_of = bound
        self._mapping = mapping
        self._commands = commands
        self._tally = tally
        self._correlation = correlation

    async def prepare(self) -> None:
        """Nothing: rows are taken as they come."""

    async def work(self) -> None:
        """Take rows until there are no more; any number of these share the reader."""
        for record in self._reader:
            try:
                if await self._append(record):
                    self._tally.added += 1
                else:
                    self._tally.known += 1
            except Rejected as rejected:
                self._tally.rejects.write(record, rejected)
                await asyncio.sleep(0)  # rows that never reach the log let others go on, too
            self._tally.bytes_read = self._reader.bytes_read
            self._tally.tell()

    async def _append(self, record: Record) -> bool:
        """Whether the row was added; it was known before if not."""
        if record.fault:
            raise record.fault
        source, id_column = self._mapping.source, self._mapping.id_column
        source_id, commands = self._commands_of(record.fields)
        caller = Caller(
            actor=f"import:{source}",
            correlation=self._correlation,
            key=f"import/{source}/{source_id}",
            claim=f"{source}:{source_id}",
            origin="import",
        )
        try:
            return not (await self._commands.create(COMPLAINT, caller, *commands)).replayed
        except AlreadyClaimed:
            return False
        except KeyReused as error:
            reason = f"{source_id!r} was imported before with other content, which stays as it is"
            raise Rejected(id_column, reason) from error
        except Refused as error:
            raise Rejected(" + ".join(command.verb for command in commands), str(error)) from error
