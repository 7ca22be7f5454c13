"""Lengths that an event makes longer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from domain.sla.counting import Deadline
from domain.sla.documents import Extension, Length


def extended(
    length: Length,
    extension: Extension | None,
    times: Iterable[datetime],
    limit: Callable[[Length], Deadline | None],
) -> tuple[Length, int]:
    """The length after the events at these times, and how many of them came in time and counted."""
    if extension is None:
        return length, 0
    current, count = length, 0
    for at in times:
        if count == extension.at_most or _is_over(limit(current), at):
            break
        if extension.before is not None and _is_over(limit(extension.before), at):
            break
        count += 1
        current = _longer(length, extension.to, count)
    return current, count


def _is_over(deadline: Deadline | None, at: datetime) -> bool:
    return deadline is None or deadline.missed_at(at)


def _longer(length: Length, to: Length, count: int) -> Length:
    return Length(amount=to.amount + (count - 1) * (to.amount - length.amount), unit=to.unit)
