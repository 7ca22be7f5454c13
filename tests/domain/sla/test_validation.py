"""What is wrong with a policy or a calendar is said, all of it, with its place."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs

from domain.complaint import COMPLAINT, ComplaintEvent
from domain.messages import tag_of
from domain.sla import (
    PRESETS,
    Calendar,
    Escalation,
    Extension,
    HolidayRule,
    Match,
    Policy,
    Preset,
    Timeline,
    calendar_problems,
    noted,
    policy_problems,
)
from domain.sla.documents import CASE_OPENED, Window
from domain.sla.timeline import SENDINGS
from domain.sla.validation import NAMED, cites_a_clause
from tests.domain.sla.telling import OFFICE, length, policy, target

KNOWN = {"BR": {"SP", "RJ"}, "GB": {"ENG"}, "US": ()}
NEVER_OPEN = Calendar(name="office", zone="UTC", windows={})
EVENTS = {tag_of(event) for event in COMPLAINT.events}
COMPLAINT_TAGS = {tag_of(event) for event in COMPLAINT.events}
SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*.json"))
NOT_A_CLOCK = "is not an opening and a closing time HH:MM; the day ends at 24:00"
PAST_MIDNIGHT = "runs past midnight: end it at 24:00 and begin the next day at 00:00"
ALL_OPEN: Any = ("registered", "in_progress", "awaiting_customer", "awaiting_sector", "proposed")


def faults(given: Policy, calendar: Calendar = OFFICE, *others: Policy) -> dict[str, str]:
    return {found.path: found.reason for found in policy_problems(given, {"office": calendar}, others)}


def calendar_faults(**fields: Any) -> dict[str, str]:
    given = structs.replace(OFFICE, **fields)
    return {found.path: found.reason for found in calendar_problems(given, KNOWN)}


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_nothing_is_wrong_with_a_preset(preset: Preset) -> None:
    calendars = {calendar.name: calendar for calendar in preset.calendars}
    assert [calendar_problems(calendar, KNOWN) for calendar in preset.calendars] == [[]]
    for each in preset.policies:
        others = [other for other in preset.policies if other is not each]
        assert policy_problems(each, calendars, others) == []
        assert msgspec.json.decode(msgspec.json.encode(each), type=Policy) == each


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": " "}, "$.name"),
        ({"name": "a/b"}, "$.name"),
        ({"order": -1}, "$.order"),
        ({"calendar": "none"}, "$.calendar"),
        ({"match": Match(tier=())}, "$.match.tier"),
        ({"match": Match(kind=())}, "$.match.kind"),
        ({"match": Match(product="two\nlines")}, "$.match.product"),
    ],
)
def test_a_policy_as_a_whole(fields: dict[str, Any], path: str) -> None:
    assert list(faults(structs.replace(policy(target()), **fields))) == [path]


def test_a_policy_has_targets_each_with_a_name_of_its_own() -> None:
    assert list(faults(policy())) == ["$.targets"]
    assert faults(policy(target(), target())) == {"$.targets": "owed is there 2 times"}


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"length": length(0)}, "length.amount"),
        ({"length": length(-3, "calendar_days")}, "length.amount"),
        ({"length": length(10**9)}, "length.amount"),
        ({"length": None}, "length"),
        ({"counts_from": "note-added"}, "counts_from"),
        ({"counts_from": "complaint-resolved", "stops": "resolved"}, "counts_from"),
        ({"stops": "external_answered"}, "stops"),
        ({"pauses_in": ALL_OPEN}, "pauses_in"),
        ({"pauses_in": ("proposed", "proposed")}, "pauses_in"),
        ({"warn_at": (0.5, 1.0)}, "warn_at[1]"),
        ({"warn_at": (float("nan"),)}, "warn_at[0]"),
        ({"warn_at": (0.5, 0.5)}, "warn_at"),
        ({"roll_end": "next_business_day"}, "roll_end"),
        ({"extension": Extension(by="note-added", to=length(9))}, "extension.by"),
        ({"extension": Extension(by="complaint-escalated", to=length(8))}, "extension.to.amount"),
        ({"extension": Extension(by="complaint-escalated", to=length(9), at_most=0)}, "extension.at_most"),
        (
            {"extension": Extension(by="complaint-escalated", to=length(9, "business_days"), at_most=2)},
            "extension.to.unit",
        ),
    ],
)
def test_a_target(fields: dict[str, Any], path: str) -> None:
    assert list(faults(policy(target(**fields)))) == [f"$.targets[0].{path}"]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"level": 0}, "level"),
        ({"offset": length(1, "business_days")}, "offset.unit"),
        ({"offset": length(-1)}, "offset.amount"),
        ({"tell": ()}, "tell"),
        ({"tell": ("a", "")}, "tell[1]"),
    ],
)
def test_an_escalation(fields: dict[str, Any], path: str) -> None:
    level = Escalation(level=1, when="after", offset=length(1), tell=("supervisor",))
    wrong = structs.replace(level, **fields)
    assert faults(policy(target(escalations=(level,)))) == {}
    assert list(faults(policy(target(escalations=(wrong,))))) == [f"$.targets[0].escalations[0].{path}"]
    assert list(faults(policy(target(escalations=(level, level))))) == ["$.targets[0].escalations"]


def test_a_window_is_not_overdue() -> None:
    level = Escalation(level=1, when="after", offset=length(1), tell=("supervisor",))
    window = target("accepted", obligation="window", escalations=(level,))
    assert list(faults(policy(window))) == ["$.targets[0].escalations[0].when"]


def test_business_time_needs_a_calendar_that_opens() -> None:
    days = target(length=length(3, "calendar_days"))
    assert faults(policy(days), NEVER_OPEN) == {}
    assert list(faults(policy(target()), NEVER_OPEN)) == ["$.targets[0].length.unit"]
    rolled = structs.replace(days, roll_end="next_business_day", roll_start="next_opening")
    assert set(faults(policy(rolled), NEVER_OPEN)) == {"$.targets[0].roll_start", "$.targets[0].roll_end"}


def test_a_stated_due_date_needs_no_length() -> None:
    stated = target("external_answered", counts_from=CASE_OPENED, length=None)
    assert faults(policy(stated)) == {}
    extended = structs.replace(stated, extension=Extension(by="complaint-escalated", to=length(9)))
    assert list(faults(policy(extended))) == ["$.targets[0].extension"]


@pytest.mark.parametrize("changed", [{"pauses_in": ("awaiting_customer",)}, {"roll_start": "next_opening"}])
def test_a_legal_target_pauses_or_rolls_its_start_only_by_its_clause(changed: dict[str, Any]) -> None:
    (path,) = (f"$.targets[0].{name}" for name in changed)
    assert list(faults(policy(target(**changed), layer="legal", source="Decreto 11.034/2022"))) == [path]
    assert faults(policy(target(**changed), layer="legal", source="Decreto 11.034/2022, art. 13")) == {}
    assert faults(policy(target(**changed, source="DISP 1.6.2R"), layer="legal")) == {}
    assert faults(policy(target(**changed))) == {}


@pytest.mark.parametrize(
    ("source", "cites"),
    [
        ("art. 13", True),
        ("Artigo 5", True),
        ("§ 2º", True),
        ("DISP 1.6.2R", True),
        ("DISP 1.6.2AR", True),
        ("12 U.S.C. 5534(b)", True),
        ("Company Portal Manual, section 8.1", True),
        ("clause 4", True),
        ("Lei 8.078/1990", False),
        ("the law", False),
        ("part 3", False),
        (None, False),
    ],
)
def test_what_cites_a_clause(source: str | None, cites: bool) -> None:
    assert cites_a_clause(source) is cites


def test_a_policy_that_another_always_beats_is_unreachable() -> None:
    every = policy(target(), name="everything", order=1)
    basic = policy(target(), name="basic", order=2, match=Match(tier="basic", kind="complaint"))
    assert list(faults(basic, OFFICE, every)) == ["$.match"]
    tiers = structs.replace(every, match=Match(tier=("basic", "standard")))
    assert list(faults(basic, OFFICE, tiers)) == ["$.match"]
    assert faults(basic, OFFICE, structs.replace(tiers, match=Match(tier="standard"))) == {}
    assert faults(basic, OFFICE, structs.replace(every, order=3)) == {}
    assert faults(basic, OFFICE, structs.replace(every, layer="contract")) == {}
    assert faults(structs.replace(basic, layer="legal"), OFFICE, structs.replace(every, layer="legal")) == {}


@pytest.mark.parametrize(
    ("windows", "reasons"),
    [
        ((("09:00", "09:00"),), {"$.windows.mon[0]": "is empty"}),
        ((("22:00", "06:00"),), {"$.windows.mon[0]": PAST_MIDNIGHT}),
        ((("9:00", "10:00"),), {"$.windows.mon[0]": NOT_A_CLOCK}),
        ((("24:00", "24:00"),), {"$.windows.mon[0]": NOT_A_CLOCK}),
        ((("13:00", "18:00"), ("09:00", "13:01")), {"$.windows.mon[0]": "overlaps 09:00–13:01"}),
        ((("09:00", "12:00"), ("12:00", "24:00")), {}),
    ],
)  # fmt: skip
def test_windows(windows: tuple[Window, ...], reasons: dict[str, str]) -> None:
    assert calendar_faults(windows={"mon": windows}) == reasons
    exceptions = {path.replace("windows.mon", "exceptions.2026-12-24"): why for path, why in reasons.items()}
    assert calendar_faults(exceptions={date(2026, 12, 24): windows}) == exceptions


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": ""}, "$.name"),
        ({"zone": "America/Sao_Paolo"}, "$.zone"),
        ({"zone": ""}, "$.zone"),
        ({"zone": "../etc/passwd"}, "$.zone"),
        ({"zone": "localtime"}, "$.zone"),
        ({"zone": "posix/America/Sao_Paulo"}, "$.zone"),
        ({"holidays": HolidayRule(country="XX")}, "$.holidays.country"),
        ({"holidays": HolidayRule(country="BR", subdivision="ENG")}, "$.holidays.subdivision"),
        ({"extra_holidays": (date(1800, 1, 1),)}, "$.extra_holidays[0]"),
        ({"exceptions": {date(2400, 1, 1): ()}}, "$.exceptions.2400-01-01"),
    ],
)
def test_a_calendar(fields: dict[str, Any], path: str) -> None:
    assert list(calendar_faults(**fields)) == [path]


def test_all_reasons_are_given_at_once() -> None:
    wrong = policy(target(length=length(0), warn_at=(2.0,)), order=-1, calendar="x")
    assert set(faults(wrong)) == {
        "$.order",
        "$.calendar",
        "$.targets[0].length.amount",
        "$.targets[0].warn_at[0]",
    }


def test_the_events_to_count_from_are_those_on_the_timeline() -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    marked = set()
    for sample in SAMPLES:
        if sample.stem not in COMPLAINT_TAGS:
            continue
        event = msgspec.json.decode(sample.read_bytes(), type=ComplaintEvent)
        marked |= {mark.tag for mark in noted(Timeline(), event, at, 2).marks}
    assert (marked - SENDINGS) | {"sector-answered", "complaint-forwarded", "customer-contacted"} == NAMED
