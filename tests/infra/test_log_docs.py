"""docs/log.md says how to recompute a leaf; what it says is run."""

import re
from pathlib import Path
from typing import Any

import pytest
from psycopg.rows import dict_row

from tests.infra.logs import append_on, fetch, request, run, served

pytestmark = pytest.mark.anyio
PAGE = (Path(__file__).parents[2] / "docs" / "log.md").read_text()


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


async def test_the_documented_python_recomputes_stored_leaves(database: str) -> None:
    documented: dict[str, Any] = {}
    exec(block("python"), documented)  # noqa: S102 - our own page
    async with served(database) as connection:
        await append_on(connection, request(events=2, actor="José", causation="x/1"), request())
        cursor = connection.cursor(row_factory=dict_row)
        rows = await (await cursor.execute("SELECT * FROM events")).fetchall()
    assert len(rows) == 3
    for row in rows:
        assert row.pop("leaf") == documented["leaf"](row)


async def test_the_documented_query_finds_an_altered_event(database: str) -> None:
    async with served(database) as connection:
        await append_on(connection, request(events=3))
        assert await fetch(connection, block("sql")) == []
    # What only a superuser can do, and only by leaving traces in the schema.
    await run(
        database,
        """ALTER TABLE events DISABLE TRIGGER events_append_only;
           UPDATE events SET actor = 'somebody else' WHERE position = 2""",
    )
    async with served(database) as connection:
        assert await fetch(connection, block("sql")) == [(2,)]


async def test_the_documented_columns_are_those_of_the_table(database: str) -> None:
    async with served(database) as connection:
        cursor = await connection.execute("SELECT * FROM events")
        columns = [column.name for column in cursor.description or ()]
    section = PAGE.split("## Columns")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == columns
