"""Group commit in general: one batch at a time, each caller its own result."""

import asyncio
from collections.abc import Sequence

import pytest

from infra.batching import Batcher, Gate, Overloaded

pytestmark = pytest.mark.anyio


class Held:
    """A handler that remembers its batches and answers when released."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.release = asyncio.Event()

    async def __call__(self, items: list[str]) -> Sequence[str | BaseException]:
        self.batches.append(items)
        await self.release.wait()
        return [ValueError(item) if item.startswith("bad") else item.upper() for item in items]


async def submitted(batcher: Batcher[str, str], *items: str) -> list[asyncio.Task[str]]:
    tasks = [asyncio.create_task(batcher.submit(item)) for item in items]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_what_arrives_while_a_batch_is_under_way_becomes_the_next_batch() -> None:
    held = Held()
    batcher = Batcher(held)
    tasks = await submitted(batcher, "a")
    tasks += await submitted(batcher, "b", "c")
    held.release.set()
    assert await asyncio.gather(*tasks) == ["A", "B", "C"]
    assert held.batches == [["a"], ["b", "c"]]


async def test_a_batch_is_bounded() -> None:
    held = Held()
    batcher = Batcher(held, most=2)
    tasks = await submitted(batcher, *"abcde")
    held.release.set()
    await asyncio.gather(*tasks)
    assert [len(batch) for batch in held.batches] == [2, 2, 1]


async def test_items_that_must_stay_apart_keep_their_order_and_hold_up_nobody_else() -> None:
    held = Held()
    batcher = Batcher(held, apart=lambda item: [item[0]])
    tasks = await submitted(batcher, "x")
    tasks += await submitted(batcher, "a1", "a2", "b1", "a3", "c1")
    held.release.set()
    await asyncio.gather(*tasks)
    assert held.batches == [["x"], ["a1", "b1", "c1"], ["a2"], ["a3"]]


async def test_an_exception_among_the_results_is_its_callers_alone() -> None:
    held = Held()
    held.release.set()
    results = await asyncio.gather(*await submitted(Batcher(held), "a", "bad", "c"), return_exceptions=True)
    assert (results[0], str(results[1]), results[2]) == ("A", "bad", "C")


async def test_an_exception_of_the_handler_is_told_to_its_batch_and_the_next_is_served() -> None:
    async def handle(items: list[str]) -> list[str]:
        if "bad" in items:
            raise ValueError(items)
        return items

    batcher = Batcher(handle)
    with pytest.raises(ValueError, match="bad"):
        await batcher.submit("bad")
    assert await batcher.submit("good") == "good"


async def test_a_handler_that_forgets_a_result_hangs_nobody() -> None:
    async def forget(items: list[str]) -> list[str]:
        return items[1:]

    with pytest.raises(RuntimeError, match="2 items had 1 results"):
        await asyncio.gather(*await submitted(Batcher(forget), "a", "b"))


async def test_cancelling_a_caller_harms_neither_its_neighbours_nor_the_next_batch() -> None:
    held = Held()
    batcher = Batcher(held)
    under_way, neighbour = await submitted(batcher, "a", "b")
    waiting, next_one = await submitted(batcher, "c", "d")
    under_way.cancel()
    waiting.cancel()
    await asyncio.sleep(0)
    held.release.set()
    assert [await neighbour, await next_one] == ["B", "D"]
    assert held.batches == [["a", "b"], ["d"]]
    assert await batcher.submit("e") == "E"


async def test_a_full_queue_refuses_and_serves_again_later() -> None:
    held = Held()
    batcher = Batcher(held, waiting=2)
    tasks = await submitted(batcher, "a")
    tasks += await submitted(batcher, "b", "c")
    with pytest.raises(Overloaded):
        await batcher.submit("d")
    held.release.set()
    await asyncio.gather(*tasks)
    assert await batcher.submit("d") == "D"


async def test_a_cancelled_committer_leaves_no_caller_waiting_and_another_takes_over() -> None:
    held = Held()
    batcher = Batcher(held)
    tasks = await submitted(batcher, "a")
    tasks += await submitted(batcher, "b")
    (runner,) = batcher._runners
    runner.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError] * 2
    held.release.set()
    assert await batcher.submit("c") == "C"


async def test_draining_waits_for_everything_submitted() -> None:
    held = Held()
    batcher = Batcher(held, most=1)
    tasks = await submitted(batcher, "a", "b")
    draining = asyncio.create_task(batcher.drain())
    await asyncio.sleep(0)
    assert not draining.done()
    held.release.set()
    await draining
    assert all(task.done() for task in tasks)
    await batcher.drain()


async def test_those_who_are_about_to_submit_come_along() -> None:
    """Whoever submits while the loop is busy with such as these is not left to the next batch."""
    held = Held()
    held.release.set()
    batcher = Batcher(held)

    async def after(turns: int, item: str) -> str:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await batcher.submit(item)

    await asyncio.gather(*(after(turns, item) for turns, item in enumerate("abcd")))
    assert held.batches == [["a", "b", "c", "d"]]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_gate_lets_in_as_many_as_are_served_in_time() -> None:
    clock = Clock()
    gate = Gate(2.0, clock=clock)
    for _ in range(50):
        gate.__enter__()
    for _ in range(1000):  # one goes as another comes, a hundred a second
        clock.now += 0.01
        gate.__exit__()
        gate.__enter__()
    for _ in range(145):
        gate.__enter__()
    with pytest.raises(Overloaded):
        enter(gate, times=10)


def enter(gate: Gate, times: int) -> None:
    for _ in range(times):
        gate.__enter__()


def test_a_gate_that_serves_nobody_closes_in_time_and_opens_with_the_first_one_served() -> None:
    clock = Clock()
    gate = Gate(2.0, clock=clock)
    enter(gate, times=2)
    clock.now += 1.9
    gate.__enter__()
    clock.now += 0.2
    with pytest.raises(Overloaded):
        gate.__enter__()
    gate.__exit__()
    with gate:
        pass


def test_a_gate_is_open_to_others_while_one_alone_is_slow() -> None:
    clock = Clock()
    gate = Gate(2.0, clock=clock)
    gate.__enter__()
    for _ in range(3):
        clock.now += 2.1
        with gate, gate:
            clock.now += 0.1


def test_a_gate_is_open_to_whoever_comes_alone_however_slow_the_last_ones_were() -> None:
    clock = Clock()
    gate = Gate(0.5, clock=clock)
    for _ in range(300):
        with gate:
            clock.now += 9.0
    with gate:
        pass


async def test_batches_abreast_share_what_is_to_be_served() -> None:
    held = Held()
    batcher = Batcher(held, abreast=2)
    tasks = await submitted(batcher, *"ab" * 100)
    assert [len(batch) for batch in held.batches] == [100, 100]
    tasks += await submitted(batcher, "c")
    assert len(held.batches) == 2, "both are under way"
    held.release.set()
    assert await asyncio.gather(*tasks) == [*"AB" * 100, "C"]


async def test_a_few_are_not_divided() -> None:
    held = Held()
    held.release.set()
    await asyncio.gather(*await submitted(Batcher(held, abreast=2), *"abc"))
    assert held.batches == [["a", "b", "c"]]
