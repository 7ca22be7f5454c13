"""The dates that the design works out, and each preset with its legal text."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from msgspec import structs

from domain.complaint import events as e
from domain.sla import Facts, Match, Target
from domain.sla.clock import ClockState
from domain.sla.documents import Stop, Unit
from domain.sla.presets import CFPB, CONSUMIDOR, DESK, FCA, FCA_PAYMENTS, PRESETS, SAC, Preset
from tests.domain.sla.telling import HELD, Told, case_opened, local

LONDON, NEW_YORK = "Europe/London", "America/New_York"


def through(day: str, zone: str = "America/Sao_Paulo") -> datetime:
    """The end of a local date."""
    return local(day, zone) + timedelta(days=1)


@pytest.mark.parametrize(
    ("preset", "target", "received", "due_at"),
    [
        (SAC, "answer", local("2026-11-26T10:00"), through("2026-12-03")),
        (SAC, "answer", local("2026-12-18T23:50"), through("2026-12-25")),
        (FCA, "summary-resolution", local("2026-12-23T10:00", LONDON), local("2026-12-30T17:00", LONDON)),
        (FCA, "summary-resolution", local("2027-03-27T10:00", LONDON), local("2027-04-01T17:00", LONDON)),
        (
            FCA,
            "final-response",
            local("2027-03-02T10:00", LONDON),
            local("2027-04-27T23:00", "UTC"),
        ),
        (FCA_PAYMENTS, "final-response", local("2026-12-14T10:00", LONDON), through("2027-01-07", LONDON)),
    ],
)
def test_counts_from_the_receipt(preset: Preset, target: str, received: datetime, due_at: datetime) -> None:
    assert Told.under(preset, received).clock(target).due_at == due_at


def test_sac_may_be_set_to_end_on_the_next_business_day() -> None:
    (policy,) = SAC.policies
    targets = tuple(structs.replace(each, roll_end="next_business_day") for each in policy.targets)
    rolled = structs.replace(policy, targets=targets)
    told = Told(rolled, calendars=SAC.calendars, at=local("2026-12-18T23:50"))
    assert told.clock("answer").due_at == through("2026-12-28")


def test_fca_payment_services_35_days_in_exceptional_circumstances() -> None:
    told = Told.under(FCA_PAYMENTS, local("2026-12-14T10:00", LONDON))
    told.tell(HELD, at=local("2027-01-05T09:00", LONDON)).later(timedelta(days=30))
    clock = told.clock("final-response")
    assert (clock.due_at, clock.extended) == (through("2027-02-04", LONDON), 1)


def test_consumidor_gov_br_ten_days_from_the_opening() -> None:
    told = Told.under(
        CONSUMIDOR, local("2026-11-24T15:00"), facts=Facts(external_bodies=("consumidor.gov.br",))
    )
    told.tell(case_opened(told.at, body="consumidor.gov.br"))
    assert told.clock().due_at == through("2026-12-04")


def test_cfpb_15_days_and_60_when_in_progress() -> None:
    sent = local("2026-11-16T00:00", NEW_YORK)
    told = Told.under(CFPB, sent, facts=Facts(external_bodies=("cfpb",))).tell(case_opened(sent))
    assert told.clock().due_at == through("2026-12-01", NEW_YORK)
    told.later(timedelta(days=10)).tell(HELD)
    assert told.clock().due_at == through("2027-01-15", NEW_YORK)


@pytest.mark.parametrize(
    ("tier", "first", "update", "resolution"),
    [
        ("advanced", "2026-11-23T10:00", "2026-11-23T13:00", "2026-11-23T17:00"),
        ("standard", "2026-11-23T13:00", "2026-11-24T09:00", "2026-11-26T09:00"),
        ("basic", "2026-11-23T17:00", "2026-11-25T09:00", "2026-11-30T09:00"),
    ],
)
def test_the_help_desk_by_tier(tier: str, first: str, update: str, resolution: str) -> None:
    told = Told.under(DESK, local("2026-11-23T09:00"), facts=Facts(tier=tier))
    due = {clock.target: clock.due_at for clock in told.clocks()}
    assert due == {
        "first-response": local(first),
        "update": local(update),
        "resolution": local(resolution),
    }


DOCS = (Path(__file__).parents[3] / "docs" / "sla.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(
    r"^\| `([a-z-]+)` \| `([a-z-]+)` \| (\d{4}-\d\d-\d\d \d\d:\d\d) \| (through )?([\d :-]+) \|",
    DOCS,
    re.MULTILINE,
)


def test_every_preset_has_its_example() -> None:
    assert {example[0] for example in EXAMPLES} == PRESETS.keys()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: "-".join(example[:2]))
def test_an_example_in_the_documentation(example: tuple[str, ...]) -> None:
    name, target, since, through_its_end, due = example
    preset = PRESETS[name]
    zone = preset.calendars[0].zone
    start, end = local(since, zone), local(due.strip(), zone)
    told = Told.under(preset, start, facts=Facts(tier="basic", external_bodies=("cfpb", "consumidor.gov.br")))
    told.tell(e.HistoryRequested(channel="phone"))
    told.tell(case_opened(start)).tell(case_opened(start, n=2, body="consumidor.gov.br"))
    assert told.clock(target).due_at == (through(due, zone) if through_its_end else end)


def test_every_part_of_a_target_is_explained() -> None:
    explained = re.findall(r"^\| `([a-z_]+)` \|", DOCS, re.MULTILINE)
    assert set(explained) >= {*Target.__struct_fields__, *get_args(Stop)} - {"name"}
    assert all(
        f"`{word}`" in DOCS for word in (*get_args(Unit), *get_args(ClockState), *Match.__struct_fields__)
    )
