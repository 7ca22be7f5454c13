"""Connections that break, servers that vanish: what was acknowledged is in the log exactly once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import psycopg
import pytest

from domain.complaint import COMPLAINT
from infra.commands import Commands, executing
from infra.database import Unavailable
from infra.log import Load, Log
from tests.infra.logs import (
    NOTE,
    REGISTER,
    Proxy,
    append_on,
    ask,
    caller,
    commanding,
    fetch,
    lock_held,
    opened,
    owned,
    request,
    run,
    served,
    serving,
    until,
    until_waiting,
)

pytestmark = pytest.mark.anyio
END_ALL = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
              WHERE datname = current_database() AND pid <> pg_backend_pid()
                AND backend_type = 'client backend'"""


@asynccontextmanager
async def behind_proxy(database: str, **options: float) -> AsyncIterator[tuple[Proxy, Log]]:
    proxy = Proxy(serving(database))
    async with proxy.listening() as conninfo, opened(conninfo, **options) as log:
        yield proxy, log


async def events(database: str) -> list[tuple[int, UUID]]:
    return [
        (p, s) for p, s in await ask(database, "SELECT position, stream_id FROM events ORDER BY position")
    ]


async def test_an_append_whose_answer_was_lost_is_answered_all_the_same_and_recorded_once(
    database: str,
) -> None:
    async with behind_proxy(database) as (proxy, log):
        proxy.swallow = 1
        wanted = request(events=2)
        answer = await log.append(wanted)
    assert proxy.swallowed == 1
    assert answer[:4] == ("replayed", wanted.stream_id, 0, 2)
    assert await events(database) == [(1, wanted.stream_id), (2, wanted.stream_id)]


@pytest.mark.parametrize("key", ["given", None])
async def test_a_command_whose_answer_was_lost_is_answered_all_the_same_and_recorded_once(
    database: str, key: str | None
) -> None:
    async with behind_proxy(database) as (proxy, log):
        proxy.swallow = 1
        outcome = await Commands(log).create(COMPLAINT, caller(key=key), REGISTER)
    assert proxy.swallowed == 1
    assert await events(database) == [(1, outcome.stream_id)]
    assert outcome.state.state == "registered"
    assert outcome.version == 1


async def test_a_caller_who_was_told_unavailable_gets_the_first_answer_by_asking_again(
    database: str,
) -> None:
    async with behind_proxy(database, patience=30) as (proxy, log):
        commands = Commands(log)
        proxy.swallow, proxy.stop_once_swallowed = 1, True
        first = asyncio.create_task(commands.create(COMPLAINT, caller(key="k"), REGISTER))

        async def swallowed() -> bool:
            return proxy.swallowed == 1

        await until(swallowed)
        log._patience.seconds = 0
        with pytest.raises(Unavailable):
            await first
        ((position, stream_id),) = await events(database)
        proxy.stopped, log._patience.seconds = False, 30

        outcome = await commands.create(COMPLAINT, caller(key="k"), REGISTER)

    assert (outcome.stream_id, outcome.position, outcome.replayed) == (stream_id, position, True)
    assert len(await events(database)) == 1


async def test_a_key_asked_for_while_its_commit_is_under_way_waits_and_gets_the_first_answer(
    database: str,
) -> None:
    async with commanding(database) as asked_again, served(database) as first:
        digest = executing._digest(COMPLAINT, [REGISTER], None)
        history, _ = await asked_again._before(COMPLAINT, caller(), None)
        decision = await asked_again._decide(COMPLAINT, [REGISTER], caller(), history)
        held = executing._request(COMPLAINT, caller(), decision, "k", digest)
        await first.execute("BEGIN")
        await append_on(first, held)
        waiting = asyncio.create_task(asked_again.create(COMPLAINT, caller(key="k"), REGISTER))
        await until_waiting(database, 1)
        assert not waiting.done()
        await first.execute("COMMIT")

        outcome = await waiting

    assert (outcome.stream_id, outcome.replayed) == (held.stream_id, True)
    assert await events(database) == [(1, held.stream_id)]


async def test_twins_of_one_registration_make_one_stream(database: str) -> None:
    async with commanding(database) as one, commanding(database) as other:
        async with lock_held(database):
            twins = [
                asyncio.create_task(each.create(COMPLAINT, caller(key="k"), REGISTER))
                for each in (one, other)
            ]
            await until_waiting(database, 2)
        outcomes = await asyncio.gather(*twins)
    assert len({outcome.stream_id for outcome in outcomes}) == 1
    assert sorted(outcome.replayed for outcome in outcomes) == [False, True]
    assert len(await events(database)) == 1


