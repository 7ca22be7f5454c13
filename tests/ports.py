"""Ports for servers that are killed and come back: out of the range from which clients are given theirs."""

import random
import socket

RANGE = range(20_000, 32_000)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has, and that no connection to somewhere else takes meanwhile."""
    while True:
        port = random.choice(RANGE)  # noqa: S311 - no secret
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
