"""Protocol numbers: the year, a number of at least eight digits, and one check digit.

The check digit is ISO/IEC 7064 MOD 11,10. It catches every error in a single digit and 97.8 % of the
swaps of two neighbours.
"""

from __future__ import annotations

YEAR_DIGITS, NUMBER_DIGITS = 4, 8


def protocol(year: int, number: int) -> str:
    """The protocol of a complaint; unique if the pair is. ValueError unless the year has four digits."""
    if not (1000 <= year <= 9999 and number >= 0):
        raise ValueError(f"no protocol for year {year}, number {number}")
    digits = f"{year}{number:0{NUMBER_DIGITS}d}"
    return digits + str(_check_digit(digits))


def is_valid(text: str) -> bool:
    """Whether the text is a protocol without a typing error that the check digit shows."""
    if len(text) <= YEAR_DIGITS + NUMBER_DIGITS or not (text.isascii() and text.isdigit()):
        return False
    return text[-1] == str(_check_digit(text[:-1]))


def _check_digit(digits: str) -> int:
    product = 10
    for digit in digits:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return (11 - product) % 10
