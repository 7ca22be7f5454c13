"""What the view answers: the worklist, one complaint, and one complaint as it once was."""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Annotated, Any, Literal, LiteralString
from uuid import UUID

import psycopg
from msgspec import Meta, Struct

from domain.aggregate import Event
from domain.complaint.lifecycle import State
from domain.complaint.values import Kind, Severity
from domain.fields import LINE_PATTERN, Label, Moment
from infra.events import Recorded
from infra.pages import DEFAULT, MOST, Answer, Order, Page, both_ways, read_one, read_page
from projections.complaints.details import ComplaintDetail, ComplaintItem, detailed
from projections.complaints.rows import Row, fold
from projections.complaints.search import words
from projections.complaints.texts import Texts, fold_texts
from projections.complaints.view import VIEW

Question = Annotated[str, Meta(min_length=1, max_length=300, pattern=LINE_PATTERN)]
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
    origin: Label | None = None
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


def _order(key: str, sql_type: LiteralString, key_type: Any, expression: LiteralString = "{}") -> Order:
    return Order(key, sql_type, key_type, expression=expression, id_column="complaint_id")


SEVERITY: LiteralString = "coalesce(array_position(ARRAY['low', 'medium', 'high', 'critical'], {}), 0)"
LAST: LiteralString = "coalesce({}, 'infinity'::timestamptz)"
LAST_BACKWARDS: LiteralString = "coalesce({}, '-infinity'::timestamptz)"

# Nothing due comes last, in both directions; no severity is below low.
ORDERS: dict[str, Order] = {
    **both_ways(_order("registered_at", "timestamptz", Moment)),
    **both_ways(_order("received_at", "timestamptz", Moment)),
    **both_ways(_order("updated_at", "timestamptz", Moment)),
    **both_ways(_order("due_at", "timestamptz", Moment | None, LAST), LAST_BACKWARDS),
    **both_ways(_order("severity", "text", Severity | None, SEVERITY)),
}

ITEMS: LiteralString = """
SELECT complaint_id AS id, protocol, kind, state, version, subject, channel, anonymity, customer_id,
       category, product, severity, tags, analyst, team, origin, flags, escalation, duplicate_of,
       needs_review, awaits_approval, outcome, due_at, received_at, registered_at, updated_at
  FROM complaints_1"""
DETAIL: LiteralString = """SELECT row_to_json(c) AS row, row_to_json(x) AS texts
              FROM complaints_1 c CROSS JOIN LATERAL (
                   SELECT t.complaint_id, t.subject, t.description, t.contact, t.remedy_sought, t.subject_refs
                     FROM complaints_text_1 t WHERE t.complaint_id = c.complaint_id) x"""

CONDITIONS: dict[str, LiteralString] = {
    "state": "state = ANY(%(state)s)",
    "kind": "kind = %(kind)s",
    "analyst": "analyst = %(analyst)s",
    "team": "team = %(team)s",
    "customer_id": "customer_id = %(customer_id)s",
    "category": "category = %(category)s",
    "product": "product = %(product)s",
    "severity": "severity = %(severity)s",
    "channel": "channel = %(channel)s",
    "origin": "(origin = %(origin)s OR starts_with(origin, %(origin)s || '/'))",
    "due_before": "coalesce(due_at, 'infinity'::timestamptz) < %(due_before)s",
    "q": """complaint_id IN (
            SELECT t.complaint_id FROM complaints_text_1 t
             WHERE t.document @@ (websearch_to_tsquery('pg_catalog.portuguese', %(q_portuguese)s)
                                  || websearch_to_tsquery('pg_catalog.spanish', %(q_spanish)s)
                                  || websearch_to_tsquery('pg_catalog.english', %(q_english)s)))""",
    "registered_from": "registered_at >= %(registered_from)s",
    "registered_to": "registered_at < %(registered_to)s",
    "sector": "asked_sectors @> ARRAY[%(sector)s]",
}
OVERDUE: LiteralString = "coalesce(due_at, 'infinity'::timestamptz) < now()"


def conditions(wanted: Worklist) -> tuple[list[LiteralString], dict[str, Any]]:
    """The conditions of a worklist and their arguments."""
    given: dict[str, Any] = {
        name: value for name in CONDITIONS if (value := getattr(wanted, name)) not in (None, ())
    }
    parts = [CONDITIONS[name] for name in given]
    if wanted.needs_review is not None:
        parts.append("needs_review" if wanted.needs_review else "NOT needs_review")
    if wanted.awaits_approval is not None:
        parts.append("awaits_approval" if wanted.awaits_approval else "NOT awaits_approval")
    if wanted.breached is not None:
        parts.append(OVERDUE if wanted.breached else f"NOT {OVERDUE}")
    if len(wanted.state) == 1:  # the index is in order for one state only
        parts[parts.index(CONDITIONS["state"])] = "state = %(state)s"
        given["state"] = wanted.state[0]
    elif wanted.state:
        given["state"] = list(wanted.state)
    if wanted.q is not None:
        given |= {f"q_{language}": text for language, text in words(wanted.q)._asdict().items()}
    return parts, given


async def worklist(connection: psycopg.AsyncConnection[Any], wanted: Worklist) -> Page[ComplaintItem]:
    """A page of complaints.

    Raises:
        BadCursor, Unavailable
    """
    parts, given = conditions(wanted)
    return await read_page(
        connection,
        VIEW.follower,
        ComplaintItem,
        select=ITEMS,
        conditions=parts,
        arguments=given,
        orders=ORDERS,
        sort=wanted.sort,
        limit=wanted.limit,
        cursor=wanted.cursor,
    )


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
    parts: Sequence[LiteralString] = [condition] if sector is None else [condition, CONDITIONS["sector"]]
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
