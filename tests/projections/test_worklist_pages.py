"""The worklist is a filter and a sort, and nothing else: whatever is asked, and however a page is come by."""

import os
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, LiteralString, get_args
from uuid import UUID

import msgspec
import pytest
from psycopg import sql

from api.reading import SESSION
from domain.complaint.lifecycle import OPEN, State
from domain.complaint.values import Kind, Severity
from domain.fields import LABEL_LENGTH
from infra.pages import lists, queries
from infra.pages import rows as page_rows
from infra.pages.orders import Order, Part
from infra.pages.ways import Gathering, Way
from projections import complaints
from projections.complaints import Sort, Worklist
from projections.complaints.traits import TRAITS, traits_of
from tests.projections.house import House, house
from tests.projections.listing import Rows, all_rows, expected

pytestmark = pytest.mark.anyio

MANY = 500
LISTS = int(os.environ.get("LISTS", "100"))
"""`make soak` asks for more."""
STATES, KINDS, SEVERITIES, SORTS = map(get_args, (State, Kind, Severity, Sort))
ODD = ("a", "A", "b", "\u00e1", "a\u0301", "a%", "%", "_", "a b", "a0", "\\", "'", "\u65e5\u672c", "x" * 200)
"""Values that are alike, or mean something elsewhere."""
PARTS = (*ODD, "", "a/b", "/")
WORDS = ("parcel", "fee", "card")
MONDAY = datetime(2001, 1, 1, tzinfo=UTC)
DAY, WEEK, INSTANT = timedelta(days=1), timedelta(weeks=1), timedelta(microseconds=1)
BORDERS = [
    MONDAY + each * WEEK + more
    for each in (-64, -1, 0, 1, 63, 64, 1_250, 1_300, 1_313, 1_314, 1_377, 1_600)
    for more in (-DAY, -INSTANT, timedelta(), INSTANT, DAY)
]
"""Around the beginnings of weeks, from 1999 to 2031; some have the same trait."""
DUE = [datetime(year, 5, 1, tzinfo=UTC) for year in (1999, 2020, 2021, 2150)]
CUSTOMERS = [UUID(int=n) for n in range(6)]


class Chance:
    """What may be in a row, and what may be asked for; the same with each run."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - no secret
        self.pick = self.random.choice

    def origin(self) -> str:
        return "/".join(self.pick(PARTS) for _ in range(self.pick((1, 2, 2, 3))))

    def often(self, value: Any, share: float = 0.8) -> Any:
        return value if self.random.random() < share else None

    def row(self) -> dict[str, Any]:
        row = {
            "kind": self.pick(KINDS),
            "state": self.pick((self.pick(STATES), "closed")),
            "channel": self.pick(ODD),
            "received_at": self.pick(BORDERS),
            "registered_at": self.pick(BORDERS),
            "updated_at": self.pick(BORDERS),
            "customer_id": self.often(self.pick(CUSTOMERS)),
            "category": self.often(self.pick(ODD)),
            "product": self.often(self.pick(ODD[:3])),
            "severity": self.often(self.pick(SEVERITIES)),
            "analyst": self.often(self.pick(ODD)),
            "team": self.often(self.pick(ODD[:5])),
            "origin": self.often(self.origin()),
            "needs_review": self.random.random() < 0.1,
            "awaits_approval": self.random.random() < 0.1,
            "due_at": self.often(self.pick(DUE) + self.pick((-INSTANT, timedelta(), INSTANT)), 0.5),
            "asked_sectors": self.random.sample(ODD, self.pick((0, 0, 1, 2, 3, 5))),
        }
        told = {"due": row["due_at"] is not None, "asked": row["asked_sectors"], "week": row["registered_at"]}
        return {
            **row,
            "traits": traits_of(**told, **{name: row[name] for name in TRAITS.keys() - told.keys()}),
        }

    def text(self) -> str:
        return " ".join(self.random.sample(WORDS, self.pick((0, 1, 2))))

    def filters(self, rows: Rows, *, most: int) -> dict[str, Any]:
        """What may be asked for; much of it is true of one complaint."""
        like = self.pick(rows)
        around = (timedelta(), 3 * DAY, 30 * WEEK, 63 * WEEK, 90 * WEEK)
        possible: dict[str, Any] = {
            **{name: value for name, value in like.items() if value is not None and name in ASKED},
            "state": self.pick((tuple(OPEN), self.states(like["state"]))),
            "origin": self.above(like["origin"] or self.origin()),
            "sector": self.pick(like["asked_sectors"] or ODD),
            "breached": self.pick((True, False)),
            "due_before": (like["due_at"] or self.pick(DUE)) + self.pick(around),
            "q": self.pick(WORDS),
            "registered_from": like["registered_at"] - self.pick(around),
            "registered_to": like["registered_at"] + self.pick((INSTANT, *around)),
        }
        chosen = self.random.sample([*possible], self.pick(range(most + 1)))
        if chosen and chosen[0] in PERIOD:
            chosen = [*PERIOD, *(name for name in chosen if name not in PERIOD)]
        return {name: possible[name] for name in chosen}

    def states(self, one: str) -> tuple[str, ...]:
        """This state alone, once or twice, or with others."""
        others = tuple(self.pick(STATES) for _ in range(self.pick((1, 2, 8))))
        return self.pick(((one,), (one, one), (*others, one)))

    def above(self, origin: str) -> str:
        """Some first characters of an origin, often those of whole parts."""
        parts = origin.split("/")
        whole = "/".join(parts[: self.pick(range(1, len(parts) + 1))])
        return self.pick((whole, whole, whole, origin[: self.pick((1, 2, 5))])).strip() or "a"


PERIOD = ("registered_from", "registered_to")
ASKED = set(Worklist.__struct_fields__)

INSERT: LiteralString = """
INSERT INTO complaints_4 (complaint_id, version, etag, "case", protocol, subject, anonymity, tags, flags,
       asks, reopenings, points, facts, {})
