"""Writers that insist: each command is sent again, with its key, until it is answered; answers are kept."""

import os
import random
import threading
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec
from msgspec import Struct

PAUSE_SECONDS = 0.05
TIMEOUT = httpx.Timeout(15.0, connect=5.0)


class Acknowledged(Struct, frozen=True):
    """A command that was answered with 2xx: its key, and where the answer says it stands."""

    key: str
    id: str
    version: int
    position: int


class Book:
    """A file of acknowledged commands, one a line, on disk before the next is sent."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab", buffering=0)
        self._free = threading.Lock()

    def note(self, command: Acknowledged) -> None:
        with self._free:
            self._file.write(msgspec.json.encode(command) + b"\n")
            os.fsync(self._file.fileno())

    def read(self) -> list[Acknowledged]:
        lines = self._path.read_bytes().splitlines()
        return [msgspec.json.decode(line, type=Acknowledged) for line in lines]

    def close(self) -> None:
        self._file.close()


class Writers:
    """Threads that register complaints and add to them, some to those that all share."""

    def __init__(self, url: str, token: str, book: Book, seed: int, many: int) -> None:
        self._url = url
        self._token = token
        self._book = book
        self._shared: list[str] = []
        self._ending = threading.Event()
        self._given_up = threading.Event()
        self.surprises: list[str] = []
        self._threads = [
            threading.Thread(target=self._write, daemon=True, args=[random.Random(f"{seed}/{n}")])  # noqa: S311 - no secret
            for n in range(many)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Return once every command under way is answered."""
        self._ending.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def give_up(self) -> None:
        """Return once all have stopped, answered or not."""
        self._given_up.set()
        self.finish()

    def _write(self, chance: random.Random) -> None:
        own: list[str] = []
        with httpx.Client(base_url=self._url, timeout=TIMEOUT) as client:
            while not self._ending.is_set():
                key = uuid4().hex
                if not own or chance.random() < 0.3:
                    body = {"subject": key, "description": "Invoice 4471.", "channel": "phone"}
                    made = self._insist(client, "/v1/complaints", body, key)
                    if made:
                        (self._shared if len(self._shared) < 3 else own).append(made.id)
                        own.append(made.id)
                else:
                    target = chance.choice(self._shared if self._shared and chance.random() < 0.4 else own)
                    self._insist(client, f"/v1/complaints/{target}/add-note", {"text": key}, key)

    def _insist(self, client: httpx.Client, path: str, body: Any, key: str) -> Acknowledged | None:
        headers = {"authorization": f"Bearer {self._token}", "idempotency-key": key}
        while not self._given_up.is_set():
            try:
                answer = client.post(path, json=body, headers=headers)
            except httpx.TransportError:
                time.sleep(PAUSE_SECONDS)
                continue
            if answer.status_code in {200, 201}:
                return self._acknowledged(key, answer)
            if answer.status_code != 503:
                self.surprises.append(f"{path} was answered with {answer.status_code}: {answer.text[:300]}")
                return None
            time.sleep(PAUSE_SECONDS)
        return None

    def _acknowledged(self, key: str, answer: httpx.Response) -> Acknowledged:
        said = msgspec.json.decode(answer.content)
        command = Acknowledged(key, said["id"], said["version"], said["position"])
        self._book.note(command)
        return command
