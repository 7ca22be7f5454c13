"""Which command is possible in which state, cell by cell."""

from typing import get_args

import pytest

from domain.complaint import COMPLAINT, decide
from domain.complaint.lifecycle import (
    ALLOWED,
    ANY,
    CHANGES_STATE,
    CLOCK_FACTS,
    ENDED,
    OPEN,
    RECORDED_AS_REPLY,
    State,
)
from domain.messages import Refused
from tests.domain.spec import ABLE, COMMANDS, REGISTER, complaint_in, context, fold, refusal, when

CONTACTS = {"contact-customer", "send-holding-response"}
CELLS = [(verb, state) for verb in COMMANDS for state in get_args(State)]


def test_every_command_but_register_has_its_row() -> None:
    verbs = {command.verb for command in COMPLAINT.commands + COMPLAINT.system_commands}
    assert verbs - {"register"} == set(ALLOWED) == set(COMMANDS)
    assert set(RECORDED_AS_REPLY) | CHANGES_STATE | CLOCK_FACTS <= set(ALLOWED)


def test_a_complaint_is_open_or_ended() -> None:
    assert OPEN | ENDED == ANY
    assert not OPEN & ENDED


@pytest.mark.parametrize("state", get_args(State))
def test_a_complaint_for_the_cells_is_in_its_state(state: State) -> None:
    assert complaint_in(state).state == state


@pytest.mark.parametrize(("verb", "state"), CELLS)
def test_a_command_is_refused_for_the_state_exactly_where_the_table_says(verb: str, state: State) -> None:
    try:
        decide(complaint_in(state), COMMANDS[verb], context(**ABLE))
        refused = ""
    except Refused as no:
        refused = no.slug
    if state not in ALLOWED[verb]:
        assert refused == "wrong-state"
    elif verb in RECORDED_AS_REPLY and state in OPEN - {"proposed"}:
        assert refused == "no-proposal"
    else:
        assert refused == ""


@pytest.mark.parametrize(
    ("verb", "state"),
    [(verb, state) for verb, states in RECORDED_AS_REPLY.items() for state in sorted(states & ENDED)],
)
def test_a_verdict_on_an_ended_case_is_recorded_as_a_reply_to_be_reviewed(verb: str, state: State) -> None:
    complaint = complaint_in(state)
    after = fold(complaint, when(complaint, COMMANDS[verb], **ABLE))
    assert after is not None
    assert (after.state, after.needs_review) == (state, True)


@pytest.mark.parametrize("verb", sorted(set(COMMANDS) - CHANGES_STATE - CONTACTS))
@pytest.mark.parametrize("state", get_args(State))
def test_only_commands_that_are_said_to_change_the_state_change_it(verb: str, state: State) -> None:
    if state not in ALLOWED[verb] or verb in ("record-reply", "record-sector-answer"):
        return  # replies and answers change the state as facts do: whenever they reach us
    complaint = complaint_in(state)
    after = fold(complaint, when(complaint, COMMANDS[verb], **ABLE))
    assert after is not None
    assert (after.state, after.changed_at) == (complaint.state, complaint.changed_at)


@pytest.mark.parametrize("verb", COMMANDS)
def test_nothing_happens_to_a_complaint_that_is_not_registered(verb: str) -> None:
    assert refusal(None, COMMANDS[verb]) == "unknown-complaint"


@pytest.mark.parametrize("state", get_args(State))
def test_a_complaint_is_registered_once(state: State) -> None:
    assert refusal(complaint_in(state), REGISTER) == "already-registered"


def test_the_reason_names_the_state_and_those_in_which_the_command_is_possible() -> None:
    with pytest.raises(Refused, match=r"close is not possible in the state proposed; it is in: resolved"):
        when(complaint_in("proposed"), COMMANDS["close"])
