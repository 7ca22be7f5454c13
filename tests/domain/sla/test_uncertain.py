"""Imported facts whose time nobody knows: what follows from them is said, and nothing is invented."""

from typing import Any

from msgspec import structs

from domain.complaint import events as e
from domain.sla import Extension
from tests.domain.sla.telling import (
    DAY,
    HELD,
    HOUR,
    MONDAY,
    REOPENED,
    Told,
    asked,
    called,
    length,
    policy,
    replied,
    resolved,
    target,
)


def unsure(event: Any) -> Any:
    """The event as an import records it when its source does not say when it happened."""
    return structs.replace(event, time_uncertain=True)


def told(stops: Any = "resolved", **how: Any) -> Told:
    return Told(policy(target(stops, pauses_in=("awaiting_customer",))), **how)


def test_done_at_a_time_not_known_is_neither_met_nor_breached() -> None:
    clock = told().later(HOUR).tell(unsure(resolved())).later(30 * DAY).clock()
    assert (clock.state, clock.reason) == ("undetermined", "when it was done is not known")
    assert (clock.decided_at, clock.stopped_at) == (None, None)


def test_what_was_too_late_by_the_last_time_known_was_too_late() -> None:
    assert told().later(5 * DAY).tell(unsure(resolved())).clock().state == "met_late"


def test_a_fact_with_a_time_decides_what_it_can() -> None:
    at = told("first_response").later(HOUR).tell(called()).later(HOUR).tell(unsure(resolved()))
    assert at.clock().state == "met"


def test_a_pause_of_unknown_length_leaves_it_open() -> None:
    at = told().later(HOUR).tell(asked()).later(HOUR).tell(unsure(replied(1))).later(DAY).tell(resolved())
    assert (at.clock().state, at.clock().reason) == ("undetermined", "when it paused is not known")
    still = told().later(HOUR).tell(asked()).later(HOUR).tell(unsure(replied(1)))
    assert still.clock().state == "running"


def test_a_reopening_at_a_time_not_known() -> None:
    at = told().later(HOUR).tell(unsure(resolved())).later(DAY).tell(REOPENED).later(HOUR).tell(resolved())
    assert at.clock().state == "undetermined"


def test_a_beginning_not_known_still_tells_what_was_met_for_sure() -> None:
    at = told(time_uncertain=True)
    assert at.clock(now=MONDAY + 30 * DAY).state == "undetermined"
    assert at.later(HOUR).tell(resolved()).clock(now=MONDAY + 30 * DAY).state == "met"


def test_a_receipt_known_by_its_date_is_certain_though_its_registration_is_not() -> None:
    at = told(time_uncertain=True, received_at=MONDAY - DAY)
    assert at.clock(now=MONDAY + 30 * DAY).state == "breached"


def test_nothing_is_recorded_about_a_clock_that_nobody_can_judge() -> None:
    at = told(time_uncertain=True)
    assert at.due() == at.later(30 * DAY).due() == []
    assert told().later(HOUR).tell(unsure(resolved())).later(30 * DAY).due() == []


def test_what_proves_undetermined_corrects_the_breach() -> None:
    at = told().later(5 * DAY)
    at.watch()
    at.tell(unsure(resolved()), at=MONDAY + HOUR)
    (corrected,) = at.watch()
    assert isinstance(corrected, e.SlaBreachCorrected)
    assert corrected.verdict == "undetermined"


LONGER = Extension(by="holding-response-sent", to=length(20), before=length(4), at_most=2)


def test_an_extension_counts_in_time_and_no_more_often_than_allowed() -> None:
    def extended(*after: int) -> tuple[int, Any]:
        at = Told(policy(target("final_response", extension=LONGER)))
        for hours in after:
            at.tell(HELD, at=MONDAY + hours * HOUR)
        clock = at.clock(now=MONDAY + 6 * HOUR)
        return clock.extended, clock.due_at

    assert extended()[0] == extended(6)[0] == 0
    assert extended(1)[0] == extended(1, 6)[0] == 1
    assert extended(1, 2)[0] == extended(1, 2, 3)[0] == 2
    assert extended(1, 2)[1] - MONDAY > extended(1)[1] - MONDAY > extended()[1] - MONDAY