VALUES (%(id)s, 1, 1, '{{}}', %(id)s, 'subject', 'identified', '{{}}', '{{}}', '[]', 0, '[]', '{{}}', {})"""
INSERT_TEXT: LiteralString = """
INSERT INTO complaints_text_4
VALUES (%s, 'subject', 'description', NULL, NULL, '[]', to_tsvector('english', %s))"""
UPDATE: LiteralString = "UPDATE complaints_4 SET ({}) = ROW ({}) WHERE complaint_id = %(id)s"


async def add(at: House, chance: Chance, many: int, text: str | None = None) -> None:
    """So many complaints of chance, with this text or that of chance."""
    rows = [{"id": UUID(int=chance.random.getrandbits(128)), **chance.row()} for _ in range(many)]
    texts = [(row["id"], text or chance.text()) for row in rows]
    async with at.connection.transaction(), at.connection.cursor() as cursor:
        await cursor.executemany(_with_columns(INSERT, chance.row()), rows)
        await cursor.executemany(INSERT_TEXT, texts)


async def change(at: House, chance: Chance, ids: list[UUID]) -> None:
    """Each of these complaints becomes another one."""
    async with at.connection.transaction(), at.connection.cursor() as cursor:
        rows = [{"id": each, **chance.row()} for each in ids]
        await cursor.executemany(_with_columns(UPDATE, chance.row()), rows)


def _with_columns(statement: LiteralString, row: Mapping[str, Any]) -> sql.Composed:
    columns = sql.SQL(", ").join(map(sql.Identifier, row))
    return sql.SQL(statement).format(columns, sql.SQL(", ").join(map(sql.Placeholder, row)))


@pytest.fixture
async def filled(database: str) -> AsyncIterator[House]:
    async with house(database) as at:
        for name, value in SESSION.items():
            await at.connection.execute(sql.SQL("SET {} = {}").format(sql.Identifier(name), value))
        await at.project()
        await add(at, Chance(1), MANY)
        await at.connection.execute("VACUUM ANALYZE complaints_4, complaints_text_4")
        yield at


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often pages were looked for in each way, with bounds that a few hundred complaints exceed."""
    bounded(monkeypatch, 0)
    taken: Counter[str] = Counter()
    page_query = queries.page_query

    def noted(
        columns: LiteralString, table: LiteralString, order: Order, way: Way, part: Part, **how: Any
    ) -> Any:
        taken[_named(way)] += 1
        return page_query(columns, table, order, way, part, **how)

    monkeypatch.setattr(lists, "page_query", noted)
    return taken


