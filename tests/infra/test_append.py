"""One append: every command of a batch has a verdict of its own, and all of it or nothing is in the log."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from infra.log import Appended, purge, reading
from infra.migrating import migrate
from tests.databases import SCHEMA
from tests.infra.logs import (
    NOW,
    append_on,
    append_one_on,
    ask,
    fetch,
    lock_held,
    opened,
    owned,
    request,
    run,
    served,
    serving,
    until_waiting,
)

pytestmark = pytest.mark.anyio


OLD_KEYS = """
INSERT INTO idempotency
SELECT 'ana', CASE n % 3 WHEN 0 THEN '~' || md5(n::text) ELSE 'key ' || n END, '', gen_random_uuid(), 0, 1,
       now() - n % 3 * interval '4 days' - n * interval '1 minute' - interval '25 hours' * (n % 3 = 0)::int
  FROM generate_series(1, 3000) AS n"""


def verdicts(answers: list[Appended]) -> list[str]:
    return [answer.verdict for answer in answers]


async def positions(database: str) -> list[int]:
    return [position for (position,) in await ask(database, "SELECT position FROM events ORDER BY position")]


async def test_a_refused_command_leaves_its_neighbours_unharmed_and_no_hole(database: str) -> None:
    async with served(database) as connection:
        first = request(key="k", claim="source:1")
        await append_on(connection, first)
        batch = [
            request(events=2),
            request(first.stream_id, expected=0),
            request(),
            request(key="k", digest=b"other"),
            request(claim="source:1"),
            request(key="k", digest=first.digest),
            request(first.stream_id, expected=1, events=3),
        ]

        answers = await append_on(connection, *batch)

    expected = ["accepted", "conflict", "accepted", "reused", "claimed", "replayed", "accepted"]
    assert verdicts(answers) == expected
    assert [answer.first_position for answer in answers] == [2, None, 4, None, None, None, 5]
    assert await positions(database) == list(range(1, 8))


async def test_a_refusal_tells_what_stands_against_it(database: str) -> None:
    async with served(database) as connection:
        first = request(events=2, key="k", claim="source:1")
        await append_on(connection, first)

        conflict, claimed, replayed = await append_on(
            connection,
            request(first.stream_id, expected=1),
            request(claim="source:1"),
            request(key="k", digest=first.digest),
        )

    assert (conflict.verdict, conflict.last_version) == ("conflict", 2)
    assert (claimed.verdict, claimed.stream_id) == ("claimed", first.stream_id)
    assert replayed[:4] == ("replayed", first.stream_id, 0, 2)


@pytest.mark.parametrize("expected", [0, 1, 3, 99])
async def test_a_stream_goes_on_where_it_stands_and_nowhere_else(database: str, expected: int) -> None:
    async with served(database) as connection:
        first = request(events=2)
        await append_on(connection, first)
        assert verdicts(await append_on(connection, request(first.stream_id, expected))) == ["conflict"]
    assert await positions(database) == [1, 2]


async def test_refused_commands_leave_no_trace(database: str) -> None:
    async with served(database) as connection:
        refused = request(expected=7, key="refused", claim="source:2", wrapped_key=b"wrapped")
        assert verdicts(await append_on(connection, refused)) == ["conflict"]
        for table in ("events", "stream_keys", "claims", "idempotency"):
            assert await fetch(connection, f"SELECT * FROM {table}") == []


async def test_events_key_claim_and_idempotency_record_appear_together(database: str) -> None:
    async with served(database) as writing, served(database) as reading:
        await writing.execute("BEGIN")
        await append_on(writing, request(claim="source:1"))
        everywhere = " UNION ALL ".join(
            f"SELECT count(*) FROM {table}" for table in ("events", "stream_keys", "claims", "idempotency")
        )
        assert set(await fetch(reading, everywhere)) == {(0,)}
        await writing.execute("COMMIT")
        assert set(await fetch(reading, everywhere)) == {(1,)}


async def test_a_command_without_events_is_remembered_too(database: str) -> None:
    async with served(database) as connection:
        first = request(events=2)
        await append_on(connection, first)
        nothing = request(first.stream_id, expected=2, events=0)
        assert verdicts(await append_on(connection, nothing)) == ["accepted"]
        (again,) = await append_on(connection, nothing)
    assert again[:4] == ("replayed", first.stream_id, 2, 2)


async def test_the_same_key_of_another_actor_is_another_key(database: str) -> None:
    async with served(database) as connection:
        answers = await append_on(connection, request(key="k"), request(key="k", actor="rui"))
    assert verdicts(answers) == ["accepted", "accepted"]


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param({"actor": "a\0b"}, id="NUL"),
        pytest.param({"actor": "\ud800"}, id="surrogate"),
        pytest.param({"origin": "elsewhere"}, id="check-constraint"),
        pytest.param({"key": "".join(f"{n:x}" for n in range(9_000))}, id="too-long-for-the-index"),
    ],
)
async def test_bad_data_fails_alone(database: str, bad: dict[str, Any]) -> None:
    async with opened(serving(database)) as log:
        async with lock_held(database):
            first = asyncio.create_task(log.append(request()))
            await until_waiting(database, 1)
            # These meet in one batch, since one is under way.
            requests = [request(), request(), request(**bad), request(), request()]
            tasks = [asyncio.create_task(log.append(each)) for each in requests]
        results = await asyncio.gather(first, *tasks, return_exceptions=True)

    good = [result for result in results if isinstance(result, Appended)]
    assert verdicts(good) == ["accepted"] * 5
    assert isinstance(results[3], Exception)
    assert await positions(database) == [1, 2, 3, 4, 5]


async def test_recorded_at_never_runs_backwards(database: str) -> None:
    async with served(database) as connection:
        await append_on(connection, request())
        ahead = datetime.now(UTC) + timedelta(hours=1)
        await connection.execute(
            """INSERT INTO events SELECT 2, %s, kind, 1, tag, occurred_at, %s, actor, correlation, causation,
                                         origin, body, leaf FROM events""",
            [uuid4(), ahead],
        )
        (after,) = await append_on(connection, request())
        assert after.recorded_at == ahead
        assert await fetch(connection, "SELECT recorded_at FROM events WHERE position = 3") == [(ahead,)]


async def test_recorded_at_is_the_time_under_the_lock_not_that_of_the_call(database: str) -> None:
    async with opened(serving(database)) as log:
        async with lock_held(database) as holder:
            waiting = asyncio.create_task(log.append(request()))
            await until_waiting(database, 1)
            ((now,),) = await fetch(holder, "SELECT clock_timestamp()")
        assert (await waiting).recorded_at > now


async def test_a_migration_waits_for_the_append_under_way_and_does_not_meet_it_half_way(
    database: str,
) -> None:
    async with lock_held(database):
        migrating = asyncio.create_task(asyncio.to_thread(migrate, database, SCHEMA))
        await until_waiting(database, 1)
    await migrating


@pytest.mark.parametrize("append", [append_on, append_one_on])
async def test_an_older_snapshot_may_not_append(
    database: str, append: Callable[..., Awaitable[object]]
) -> None:
    async with served(database) as connection:
        await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        with pytest.raises(psycopg.errors.RaiseException, match="READ COMMITTED"):
            async with connection.transaction():
                await append(connection, request())


@pytest.mark.parametrize(("function", "append"), [("append", append_on), ("append_one", append_one_on)])
async def test_whoever_waits_for_the_lock_gives_up_in_time(
    database: str, function: str, append: Callable[..., Awaitable[object]]
) -> None:
    async with owned(database) as owner:
        ((settings,),) = await fetch(owner, "SELECT proconfig FROM pg_proc WHERE proname = %s", function)
    assert "lock_timeout=5s" in settings
    await run(database, f"ALTER FUNCTION {function} SET lock_timeout = '10ms'")
    async with lock_held(database), served(database) as connection:
        with pytest.raises(psycopg.errors.LockNotAvailable):
            await append(connection, request())


async def test_old_keys_are_purged_our_own_sooner(database: str) -> None:
    async with served(database) as connection:
        for age, key in [(8, "old"), (6, "kept"), (2, f"~{uuid4().hex}"), (2, "~client's")]:
            await connection.execute(
                "INSERT INTO idempotency VALUES ('ana', %s, '', %s, 0, 1, now() - %s)",
                [key, uuid4(), timedelta(days=age)],
            )
        await append_on(connection, request(key=f"~{'0' * 32}"))

        assert await purge(connection) == 2

        kept = {key for (key,) in await fetch(connection, "SELECT key FROM idempotency")}
        assert kept == {"kept", "~client's", f"~{'0' * 32}"}


async def test_old_keys_are_purged_batch_after_batch(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PURGE_BATCH", 7)
    async with served(database) as connection:
        await connection.execute(OLD_KEYS)
        assert await purge(connection) == 2_000
        assert await fetch(connection, "SELECT count(*) FROM idempotency") == [(1_000,)]


@pytest.mark.parametrize(
    ("whose", "age", "index"),
    [(reading.OURS, "1 day", "idempotency_own"), (reading.GIVEN, "7 days", "idempotency_given")],
)
async def test_a_purge_passes_over_no_key_that_stays(database: str, whose: str, age: str, index: str) -> None:
    async with served(database) as connection:
        await connection.execute(OLD_KEYS)
        await run(database, "ANALYZE idempotency")
        plan = await fetch(connection, "EXPLAIN " + reading.purging(whose, age))
        assert any(index in line for (line,) in plan), plan
        assert not any("Filter" in line or "Seq Scan" in line for (line,) in plan), plan


async def test_each_event_carries_its_envelope(database: str) -> None:
    wanted = request(events=2, causation=f"{UUID(int=5)}/7", origin="import")
    async with served(database) as connection:
        (answer,) = await append_on(connection, wanted)
        rows = await fetch(
            connection,
            """SELECT position, stream_id, kind, version, tag, occurred_at, recorded_at, actor, correlation,
                      causation, origin, body FROM events ORDER BY position""",
        )
    envelope = (
        "investigation-started",
        NOW,
        answer.recorded_at,
        "ana",
        "request-1",
        wanted.causation,
        "import",
    )
    body = wanted.events[0].body
    assert rows == [
        (1, wanted.stream_id, "complaint", 1, *envelope, body),
        (2, wanted.stream_id, "complaint", 2, *envelope, body),
    ]
