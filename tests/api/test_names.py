"""A name given twice in one object is found in any JSON, however it is written."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from api.validation import _all_names_differ

names = st.text(st.sampled_from('ab:,{}" \\\n\u00e9'), max_size=3)
values = st.recursive(
    st.none() | st.integers(0, 9) | names,
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(names, inner), max_size=4).map(tuple),
    max_leaves=8,
)


def written(value: Any, spaced: bool, escaped: bool) -> str:
    """JSON; a tuple of pairs is an object, whose names may repeat."""
    colon = " :\n" if spaced else ":"
    match value:
        case tuple():
            pairs = [f"{text(name, escaped)}{colon}{written(each, spaced, escaped)}" for name, each in value]
            return f"{{{','.join(pairs)}}}"
        case list():
            return f"[{','.join(written(each, spaced, escaped) for each in value)}]"
        case str():
            return text(value, escaped)
        case _:
            return json.dumps(value)


def text(value: str, escaped: bool) -> str:
    plain = json.dumps(value, ensure_ascii=False)
    return plain.replace("a", "\\u0061") if escaped else plain


def repeats(value: Any) -> bool:
    match value:
        case tuple():
            keys = [name for name, _ in value]
            return len(set(keys)) < len(keys) or any(repeats(each) for _, each in value)
        case list():
            return any(repeats(each) for each in value)
        case _:
            return False


@given(values, st.booleans(), st.booleans())
@example((("a", 1), ("a", 2)), False, True)
@example((("a", ': "a":'), ("b", 1)), False, False)
def test_whoever_is_let_through_at_once_repeats_no_name(value: Any, spaced: bool, escaped: bool) -> None:
    if _all_names_differ(written(value, spaced, escaped).encode()):
        assert not repeats(value)


def test_a_name_that_is_escaped_once_is_the_same_name() -> None:
    assert not _all_names_differ(b'{"subject": "x", "sub\\u006aect": "y"}')


def test_ordinary_bodies_are_let_through_at_once() -> None:
    assert _all_names_differ(b'{"subject": "a \\"b\\": c", "contact": {"email": "x@y.z"}, "points": []}')
