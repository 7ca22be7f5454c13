"""What the view answers: the worklist, one complaint, and one complaint as it once was."""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Annotated, Any, Literal, LiteralString
from uuid import UUID

import psycopg
from msgspec import Meta, Struct
from msgspec.structs import replace

from domain.complaint.lifecycle import OPEN, State
from domain.complaint.values import Kind, Severity
from domain.fields import LABEL_LENGTH, LINE_PATTERN, Label, Moment
from domain.messages import Event
from infra.events import Recorded
from infra.pages import (
    DEFAULT,
    MOST,
    Aid,
    Answer,
    Filter,
    Index,
    Listing,
    Order,
    Page,
    Part,
    Range,
    Whole,
    argument,
    both_ways,
    equals,
    leading,
    period,
    read_one,
    read_page,
)
from projections.complaints.details import ComplaintDetail, ComplaintItem, detailed
from projections.complaints.row import Row
from projections.complaints.rows import fold
from projections.complaints.search import words
from projections.complaints.texts import SAMPLE, Texts, fold_texts
from projections.complaints.traits import ASKED, REGISTERED_WITHIN, SOMETHING_DUE, TRAITS, has, week
from projections.complaints.view import IS_DUE, IS_OPEN, RANK, VIEW

Question = Annotated[str, Meta(min_length=1, max_length=300, pattern=LINE_PATTERN)]
Origin = Annotated[str, Meta(min_length=1, max_length=3 * LABEL_LENGTH + 2, pattern=LINE_PATTERN)]
Sort = Literal[
    "registered_at",
    "-registered_at",
    "received_at",
    "-received_at",
    "updated_at",
    "-updated_at",
    "due_at",
    "-due_at",
    "severity",
    "-severity",
]


class Worklist(Struct, frozen=True, kw_only=True):
    """Which complaints to list, and how; conditions hold together, several states mean any of them."""

    state: tuple[State, ...] = ()
    kind: Kind | None = None
    analyst: Label | None = None
    team: Label | None = None
    customer_id: UUID | None = None
    category: Label | None = None
    product: Label | None = None
    severity: Severity | None = None
    channel: Label | None = None
    origin: Origin | None = None
    """`sector`, `sector/cause` or `sector/cause/product`: whatever lies below it."""
    needs_review: bool | None = None
    awaits_approval: bool | None = None
    """Whether a command waits for a second person."""
    due_before: Moment | None = None
    breached: bool | None = None
    """Whether something owed is overdue."""
    q: Question | None = None
    """Words of subject, description and remedy sought; `"a phrase"`, `or` and `-not` are understood."""
    registered_from: Moment | None = None
    registered_to: Moment | None = None
    """Exclusive."""
    sort: Sort = "-registered_at"
    limit: Annotated[int, Meta(ge=1, le=MOST)] = DEFAULT
    cursor: str | None = None
    sector: str | None = None
    """Only cases with an ask to this sector: what the role `sector` may see, not a parameter of users."""


class Stored(Struct, frozen=True):
    """A complaint's rows in the two tables."""

    row: Row
    texts: Texts


def _order(
    key: str, sql_type: LiteralString, key_type: Any, column: str = "", expression: LiteralString = "{}"
) -> Order:
    return Order(key, sql_type, key_type, column=column, expression=expression, id_column="complaint_id")


NEVER: LiteralString = "coalesce({}, 'infinity')"
SOMETHING_DUE_FIRST = (Part("{} < 'infinity'"), Part("{} = 'infinity'", keyed=False))

# Nothing due comes last, in both directions; no severity is below low.
ORDERS: dict[str, Order] = {
    **both_ways(_order("registered_at", "timestamptz", Moment)),
    **both_ways(_order("received_at", "timestamptz", Moment)),
    **both_ways(_order("updated_at", "timestamptz", Moment)),
    **both_ways(_order("due_at", "timestamptz", Moment | None, "due_or_never", NEVER), SOMETHING_DUE_FIRST),
    **both_ways(_order("severity", "text", Severity | None, "severity_rank", RANK)),
}
EVERY_SORT = tuple({order.key for order in ORDERS.values()})

ITEMS = Listing(
    VIEW.follower,
    ComplaintItem,
    columns="""complaint_id AS id, protocol, kind, state, version, subject, channel, anonymity, customer_id,
       category, product, severity, tags, analyst, team, origin, flags, escalation, duplicate_of,
       needs_review, awaits_approval, outcome, due_at, received_at, registered_at, updated_at""",
    table="complaints_4",
    orders=ORDERS,
    scope=("sector",),
)
DETAIL: LiteralString = """SELECT row_to_json(c) AS row, row_to_json(x) AS texts
              FROM complaints_4 c CROSS JOIN LATERAL (
                   SELECT t.complaint_id, t.subject, t.description, t.contact, t.remedy_sought, t.subject_refs
                     FROM complaints_text_4 t WHERE t.complaint_id = c.complaint_id) x"""

