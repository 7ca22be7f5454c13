"""The news that the log has grown."""

import asyncio

import psycopg
import structlog
from psycopg import sql

from infra.database import connect
from infra.projector.followers import Connection

log = structlog.get_logger()


class Wake:
    """Tells followers, within milliseconds, that the log may have grown."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._changed = asyncio.Event()
        self.closed = False
        """The process is about to stop: there is nothing more to wait for."""

    def close(self) -> None:
        """Wake all for the last time."""
        self.closed = True
        self._changed.set()

    def arm(self) -> asyncio.Event:
        """The event that the next growth sets; taken before reading, so that no growth falls in between."""
        if self._changed.is_set() and not self.closed:
            self._changed = asyncio.Event()
        return self._changed

    async def listen(self) -> None:
        """Listen for ever, connecting again when the connection is lost."""
        while True:
            try:
                async with await connect(self._conninfo) as connection:
                    await connection.execute(
                        sql.SQL("LISTEN {}").format(sql.Identifier(await _schema(connection)))
                    )
                    self._changed.set()
                    async for _ in connection.notifies():
                        self._changed.set()
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                log.warning("listener-lost", error=type(error).__name__)
                await asyncio.sleep(0.2)


async def _schema(connection: Connection) -> str:
    row = await (await connection.execute("SELECT current_schema()")).fetchone()
    return str(row[0]) if row else ""
