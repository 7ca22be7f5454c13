"""Orders of lists, and cursors: the opaque texts that say where a page ended."""

import base64
from collections.abc import Sequence
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct


class BadCursor(Exception):
    """The cursor is none that a list with this sort gave."""


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


def encode_cursor(sort: str, key: object, item_id: object) -> str:
    """The opaque text that says where a page ended."""
    return base64.urlsafe_b64encode(msgspec.json.encode([sort, key, item_id])).decode().rstrip("=")


def decode_cursor(cursor: str, sort: str, order: Order) -> tuple[Any, Any]:
    """Key and id of the last item before the page.

    Raises:
        BadCursor: it was made for another sort, or by nobody.
    """
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        made_for, key, item_id = msgspec.json.decode(raw, type=tuple[str, msgspec.Raw, msgspec.Raw])
        if made_for == sort:
            return (
                msgspec.json.decode(key, type=order.key_type),
                msgspec.json.decode(item_id, type=order.id_type),
            )
    except (ValueError, msgspec.MsgspecError) as error:
        raise BadCursor("the cursor is not one that this list gave") from error
    raise BadCursor("the cursor belongs to another sort")
