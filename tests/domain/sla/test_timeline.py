"""The timeline: what it keeps, and that it tells the same states as the complaint itself."""

import random
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from domain.complaint import Complaint, ComplaintEvent, decide, evolve
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.messages import Refused
from domain.sla import Book, Timeline, clocks, noted
from domain.sla.presets import FCA, PRESETS, SAC
from domain.sla.story import Story
from tests.domain.sla.telling import DAY, HOUR, MONDAY, Told, asked, called, policy, register, replied, target
from tests.domain.spec import ANSWER, COMMANDS, REGISTER, context, number

STEPS = (
    *COMMANDS.values(),
    ANSWER,
    c.RequestInformation(question="Which card?"),
    c.ConsultSector(sector="billing", question="Paid?"),
    c.Reopen(reason="She sent the receipt."),
)


def history(seed: int) -> list[tuple[ComplaintEvent, Complaint, Any]]:
    """Random commands, a minute after each other: every event with the complaint after it and its time."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    state: Complaint | None = None
    told: list[tuple[ComplaintEvent, Complaint, Any]] = []
    now = MONDAY
    for n, command in enumerate([REGISTER, *chance.choices(STEPS, k=80)], 1):
        now += timedelta(minutes=1)
        ctx = context(now=now, occurred_at=now, new_id=number(n), supervisor=True)
        try:
            events = decide(state, msgspec.structs.replace(command, occurred_at=None), ctx)
        except Refused:
            continue
        for event in events:
            state = evolve(state, event, now)
            told.append((event, state, now))
    return told


@pytest.mark.parametrize("seed", range(40))
def test_the_states_are_those_of_the_complaint(seed: int) -> None:
    """But for a duplicate that was none, which goes on as if it had never been marked."""
    told = history(seed)
    was_duplicate = any(isinstance(event, e.DuplicateMarked) for event, _, _ in told)
    for _, state, at in told:
        phases = Story(state.timeline).phases
        if not was_duplicate:
            assert (phases[-1].state if phases else "registered") == state.state, at


@pytest.mark.parametrize("seed", range(10))
def test_event_by_event_is_the_same_as_from_the_beginning(seed: int) -> None:
    told = history(seed)
    timeline = Timeline()
    for version, (event, state, at) in enumerate(told, 1):
        timeline = noted(timeline, event, at, version)
        assert state.timeline == timeline
    assert msgspec.json.decode(msgspec.json.encode(timeline), type=Timeline) == timeline
    again = Timeline()
    for version, (event, _, at) in enumerate(told, 1):
        read = msgspec.json.decode(msgspec.json.encode(event), type=type(event))
        again = noted(again, read, at, version)
    assert again == timeline


def test_what_moves_no_clock_leaves_the_very_same_timeline() -> None:
    timeline = noted(Timeline(), register(MONDAY), MONDAY, 1)
    for event in (e.NoteAdded(text="t"), called(automatic=True), e.FlagRaised(flag="press", reason="r")):
        assert noted(timeline, event, MONDAY + HOUR, 2) is timeline


def test_a_timeline_holds_nothing_that_was_said() -> None:
    told = Told(policy(target())).tell(asked()).tell(replied(1)).tell(called())
    assert b"question" not in msgspec.json.encode(told.timeline)


def test_a_time_given_in_whole_seconds_comes_after_what_it_follows() -> None:
    told = Told(policy(target(pauses_in=("awaiting_customer",)))).later(timedelta(seconds=0.7)).tell(asked())
    told.tell(e.AskCancelled(ask_id=number(1), reason="r"), at=MONDAY).later(HOUR)
    assert told.clock().state == "running"


def test_without_policies_there_are_no_clocks() -> None:
    assert clocks(Timeline(), Book({}, {}), MONDAY) == ()
    assert Told().later(DAY).clocks() == []


def test_all_presets_may_hold_at_once() -> None:
    policies = [each for preset in PRESETS.values() for each in preset.policies]
    calendars = {each.name: each for preset in PRESETS.values() for each in preset.calendars}
    told = Told(*policies, calendars=calendars.values())
    named = {clock.policy for clock in told.clocks()}
    assert named == {"brazil-sac", "fca-disp", "fca-disp-payment-services", "help-desk"}
    assert {SAC.name, FCA.name} <= named
