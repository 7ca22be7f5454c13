"""How faults in a document are told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sized

from domain.fields import LABEL_LENGTH, LINE_PATTERN, LIST_LENGTH
from domain.messages import Problem


def name_problems(path: str, name: str) -> Iterator[Problem]:
    """A name is one line; clocks are called by names joined with slashes."""
    yield from line_problems(path, name)
    if "/" in name:
        yield Problem(path, "has no slash")


def line_problems(path: str, text: str) -> Iterator[Problem]:
    """What is not a `Label`."""
    if not re.match(LINE_PATTERN, text) or len(text) > LABEL_LENGTH:
        yield Problem(path, f"is not one line of 1 to {LABEL_LENGTH} characters")


def list_problems(path: str, items: Sized, most: int = LIST_LENGTH) -> Iterator[Problem]:
    """A list has an end."""
    if len(items) > most:
        yield Problem(path, f"has more than {most} items")


def twice(path: str, names: Iterable[str]) -> Iterator[Problem]:
    """What is in a list more than once."""
    for name, count in Counter(names).items():
        if count > 1:
            yield Problem(path, f"{name} is there {count} times")
