"""What takes too long is given up; what does not is left alone, and so is whoever is cancelled by another."""

import asyncio
import time

import pytest

from infra.patience import Patience

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_what_takes_too_long_is_cancelled_and_told() -> None:
    given_up = asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()

    with pytest.raises(TimeoutError):
        await Patience(0.02).limit(endless())
    assert given_up.is_set()


async def test_each_has_its_own_time_and_none_is_given_up_before() -> None:
    patience = Patience(0.2)

    async def taking(seconds: float) -> float:
        await asyncio.sleep(seconds)
        return seconds

    async def begun_later() -> float:
        await asyncio.sleep(0.15)
        return await patience.limit(taking(0.1))

    began = time.monotonic()
    late, *others = await asyncio.gather(
        patience.limit(taking(60)),
        begun_later(),
        *(patience.limit(taking(0)) for _ in range(100)),
        return_exceptions=True,
    )
    assert isinstance(late, TimeoutError)
    assert time.monotonic() - began >= 0.2
    assert others == [0.1] + [0] * 100


async def test_after_a_rest_it_is_as_impatient_as_before() -> None:
    patience = Patience(0.02)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await patience.limit(asyncio.sleep(60))
        assert await patience.limit(asyncio.sleep(0, "quick")) == "quick"
        await asyncio.sleep(0.02)


async def test_who_is_cancelled_by_another_is_cancelled() -> None:
    patience = Patience(60)
    waiting = asyncio.create_task(patience.limit(asyncio.sleep(60)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_an_error_is_passed_on() -> None:
    async def failing() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await Patience(60).limit(failing())
