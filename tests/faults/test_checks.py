"""The reckoning itself: it finds nothing in a sound log, and each promise that was broken on purpose."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest
from msgspec import structs

from api.parts import VIEWS
from domain.complaint import COMPLAINT
from domain.complaint import commands as c
from infra.vault import Vault
from tests.databases import database_url, drop_database, make_database
from tests.faults import checks
from tests.faults.readers import Seen
from tests.faults.writers import Acknowledged
from tests.infra.followers import following, until_all_at
from tests.infra.logs import MASTER, caller, commanding

COMPLAINTS = 3


class Kept:
    """A log with a few complaints, what was acknowledged, and a reader that has read it all."""

    def __init__(self, database: str, acknowledged: Sequence[Acknowledged]) -> None:
        self.database = database
        self.acknowledged = list(acknowledged)
        with checks.opened(database) as connection:
            self.seen = [
                Seen(p, f"{stream}/{version}") for p, stream, version in connection.execute(checks.PLACES)
            ]

    def alter(self, *statements: str) -> None:
        """Do to the database what no part of the service may."""
        with checks.opened(self.database) as connection:
            connection.execute("ALTER TABLE events DISABLE TRIGGER ALL")
            for statement in statements:
                connection.execute(statement.encode())

    def violations(self) -> list[str]:
        vault = Vault(MASTER)
        said = asyncio.run(checks.texts(self.database, vault))
        with checks.opened(self.database) as connection:
            return [
                *checks.of_the_log(connection),
                *checks.of_the_acknowledged(connection, self.acknowledged, said),
                *checks.of_a_reader(connection, "reader", self.seen),
                *asyncio.run(checks.of_the_views(self.database, vault, VIEWS)),
            ]


async def write(database: str) -> list[Acknowledged]:
    """Complaints with a note each, folded into all views."""
    written = []
    async with commanding(database) as commands, following(database, *VIEWS):
        for number in range(COMPLAINTS):
            key, note = f"complaint {number}", f"note {number}"
            register = c.Register(subject=key, description="Invoice 4471.", channel="phone")
            made = await commands.create(COMPLAINT, caller(key=key), register)
            noted = await commands.execute(COMPLAINT, made.stream_id, caller(key=note), c.AddNote(text=note))
            for name, outcome in ((key, made), (note, noted)):
                assert outcome.position
                written.append(Acknowledged(name, str(made.stream_id), outcome.version, outcome.position))
        await until_all_at(database, VIEWS, 2 * COMPLAINTS)
    return written


@pytest.fixture(scope="module")
def original(postgres: str, template: str) -> Iterator[tuple[str, list[Acknowledged]]]:
    """Name of a database that is copied for each test, and what was acknowledged in it."""
    name = make_database(postgres, template)
    yield name, asyncio.run(write(database_url(postgres, name)))
    drop_database(postgres, name)


@pytest.fixture
def kept(postgres: str, original: tuple[str, list[Acknowledged]]) -> Iterator[Kept]:
    template, acknowledged = original
    name = make_database(postgres, template)
    yield Kept(database_url(postgres, name), acknowledged)
    drop_database(postgres, name)


def test_a_sound_log_is_found_sound(kept: Kept) -> None:
    assert kept.violations() == []


@pytest.mark.parametrize(
    ("change", "violation"),
    [
        ("position = 10 WHERE position = 6", "position 10 follows 5"),
        ("version = 5 WHERE position = 2", "has version 5 after 1"),
        ("recorded_at = recorded_at - interval '1 h' WHERE position = 4",
         "position 4 was recorded before the one before it"),
        ("actor = 'mallory' WHERE position = 3", "position 3 does not fit its leaf"),
    ],
)  # fmt: skip
def test_a_log_that_was_altered_is_found(kept: Kept, change: str, violation: str) -> None:
    kept.alter(f"UPDATE events SET {change}")
    with checks.opened(kept.database) as connection:
        assert any(violation in found for found in checks.of_the_log(connection))


@pytest.mark.parametrize(
    ("statement", "violation"),
    [
        ("DELETE FROM events WHERE position = 6", "was acknowledged and is None in the log"),
        ("DELETE FROM idempotency WHERE key = 'note 1'", "key='note 1'"),
        ("UPDATE complaints_4 SET state = 'closed' WHERE protocol = (SELECT min(protocol) FROM complaints_4)",
         "complaints_4 has only in its view"),
        ("DELETE FROM complaints_4 WHERE protocol = (SELECT min(protocol) FROM complaints_4)",
         "complaints_4 has only in its replay"),
        ("UPDATE checkpoints SET position = 5 WHERE follower LIKE 'audit%'", "stands at 5 of 6"),
        ("UPDATE checkpoints SET failure = 'Oops' WHERE follower LIKE 'audit%'", "stands at 6 of 6 Oops"),
    ],
)  # fmt: skip
def test_what_is_missing_or_differs_is_found(kept: Kept, statement: str, violation: str) -> None:
    kept.alter(statement)
    assert any(violation in found for found in kept.violations())


def test_a_command_done_twice_under_two_keys_is_found(kept: Kept) -> None:
    async def again() -> None:
        async with commanding(kept.database) as commands, following(kept.database, *VIEWS):
            register = c.Register(subject="complaint 1", description="Invoice 4471.", channel="phone")
            await commands.create(COMPLAINT, caller(key="another"), register)
            await until_all_at(kept.database, VIEWS, 2 * COMPLAINTS + 1)

    asyncio.run(again())
    found = kept.violations()
    assert "what was asked for with the key complaint 1 was done 2 times" in found


@pytest.mark.parametrize(
    "reading",
    [
        pytest.param([0, 1, 3, 4, 5], id="skips"),
        pytest.param([0, 1, 1, 2, 3, 4, 5], id="repeats"),
        pytest.param([0, 2, 1, 3, 4, 5], id="swaps"),
        pytest.param([0, 1, 2, 3, 4], id="ends early"),
    ],
)
def test_a_reader_that_is_not_given_the_log_as_it_is_is_found(kept: Kept, reading: Sequence[int]) -> None:
    kept.seen = [kept.seen[index] for index in reading]
    assert any("reader was given" in found for found in kept.violations())


def test_an_acknowledgement_of_something_else_is_found(kept: Kept) -> None:
    kept.acknowledged[0] = structs.replace(kept.acknowledged[0], position=2)
    assert any("was acknowledged and is" in found for found in kept.violations())