QUESTION: LiteralString = """(websearch_to_tsquery('pg_catalog.portuguese', %(q_portuguese)s)
                  || websearch_to_tsquery('pg_catalog.spanish', %(q_spanish)s)
                  || websearch_to_tsquery('pg_catalog.english', %(q_english)s))"""
SECTOR: LiteralString = "asked_sectors @> ARRAY[%(sector)s]"
BY_REGISTRATION = ("registered_at",)
GIVEN_RANK: LiteralString = RANK.format("%(severity)s")


def _classified(column: LiteralString, sorts: tuple[str, ...] = ()) -> Filter:
    """The column equals an argument of its name, which shows in the traits."""
    return replace(equals(column, sorts=sorts), sign=has(column, "%(" + column + "_trait)s"))


# Of the filters that have an index in the order asked for, the first is gone along.
FILTERS: Mapping[str, Filter] = {
    "customer_id": equals("customer_id", sorts=BY_REGISTRATION),
    "analyst": equals("analyst", sorts=BY_REGISTRATION),
    "team": _classified("team", BY_REGISTRATION),
    "category": _classified("category", BY_REGISTRATION),
    "product": _classified("product", BY_REGISTRATION),
    "kind": _classified("kind", ("severity",)),
    "channel": _classified("channel"),
    "severity": leading(
        f"severity_rank = {GIVEN_RANK}",
        sign=has("severity", "%(severity_trait)s"),
        range=Range("severity", GIVEN_RANK, GIVEN_RANK + " + 1"),
    ),
    "origin": Filter(
        condition="(origin = %(origin)s OR starts_with(origin, %(origin)s || '/'))",
        sign=has("origin", "%(origin_trait)s"),
    ),
    "q": Filter(
        condition=f"""(SELECT t.document FROM complaints_text_4 t
                        WHERE t.complaint_id = complaints_4.complaint_id) @@ {QUESTION}""",  # noqa: S608 - of constants
        whole=Whole(f"complaints_text_4 t WHERE t.document @@ {QUESTION}", SAMPLE),
        lead=f"""complaint_id = ANY (ARRAY(SELECT t.complaint_id FROM complaints_text_4 t
                                            WHERE t.document @@ {QUESTION} LIMIT %(few)s + 1))""",  # noqa: S608 - as above
    ),
    "sector": leading(SECTOR, whole=Whole("complaints_4 WHERE " + SECTOR, SAMPLE), sign=ASKED),
}
BELOW_ORIGIN = Aid(lead="origin ~>=~ %(origin)s AND origin ~<~ (%(origin)s || '0')")  # `0` comes after `/`


def _held(only: LiteralString, sorts: tuple[str, ...]) -> Filter:
    """What an index of its own holds, and nothing else."""
    return leading(only, index=_among(only, sorts))


def _among(only: LiteralString, sorts: tuple[str, ...]) -> Index:
    return Index(sorts=sorts, only=only, last="traits")


OVERDUE: LiteralString = "due_or_never < now()"
FLAGS: Mapping[tuple[str, bool], Filter] = {
    ("needs_review", True): _held("needs_review", BY_REGISTRATION),
    ("needs_review", False): Filter(condition="NOT needs_review"),
    ("awaits_approval", True): _held("awaits_approval", BY_REGISTRATION),
    ("awaits_approval", False): Filter(condition="NOT awaits_approval"),
    ("breached", True): leading(OVERDUE, sign=SOMETHING_DUE, range=Range("due_at", upper="now()")),
    ("breached", False): Filter(condition=f"NOT {OVERDUE}"),
}
STAFF: tuple[LiteralString, ...] = ("analyst", "team")


def _open_of(column: LiteralString, value: LiteralString) -> Aid:
    """What is open of somebody; an index has it by what is due."""
    index = Index(sorts=("due_at",), column=column, value=value, only=IS_OPEN, last="traits")
    return Aid(lead=IS_OPEN + " AND " + column + " = " + value, index=index)


ALL_OPEN = _held(IS_OPEN, EVERY_SORT)
SOME_OPEN = Aid(lead=IS_OPEN, index=ALL_OPEN.index)
AMONG_OPEN: Mapping[str, Aid] = {
    **{name: _open_of(name, "%(" + name + ")s") for name in STAFF},
    "severity": Aid(lead=f"{IS_OPEN} AND severity_rank = {GIVEN_RANK}"),
}
AMONG_DUE = Aid(index=_among(IS_DUE, ("severity",)))
"""Whatever is overdue is due."""


