"""An example of any struct, with all its fields."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec import inspect as types

TIME = "2026-11-26T12:00:00Z"
ID = "01935c5e-9f00-7a10-8b22-5d3c1e7f9a42"
# What a text of this name may look like; others are their own names.
TEXTS = {
    "amount": "149.90", "category": "billing", "channel": "email", "cost": "31.25", "currency": "BRL",
    "description": "A fatura de outubro foi cobrada duas vezes.", "email": "maria@example.com",
    "from": "21:00", "media_type": "application/pdf", "phone": "+55 11 99999-0000",
    "product": "credit-card", "protocol": "2026000000011", "sector": "billing", "sha256": "9f" * 32,
    "subject": "Cobrança em duplicidade", "tier": "standard", "to": "08:00", "url": "https://example.com/1",
    "zone": "America/Sao_Paulo",
}  # fmt: skip


def example(struct: type[Struct]) -> dict[str, Any]:
    """The fields of an example, as JSON has them."""
    return _fields(types.type_info(struct))


def _fields(struct: Any) -> dict[str, Any]:
    tag = {struct.tag_field: struct.tag} if struct.tag_field else {}
    return tag | {field.encode_name: _value(field.type, field.encode_name) for field in struct.fields}


def _value(kind: types.Type, name: str) -> Any:
    return VALUES[type(kind)](kind, name)


def _first(union: Any, name: str) -> Any:
    return _value(next(each for each in union.types if not isinstance(each, types.NoneType)), name)


VALUES: dict[type[types.Type], Callable[[Any, str], Any]] = {
    types.Metadata: lambda kind, name: _value(kind.type, name),
    types.StructType: lambda kind, _: _fields(kind),
    types.UnionType: _first,
    types.LiteralType: lambda kind, _: kind.values[0],
    types.VarTupleType: lambda kind, name: [_value(kind.item_type, name)],
    types.ListType: lambda kind, name: [_value(kind.item_type, name)],
    types.DictType: lambda _, __: {},
    types.DateTimeType: lambda _, __: TIME,
    types.UUIDType: lambda _, __: ID,
    types.StrType: lambda _, name: TEXTS.get(name, name),
    types.DateType: lambda _, __: TIME[:10],
    types.TupleType: lambda kind, name: [_value(each, name) for each in kind.item_types],
    types.IntType: lambda kind, _: kind.ge or 1,
    types.FloatType: lambda _, __: 0.8,
    types.BoolType: lambda _, __: True,
}
