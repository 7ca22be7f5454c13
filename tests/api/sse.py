"""A client of streams, as tests need it: reads message by message, or not at all."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.api.serving import Service


class Message(NamedTuple):
    """One message; without data it only moves the cursor."""

    id: int | None
    event: str | None
    data: dict[str, Any] | None
    comment: str | None = None
    retry: int | None = None


class Ended(Exception):
    """The service has ended the stream."""


class Stream:
    """An open stream over a socket of its own."""

    def __init__(
        self, service: Service, query: str = "", *, token: str | None = None, role: str = "integrator",
        last_id: str | None = None, receive_buffer: int | None = None,
    ) -> None:  # fmt: skip
        self._connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        self._connection.sock = socket.socket()
        if receive_buffer:
            self._connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._connection.sock.settimeout(30)
        self._connection.sock.connect(("127.0.0.1", service.port))
        headers = {"Authorization": f"Bearer {token or service.keys[role]}"}
        if last_id is not None:
            headers["Last-Event-ID"] = last_id
        self._connection.request("GET", f"/v1/events/stream?{query}", headers=headers)
        self.answer = self._connection.getresponse()

    def body(self) -> dict[str, Any]:
        """The problem, where the stream was refused."""
        found: dict[str, Any] = json.loads(self.answer.read())
        return found

    def next(self) -> Message:
        """The next message.

        Raises:
            Ended: there is none any more.
        """
        fields: dict[str, str] = {}
        while line := self._line():
            name, _, value = line.partition(": ")
            fields[name or "comment"] = value
        data = json.loads(fields["data"]) if "data" in fields else None
        number = {name: int(fields[name]) if name in fields else None for name in ("id", "retry")}
        return Message(number["id"], fields.get("event"), data, fields.get("comment"), number["retry"])

    def event(self) -> Message:
        """The next message with an event."""
        while (found := self.next()).data is None:
            pass
        return found

    def events(self, many: int) -> list[Message]:
        return [self.event() for _ in range(many)]

    def rest(self) -> None:
        """Read until the service ends the stream."""
        try:
            while True:
                self.next()
        except Ended:
            return

    def close(self) -> None:
        self.answer.close()
        self._connection.close()

    def _line(self) -> str:
        try:
            line = self.answer.readline()
        except (ConnectionResetError, http.client.IncompleteRead):
            raise Ended from None
        if not line.endswith(b"\n"):
            raise Ended
        return line.decode().rstrip("\n")


@contextmanager
def streaming(service: Service, query: str = "", **more: Any) -> Iterator[Stream]:
    """A stream from a service."""
    stream = Stream(service, query, **more)
    try:
        yield stream
    finally:
        stream.close()
