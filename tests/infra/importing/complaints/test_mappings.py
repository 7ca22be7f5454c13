"""Mappings: what is wrong with one is told by its key, and what is documented is true."""

import re
from pathlib import Path

import pytest

from infra.importing import BadMapping, load_mapping, packaged, uses
from infra.importing.loading import parse
from tests.infra.importing.complaints.desk import BASE, HEAD, SIMPLE
from tests.infra.importing.desk import ROOT


@pytest.mark.parametrize(
    ("mapping", "error"),
    [
        ("source = ", "it is not TOML"),
        ("", "top level: Object missing required field `source`"),
        (SIMPLE.replace("desk", "My Desk"), "source: Expected `str` matching regex"),
        (HEAD + "colour = 1\n" + BASE, "top level: Object contains unknown field `colour`"),
        (HEAD + "[csv]\ndelimiter = ';;'\n" + BASE, "csv.delimiter: Expected `str` of length <= 1"),
        (HEAD + "[csv]\ndelimiter = '\"'\n" + BASE, "csv: delimiter, quote and escape must differ"),
        (HEAD + "[csv]\nencoding = 'utf-16'\n" + BASE, "csv.encoding: 'utf-16' is not a known encoding"),
        (HEAD + "[csv]\nencoding = 'klingon'\n" + BASE, "csv.encoding: 'klingon' is not a known encoding"),
        (SIMPLE + "colour = { column = 'c' }\n", "register.colour: register has no such field"),
        (SIMPLE + "product = 'x'\n", "register.product: expected a table"),
        (SIMPLE + "product = { col = 'x' }\n", "register.product: Object contains unknown field `col`"),
        (SIMPLE + "product = { }\n", "register.product: give exactly one of"),
        (SIMPLE + "product = { column = 'a', value = 'b' }\n", "register.product: give exactly one of"),
        (SIMPLE + "product = { column = 'a', join = ' ' }\n", "register.product: join, labelled and heading"),
        (SIMPLE + "product = { value = 'a', translate = { a = 'b' } }\n", "register.product: translate and"),
        (SIMPLE + "severity = { value = 'grave' }\n", "register.severity: Invalid enum value 'grave'"),
        (
            SIMPLE + "severity = { column = 'a', translate = { x = 'grave' } }\n",
            "register.severity: Invalid enum value 'grave'",
        ),
        (
            SIMPLE + "received_at = { column = 'a', date_format = '%Y', translate = { x = 'y' } }\n",
            "register.received_at: give either translate or date_format",
        ),
        (
            SIMPLE + "received_at = { column = 'a', date_format = '%Y' }\n",
            "register.received_at.zone: a date",
        ),
        (
            SIMPLE + "received_at = { column = 'a', date_format = '%Y', zone = 'Mars/Base' }\n",
            "register.received_at.zone: 'Mars/Base' is not a time zone",
        ),
        (SIMPLE.replace('channel = { value = "web" }', ""), "register.channel: register needs it"),
        (SIMPLE + "[[then]]\ncommand = 'explode'\n", "then[0].command: 'explode' is not one of"),
        (SIMPLE + "[[then]]\ncommand = 'add-note'\n", "then[0].fields.text: add-note needs it"),
        (
            SIMPLE + "[[then]]\ncommand = 'investigate'\nwhen = { column = 'a' }\n",
            "then[0].when: give either is or is_not",
        ),
        (
            SIMPLE + "[[then]]\ncommand = 'investigate'\nwhen = { column = 'a', is = 'x' }\n",
            "then[0].when.is: Expected `array | null`, got `str`",
        ),
    ],
)
def test_an_error_in_a_mapping_names_its_key_and_the_reason(mapping: str, error: str) -> None:
    with pytest.raises(BadMapping) as raised:
        parse(mapping)
    assert str(raised.value).startswith(error)


def test_a_mapping_is_found_by_name_or_path_and_an_absent_one_is_told(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(SIMPLE)
    assert load_mapping(own).source == "desk"
    assert load_mapping("cfpb").source == "cfpb"
    with pytest.raises(BadMapping, match=r"mapping absent: No such file .*; the packaged mappings are: cfpb"):
        load_mapping("absent")
    own.write_bytes(b"\xff")
    with pytest.raises(BadMapping, match="it is not UTF-8"):
        load_mapping(own)


@pytest.mark.parametrize("name", packaged())
def test_the_table_of_what_each_column_became_is_that_of_the_mapping(name: str) -> None:
    text = (ROOT / "docs" / "importing.md").read_text()
    section = text.split(f"## What each {name.upper()} column became")[1].split("\n## ")[0]
    table = section.split("| column | became |")[1].split("\n\n")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines()[2:]]
    documented = {column.strip(): sorted(re.findall(r"`([^`]+)`", became)) for column, became in rows}
    assert documented == {column: sorted(targets) for column, targets in uses(load_mapping(name)).items()}
