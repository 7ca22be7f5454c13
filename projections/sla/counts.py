"""The counts of compliance: a row a day, target and value of one dimension, kept right as clocks change.

There are as many analysts as complaints need, and hardly more of all else: so theirs are in a table of their
own, and the other stays as small as it is, however many complaints there are.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, LiteralString, NamedTuple

import msgspec
import psycopg

from infra.rows import write
from projections.sla.rows import DIMENSIONS, ClockRow

OF_ANALYSTS = "sla_compliance_analysts_4"
OF_ALL_ELSE = "sla_compliance_4"
TABLES = (OF_ALL_ELSE, OF_ANALYSTS)

DDL: LiteralString = """
CREATE TABLE IF NOT EXISTS {table} (
    day          date    NOT NULL,
    policy       text    NOT NULL,
    layer        text    NOT NULL,
    target       text    NOT NULL,
    dimension    text    NOT NULL,
    value        text    NOT NULL,
    met          integer NOT NULL,
    breached     integer NOT NULL,
    lapsed       integer NOT NULL,
    cancelled    integer NOT NULL,
    undetermined integer NOT NULL,
    late         integer NOT NULL,
    backdated    integer NOT NULL,
    PRIMARY KEY (dimension, day, policy, layer, target, value)
) WITH (fillfactor = 85);
CREATE INDEX IF NOT EXISTS {table}_value ON {table} (dimension, value, day);
"""
COUNTS = "".join(DDL.format(table=table) for table in TABLES)
ADD: LiteralString = """
INSERT INTO {table} AS c SELECT * FROM json_populate_recordset(NULL::{table}, %s)
    ON CONFLICT (dimension, day, policy, layer, target, value) DO UPDATE
   SET (met, breached, lapsed, cancelled, undetermined, late, backdated)
     = (c.met + excluded.met, c.breached + excluded.breached, c.lapsed + excluded.lapsed,
        c.cancelled + excluded.cancelled, c.undetermined + excluded.undetermined,
        c.late + excluded.late, c.backdated + excluded.backdated)"""
# What counts nothing any more is no row, as if it had never been counted.
SWEEP: LiteralString = """
DELETE FROM {table} c USING json_populate_recordset(NULL::{table}, %s) n
 WHERE (c.dimension, c.day, c.policy, c.layer, c.target, c.value)
     = (n.dimension, n.day, n.policy, n.layer, n.target, n.value)
   AND c.met + c.breached + c.lapsed + c.cancelled + c.undetermined = 0"""

_encoder = msgspec.json.Encoder(order="deterministic")


class Cell(NamedTuple):
    """What is counted together: a day's decisions on a target, by the value of one dimension."""

    day: date
    policy: str
    layer: str
    target: str
    dimension: str
    """Empty: all together."""
    value: str
    """Empty: it has none."""


class Count(NamedTuple):
    """How many decisions of each kind; late ones are among the breached, backdated ones among the met."""

    met: int = 0
    breached: int = 0
    lapsed: int = 0
    cancelled: int = 0
    undetermined: int = 0
    late: int = 0
    backdated: int = 0


async def recount(
    connection: psycopg.AsyncConnection[Any], old: Iterable[ClockRow], new: Iterable[ClockRow]
) -> None:
    """Count the new rows in the place of the old ones."""
    changes = _difference(old, new)
    for table in TABLES:
        if of_table := sorted(cell for cell in changes if table_of(cell.dimension) == table):
            await _add(connection, table, of_table, changes)


def table_of(dimension: str) -> LiteralString:
    """The table of a dimension's counts."""
    return OF_ANALYSTS if dimension == "analyst" else OF_ALL_ELSE


async def _add(
    connection: psycopg.AsyncConnection[Any],
    table: LiteralString,
    cells: Sequence[Cell],
    changes: Mapping[Cell, Count],
) -> None:
    # In one order, so that two that fill a table do not lock each other's rows crosswise.
    rows = _encoder.encode([{**cell._asdict(), **changes[cell]._asdict()} for cell in cells]).decode()
    await write(connection, ADD.format(table=table).encode(), [rows])
    if any(number < 0 for cell in cells for number in changes[cell]):
        await write(connection, SWEEP.format(table=table).encode(), [rows])


def _difference(old: Iterable[ClockRow], new: Iterable[ClockRow]) -> dict[Cell, Count]:
    """What to add to each cell that changes."""
    sums: dict[Cell, Counter[str]] = {}
    for sign, rows in ((-1, old), (1, new)):
        for row in rows:
            if not row.is_decided:
                continue
            added = _count(row)._asdict()
            for cell in _cells(row):
                total = sums.setdefault(cell, Counter())
                for name, number in added.items():
                    total[name] += sign * number
    return {cell: Count(**total) for cell, total in sums.items() if any(total.values())}


def _cells(row: ClockRow) -> Iterable[Cell]:
    """Where a decided clock is counted: once for all together, and once in each dimension."""
    if row.decided_on is None:
        return
    for dimension in ("", *DIMENSIONS):
        value = getattr(row, dimension) if dimension else None
        yield Cell(row.decided_on, row.policy, row.layer, row.target, dimension, value or "")


def _count(row: ClockRow) -> Count:
    """What a decided clock adds to each of its cells."""
    if row.outcome is None:
        return Count()
    return Count(**{row.outcome: 1}, late=int(row.late), backdated=int(row.backdated))
