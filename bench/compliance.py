"""Questions about service levels at 10,000 and at 1,000,000 complaints: how much slower is the larger?

The rows are made by SQL, and all differ: a year of complaints with two clocks each, three in a hundred of
them running, in ten teams; an analyst has as many complaints in both. The prepared counts are summed up from
the clocks for four of the eleven dimensions. How many an answer reads is bounded by days, teams and targets.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import uvloop
from psycopg import sql

from api.reading import SESSION
from bench.asking import SIZES, Question, Taken, in_turns, one, print_more, ratios
from bench.measuring import SCHEMA, database, report
from bench.multitude import indexes_last
from infra.database import connect, serving_conninfo
from infra.projector import prepare
from projections import sla
from projections.sla import AtRisk, ComplianceAsked, Drill
from projections.sla.counts import TABLES, table_of

CASES: LiteralString = """
INSERT INTO sla_cases_4
SELECT md5(n::text)::uuid, n::text, now(), '{}', '[]', false, false FROM generate_series(1, %s) n"""
CLOCKS: LiteralString = """
INSERT INTO sla_clocks_4
SELECT c.id || '/desk/' || t.name || '/1', c.id, n::text, 'desk/' || t.name, 1, 'desk', 1, 'always', 1,
       'internal', t.name, t.stops, 'duty', NULL,
       CASE WHEN running THEN 'running' ELSE outcome END, CASE WHEN running THEN 'breached' ELSE outcome END,
       least(decided_at, now()) - interval '1 hour',
       CASE WHEN running THEN decided_at ELSE decided_at + interval '1 hour' END,
       CASE WHEN NOT running THEN decided_at END, decided_at, decided_at::date, 3600, 0, false, false,
       NULL, NULL,
       '[{"state": "running", "since": "2026-11-23T12:00:00Z", "until": null, "reason": "received_at"}]',
       'complaint', (ARRAY['web', 'phone', 'email'])[n %% 3 + 1], 'standard', 'category ' || n %% 40,
       'product ' || n %% 12, 'sector ' || n %% 7, 'team ' || n %% 10,
       'analyst ' || n %% (%(many)s / 1000 + 1)
  FROM generate_series(1, %(many)s) n,
       (VALUES ('first', 'first_response'), ('final', 'final_response')) t(name, stops),
       LATERAL (SELECT md5(n::text)::uuid AS id, n %% 33 = 0 AS running,
                       CASE WHEN n %% 11 = 0 THEN 'breached' ELSE 'met' END AS outcome,
                       CASE WHEN n %% 33 = 0 THEN now() + n * interval '5 days' / %(many)s
                            ELSE now() - n * interval '365 days' / %(many)s END AS decided_at) c"""
COUNTS: LiteralString = """
INSERT INTO {table}
SELECT decided_on, policy, layer, target, dimension, value, count(*) FILTER (WHERE outcome = 'met'),
       count(*) FILTER (WHERE outcome = 'breached'), 0, 0, 0, 0, 0
  FROM sla_clocks_4,
       LATERAL (VALUES ('', ''), ('team', team), ('channel', channel), ('analyst', analyst))
               AS by (dimension, value)
 WHERE state <> 'running' AND (dimension = 'analyst') = %s GROUP BY 1, 2, 3, 4, 5, 6"""
ONE = "SELECT complaint_id, team, analyst FROM sla_clocks_4 WHERE state = 'running' ORDER BY due_at LIMIT 1"
RUNS = 50
TODAY = datetime.now(UTC).date() + timedelta(days=1)


def _year(**how: Any) -> ComplianceAsked:
    return ComplianceAsked(decided_from=TODAY - timedelta(days=364), decided_to=TODAY, **how)


QUESTIONS: Mapping[str, Question] = {
    "compliance of a year, by month and team": lambda connection, _: sla.compliance(
        connection, _year(by=("team",), period="month")
    ),
    "compliance of a year, by month and target": lambda connection, _: sla.compliance(
        connection, _year(by=("target",), period="month")
    ),
    "compliance of a team, by week": lambda connection, known: sla.compliance(
        connection, _year(period="week", team=known["team"])
    ),
    "compliance of an analyst, by week": lambda connection, known: sla.compliance(
        connection, _year(period="week", analyst=known["analyst"])
    ),
    "at risk": lambda connection, _: sla.at_risk(connection, AtRisk()),
    "at risk, a team's": lambda connection, known: sla.at_risk(
        connection, AtRisk(team=known["team"], within=5 * 86_400, limit=20)
    ),
    "at risk, an analyst's": lambda connection, known: sla.at_risk(
        connection, AtRisk(analyst=known["analyst"], within=5 * 86_400)
    ),
    "breached, newest": lambda connection, _: sla.drill(connection, Drill(outcome="breached")),
    "a complaint's clocks": lambda connection, known: sla.clocks_of(connection, known["complaint_id"]),
}


def main() -> None:
    """Fill both databases, and ask each everything."""
    with ExitStack() as stack:
        taken = uvloop.run(_measured([stack.enter_context(database()) for _ in SIZES]))
    report(f"Service levels of {SIZES[1]:,} complaints, {2 * SIZES[1]:,} clocks", ratios(taken))
    print_more(taken)


async def _measured(urls: Sequence[str]) -> Mapping[str, Sequence[Taken]]:
    for url, size in zip(urls, SIZES, strict=True):
        await _fill(url, size)
    connections = [await connect(serving_conninfo(url, SCHEMA, **SESSION)) for url in urls]
    try:
        return await in_turns(QUESTIONS, [(each, await one(each, ONE)) for each in connections], RUNS)
    finally:
        for connection in connections:
            await connection.close()


async def _fill(url: str, complaints: int) -> None:
    filling = serving_conninfo(
        url, SCHEMA, synchronous_commit="off", work_mem="256MB", maintenance_work_mem="512MB"
    )
    async with await connect(filling) as connection:
        await prepare(connection, [sla.VIEW])
        await connection.execute(CASES, [complaints])
        async with indexes_last(connection, "sla_clocks_4"):
            await connection.execute(CLOCKS, {"many": complaints})
        for table in TABLES:
            counting = sql.SQL(COUNTS).format(table=sql.Identifier(table))
            await connection.execute(counting, [table == table_of("analyst")])
    async with await connect(url) as owner:
        await owner.execute("VACUUM (ANALYZE)")
        await owner.execute("CHECKPOINT")