async def test_connections_ended_under_load_lose_and_double_nothing_acknowledged(database: str) -> None:
    acknowledged: list[UUID] = []

    async def load(log: Log) -> None:
        for _ in range(15):
            wanted = request()
            answer = await log.append(wanted)
            assert answer.verdict in {"accepted", "replayed"}
            acknowledged.append(wanted.stream_id)

    async with opened(serving(database), patience=30) as one, opened(serving(database), patience=30) as other:
        loads = [asyncio.create_task(load(log)) for log in (one, other) for _ in range(8)]
        async with owned(database) as killer:
            for enough in (20, 60, 120):

                async def reached(enough: int = enough) -> bool:
                    return len(acknowledged) >= enough

                await until(reached)
                await killer.execute(END_ALL)
        await asyncio.gather(*loads)

    recorded = await events(database)
    assert [position for position, _ in recorded] == list(range(1, 241))
    assert sorted(stream for _, stream in recorded) == sorted(acknowledged)


async def test_a_server_that_stays_away_is_told_and_its_return_is_noticed(database: str) -> None:
    async with behind_proxy(database) as (proxy, log):
        commands = Commands(log)
        first = await commands.create(COMPLAINT, caller(), REGISTER)
        log._patience.seconds, proxy.stopped = 0.05, True
        await run(database, END_ALL)
        for attempt in (
            commands.create(COMPLAINT, caller(), REGISTER),
            commands.execute(COMPLAINT, first.stream_id, caller(), NOTE),
            log.load(Load(first.stream_id)),
            log.protocol_blocks(1),
            log.append(request()),
        ):
            with pytest.raises(Unavailable):
                await attempt

        proxy.stopped = False
        log._patience.seconds = 30

        assert (await commands.execute(COMPLAINT, first.stream_id, caller(), NOTE)).version == 2


async def test_everybody_who_waits_for_an_absent_server_is_told(database: str) -> None:
    async with opened("host=/nowhere dbname=none", patience=0.05) as log:
        results = await asyncio.gather(*(log.append(request()) for _ in range(1_200)), return_exceptions=True)
    assert {type(result) for result in results} == {Unavailable}


async def test_a_server_that_says_nothing_is_not_waited_for_for_ever(database: str) -> None:
    async with lock_held(database), opened(serving(database), patience=0.05) as log:
        with pytest.raises(Unavailable):
            await log.append(request())


async def test_a_reading_that_fails_on_one_request_answers_the_others(database: str) -> None:
    async with opened(serving(database)) as log:
        wanted = request(key="k")
        await log.append(wanted)
        good, bad = Load(wanted.stream_id, "ana", "k"), Load(wanted.stream_id, "a\0b", "k")
        results = await asyncio.gather(
            *(log.load(each) for each in (good, bad, good)), return_exceptions=True
        )
    assert isinstance(results[1], psycopg.DataError)
    for result in (results[0], results[2]):
        assert not isinstance(result, BaseException)
        assert len(result.rows) == 1
        assert result.seen is not None


async def test_a_caller_who_goes_away_harms_no_neighbour_and_its_command_may_still_be_recorded(
    database: str,
) -> None:
    async with opened(serving(database)) as log:
        async with lock_held(database):
            leaving, staying = request(), request()
            left = asyncio.create_task(log.append(leaving))
            await until_waiting(database, 1)
            stayed = asyncio.create_task(log.append(staying))
            await asyncio.sleep(0)
            left.cancel()
            await asyncio.sleep(0)
        assert (await stayed).verdict == "accepted"
        assert (await log.append(leaving)).verdict == "replayed"
    assert await events(database) == [(1, leaving.stream_id), (2, staying.stream_id)]


async def test_a_log_that_closes_finishes_what_is_under_way(database: str) -> None:
    async with lock_held(database) as holder:
        log = Log(serving(database), vault=None)  # type: ignore[arg-type]  # nothing is sealed here
        waiting = asyncio.create_task(log.append(request()))
        await until_waiting(database, 1)
        closing = asyncio.create_task(log.close())
        await asyncio.sleep(0)
        assert not closing.done()
        assert await fetch(holder, "SELECT * FROM events") == []
    await closing
    assert (await waiting).verdict == "accepted"
