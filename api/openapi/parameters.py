"""The parameters of operations: of the path, the query and the headers."""

import re
from collections.abc import Iterator
from typing import Any, get_type_hints

import msgspec
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from api.openapi.schemas import Json, schema_of

HEADERS: Json = {
    "AcceptLanguage": {
        "name": "Accept-Language",
        "in": "header",
        "description": "The language of the words: `pt-BR` (the default), `es` or `en`.",
        "schema": {"type": "string"},
    },
    "AccessCode": {
        "name": "Access-Code",
        "in": "header",
        "required": True,
        "description": "The code that came with the protocol; capitals, hyphens and spaces do not matter.",
        "schema": {"type": "string"},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes a repetition harmless: for 7 days the same key and body get the first answer.",
        "schema": {"type": "string", "pattern": r"^[!-}]([ -}]{0,198}[!-}])?$"},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "Answer 304 if this is still the ETag.",
        "schema": {"type": "string"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "Refuse (412) unless this is still the ETag; `*` is any.",
        "schema": {"type": "string", "pattern": r'^((W/)?"[0-9]{1,9}"|\*)$'},
    },
    "LastEventID": {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "Go on after this position, the `id` of the last message; goes before `after`.",
        "schema": {"type": "integer", "minimum": 0, "maximum": 10**18 - 1},
    },
    "MinLogPosition": {
        "name": "Min-Log-Position",
        "in": "header",
        "description": "Wait until the answer knows the log up to here: 2 seconds, or `Prefer: wait=<s>`.",
        "schema": {"type": "integer", "minimum": 0, "maximum": 10**18 - 1},
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "description": "`wait=<s>`: how many seconds to wait for `Min-Log-Position`, at most 30.",
        "schema": {"type": "string"},
    },
}
PATH: Json = {
    "id": ({"type": "string", "format": "uuid"}, "The id that the answer to `register` gave."),
    "key": ({"type": "string"}, "The name, or the id where it has one."),
    "protocol": ({"type": "string", "pattern": "^[0-9]{6,40}$"}, "The protocol number, digits only."),
}
QUERY: dict[str, str] = {
    "by": "Told apart by this, or by several: the parameter may be repeated.",
    "decided_from": "Decided on this day or later, in the zone of the calendar.",
    "decided_to": "Decided before this day.",
    "outcome": "With this outcome.",
    "period": "Also told apart by the day, week, month, quarter or year of the decision.",
    "policy": "Under this policy.",
    "sector": "Whose cause lies in this sector, or which this sector was asked about last.",
    "target": "With this target.",
    "within": "Due within so many seconds from now.",
    "without": "That have none of this, which groups show as null: the parameter may be repeated.",
    "action": "The type of the event, such as `complaint-assigned`.",
    "actor": "Who did it: the subject of the key or token.",
    "after": "Only events after this position.",
    "analyst": "Assigned to this analyst.",
    "as_of": "As the log knew it at this time.",
    "awaits_approval": "Whether a command waits for a second person.",
    "breached": "Whether something owed is overdue.",
    "calendar": "That count by this calendar.",
    "category": "Of this category.",
    "channel": "Came in through this channel.",
    "complaint_id": "Only events of this complaint.",
    "correlation": "Only events that the request with this id caused.",
    "cursor": "Where to go on: `next` of the page before, with the same `sort`.",
    "customer_id": "Complaints of this customer.",
    "due_before": "Something is owed before this time.",
    "email": "With this e-mail address, in capitals or not.",
    "external_ref": "With this reference in another system.",
    "kind": "Of this kind.",
    "layer": "Of this layer.",
    "name": "With this name.",
    "limit": "Most items in a page.",
    "needs_review": "Whether a late reply waits for a review.",
    "occurred_from": "Happened at this time or later.",
    "occurred_to": "Happened before this time.",
    "origin": "Caused by this origin, `sector`, `sector/cause` or `sector/cause/product`, or below it.",
    "personal": "With personal fields, for who may read them; never to be stored by caches.",
    "position": "As the log knew it up to this position.",
    "product": "About this product.",
    "provider": "Of a team that belongs to this kind of provider.",
    "provider_name": "Of a team that belongs to the provider of this name.",
    "q": 'Words of subject, description or remedy sought, in three languages; `"a phrase"`, `or`, `-not`.',
    "recorded_from": "Recorded at this time or later.",
    "recorded_to": "Recorded before this time.",
    "registered_from": "Registered at this time or later.",
    "registered_to": "Registered before this time.",
    "severity": "Of this severity.",
    "sort": "The order; `-` turns it round.",
    "state": "In this state, or in any of several: the parameter may be repeated.",
    "status": "With this status.",
    "subject": "Whose key or token has this subject.",
    "team": "Assigned to this team.",
    "tier": "Of this tier.",
    "types": "Of this type, or of any of several: repeated, or with commas; `ouvidoria.` may stand before.",
    "version": "As it was after so many events.",
    "wait": "Seconds to wait for an event if there is none yet.",
}


def parameters(path: str, handler: HTTPRouteHandler) -> list[Json]:
    """All parameters of the operation at a path."""
    opt = handler.opt
    found = [_path(name) for name in re.findall(r"\{(\w+)\}", path)]
    found += [_shared(name) for name in opt.get("needs", ())]
    if "request" in opt:
        found.append(_shared("IdempotencyKey"))
        found += [_shared("IfMatch")] if opt.get("conditional") else []
    elif opt.get("positioned", "action" in opt):
        found += [_shared("MinLogPosition"), _shared("Prefer")]
    if "query" in opt:
        found.extend(each for each in _query(opt["query"]) if each["name"] not in opt.get("hidden", ()))
    return found


def _shared(name: str) -> Json:
    return {"$ref": f"#/components/parameters/{name}"}


def _path(name: str) -> Json:
    schema, description = PATH[name]
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def _query(struct: type[Struct]) -> Iterator[Json]:
    hints = get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        yield {
            "name": field.encode_name,
            "in": "query",
            "required": field.required,
            "description": QUERY.get(field.encode_name, ""),
            "schema": schema_of(hints[field.name]) | _default(field.default),
        }


def _default(value: Any) -> Json:
    return {} if value in (None, (), msgspec.NODEFAULT) else {"default": value}
