"""Full text in Portuguese, Spanish and English, with and without accents.

Accents are folded before stemming, for who searches often leaves them out. The stemmers know endings with
their accents only, so that endings are put back by rule. Texts and questions go the same way, and so meet.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Words(NamedTuple):
    """One text as each of the three stemmers is to read it."""

    portuguese: str
    spanish: str
    english: str


class Ending(NamedTuple):
    """What a folded ending is restored to where so many letters, digits or underscores stand before it."""

    restored: str
    before: int


PORTUGUESE = {
    "ao": Ending("ão", 1),
    "oes": Ending("ão", 1),
    "aes": Ending("ão", 1),
    "aos": Ending("ão", 1),
    "ais": Ending("al", 3),
    "eis": Ending("el", 3),
    "ns": Ending("m", 2),
}
SPANISH = {"ion": Ending("ión", 1), "iones": Ending("ión", 1)}


class _WithoutMarks(dict[int, int | None]):
    """What each character becomes when accents are dropped, found out when it is met."""

    def __missing__(self, code: int) -> int | None:
        self[code] = None if unicodedata.combining(chr(code)) else code
        return self[code]


_WITHOUT_MARKS = _WithoutMarks()


def words(text: str) -> Words:
    """The text in lower case without accents, its endings as each language's stemmer knows them."""
    folded = text.lower()
    if not folded.isascii():
        folded = unicodedata.normalize("NFKD", folded).translate(_WITHOUT_MARKS)
    return Words(_restore_portuguese(folded), _restore_spanish(folded), folded)


def _restoring(endings: Mapping[str, Ending]) -> Callable[[str], str]:
    """Puts the endings of all words back. A word has one of them at most, so that one pass does."""
    # No look-behind in front, so that the search can jump from one possible first letter to the next.
    pattern = re.compile(rf"(?:{'|'.join(endings)})\b")

    def restored(match: re.Match[str]) -> str:
        ending, start = endings[match[0]], match.start()
        before = match.string[max(start - ending.before, 0) : start]
        long_enough = len(before) == ending.before and WORD.fullmatch(before)
        return ending.restored if long_enough else match[0]

    return lambda text: pattern.sub(restored, text)


WORD = re.compile(r"\w+")
_restore_portuguese, _restore_spanish = _restoring(PORTUGUESE), _restoring(SPANISH)
