"""Mappings of logs: what is wrong with one is told by its key, and what is documented is true."""

import re
import textwrap

import pytest

from infra.importing import BadMapping, load_mapping, outcomes
from infra.importing.loading import parse
from tests.infra.importing.desk import ROOT
from tests.infra.importing.logs.desk import DESK, LOG, TIME


@pytest.mark.parametrize(
    ("mapping", "error"),
    [
        (DESK.replace(TIME, 'time = { column = "when" }'), "log.time.date_format: it is needed"),
        (
            DESK.replace(TIME, 'time = { column = "when", date_format = "%Y" }'),
            "log.time.zone: a date_format",
        ),
        (
            DESK.replace("labelled = true }\n\n[[on]]", 'colour = "x" }\n\n[[on]]'),
            "log.row: Object contains unknown",
        ),
        (
            DESK.replace(
                'row = { columns = ["what", "who", "state"], labelled = true }', 'row = { value = "x" }'
            ),
            "log.row.columns: they are needed",
        ),
        (LOG, "on: a log needs at least one"),
        (DESK.replace("[log]", "[then]"), "then: Expected `array`"),
        (DESK.replace('activity = ["rank"]', 'activity = ["note"]'), "on: 'note' occurs more than once"),
        (DESK.replace('activity = ["rank"]', "activity = []"), "on[1].activity: name at least one"),
        (DESK.replace('refused = "reject"', 'refused = "imply"'), "on[3].refused: commands under imply"),
        (DESK.replace('refused = "imply"', 'refused = "note"'), "on[5].refused: commands under imply"),
        (DESK.replace('refused = "reject"', 'refused = "lose"'), "on[3].refused: Invalid enum value 'lose'"),
        (
            DESK.replace('"awaiting_customer"', '"waiting"'),
            "on[2].imply[0].in[0]: Invalid enum value 'waiting'",
        ),
        (DESK.replace('command = "assign"', 'command = "explode"'), "on[2].then[1].command: 'explode'"),
        (
            DESK.replace("{ analyst = ", "{ colour = "),
            "on[2].then[1].fields.colour: assign has no such field",
        ),
        (
            DESK.replace("{ analyst = ", "{ occurred_at = "),
            "on[2].then[1].fields.occurred_at: in a log, log.time",
        ),
        (
            DESK.replace("[log]", 'occurred_at = { value = "x" }\n[log]'),
            "register.occurred_at: in a log, log.time",
        ),
        (DESK + '[[then]]\ncommand = "investigate"\n', "then: in a log, commands belong to activities"),
        (
            DESK + '[[on]]\nactivity = ["x"]\n[[on.imply]]\ncommand = "investigate"\n',
            "on[6].then: what is implied",
        ),
    ],
)
def test_an_error_in_a_mapping_of_a_log_names_its_key_and_the_reason(mapping: str, error: str) -> None:
    with pytest.raises(BadMapping) as raised:
        parse(mapping)
    assert str(raised.value).startswith(error)


def test_the_table_of_what_each_activity_became_is_that_of_the_mapping() -> None:
    text = (ROOT / "docs" / "importing.md").read_text()
    section = text.split("## What each HELPDESK column became")[1].split("\n## ")[0]
    table = section.split("| activity | became |")[1].split("\n\n")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines()[2:]]
    documented = {activity.strip(): re.findall(r"`([^`]+)`", became) for activity, became in rows}
    assert documented == outcomes(load_mapping("helpdesk"))


def test_the_documented_example_of_a_log_is_a_mapping() -> None:
    text = (ROOT / "docs" / "importing.md").read_text()
    example = text.split("## Event logs\n\n")[1].split("\n\n")[0]
    assert list(outcomes(parse(textwrap.dedent(example)))) == ["closed", "phoned", "printed"]
