"""Headers of a request, read from its scope: no more is made of them than is asked for."""

from typing import Any


def header(scope: Any, name: bytes) -> str | None:
    """The first header of this name, which is given in lower case."""
    for each, value in scope["headers"]:
        if each == name:
            return str(value, "latin-1")
    return None
