"""The real file of the CFPB comes in as its mapping says: its first rows, and by `make soak` the whole."""

import csv
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from infra.commands import Commands
from infra.importing import Mapping, load_mapping, run
from infra.log import Log, read
from tests.infra.importing.desk import CFPB
from tests.infra.logs import ask, served

pytestmark = pytest.mark.anyio

CASES = int(os.environ.get("CASES", "1500"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The first rows of the real file, and its last, which is cut."""
    if not CFPB.exists():
        pytest.skip(f"the real complaint data ({CFPB.name}) is not beside the checkout")
    *lines, cut = CFPB.read_text().splitlines(keepends=True)
    found = tmp_path / "cfpb.csv"
    found.write_text("".join([*lines[: CASES + 1], cut]))
    return found


@pytest.fixture
def cfpb(file: Path) -> list[dict[str, str]]:
    """The rows that are whole."""
    with file.open(newline="", encoding="utf-8") as opened:
        return [row for row in csv.DictReader(opened) if None not in row.values()]


@pytest.fixture
def mapping() -> Mapping:
    return load_mapping("cfpb")


async def test_the_real_file_comes_in_whole_but_for_its_cut_line(
    file: Path, cfpb: list[dict[str, str]], mapping: Mapping, log: Log, database: str
) -> None:
    rejects = file.with_name("rejects.csv")
    report = await run(file, mapping, Commands(log), rejects=rejects)
    assert len(cfpb) == min(CASES, 8339)
    assert (report.rows, report.added, report.known, report.rejected) == (len(cfpb) + 1, len(cfpb), 0, 1)
    with rejects.open(newline="", encoding="utf-8") as opened:
        (rejected,) = csv.DictReader(opened)
    assert (rejected["line"], rejected["field"]) == (str(len(cfpb) + 2), "Consumer disputed?")
    assert rejected["reason"] == "the row has 13 of 14 fields; missing: Consumer disputed?"
    assert rejected["row"] == CFPB.read_text().splitlines()[-1]

    responses = Counter(row["Company response"] for row in cfpb)
    relief = responses["Closed with monetary relief"] + responses["Closed with non-monetary relief"]
    plain = responses["Closed"] + responses["Closed with explanation"]
    tags = await ask(database, "SELECT tag, count(*) FROM events GROUP BY 1")
    assert dict(tags) == {
        "complaint-registered": len(cfpb),
        "external-case-opened": len(cfpb),
        "external-case-answered": len(cfpb) - responses["Untimely response"],
        "note-added": len(cfpb),
        "investigation-started": responses["In progress"],
        "complaint-resolved": relief + plain,
        "customer-replied": sum(row["Consumer disputed?"] == "Yes" for row in cfpb),
    }
    outcomes = await ask(
        database,
        "SELECT convert_from(body, 'UTF8')::json ->> 'outcome', count(*) FROM events"
        " WHERE tag = 'complaint-resolved' GROUP BY 1",
    )
    assert dict(outcomes) == {"upheld": relief, "not_upheld": plain}
    products = await ask(
        database,
        "SELECT convert_from(body, 'UTF8')::json ->> 'product', count(*) FROM events"
        " WHERE tag = 'complaint-registered' GROUP BY 1",
    )
    assert dict(products) == Counter(row["Product"] for row in cfpb)

    second = await run(file, mapping, Commands(log), rejects=rejects)
    assert (second.added, second.known, second.rejected) == (0, len(cfpb), 1)


async def test_a_disputed_complaint_reads_as_the_mapping_says(
    mapping: Mapping, log: Log, database: str, tmp_path: Path
) -> None:
    file = tmp_path / "one.csv"
    file.write_text(
        "Complaint ID,Product,Sub-product,Issue,Sub-issue,State,ZIP code,Submitted via,Date received,"
        "Date sent to company,Company,Company response,Timely response?,Consumer disputed?\n"
        "42,Mortgage,,Settlement process,,FL,32219,Postal mail,10/14/2014,10/16/2014,Ocwen,"
        "Closed with monetary relief,Yes,Yes\n"
    )
    assert (await run(file, mapping, Commands(log))).added == 1
    async with served(database) as connection:
        events: list[Any] = await read(connection, log.vault, 0, 10)
    registered, opened, note, resolved, answered, replied = events
    assert registered.event.subject == "Settlement process - Mortgage"
    assert (registered.event.channel, registered.event.source_ref) == ("postal_mail", "42")
    assert registered.occurred_at == registered.event.received_at
    assert registered.occurred_at.isoformat() == "2014-10-14T04:00:00+00:00"
    assert registered.event.description.endswith(
        "Product: Mortgage\nIssue: Settlement process\nCompany: Ocwen"
    )
    assert "ZIP code: 32219\n" in note.event.text
    assert (resolved.event.outcome, resolved.event.basis) == ("upheld", "final_position")
    assert resolved.event.summary == "Company response: Closed with monetary relief"
    assert (replied.event.verdict, replied.event.needs_review) == ("rejected", True)
    assert (answered.event.declared_timely, answered.event.case_id) == (True, opened.event.case_id)
    assert [each.event.time_uncertain for each in events] == [False, False, False, True, True, True]
    assert {each.occurred_at.isoformat() for each in events[1:]} == {"2014-10-16T04:00:00+00:00"}
    assert "Time not in the source" in resolved.event.backdating_reason
