"""Full text in Portuguese, Spanish and English, with and without accents.

Accents are folded before stemming, for who searches often leaves them out. The stemmers know endings with
their accents only, so that endings are put back by rule. Texts and questions go the same way, and so meet.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple


class Words(NamedTuple):
    """One text as each of the three stemmers is to read it."""

    portuguese: str
    spanish: str
    english: str


class Ending(NamedTuple):
    folded: re.Pattern[str]
    restored: str


PORTUGUESE: Sequence[Ending] = (
    Ending(re.compile(r"(?<=\w)(?:ao|oes|aes|aos)\b"), "ão"),
    Ending(re.compile(r"(?<=\w{3})ais\b"), "al"),
    Ending(re.compile(r"(?<=\w{3})eis\b"), "el"),
    Ending(re.compile(r"(?<=\w{2})ns\b"), "m"),
)
SPANISH: Sequence[Ending] = (Ending(re.compile(r"(?<=\w)(?:ion|iones)\b"), "ión"),)


def words(text: str) -> Words:
    """The text in lower case without accents, its endings as each language's stemmer knows them."""
    folded = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return Words(_restored(folded, PORTUGUESE), _restored(folded, SPANISH), folded)


def _restored(text: str, endings: Sequence[Ending]) -> str:
    for ending in endings:
        text = ending.folded.sub(ending.restored, text)
    return text
