"""When a failed delivery is tried again."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.webhooks.schedule import JITTER, LONGEST_ASKED, TRIES, next_try, pause, retry_after

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CHANCES = st.floats(0, 1)


def test_ten_tries_take_about_three_days() -> None:
    taken = sum((pause(tries, 0.5) for tries in range(1, TRIES)), timedelta())
    assert TRIES == 10
    assert timedelta(days=2.5) < taken < timedelta(days=3.5)


@given(st.integers(1, TRIES - 2), CHANCES, CHANCES)
def test_each_pause_is_longer_than_the_one_before(tries: int, one: float, other: float) -> None:
    assert pause(tries + 1, one) > pause(tries, other) * 2


@given(st.integers(1, TRIES - 1), CHANCES)
def test_a_pause_is_shortened_or_lengthened_by_a_tenth_at_most(tries: int, chance: float) -> None:
    assert abs(pause(tries, chance) / pause(tries, 0.5) - 1) <= JITTER + 1e-9


@given(CHANCES)
def test_after_the_last_try_there_is_none(chance: float) -> None:
    assert next_try(TRIES - 1, NOW, chance) is not None
    assert next_try(TRIES, NOW, chance) is None
    assert next_try(TRIES, NOW, chance, timedelta(seconds=3)) is None


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        (timedelta(seconds=90), timedelta(seconds=90)),
        (timedelta(0), timedelta(seconds=1)),
        (timedelta(seconds=-50), timedelta(seconds=1)),
        (timedelta(days=365), LONGEST_ASKED),
    ],
)
def test_what_the_receiver_asks_for_counts_within_bounds(asked: timedelta, waits: timedelta) -> None:
    assert next_try(3, NOW, 0.5, asked) == NOW + waits


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("120", timedelta(seconds=120)),
        (" 0 ", timedelta(0)),
        ("9" * 40, LONGEST_ASKED),
        (format_datetime(NOW + timedelta(minutes=5), usegmt=True), timedelta(minutes=5)),
        (
            format_datetime((NOW + timedelta(minutes=5)).astimezone(timezone(timedelta(hours=-3)))),
            timedelta(minutes=5),
        ),
        ("Mon, 23 Nov 2026 12:01:00 -0000", timedelta(minutes=1)),
        (None, None), ("", None), ("soon", None), ("-5", None), ("1.5", None), ("٣", None),
        ("Mon, 99 Nov 2026 12:01:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str | None, asked: timedelta | None) -> None:
    assert retry_after(header, NOW) == asked
