"""Files of one row a complaint: each row one stream, whole or not at all."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator
from itertools import islice
from uuid import UUID

from domain.aggregate import Refused
from domain.complaint import COMPLAINT
from infra.commands import AlreadyClaimed, Caller, Commands, KeyReused
from infra.importing.binding import Bound
from infra.importing.mapping import Mapping
from infra.importing.reading import Reader, Record, Rejected
from infra.importing.reporting import Tally

PAGE = 200


class Complaints:
    """The rows of one file on their way; no more than a page is read ahead of those under way."""

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
        self._bound = bound
        self._mapping = mapping
        self._commands = commands
        self._tally = tally
        self._correlation = correlation
        self._page: deque[Record] = deque()
        self._known: dict[str, UUID] = {}
        self._turning = asyncio.Lock()

    async def prepare(self) -> None:
        """Nothing: rows are taken as they come."""

    async def work(self) -> None:
        """Take rows until there are no more; any number of these share the reader."""
        while record := await self._next():
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

    async def _next(self) -> Record | None:
        async with self._turning:
            if not self._page:
                self._page.extend(islice(self._reader, PAGE))
                self._known = await self._commands.claimed([*self._claims()])
            return self._page.popleft() if self._page else None

    def _claims(self) -> Iterator[str]:
        for record in self._page:
            with contextlib.suppress(Rejected):
                if not record.fault:
                    yield self._claim(self._bound.source_id(record.fields))

    def _claim(self, source_id: str) -> str:
        return f"{self._mapping.source}:{source_id}"

    async def _append(self, record: Record) -> bool:
        """Whether the row was added; it was known before if not."""
        if record.fault:
            raise record.fault
        source, id_column = self._mapping.source, self._mapping.id_column
        source_id, commands = self._bound(record.fields)
        claim = self._claim(source_id)
        caller = Caller(
            actor=f"import:{source}",
            correlation=self._correlation,
            key=f"import/{source}/{source_id}",
            fresh=claim not in self._known,
            claim=claim,
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
