"""A receiver of webhooks that costs as little as one can: `python -m bench.receiving`.

It prints its port and takes everything with 204. At each line on its standard input it prints when which
position came, and begins anew.
"""

import asyncio
import json
import re
import sys
import time

import uvloop

LENGTH = re.compile(rb"[Cc]ontent-[Ll]ength: *([0-9]+)")
SEQUENCE = re.compile(rb'"sequence":"([0-9]+)"')
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class Receiver(asyncio.Protocol):
    """One connection; requests come one after the other."""

    def __init__(self, came: list[tuple[int, float]]) -> None:
        self._came = came
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer as soon as a request is whole."""
        self._data += data
        head, whole, body = self._data.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not whole or len(body) < int(length[1] if length else 0):
            return
        sequence = SEQUENCE.search(body)
        self._came.append((int(sequence[1]) if sequence else 0, time.time()))
        self._data = b""
        self._transport.write(ANSWER)  # type: ignore[attr-defined]  # of TCP it is a transport that writes


async def main() -> None:
    """Serve until the standard input ends."""
    loop = asyncio.get_running_loop()
    came: list[tuple[int, float]] = []
    server = await loop.create_server(lambda: Receiver(came), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(came), flush=True)
        came.clear()


if __name__ == "__main__":
    uvloop.run(main())
