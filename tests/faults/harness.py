"""One run: a house, writers and readers in it, faults for a while, and then the reckoning."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from api.parts import VIEWS
from infra.vault import Vault, load_master_key
from tests.faults import checks
from tests.faults.faults import Fault, faults
from tests.faults.house import House
from tests.faults.readers import Feed, Reader, Seen, Stream, Subscription, Tail
from tests.faults.receiver import Receiver
from tests.faults.writers import Acknowledged, Book, Writers

WRITERS = 6
LEAST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
WELL_BEFORE = 0.75  # how many of the faults wait until the service is well again
SETTLE_SECONDS = 60.0
TICK_SECONDS = 0.05


@dataclass
class Report:
    """What was done, and what was found to be wrong."""

    seed: int
    line: bool
    acknowledged: int = 0
    events: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        where = "apart" if self.line else "embedded"
        counts = f"{self.acknowledged} commands acknowledged, {self.events} events"
        names = [f"  {times} x {name}" for name, times in sorted(self.faults.items())]
        found = [f"  VIOLATED: {violation}" for violation in self.violations] or ["  every promise was kept"]
        return "\n".join([f"seed {self.seed}, PostgreSQL {where}: {counts}", *names, *found])


def run(
    folder: Path,
    seconds: float,
    seed: int,
    *,
    line: bool,
    nats_server: Path | None = None,
    menu: Callable[[House], Mapping[str, Fault]] | None = None,
) -> Report:
    """Let faults happen for so many seconds, but each at least once, then tell what they broke.

    `menu` is asked once the house is ready; without one, everything happens.

    Raises:
        NotADirectoryError: there is no such folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"the folder of a run must be there before: {folder}")
    report = Report(seed, line)
    with contextlib.ExitStack() as undo:
        house = House(folder, line=line, nats_server=nats_server)
        undo.callback(house.stop)
        house.start()
        book = Book(folder / "acknowledged.jsonl")
        undo.callback(book.close)
        keys = house.keys()
        writers = Writers(house.url, keys["analyst"], book, seed, WRITERS)
        undo.callback(writers.give_up)
        readers: list[Reader] = [
            Tail(house.database),
            Feed(house.url, keys["integrator"]),
            Stream(house.url, keys["integrator"]),
        ]
        if house.nats:
            readers.append(Subscription(house.nats.url))
        receiver = Receiver(seed, house.url, keys["integrator"])
        undo.callback(receiver.stop)
        for reader in readers:
            undo.callback(reader.give_up)
            reader.start()
        writers.start()
        flapping: Mapping[str, Fault] = {"flap the receiver": lambda _house, _chance: receiver.flap()}
        chosen = menu(house) if menu else {**faults(house), **flapping}
        report.faults = disturb(house, chosen, random.Random(seed), seconds)  # noqa: S311 - chance is no secret here
        house.recover()
        writers.finish()
        report.violations = [
            *writers.surprises,
            *receiver.finish(log(house)),
            *reckon(house, report, book.read(), readers),
        ]
    return report


def disturb(house: House, menu: Mapping[str, Fault], chance: random.Random, seconds: float) -> Counter[str]:
    """One fault after another, most when the service is well again, some while it is not.

    What has ended is started again meanwhile.
    """
    done = Counter[str]()
    for name in each_and_any(sorted(menu), chance, seconds):
        well = chance.random() < WELL_BEFORE
        due = time.monotonic() + chance.uniform(LEAST_PAUSE, LONGEST_PAUSE)
        while time.monotonic() < due or (well and not house.ready()):
            house.tend()
            time.sleep(TICK_SECONDS)
        menu[name](house, chance)
        done[name] += 1
    return done


def each_and_any(names: Sequence[str], chance: random.Random, seconds: float) -> Iterator[str]:
    """Each once, in any order, and then any of them until the time is over."""
    end = time.monotonic() + seconds
    yield from chance.sample(names, len(names))
    while time.monotonic() < end:
        yield chance.choice(names)


def reckon(
    house: House, report: Report, acknowledged: Sequence[Acknowledged], readers: Sequence[Reader]
) -> Iterator[str]:
    """Everything that is not as promised."""
    vault = Vault(load_master_key(house.home / "master.key", None))
    with checks.opened(house.database) as connection:
        report.acknowledged, report.events = len(acknowledged), settled(connection)
        yield from checks.of_the_log(connection)
        said = asyncio.run(checks.texts(house.database, vault))
        yield from checks.of_the_acknowledged(connection, acknowledged, said)
        for reader in readers:
            reader.finish(report.events)
            yield from checks.of_a_reader(connection, reader.name, reader.seen, reader.failure)
        yield from asyncio.run(checks.of_the_views(house.database, vault, VIEWS))


def log(house: House) -> list[Seen]:
    """Every event there is."""
    with checks.opened(house.database) as connection:
        return checks.log(connection)


def settled(connection: psycopg.Connection[Any]) -> int:
    """The newest position, once all followers are there; after a minute in any case."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while checks.behind(connection) and time.monotonic() < deadline:
        time.sleep(TICK_SECONDS)
    return checks.head(connection)