def bounded(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Bounds within which much is gathered, or much is walked over."""
    rounds, entries = (((6, 24, 60), 3), ((1, 2, 3), 30))[number % 2]
    monkeypatch.setattr(lists, "ROUNDS", rounds)
    monkeypatch.setattr(lists, "ENTRIES", entries)


def _named(way: Way) -> str:
    if isinstance(way, Gathering):
        return "gathered"
    if not way.checks:
        return "straight"
    return "walked with signs" if way.signs else "walked"


async def pages(at: House, chance: Chance, asked: Mapping[str, Any]) -> AsyncIterator[tuple[list[UUID], int]]:
    """The ids of each page, and how many there may have been; the limit changes from page to page."""
    cursor = None
    while True:
        limit = chance.pick((3, 20, 200))
        page = await complaints.worklist(at.connection, Worklist(**asked, limit=limit, cursor=cursor))
        yield [item.id for item in page.items], limit
        cursor = page.next
        if cursor is None:
            return


async def test_every_list_is_whole_and_in_order_however_its_pages_are_come_by(
    filled: House, ways: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, chance = await all_rows(filled.connection), Chance(2)
    found_any = 0
    for number in range(LISTS):
        bounded(monkeypatch, number // len(SORTS))
        filters, sort = chance.filters(rows, most=4), SORTS[number % len(SORTS)]
        found: list[UUID] = []
        async for ids, limit in pages(filled, chance, {**filters, "sort": sort}):
            found += ids
            ways["given up"] += len(ids) < limit
        ways["given up"] -= 1  # the last page
        assert found == expected(rows, filters, sort), (filters, sort)
        found_any += bool(found)
    assert found_any > LISTS / 2
    assert (
        min(ways[way] for way in ("straight", "walked with signs", "walked", "gathered", "given up"))
        > LISTS / 10
    )


async def test_what_does_not_change_is_found_once_and_in_order_while_all_around_it_does(
    filled: House, ways: Counter[str]
) -> None:
    chance = Chance(3)
    for number in range(20):
        rows = await all_rows(filled.connection)
        filters, sort = chance.filters(rows, most=2), SORTS[number % len(SORTS)]
        changed: set[UUID] = set()
        found: list[UUID] = []
        async for ids, _ in pages(filled, chance, {**filters, "sort": sort}):
            found += ids
            some = [row["complaint_id"] for row in chance.random.sample([*rows], 15)]
            if len(changed) < MANY / 3:
                changed.update(some)
                await change(filled, chance, some)
                await add(filled, chance, 1)
        steady = {row["complaint_id"] for row in rows} - changed
        whole = expected(rows, filters, sort)
        assert [each for each in found if each in steady] == [each for each in whole if each in steady], (
            filters
        )
    assert ways["walked with signs"] > 20


async def test_what_comes_between_counting_and_gathering_takes_nobodys_place(
    filled: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "ROUNDS", (3,))
    fetch, chance, arrived = page_rows.fetch, Chance(4), False

    async def fetched(*asked: Any) -> tuple[Any, ...]:
        nonlocal arrived
        row = await fetch(*asked)
        if not arrived:
            arrived = True
            await add(filled, chance, 2, "rare")
        return row

    await add(filled, chance, 3, "rare")
    monkeypatch.setattr(lists, "fetch", fetched)
    found = await filled.listed(q="rare")
    assert found == expected(await all_rows(filled.connection), {"q": "rare"}, "-registered_at")
    assert len(found) == 5


async def test_all_parts_of_an_origin_may_be_as_long_as_they_are_recorded(filled: House) -> None:
    longest = "/".join(["\U0001f642" * LABEL_LENGTH] * 3)
    await filled.connection.execute(
        """UPDATE complaints_4 SET origin = %s
            WHERE complaint_id IN (SELECT complaint_id FROM complaints_4 LIMIT 1)""",
        [longest],
    )
    asked = msgspec.convert({"origin": longest}, Worklist)
    assert len((await complaints.worklist(filled.connection, asked)).items) == 1


async def test_a_period_of_whatever_length_is_taken(filled: House) -> None:
    lower, upper = datetime(1400, 1, 1, tzinfo=UTC), datetime(2600, 1, 1, tzinfo=UTC)
    found = await filled.listed(registered_from=lower, registered_to=upper, sort="severity", limit=200)
    assert len(found) == 200
