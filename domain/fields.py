"""The constrained types that commands are made of. Every limit is a constant here and is documented."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta

LABEL_LENGTH = 200
SUBJECT_LENGTH = 300
TEXT_LENGTH = 20_000
TAG_LENGTH = 50
SLUG_LENGTH = 50
EMAIL_LENGTH = 254
PHONE_LENGTH = 50
LIST_LENGTH = 50
URL_LENGTH = 2_000
MEDIA_TYPE_LENGTH = 100

MINUTES_LIMIT = 10_080
"""A week."""
SIZE_LIMIT = 1_000_000_000_000
"""Bytes."""
SHARES_LIMIT = 1_000_000_000_000
LEVEL_LIMIT = 9
VERSION_LIMIT = 1_000_000
AMOUNT_LIMIT = 1_000_000
DATES_LENGTH = 1_000
FIRST_YEAR, LAST_YEAR = 1900, 2199
RESOLUTION = timedelta(seconds=1)
"""Times given in whole seconds may lie this much before a change of state in the same second."""

# `$` also matches before a last line break; `(?!\n)` shuts that door in every dialect of regular expressions.
_END = r"$(?!\n)"
_CONTROL = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f"
TEXT_PATTERN = rf"^[ \t\r\n]*[^ \t\r\n{_CONTROL}][^{_CONTROL}]*$"
LINE_PATTERN = rf"^ *[^ \x00-\x1f\x7f][^\x00-\x1f\x7f]*{_END}"
SLUG_PATTERN = rf"^[a-z0-9][a-z0-9_-]*{_END}"
EMAIL_PATTERN = rf"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+{_END}"
CLOSING_PATTERN = rf"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00){_END}"
CLOCK_PATTERN = rf"^([01][0-9]|2[0-3]):[0-5][0-9]{_END}"
AMOUNT_PATTERN = rf"^[0-9]{{1,12}}(\.[0-9]{{1,4}})?{_END}"
URL_PATTERN = rf"^https?://[^\s\x00-\x1f\x7f]+{_END}"
MEDIA_TYPE_PATTERN = rf"^[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*{_END}"
SHA256_PATTERN = rf"^[0-9a-f]{{64}}{_END}"
CURRENCY_PATTERN = rf"^[A-Z]{{3}}{_END}"

FreeText = Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH, pattern=TEXT_PATTERN)]
Label = Annotated[str, Meta(min_length=1, max_length=LABEL_LENGTH, pattern=LINE_PATTERN)]
Subject = Annotated[str, Meta(min_length=1, max_length=SUBJECT_LENGTH, pattern=LINE_PATTERN)]
Tag = Annotated[str, Meta(min_length=1, max_length=TAG_LENGTH, pattern=LINE_PATTERN)]
Slug = Annotated[str, Meta(min_length=1, max_length=SLUG_LENGTH, pattern=SLUG_PATTERN)]
Email = Annotated[str, Meta(min_length=3, max_length=EMAIL_LENGTH, pattern=EMAIL_PATTERN)]
Phone = Annotated[str, Meta(min_length=1, max_length=PHONE_LENGTH, pattern=LINE_PATTERN)]
Clock = Annotated[str, Meta(min_length=5, max_length=5, pattern=CLOCK_PATTERN)]
ClosingTime = Annotated[str, Meta(min_length=5, max_length=5, pattern=CLOSING_PATTERN)]
Amount = Annotated[str, Meta(min_length=1, max_length=17, pattern=AMOUNT_PATTERN)]
Currency = Annotated[str, Meta(min_length=3, max_length=3, pattern=CURRENCY_PATTERN)]
Url = Annotated[str, Meta(min_length=8, max_length=URL_LENGTH, pattern=URL_PATTERN)]
MediaType = Annotated[str, Meta(min_length=3, max_length=MEDIA_TYPE_LENGTH, pattern=MEDIA_TYPE_PATTERN)]
Sha256 = Annotated[str, Meta(min_length=64, max_length=64, pattern=SHA256_PATTERN)]
Minutes = Annotated[int, Meta(ge=1, le=MINUTES_LIMIT)]
Size = Annotated[int, Meta(ge=0, le=SIZE_LIMIT)]
Shares = Annotated[int, Meta(ge=0, le=SHARES_LIMIT)]
Level = Annotated[int, Meta(ge=1, le=LEVEL_LIMIT)]
VersionNumber = Annotated[int, Meta(ge=1, le=VERSION_LIMIT)]
Csat = Annotated[int, Meta(ge=1, le=5)]
Ces = Annotated[int, Meta(ge=1, le=7)]
Nps = Annotated[int, Meta(ge=0, le=10)]
Rating = Annotated[int, Meta(ge=0, le=10)]
Moment = Annotated[datetime, Meta(tz=True)]
Labels = Annotated[tuple[Label, ...], Meta(max_length=LIST_LENGTH)]
Tags = Annotated[tuple[Tag, ...], Meta(max_length=LIST_LENGTH)]

Language = Literal["pt-BR", "en", "es"]
