"""Protocol numbers and what their check digit catches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.protocol import is_valid, protocol

protocols = st.builds(protocol, st.integers(1000, 9999), st.integers(0, 10**9))


def test_a_protocol_is_the_year_the_number_and_a_check_digit() -> None:
    assert protocol(2026, 42)[:-1] == "202600000042"
    assert len(protocol(2026, 42)) == 13


def test_the_check_digit_is_that_of_the_standard() -> None:
    assert _iso_7064("0794") == 5  # the example of ISO/IEC 7064
    assert protocol(2026, 42)[-1] == str(_iso_7064("202600000042"))


def _iso_7064(digits: str) -> int:
    """The check digit by search: the one with which the recursion of the standard ends in 1."""
    for check in range(10):
        product = 10
        for digit in digits:
            product = (((product + int(digit)) % 10 or 10) * 2) % 11
        if (product + check) % 10 == 1:
            return check
    raise AssertionError(digits)


@given(protocols)
def test_a_protocol_is_valid(text: str) -> None:
    assert is_valid(text)
    assert text[-1] == str(_iso_7064(text[:-1]))


@given(protocols, st.data())
def test_a_wrong_digit_is_always_caught(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text) - 1))
    wrong = data.draw(st.sampled_from("0123456789".replace(text[place], "")))
    assert not is_valid(text[:place] + wrong + text[place + 1 :])


def test_nearly_every_swap_of_neighbours_is_caught() -> None:
    swapped = missed = 0
    for number in range(20_000):
        text = protocol(2026, number)
        for place in range(len(text) - 1):
            if text[place] != text[place + 1]:
                swapped += 1
                missed += is_valid(text[:place] + text[place + 1] + text[place] + text[place + 2 :])
    assert missed / swapped < 0.03


@pytest.mark.parametrize(
    "text", ["", "2026", "20260000004", "٢٠٢٦٠٠٠٠٠٠٤٢٠", "2026-0000-0042-0", "202600000042 "]
)
def test_what_is_no_protocol_is_not_valid(text: str) -> None:
    assert not is_valid(text)


@given(st.lists(st.tuples(st.integers(1000, 9999), st.integers(0, 99_999_999)), unique=True))
def test_protocols_are_unique(pairs: list[tuple[int, int]]) -> None:
    assert len({protocol(year, number) for year, number in pairs}) == len(pairs)


@pytest.mark.parametrize(("year", "number"), [(999, 1), (10_000, 1), (2026, -1)])
def test_there_is_no_protocol_outside_four_digit_years(year: int, number: int) -> None:
    with pytest.raises(ValueError, match="no protocol"):
        protocol(year, number)
