"""The constrained types that commands are made of. Every limit is a constant here and is documented."""

from __future__ import annotations

from datetime import datetime
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

# `$` also matches before a last line break; `(?!\n)` shuts that door in every dialect of regular expressions.
_END = r"$(?!\n)"
_CONTROL = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f"
TEXT_PATTERN = rf"^[ \t\r\n]*[^ \t\r\n{_CONTROL}][^{_CONTROL}]*$"
LINE_PATTERN = rf"^ *[^ \x00-\x1f\x7f][^\x00-\x1f\x7f]*{_END}"
SLUG_PATTERN = rf"^[a-z0-9][a-z0-9_-]*{_END}"
EMAIL_PATTERN = rf"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+{_END}"
CLOCK_PATTERN = rf"^([01][0-9]|2[0-3]):[0-5][0-9]{_END}"
AMOUNT_PATTERN = rf"^[0-9]{{1,12}}(\.[0-9]{{1,4}})?{_END}"
CURRENCY_PATTERN = rf"^[A-Z]{{3}}{_END}"

FreeText = Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH, pattern=TEXT_PATTERN)]
Label = Annotated[str, Meta(min_length=1, max_length=LABEL_LENGTH, pattern=LINE_PATTERN)]
Subject = Annotated[str, Meta(min_length=1, max_length=SUBJECT_LENGTH, pattern=LINE_PATTERN)]
Tag = Annotated[str, Meta(min_length=1, max_length=TAG_LENGTH, pattern=LINE_PATTERN)]
Slug = Annotated[str, Meta(min_length=1, max_length=SLUG_LENGTH, pattern=SLUG_PATTERN)]
Email = Annotated[str, Meta(min_length=3, max_length=EMAIL_LENGTH, pattern=EMAIL_PATTERN)]
Phone = Annotated[str, Meta(min_length=1, max_length=PHONE_LENGTH, pattern=LINE_PATTERN)]
Clock = Annotated[str, Meta(min_length=5, max_length=5, pattern=CLOCK_PATTERN)]
Amount = Annotated[str, Meta(min_length=1, max_length=17, pattern=AMOUNT_PATTERN)]
Currency = Annotated[str, Meta(min_length=3, max_length=3, pattern=CURRENCY_PATTERN)]
Moment = Annotated[datetime, Meta(tz=True)]
Labels = Annotated[tuple[Label, ...], Meta(max_length=LIST_LENGTH)]
Tags = Annotated[tuple[Tag, ...], Meta(max_length=LIST_LENGTH)]

Language = Literal["pt-BR", "en", "es"]
