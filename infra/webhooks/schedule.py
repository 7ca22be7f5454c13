"""When a failed delivery is tried again, and when a webhook that only fails is given up: arithmetic alone."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

TRIES = 10
FIRST = timedelta(seconds=5)
GROWTH = 3.7
"""Each pause is so many times the one before: ten tries take about 67 hours."""
JITTER = 0.1
"""The share by which a pause is lengthened or shortened at most."""
LONGEST_ASKED = timedelta(days=1)
"""The most that a receiver can ask for by `Retry-After`."""
WARN_AFTER = timedelta(days=1)
DISABLE_AFTER = timedelta(days=5)


def pause(tries: int, chance: float) -> timedelta:
    """How long to wait after so many failed tries; `chance` is a number from 0 to 1."""
    return FIRST * GROWTH ** (tries - 1) * (1 + JITTER * (2 * chance - 1))


def next_try(tries: int, now: datetime, chance: float, asked: timedelta | None = None) -> datetime | None:
    """When to try again after so many failed tries; None: not again.

    What the receiver asked for by `Retry-After` counts instead of our own pause, but for the last word.
    """
    if tries >= TRIES:
        return None
    if asked is None:
        return now + pause(tries, chance)
    return now + min(max(asked, timedelta(seconds=1)), LONGEST_ASKED)


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """What a `Retry-After` asks for, in seconds or as a date; None: nothing that we understand."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_ASKED)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
