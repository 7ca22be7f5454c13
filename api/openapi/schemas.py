"""JSON schemas of structs and types, portable to readers that are not Python."""

import re
from typing import Any

import msgspec

Json = dict[str, Any]

REFERENCE = "#/components/schemas/{name}"
# What `\s` means in Python; in ECMAScript it is a little less and a little more.
SPACE = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"


def components(types: list[Any]) -> tuple[list[Json], Json]:
    """References to the schemas of the types, in their order, and the schemas by name."""
    references, found = msgspec.json.schema_components(types, ref_template=REFERENCE)
    return [portable(each) for each in references], {
        _name(name): portable(each) | {"title": _name(name)} for name, each in found.items()
    }


def schema_of(hint: Any) -> Json:
    """The schema of a parameter, which is absent or has a value, but is never null."""
    schema = msgspec.json.schema(hint)
    options = [option for option in schema.get("anyOf", []) if option != {"type": "null"}]
    if len(options) == 1:
        schema = {**{name: value for name, value in schema.items() if name != "anyOf"}, **options[0]}
    if None in schema.get("enum", []):
        schema["enum"] = [value for value in schema["enum"] if value is not None]
    return dict(portable(schema))


def portable(schema: Any) -> Any:
    """The schema with patterns that mean the same in ECMAScript, readable names, types of enumerations."""
    if isinstance(schema, list):
        return [portable(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: portable(value) for name, value in schema.items()}
    if isinstance(pattern := found.get("pattern"), str):
        found["pattern"] = pattern.replace(r"\s", SPACE)
    if isinstance(reference := found.get("$ref"), str):
        path, _, name = reference.rpartition("/")
        found["$ref"] = f"{path}/{_name(name)}"
    if isinstance(values := found.get("enum"), list) and all(isinstance(value, str) for value in values):
        found["type"] = "string"
    if found.get("items") is False:  # which not every generator reads
        of = found.pop("prefixItems")
        found["items"] = of[0] if all(each == of[0] for each in of) else {"anyOf": of}
    return found


def _name(name: str) -> str:
    """`Items_ComplaintItem_` is a page of them; an event view is named by what it shows events of."""
    if page := re.fullmatch(r"Items_(\w+)_", name):
        return f"{page[1]}Page"
    if view := re.match(r"EventView_domain\.(\w+)\.", name):
        return f"{view[1].capitalize()}EventView"
    return name
