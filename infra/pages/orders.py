"""Orders of lists, and cursors: the opaque texts that say where a page ended."""

import base64
import hashlib
from collections.abc import Container, Sequence
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct


class BadCursor(Exception):
    """The cursor is none that this list gave with this sort and these filters."""


OF_THE_PAGE = frozenset({"sort", "limit", "cursor"})
OTHER = {"list": "another list", "sort": "another sort", "filters": "other filters"}
CURSOR = tuple[str, str, str, msgspec.Raw, msgspec.Raw]


class Part(NamedTuple):
    """Where a condition on what is compared, put for `{}`, holds; in the order of ids if not `keyed`."""

    condition: LiteralString = "true"
    keyed: bool = True


WHOLE = (Part(),)


class Order(Struct, frozen=True):
    """One way to sort: by the column `key`, then by the id, both in one direction.

    `key` and `id` are also fields of the items. Where the key may be NULL, another `column` is compared, made
    by `expression` of a key put for `{}`. A cursor holds a `key_type` and an `id_type`; `sql_type` is the
    key's. `parts` follow each other; what has no key is in the last.
    """

    key: str
    sql_type: LiteralString
    key_type: Any
    descending: bool = False
    column: str = ""
    expression: LiteralString = "{}"
    id: str = "id"
    id_column: str = "id"
    id_type: Any = UUID
    parts: Sequence[Part] = WHOLE

    @property
    def sorted_by(self) -> str:
        """The column that is compared, which is never NULL."""
        return self.column or self.key


def both_ways(order: Order, backwards: Sequence[Part] = WHOLE) -> dict[str, Order]:
    """The order and its reverse, as `key` and `-key`; `backwards` are the reverse's parts."""
    falling = msgspec.structs.replace(order, descending=True, parts=backwards)
    return {order.key: order, f"-{order.key}": falling}


class Asked(NamedTuple):
    """What a cursor is good for: this list in this order, with the filters of this digest."""

    list: str
    sort: str
    filters: str


def asked_for(wanted: object, sort: str, scope: Container[str] = ()) -> Asked:
    """What a struct asks for, whatever the page; its type names the list.

    The fields in `scope` are not chosen by whoever asks.
    """
    given = [
        (name, sorted(set(value)) if isinstance(value, list | tuple) else value)
        for name, value in msgspec.to_builtins(wanted).items()
        if value is not None and name not in OF_THE_PAGE and name not in scope
    ]
    return Asked(type(wanted).__name__, sort, hashlib.sha256(msgspec.json.encode(given)).hexdigest()[:8])


def encode_cursor(asked: Asked, key: object, item_id: object) -> str:
    """The opaque text that says where a page ended."""
    return base64.urlsafe_b64encode(msgspec.json.encode([*asked, key, item_id])).decode().rstrip("=")


def decode_cursor(cursor: str, asked: Asked, order: Order) -> tuple[Any, Any]:
    """Key and id of the last item before the page.

    Raises:
        BadCursor: it was made for another list, another sort or other filters, or by nobody.
    """
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        *given, key, item_id = msgspec.json.decode(raw, type=CURSOR)
        if Asked(*given) == asked:
            return _holdable(key, order.key_type), _holdable(item_id, order.id_type)
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise BadCursor("the cursor is not one that this list gave") from error
    differs = next(name for name, mine, its in zip(asked._fields, asked, given, strict=True) if mine != its)
    raise BadCursor(f"the cursor belongs to {OTHER[differs]}")


def _holdable(raw: msgspec.Raw, kind: Any) -> Any:
    """The value, of which the database may have one like it.

    Raises:
        ValueError, RecursionError: it is of another kind, or has the NUL character.
    """
    value = msgspec.json.decode(raw, type=kind)
    if isinstance(value, str) and "\0" in value:
        raise ValueError("contains the NUL character")
    return value
