"""Queries at 10,000 and at 1,000,000 complaints: how much slower is the larger?

The databases are filled by `bench.multitude`. Each query is run through the query functions, on a connection
as the API's, in turns on both databases; pages are of 50. Then some are asked over HTTP, of a server process
for each database, by a client that keeps its connection.
"""

import tempfile
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import urlencode

import uvloop

from api.reading import SESSION
from bench.asking import AIM, SIZES, Connection, Known, Question, Taken, in_turns, one, print_more, ratios
from bench.http import serving, token
from bench.load import get, load
from bench.measuring import SCHEMA, Ratio, database, interleaved, quiet, report
from bench.multitude import MASTER, fill
from domain.complaint.lifecycle import OPEN
from infra.database import connect, serving_conninfo
from projections import audit, complaints
from projections.audit import Trail
from projections.complaints import Worklist
from projections.complaints.view import IS_OPEN

RUNS, FEW_RUNS = 100, 10
HTTP_RUNS, REQUESTS = 3, 200
# Who has most, so that as much is found in both: a copy of a complaint goes to a copy of its analyst.
MOST: LiteralString = """(SELECT {0} FROM complaints_4 WHERE {0} IS NOT NULL AND {1}
                           GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1) AS {0}"""
ONE = f"""
SELECT complaint_id, protocol, registered_at,
       {MOST.format("analyst", IS_OPEN)}, {MOST.format("team", IS_OPEN)},
       {MOST.format("customer_id", "state = 'closed'")}, {MOST.format("category", "true")}
  FROM complaints_4 WHERE {IS_OPEN} ORDER BY complaint_id LIMIT 1"""  # noqa: S608 - of constants


def _list(**how: Any) -> Question:
    def ask(connection: Connection, known: Known) -> Awaitable[Any]:
        given = {name: value(known) if callable(value) else value for name, value in how.items()}
        return complaints.worklist(connection, Worklist(**given))

    return ask


def _of(name: str) -> Callable[[Known], Any]:
    return lambda known: known[name]


def _month_before(known: Known) -> datetime:
    at: datetime = known["registered_at"]
    return at - timedelta(days=30)


QUERIES: Mapping[str, Question] = {
    "newest": _list(),
    "last changed": _list(sort="-updated_at"),
    "open, by what is due": _list(state=tuple(OPEN), sort="due_at"),
    "open, gravest first": _list(state=tuple(OPEN), sort="-severity"),
    "open, longest untouched": _list(state=tuple(OPEN), sort="updated_at"),
    "proposed": _list(state=("proposed",)),
    "an analyst's": _list(analyst=_of("analyst")),
    "an analyst's open, by what is due": _list(analyst=_of("analyst"), state=tuple(OPEN), sort="due_at"),
    "a team's": _list(team=_of("team")),
    "a customer's, by state": _list(customer_id=_of("customer_id"), state=("closed",)),
    "a category's": _list(category=_of("category")),
    "a category's of a month": _list(category=_of("category"), registered_to=_month_before),
    "needs review": _list(needs_review=True),
    "breached, longest first": _list(breached=True, sort="due_at"),
    "a common word": _list(q="entrega"),
    "a rare word": _list(q="20017"),
    "detail": lambda connection, known: complaints.detail(connection, known["complaint_id"]),
    "by protocol": lambda connection, known: complaints.by_protocol(connection, known["protocol"]),
    "trail": lambda connection, _: audit.trail(connection, Trail(sort="-position")),
    "trail of a complaint": lambda connection, known: audit.trail(
        connection, Trail(complaint_id=known["complaint_id"])
    ),
}


# Filters that keep many, of which no index has the order, or which hardly ever meet.
HARD: Mapping[str, Question] = {
    "requests, gravest first": _list(kind="request", sort="-severity"),
    "requests, by what is due": _list(kind="request", sort="due_at"),
    "letters, gravest first": _list(channel="letter", sort="-severity"),
    "critical, by what is due": _list(severity="critical", sort="due_at"),
    "breached, gravest first": _list(breached=True, sort="-severity"),
    "breached, last changed": _list(breached=True, sort="-updated_at"),
    "open and critical, by what is due": _list(state=tuple(OPEN), severity="critical", sort="due_at"),
    "two common words": _list(q="entrega pedido"),
}
STATES = [("state", state) for state in sorted(OPEN)]
PATHS: Mapping[str, Callable[[Known], str]] = {
    "newest": lambda _: "",
    "open, by what is due": lambda _: "?" + urlencode([*STATES, ("sort", "due_at")]),
    "an analyst's open, by what is due": lambda known: (
        "?" + urlencode([*STATES, ("sort", "due_at"), ("analyst", known["analyst"])])
    ),
    "a common word": lambda _: "?q=entrega",
    "detail": lambda known: f"/{known['complaint_id']}",
}


def main() -> None:
    """Fill both databases, and ask each everything."""
    quiet()
    with ExitStack() as stack:
        urls = [stack.enter_context(database()) for _ in SIZES]
        copies, known = uvloop.run(_filled(urls))
        for title, questions, runs in (("Queries", QUERIES, RUNS), ("Hard ones", HARD, FEW_RUNS)):
            taken = uvloop.run(_measured(urls, known, questions, runs))
            report(f"{title} at {SIZES[1]:,} complaints, {copies:,} of them copies", ratios(taken))
            print_more(taken)
        report("The same over HTTP, one connection that is kept", _over_http(urls, known, stack))


async def _filled(urls: Sequence[str]) -> tuple[int, Sequence[Known]]:
    """How many copies are in the last, and what is to be asked for in each."""
    copies = [await fill(url, SCHEMA, size) for url, size in zip(urls, SIZES, strict=True)]
    known = []
    for url in urls:
        async with await connect(serving_conninfo(url, SCHEMA)) as connection:
            known.append(await one(connection, ONE))
    return copies[-1], known


async def _measured(
    urls: Sequence[str], known: Sequence[Known], questions: Mapping[str, Question], runs: int
) -> Mapping[str, Sequence[Taken]]:
    connections = [await connect(serving_conninfo(url, SCHEMA, **SESSION)) for url in urls]
    try:
        return await in_turns(questions, list(zip(connections, known, strict=True)), runs)
    finally:
        for connection in connections:
            await connection.close()


def _over_http(urls: Sequence[str], known: Sequence[Known], stack: ExitStack) -> list[Ratio]:
    home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    (home / "master.key").write_text(b64encode(MASTER).decode())
    ports = [stack.enter_context(serving("ours", "uvicorn", home, url)) for url in urls]
    bearers = [uvloop.run(token(url)) for url in urls]
    return [
        _http_ratio(
            what,
            [
                get(f"/v1/complaints{path(each)}", authorization=f"Bearer {bearer}")
                for each, bearer in zip(known, bearers, strict=True)
            ],
            ports,
        )
        for what, path in PATHS.items()
    ]


def _http_ratio(what: str, requests: Sequence[bytes], ports: Sequence[int]) -> Ratio:
    small, large = interleaved(
        HTTP_RUNS, *(_asking(port, request) for port, request in zip(ports, requests, strict=True))
    )
    return Ratio(what, large, f"{SIZES[0]:,}", small, "ms", AIM, at_most=True)


def _asking(port: int, request: bytes) -> Callable[[], float]:
    """The median of one load, in milliseconds."""
    return lambda: load(port, [request] * REQUESTS, 1).quantile(0.5)
