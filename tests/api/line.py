"""A line to a database that a test can cut, hold, make lose answers, and mend."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from threading import Thread
from typing import Any

from psycopg.conninfo import conninfo_to_dict


class Line:
    """Forwards connections to a PostgreSQL server; `url` leads through it."""

    def __init__(self, url: str) -> None:
        self._server = conninfo_to_dict(url)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._open: set[asyncio.StreamWriter] = set()
        self._cut = False
        self._losing = False
        self._flowing = asyncio.Event()
        self._thread.start()
        self._listener = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        port = self._listener.sockets[0].getsockname()[1]
        user, name = self._server.get("user", "postgres"), self._server["dbname"]
        self.url = f"postgresql://{user}@127.0.0.1:{port}/{name}?sslmode=disable&gssencmode=disable"
        self.mend()

    def cut(self) -> None:
        """End all connections and take no more."""
        self._run(self._set(cut=True, flowing=True))

    def hold(self) -> None:
        """Let nothing through, and say nothing."""
        self._run(self._set(cut=False, flowing=False))

    def lose(self) -> None:
        """Let requests through and lose the answers; what is committed now, nobody is told."""
        self._run(self._set(cut=False, flowing=True, losing=True))

    def mend(self) -> None:
        """Let everything through."""
        self._run(self._set(cut=False, flowing=True))

    def close(self) -> None:
        self.cut()
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    async def _set(self, *, cut: bool, flowing: bool, losing: bool = False) -> None:
        self._cut, self._losing = cut, losing
        (self._flowing.set if flowing else self._flowing.clear)()
        if cut:
            for writer in list(self._open):
                writer.transport.abort()

    async def _stop(self) -> None:
        self._listener.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        if self._cut:
            to_client.transport.abort()
            return
        host, port = str(self._server.get("host", "localhost")), int(self._server.get("port") or 5432)
        try:
            if host.startswith("/"):
                server, to_server = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
            else:
                server, to_server = await asyncio.open_connection(host, port)
        except OSError:  # there is no server
            to_client.transport.abort()
            return
        self._open |= {to_client, to_server}
        await asyncio.gather(self._forward(client, to_server), self._forward(server, to_client, answers=True))
        self._open -= {to_client, to_server}

    async def _forward(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool = False
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                await self._flowing.wait()
                if not (answers and self._losing):
                    sink.write(data)
                    await sink.drain()
        sink.close()


@contextlib.contextmanager
def line_to(url: str) -> Iterator[Line]:
    """A line to a database."""
    line = Line(url)
    try:
        yield line
    finally:
        line.close()
