"""Which policies apply, what a later application changes, and what it leaves as it was."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from domain.complaint import commands as c
from domain.complaint import events as e
from domain.messages import Origin
from domain.sla import ActivePolicy, Book, Facts, Match, Policy, WorkingTime, apply, clocks, matches
from domain.sla.standing import Standing
from tests.domain.sla.telling import (
    DAY,
    HOUR,
    MONDAY,
    OFFICE,
    Told,
    asked,
    called,
    length,
    local,
    pinned,
    policy,
    replied,
    resolved,
    target,
)
from tests.domain.spec import NOW, PROPOSE, REGISTER, play


def active(*policies: Policy) -> list[ActivePolicy]:
    return [ActivePolicy(policy=each, version=3, calendar=pinned(OFFICE, 2)) for each in policies]


def test_every_legal_policy_and_the_first_of_each_other_layer() -> None:
    given = active(
        policy(name="late", order=9),
        policy(name="early", order=1),
        policy(name="early too", order=1),
        policy(name="law", layer="legal", order=5),
        policy(name="another law", layer="legal", order=5),
        policy(name="contract", layer="contract", match=Match(tier="advanced")),
    )
    applied = apply(given, Facts(tier="basic"))
    assert [each.policy for each in applied.policies] == ["early", "another law", "law"]
    assert {each.policy for each in apply(given, Facts(tier="advanced")).policies} == {
        "early",
        "another law",
        "law",
        "contract",
    }
    assert applied.facts == Facts(tier="basic")
    (first, *_) = applied.policies
    assert (first.version, first.calendar, first.calendar_version) == (3, "office", 2)
    assert apply([], Facts()).policies == ()


@pytest.mark.parametrize(
    ("match", "facts", "applies"),
    [
        (Match(), Facts(kind="praise"), True),
        (Match(kind=("complaint", "report")), Facts(kind="report"), True),
        (Match(kind="complaint"), Facts(kind="request"), False),
        (Match(tier="basic"), Facts(), False),
        (Match(severity=("high", "critical")), Facts(severity="critical"), True),
        (Match(channel="phone", product="card"), Facts(channel="phone", product="loan"), False),
        (Match(category="fees", journey_stage="after_purchase"), Facts(category="fees"), False),
        (Match(external_body=("fos", "cfpb")), Facts(external_bodies=("court", "fos")), True),
        (Match(external_body="fos"), Facts(), False),
        (Match(forwarded_from="cfpb"), Facts(forwarded_from="cfpb"), True),
    ],
)
def test_a_match(match: Match, facts: Facts, *, applies: bool) -> None:
    assert matches(policy(match=match), facts) is applies


def test_a_law_is_about_complaints_unless_it_says_otherwise() -> None:
    law = policy(layer="legal")
    assert matches(law, Facts())
    assert not matches(law, Facts(kind="praise"))
    assert matches(structs.replace(law, match=Match(kind="praise")), Facts(kind="praise"))


BASIC = policy(target(length=length(8)), name="basic", match=Match(tier="basic"))
ADVANCED = policy(target(length=length(4)), name="advanced", match=Match(tier="advanced"))


def by_tier(**fields: Any) -> Told:
    """A complaint of Monday, 09:00, of a basic customer."""
    return Told(BASIC, ADVANCED, facts=Facts(tier="basic"), **fields)


def test_another_tier_carries_over_the_time_used() -> None:
    told = by_tier().later(2 * HOUR).apply(facts=Facts(tier="advanced"), cause="tier_changed")
    before, after = told.clocks()
    assert (before.policy, before.state, before.reason) == ("basic", "cancelled", "superseded")
    assert (after.policy, after.state, after.used) == ("advanced", "running", 2 * HOUR)
    assert (after.started_at, after.due_at) == (MONDAY, local("2026-11-23T14:00"))


def test_the_time_used_is_what_ran_under_the_rules_of_then() -> None:
    pausing = structs.replace(BASIC, targets=(target(length=length(8), pauses_in=("awaiting_customer",)),))
    told = Told(pausing, ADVANCED, facts=Facts(tier="basic")).later(HOUR).tell(asked())
    told.later(DAY).apply(facts=Facts(tier="advanced"))
    assert (told.clock().used, told.clock().due_at) == (HOUR, local("2026-11-24T14:00"))


def test_a_policy_that_takes_over_again_goes_on_with_its_clock() -> None:
    told = by_tier().later(HOUR).apply(facts=Facts(tier="advanced")).later(HOUR)
    told.apply(facts=Facts(tier="basic"))
    states = {clock.policy: clock.state for clock in told.clocks()}
    assert (states, len(told.clocks())) == ({"basic": "running", "advanced": "cancelled"}, 2)
    told.later(2 * DAY)
    (breached,) = told.watch()
    assert (breached.clock_id, told.watch(), told.due()) == ("basic/owed", [], [])


def test_what_is_used_up_already_is_due_at_the_change() -> None:
    told = by_tier().later(7 * HOUR).apply(facts=Facts(tier="advanced"))
    assert told.clock().due_at == told.at
    assert told.clock(now=told.at + HOUR).state == "breached"


def test_what_was_decided_before_the_change_stands() -> None:
    met = by_tier().later(5 * HOUR).tell(resolved()).later(HOUR).apply(facts=Facts(tier="advanced"))
    assert [(clock.policy, clock.state) for clock in met.clocks()] == [("basic", "met")]
    breached = by_tier().later(2 * DAY).apply(facts=Facts(tier="advanced"))
    assert [(clock.policy, clock.state) for clock in breached.clocks()] == [("basic", "breached")]


def test_a_policy_that_applies_no_longer_is_cancelled_and_goes_on_if_it_does_again() -> None:
    law = policy(target("final_response", length=length(7, "calendar_days")), layer="legal")
    told = Told(law).later(DAY).apply(facts=Facts(kind="praise"), cause="kind_changed").later(DAY)
    assert (told.clock().state, told.clock().reason) == ("cancelled", "no_longer_applies")
    told.apply(facts=Facts(), cause="kind_changed")
    assert (told.clock().state, told.clock().due_at) == ("running", local("2026-12-01"))


def test_a_law_found_to_apply_counts_from_the_receipt() -> None:
    law = policy(target("final_response", length=length(7, "calendar_days")), layer="legal")
    told = Told(law, facts=Facts(kind="information")).later(10 * DAY)
    assert told.clocks() == []
    clock = told.apply(facts=Facts(), cause="kind_changed").clock()
    assert (clock.state, clock.due_at) == ("breached", local("2026-12-01"))


def test_a_policy_edited_later_changes_no_clock() -> None:
    told = by_tier().later(HOUR)
    before = told.clocks()
    other = Told(structs.replace(BASIC, targets=(target(length=length(1)),)), facts=Facts(tier="basic"))
    told._policies["basic", 2] = other._policies["basic", 1]
    assert told.clocks() == before


def test_a_version_applied_later_changes_no_decided_clock() -> None:
    shorter = structs.replace(BASIC, targets=(target(length=length(1)),))
    decided = by_tier().later(5 * HOUR).tell(resolved()).later(DAY)
    before = decided.clocks()
    assert decided.apply(shorter, cause="policy_activated").clocks() == before
    breached = by_tier().later(3 * DAY)
    before = breached.clocks()
    assert breached.apply(shorter, cause="policy_activated").clocks() == before
    running = by_tier().later(HOUR / 2).apply(shorter, cause="policy_activated")
    (clock,) = running.clocks()
    assert (clock.version, clock.cycle, clock.due_at) == (2, 1, MONDAY + HOUR)


def test_a_reopened_complaint_is_judged_by_what_applies_then() -> None:
    law = policy(target("final_response", length=length(7, "calendar_days")), layer="legal", name="law")
    told = Told(law).later(DAY).tell(resolved()).later(DAY).tell(replied())
    stricter = structs.replace(law, targets=(target("final_response", length=length(5, "calendar_days")),))
    told.apply(stricter, cause="policy_activated").later(DAY).tell(e.ComplaintReopened(reason="r"))
    first, second = told.clocks()
    assert (first.version, first.state, second.version) == (1, "met", 2)
    assert second.due_at == local("2026-12-01")


def test_each_layer_has_its_own_clock() -> None:
    told = Told(
        policy(target("first_response"), name="law", layer="legal"),
        policy(target("first_response", length=length(2)), name="deal", layer="contract"),
        policy(target("first_response", length=length(1)), name="house"),
    )
    assert {clock.layer: clock.due_at for clock in told.clocks()} == {
        "legal": local("2026-11-23T18:00"),
        "contract": MONDAY + 2 * HOUR,
        "internal": MONDAY + HOUR,
    }
    told.later(HOUR + timedelta(seconds=1)).tell(called())
    assert {clock.layer: clock.state for clock in told.clocks()} == {
        "legal": "met",
        "contract": "met",
        "internal": "met_late",
    }


def found_severe(origin: Origin) -> str:
    """The final response to a complaint found severe only in its second row, and answered by a message."""
    severe = Match(severity="high")
    rule = policy(target("final_response", length=length(1), requires_dispatch=True), match=severe)
    ready = active(rule)
    times = {("office", 2): WorkingTime(pinned(OFFICE, 2))}
    standing = Standing(Book(policies={("desk", 3): rule}, calendars=times), tuple(ready), {})
    told = play(REGISTER, c.Classify(severity="high"), PROPOSE, origin=origin, sla=standing)
    (clock,) = clocks(told.timeline, standing.book, NOW + DAY)
    return clock.state


def test_what_an_import_finds_to_apply_only_later_is_imported_all_the_same() -> None:
    assert found_severe("import") == "undetermined"
    assert found_severe("live") == "breached"
