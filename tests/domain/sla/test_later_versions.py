"""A later version that asks for something else changes nothing that was decided under an earlier one."""

from typing import Any

from msgspec import structs

from domain.complaint import events as e
from domain.sla import Facts, Match, Policy
from tests.domain.sla.telling import (
    DAY,
    HOUR,
    MONDAY,
    REOPENED,
    Told,
    called,
    case_answered,
    case_opened,
    length,
    policy,
    proposed,
    resolved,
    target,
)

BASIC = policy(target(length=length(8)), name="basic", match=Match(tier="basic"))


def revised(stops: Any, first: dict[str, Any], second: dict[str, Any]) -> tuple[Policy, Policy]:
    """Two versions of a policy whose target has the same name."""
    one, other = (target(stops, **{"length": length(2), **fields}) for fields in (first, second))
    return policy(one, name="desk"), policy(other, name="desk")


def test_a_version_that_asks_for_sending_does_not_ask_for_what_was_answered_before() -> None:
    old, new = revised("final_response", {}, {"requires_dispatch": True})
    told = Told(old).later(HOUR).tell(proposed(channel="email")).later(HOUR)
    before = told.clocks()
    assert told.apply(new, cause="policy_activated").later(2 * DAY).clocks() == before
    assert told.watch() == []
    told.tell(REOPENED).tell(proposed(2, channel="email")).later(DAY)
    assert told.clock().state == "breached"


def test_a_version_with_another_rule_for_reopenings_rules_over_those_to_come() -> None:
    old, new = revised("resolved", {"on_reopening": "resume"}, {"on_reopening": "new_cycle"})
    told = Told(old).later(HOUR).tell(resolved()).later(DAY).tell(REOPENED).later(HOUR).tell(resolved())
    before = told.later(HOUR).clocks()
    assert [(clock.cycle, clock.state, clock.used) for clock in before] == [(1, "met", 2 * HOUR)]
    assert told.apply(new, cause="policy_activated").clocks() == before
    told.later(HOUR).tell(REOPENED)
    assert [(clock.cycle, clock.state) for clock in told.clocks()] == [(1, "met"), (2, "running")]


def decisions(told: Told) -> list[tuple[Any, ...]]:
    return [
        (each.clock_id, each.state, each.due_at, each.stopped_at, each.decided_at) for each in told.clocks()
    ]


def test_a_version_that_asks_for_something_else_by_the_same_name_has_a_clock_of_its_own() -> None:
    old, new = revised("first_response", {}, {})
    new = structs.replace(new, targets=(target("resolved", length=length(2)),))
    met = Told(old).later(HOUR).tell(called()).later(HOUR / 2)
    before = met.clocks()
    first, second = met.apply(new, cause="policy_activated").clocks()
    assert [first] == before
    assert (second.clock_id, second.cycle, second.state) == ("desk/owed/v2", 1, "running")
    breached = Told(old).later(3 * HOUR)
    [_] = breached.watch()
    [decision] = decisions(breached)
    assert decisions(breached.apply(new, cause="policy_activated"))[0] == decision
    assert [each.clock_id for each in breached.later(HOUR).watch()] == ["desk/owed/v2"]
    running = Told(old).later(HOUR).apply(new, cause="policy_activated")
    assert [(clock.state, clock.reason) for clock in running.clocks()] == [
        ("cancelled", "superseded"),
        ("running", None),
    ]


def test_a_tier_whose_policy_asks_for_something_else_by_the_same_name_leaves_what_was_decided() -> None:
    answered = target("final_response", length=length(4))
    other = policy(answered, name="advanced", match=Match(tier="advanced"))
    told = Told(BASIC, other, facts=Facts(tier="basic")).later(HOUR).tell(resolved("accepted")).later(HOUR)
    told.tell(REOPENED).later(3 * DAY)
    [before] = decisions(told)
    assert before[:2] == ("basic/owed", "breached")
    assert decisions(told.apply(facts=Facts(tier="advanced"), cause="tier_changed"))[0] == before


def test_a_version_that_counts_from_something_else_leaves_what_was_decided() -> None:
    old, new = revised("resolved", {}, {"counts_from": "complaint-escalated"})
    told = Told(old).later(DAY)
    [_] = told.watch()
    before = decisions(told)
    assert decisions(told.apply(new, cause="policy_activated")) == before
    assert told.watch() == []
    told.tell(e.ComplaintEscalated(level=1, to="board", reason="r"))
    assert [clock.clock_id for clock in told.clocks()] == ["desk/owed", "desk/owed/v2"]


def test_a_version_that_is_no_longer_about_a_body_leaves_what_was_decided_of_its_cases() -> None:
    fields: dict[str, Any] = {"layer": "legal", "name": "law"}
    answer = target("external_answered", counts_from="external_case_opened", length=length(1))
    both = policy(answer, match=Match(external_body=("cfpb", "fos")), **fields)
    one = policy(answer, match=Match(external_body="fos"), **fields)
    told = Told(both, facts=Facts(external_bodies=("cfpb", "fos")))
    told.tell(case_opened(MONDAY)).tell(case_opened(MONDAY, n=2, body="fos")).later(HOUR / 2)
    told.tell(case_answered()).later(HOUR)
    before = told.clocks()
    assert [clock.state for clock in before] == ["met", "breached"]
    assert told.apply(one, cause="policy_activated").clocks() == before


def test_what_is_reopened_after_a_policy_applies_no_longer_leaves_what_was_decided() -> None:
    told = Told(BASIC, facts=Facts(tier="basic")).later(HOUR).tell(resolved()).later(HOUR)
    before = told.clocks()
    told.apply(facts=Facts(tier="gold"), cause="tier_changed").later(HOUR).tell(REOPENED).later(HOUR)
    assert told.clocks() == before


def test_what_is_owed_again_after_a_while_goes_on_with_its_clock() -> None:
    old, new = revised("first_response", {}, {})
    new = structs.replace(new, targets=(target("resolved", length=length(8)),))
    told = Told(old).later(HOUR).tell(called()).later(HOUR)
    for version in (new, old, new):
        told.apply(version, cause="policy_activated").later(HOUR / 4)
    assert [(clock.clock_id, clock.state) for clock in told.clocks()] == [
        ("desk/owed", "met"),
        ("desk/owed/v2", "running"),
    ]


def test_a_policy_of_another_layer_that_owes_what_another_one_owed_there_leaves_what_was_decided() -> None:
    house = policy(target("acknowledged"), name="house", match=Match(tier="basic"))
    law = policy(target("resolved", length=length(1)), name="law", layer="legal", match=Match(tier="gold"))
    told = Told(house, law, facts=Facts(tier="basic")).later(HOUR)
    told.apply(facts=Facts(tier="gold"), cause="tier_changed").later(DAY)
    [_] = told.watch()
    [decision] = [each for each in decisions(told) if each[0] == "law/owed"]
    assert decision[1] == "breached"
    told.apply(policy(target("acknowledged"), name="law", match=Match(tier="gold")), cause="policy_activated")
    assert decision in decisions(told)