def filters(wanted: Worklist) -> tuple[list[Aid], dict[str, Any]]:
    """The filters of a worklist with what aids them, and their arguments."""
    given = {name: value for name in wanted.__struct_fields__ if (value := getattr(wanted, name)) is not None}
    registered = argument("registered_from", given), argument("registered_to", given)
    within = REGISTERED_WITHIN if all(registered) else None
    chosen = [
        *(FLAGS[name, value] for name, value in given.items() if (name, value) in FLAGS),
        *_states(wanted),
        *([AMONG_DUE] if wanted.breached or wanted.due_before else []),
        *(FILTERS[name] for name in FILTERS if name in given),
        *([BELOW_ORIGIN] if "origin" in given else []),
        *period("registered_at", *registered, along="registered_at", sign=within),
        *period("due_or_never", None, argument("due_before", given), along="due_at", sign=SOMETHING_DUE),
    ]
    arguments = given | _traits(wanted, given)
    if wanted.q is not None:
        arguments |= {f"q_{language}": text for language, text in words(wanted.q)._asdict().items()}
    return chosen, arguments


ONE = TRAITS.keys() - {"state"}
"""Of these one value is asked for."""


def _traits(wanted: Worklist, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked for, as traits, too; a sector may be asked beside others. States as `_any_of` asks."""
    found: dict[str, Any] = {f"{name}_trait": TRAITS[name].of(given[name]) for name in ONE if name in given}
    states = list(dict.fromkeys(wanted.state))
    coded = [TRAITS["state"].of(state) for state in states]
    one = len(states) == 1
    found |= {"state": states[0] if one else states, "state_trait": coded[0] if one else coded}
    if wanted.sector is not None:
        found["sector_trait"] = TRAITS["asked"].of([wanted.sector])
    if wanted.registered_from and wanted.registered_to:
        first, last = week(wanted.registered_from), week(wanted.registered_to)
        found |= {"first_week": first, "further_weeks": last - first}
    return found


def _states(wanted: Worklist) -> list[Aid]:
    """What the states keep; open ones have indexes of their own."""
    states = frozenset(wanted.state)
    if not states or not states <= OPEN:
        return _any_of(states)
    among = [AMONG_OPEN[name] for name in AMONG_OPEN if getattr(wanted, name) is not None]
    if states == OPEN:
        return [*among, ALL_OPEN]
    return [*_any_of(states), *among, SOME_OPEN]


def _any_of(states: frozenset[State]) -> list[Aid]:
    if len(states) == 1:
        return [_classified("state", BY_REGISTRATION)]
    some = leading("state = ANY(%(state)s)", sign=has("state", "ANY(%(state_trait)s)"))
    return [some] if states else []


async def worklist(connection: psycopg.AsyncConnection[Any], wanted: Worklist) -> Page[ComplaintItem]:
    """A page of complaints.

    Raises:
        BadCursor, Unavailable
    """
    chosen, arguments = filters(wanted)
    return await read_page(connection, ITEMS, chosen, arguments, wanted)


async def detail(
    connection: psycopg.AsyncConnection[Any], complaint_id: UUID, sector: str | None = None
) -> Answer[ComplaintDetail]:
    """A complaint by its id; None where there is none, or none that the sector may see.

    Raises:
        Unavailable: the view was never prepared.
    """
    return await _one(connection, "c.complaint_id = %(id)s", complaint_id, sector)


async def by_protocol(
    connection: psycopg.AsyncConnection[Any], protocol: str, sector: str | None = None
) -> Answer[ComplaintDetail]:
    """A complaint by its protocol number; None where there is none, or none that the sector may see.

    Raises:
        Unavailable: the view was never prepared.
    """
    return await _one(connection, "c.protocol = %(id)s", protocol, sector)


async def _one(
    connection: psycopg.AsyncConnection[Any], condition: LiteralString, wanted: UUID | str, sector: str | None
) -> Answer[ComplaintDetail]:
    parts: Sequence[LiteralString] = [condition] if sector is None else [condition, SECTOR]
    found = await read_one(
        connection,
        VIEW.follower,
        Stored,
        select=DETAIL,
        conditions=parts,
        arguments={"id": wanted, "sector": sector},
    )
    value = detailed(found.value.row, found.value.texts) if found.value else None
    return Answer(value, found.log_position)


def as_of(events: Iterable[Recorded[Event]]) -> ComplaintDetail | None:
    """The complaint that the first events of its stream make; None without any."""
    events = list(events)
    row = reduce(fold, events, None)
    texts = reduce(fold_texts, events, None)
    return detailed(row, texts) if row and texts else None
