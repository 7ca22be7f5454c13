"""Reactors answer events with commands: at least once becomes once, and never for what was before them."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from domain.complaint import COMPLAINT
from domain.complaint.events import NoteAdded
from domain.messages import Event
from infra.commands import Commands
from infra.database import Unavailable
from infra.events import Recorded
from infra.projector import Reactor, Rebuild, leading, runner
from infra.vault import Vault
from tests.infra.followers import following, prepared, seen, standing, until_at, until_failed
from tests.infra.logs import MASTER, NOTE, REGISTER, ask, caller, commanding, served, serving

pytestmark = pytest.mark.anyio

React = Callable[[Recorded[Event]], Awaitable[None]]
TAGS = "SELECT tag FROM events WHERE stream_id = %s ORDER BY version"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leading, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(runner, "CANDIDATE_SECONDS", 0.02)


def noting(commands: Commands) -> React:
    """Adds a note to every complaint that is registered by a person, keyed by what it answers."""

    async def react(recorded: Recorded[Event]) -> None:
        if recorded.tag == "complaint-registered" and recorded.origin != "import":
            key = f"noting/{recorded.position}/{recorded.stream_id}"
            system = caller(actor="noting", key=key, origin="system", causation=f"{recorded.stream_id}/1")
            await commands.execute(COMPLAINT, recorded.stream_id, system, NOTE)

    return react


async def register(commands: Commands, origin: str = "live") -> UUID:
    return (await commands.create(COMPLAINT, caller(origin=origin), REGISTER)).stream_id


async def tags(database: str, stream_id: UUID) -> list[str]:
    return [tag for (tag,) in await ask(database, TAGS, stream_id)]


async def test_a_reactor_answers_what_comes_after_its_birth_only(database: str) -> None:
    async with commanding(database) as commands:
        before = await register(commands)
        reactor = Reactor("noting", noting(commands))
        async with following(database, reactor):
            await until_at(database, reactor, 1)
            after = await register(commands)
            await until_at(database, reactor, 3)
    assert await tags(database, before) == ["complaint-registered"]
    assert await tags(database, after) == ["complaint-registered", "note-added"]


async def test_a_reactor_is_called_for_the_events_of_its_types_and_moves_over_all(database: str) -> None:
    called: list[str] = []

    async def react(recorded: Recorded[Event]) -> None:
        called.append(recorded.tag)

    reactor = Reactor("counting", react, (NoteAdded,))
    async with commanding(database) as commands, following(database, reactor):
        await until_at(database, reactor, 0)
        stream = await register(commands)
        await until_at(database, reactor, 1)
        await commands.execute(COMPLAINT, stream, caller(), NOTE)
        await register(commands)
        await until_at(database, reactor, 3)
    assert called == ["note-added"]


async def test_a_reactor_goes_on_where_it_stood(database: str) -> None:
    async with commanding(database) as commands:
        reactor = Reactor("noting", noting(commands))
        async with following(database, reactor):
            await until_at(database, reactor, 0)
        meanwhile = await register(commands)
        async with following(database, reactor):
            await until_at(database, reactor, 2)
    assert await tags(database, meanwhile) == ["complaint-registered", "note-added"]


async def test_an_event_that_comes_twice_is_answered_once(database: str) -> None:
    async with commanding(database) as commands:
        reactor = Reactor("noting", noting(commands))
        async with following(database, reactor):
            await until_at(database, reactor, 0)
            stream = await register(commands)
            await until_at(database, reactor, 2)
        async with served(database) as connection:
            await connection.execute("UPDATE checkpoints SET position = 0")
        async with following(database, reactor):
            await until_at(database, reactor, 2)
    assert await tags(database, stream) == ["complaint-registered", "note-added"]


async def test_an_answer_whose_outcome_was_lost_is_tried_again_and_given_once(database: str) -> None:
    async with commanding(database) as commands:
        losses = [Unavailable("lost after the commit"), Unavailable("and again")]
        react = noting(commands)

        async def lossy(recorded: Recorded[Event]) -> None:
            await react(recorded)
            if losses:
                raise losses.pop()

        reactor = Reactor("noting", lossy)
        async with following(database, reactor):
            await until_at(database, reactor, 0)
            stream = await register(commands)
            await until_at(database, reactor, 2)
        found = await standing(database, reactor)
    assert losses == []
    assert found
    assert found.failure is None
    assert await tags(database, stream) == ["complaint-registered", "note-added"]


async def test_a_reactor_that_tells_people_things_can_skip_imported_events(database: str) -> None:
    async with commanding(database) as commands:
        reactor = Reactor("noting", noting(commands))
        async with following(database, reactor):
            await until_at(database, reactor, 0)
            imported = await register(commands, "import")
            await until_at(database, reactor, 1)
    assert await tags(database, imported) == ["complaint-registered"]


async def test_a_reactor_that_fails_stands_still_alone_and_skips_nothing(database: str) -> None:
    faults = [ValueError("a fault")]
    view = seen()
    async with commanding(database) as commands:
        react = noting(commands)

        async def faulty(recorded: Recorded[Event]) -> None:
            if faults:
                raise faults[0]
            await react(recorded)

        reactor = Reactor("noting", faulty)
        async with following(database, reactor, view):
            await until_at(database, reactor, 0)
            stream = await register(commands)
            failed = await until_failed(database, reactor)
            await until_at(database, view, 1)
        assert (failed.position, failed.failed_position, failed.failure) == (0, 1, "ValueError")
        faults.clear()
        async with following(database, reactor):
            await until_at(database, reactor, 2)
    assert await tags(database, stream) == ["complaint-registered", "note-added"]


async def test_a_rebuild_of_a_view_wakes_no_reactor(database: str) -> None:
    view = seen()
    answered: list[int] = []

    async def react(recorded: Recorded[Event]) -> None:
        answered.append(recorded.position)

    reactor = Reactor("counting", react)
    await prepared(database, view)
    async with commanding(database) as commands, following(database, reactor, view):
        await until_at(database, reactor, 0)
        await register(commands)
        await until_at(database, reactor, 1)
        await until_at(database, view, 1)
        await Rebuild(serving(database), Vault(MASTER), view).run()
        await register(commands)
        await until_at(database, reactor, 2)
    assert answered == [1, 2]
