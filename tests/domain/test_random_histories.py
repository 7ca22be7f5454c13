"""Whatever is asked of a complaint, in whatever order, it stays a sound complaint."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec import json, structs

from domain.aggregate import Refused
from domain.complaint import Complaint, ComplaintCommand, ComplaintEvent, decide, evolve
from domain.complaint import commands as c
from domain.complaint.fold import state_of
from domain.complaint.lifecycle import ENDED, WORKING
from tests.domain.spec import COMMANDS, CONSULT, NOW, POINTS, PROPOSE, context, number

ids = st.integers(1, 12).map(number)
maybe_ids = st.none() | ids
texts = st.text(min_size=1, max_size=5)
points = st.sampled_from(["a", "b", "z"])

commands: st.SearchStrategy[ComplaintCommand] = st.one_of(
    st.sampled_from(list(COMMANDS.values())),
    st.just(POINTS),
    st.builds(c.RecordReply, channel=texts, message=texts, ask_id=maybe_ids),
    st.builds(
        c.RecordSectorAnswer, answer=texts, ask_id=maybe_ids, sector=st.sampled_from([None, "billing"])
    ),
    st.builds(c.CancelAsk, reason=texts, ask_id=maybe_ids, sector=st.sampled_from([None, "billing"])),
    st.builds(c.WithdrawProposal, proposal_id=maybe_ids),
    st.builds(
        c.AcceptResolution,
        channel=texts,
        proposal_id=maybe_ids,
        scope=st.sampled_from(["full", "partial"]),
        accepted_points=st.lists(points, max_size=2).map(tuple),
    ),
    st.builds(c.RejectResolution, channel=texts, proposal_id=maybe_ids),
    st.builds(c.Assign, analyst=st.none() | texts, team=st.none() | texts),
    st.builds(c.Classify, category=st.none() | texts, tags=st.none() | st.lists(texts).map(tuple)),
    st.just(CONSULT),
    st.just(PROPOSE),
)
steps = st.lists(st.tuples(commands, st.none() | st.integers(-400, 3)), max_size=30)


def dated(command: ComplaintCommand, seconds: int | None) -> ComplaintCommand:
    if seconds is None:
        return command
    return structs.replace(command, occurred_at=NOW + timedelta(seconds=seconds))


def check(complaint: Complaint) -> None:
    open_ids = [ask.ask_id for ask in complaint.asks]
    past_ids = [ask.ask_id for ask in complaint.past_asks]
    assert len({*open_ids, *past_ids}) == len(open_ids) + len(past_ids)
    assert complaint.state in WORKING if complaint.asks else True
    assert complaint.state == state_of(complaint.asks) if complaint.state in WORKING else True
    assert (complaint.proposal is not None) == (complaint.state == "proposed")
    assert complaint.accepted_points <= set(complaint.points)


@given(steps)
def test_any_commands_leave_a_sound_complaint_that_its_events_alone_bring_back(
    history: list[tuple[ComplaintCommand, int | None]],
) -> None:
    state: Complaint | None = None
    log: list[tuple[ComplaintEvent, int]] = []
    for n, (command, seconds) in enumerate([(POINTS, None), *history], 1):
        given_command = dated(command, seconds)
        ctx = context(given_command, new_id=number(n))
        try:
            events = decide(state, given_command, ctx)
        except Refused:
            continue
        assert events == decide(state, given_command, ctx)
        for event in events:
            before, state = state, evolve(state, event, ctx.occurred_at)
            log.append((json.decode(json.encode(event), type=type(event)), 0 if seconds is None else seconds))
            assert before is None or state.changed_at >= before.changed_at
        assert state is not None
        check(state)
    again: Complaint | None = None
    for event, seconds in log:
        again = evolve(again, event, NOW + timedelta(seconds=min(seconds, 0)))
    assert again == state


@given(steps)
def test_what_the_customer_says_is_never_refused(history: list[tuple[ComplaintCommand, int | None]]) -> None:
    state: Complaint | None = None
    for n, (command, _) in enumerate([(POINTS, None), *history], 1):
        ctx = context(new_id=number(n))
        try:
            events = decide(state, command, ctx)
        except Refused:
            continue
        for event in events:
            state = evolve(state, event, NOW)
        assert state is not None
        (reply,) = decide(state, c.RecordReply(channel="email", message="Any news?"), ctx)
        assert evolve(state, reply, NOW).needs_review == (state.state in ENDED or state.needs_review)
