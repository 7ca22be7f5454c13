"""Logs that nobody wrote: any activity at any time."""

import random
from datetime import datetime, timedelta


def dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a repeatable test, no secret


def made_up(rolls: random.Random, cases: int) -> list[str]:
    """Rows of every activity, at most one of a case without a time, and some told twice."""
    rows = []
    for case in range(cases):
        at = datetime(2014, 1, 1) + timedelta(minutes=rolls.randrange(10_000))  # noqa: DTZ001 - local time
        for number in range(rolls.randrange(1, 9)):
            at += timedelta(minutes=rolls.randrange(1, 5000))
            what = rolls.choice(["note", "rank", "take", "wait", "solve", "close"])
            when = "" if number == 2 and rolls.random() < 0.3 else f"{at:%Y-%m-%d %H:%M}"
            rows.append(f"{case},{what},{when},{rolls.choice(['ana', 'rui'])},{rolls.choice('12')}")
    return rows + rolls.sample(rows, len(rows) // 10)
