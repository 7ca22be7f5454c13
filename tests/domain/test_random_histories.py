"""Whatever is asked of a complaint, in whatever order, it stays a sound complaint."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st
from msgspec import json, structs

from domain.complaint import Complaint, ComplaintEvent, decide, evolve
from domain.complaint import commands as c
from domain.complaint.commands.intake import Removable
from domain.complaint.fold import state_of
from domain.complaint.lifecycle import ENDED, WORKING
from domain.complaint.values import Anonymity, Flag, PartyRole, Severity
from domain.messages import Refused
from tests.domain.spec import (
    COMMANDS,
    CONSULT,
    CUSTOMER,
    NOT_OURS,
    NOW,
    ORIGINAL,
    POINTS,
    PROPOSE,
    AnyCommand,
    context,
    number,
)

Step = tuple[AnyCommand, int | None, dict[str, Any]]
OURS_WITH_POINTS = structs.replace(POINTS, customer_id=CUSTOMER)

ids = st.integers(1, 12).map(number)
maybe_ids = st.none() | ids
texts = st.text(min_size=1, max_size=5)
points = st.sampled_from(["a", "b", "z"])


def points_of(names: list[str]) -> tuple[c.PointInput, ...]:
    return tuple(c.PointInput(point_id=name) for name in names)


commands: st.SearchStrategy[AnyCommand] = st.one_of(
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
    st.just(NOT_OURS),
    st.builds(c.Approve, approval_id=ids),
    st.builds(c.Refuse, approval_id=ids, reason=texts),
    st.builds(c.FulfilPromise, promise_id=ids),
    st.builds(c.RecordMissedPromise, promise_id=ids),
    st.builds(c.RecordDueReminder, reminder_id=ids),
    st.builds(
        c.RecordNotificationSent, notification_id=texts, about_version=st.integers(1, 9), channel=texts
    ),
    st.builds(c.AcceptCompensation, compensation_id=ids),
    st.builds(c.DeclineCompensation, compensation_id=ids),
    st.builds(c.WithdrawCompensation, compensation_id=ids),
    st.builds(c.PayCompensation, compensation_id=ids, reference=st.none() | texts),
    st.builds(c.FailCompensation, compensation_id=ids),
    st.builds(c.AddParty, role=st.sampled_from(get_args(PartyRole)), party_id=maybe_ids),
    st.builds(c.VerifyAuthority, party_id=ids),
    st.builds(c.RemoveParty, party_id=ids),
    st.builds(c.RaiseFlag, flag=st.sampled_from(get_args(Flag)), reason=texts),
    st.builds(c.ClearFlag, flag=st.sampled_from(get_args(Flag)), reason=texts),
    st.builds(
        c.Correct,
        reason=texts,
        anonymity=st.none() | st.sampled_from(get_args(Anonymity)),
        customer_id=maybe_ids,
        severity=st.none() | st.sampled_from(get_args(Severity)),
        points=st.none() | st.lists(points, max_size=2).map(points_of),
        remove=st.lists(st.sampled_from(get_args(Removable)), max_size=2).map(tuple),
    ),
)
whos = st.sampled_from(
    [
        {"actor": "ana"},
        {"actor": "sofia", "supervisor": True},
        {"actor": "ana", "warned": True, "redress_limits": {"BRL": Decimal(100)}},
    ]
)
steps = st.lists(st.tuples(commands, st.none() | st.integers(-400, 3), whos), max_size=30)


def dated(command: AnyCommand, seconds: int | None) -> AnyCommand:
    if seconds is None:
        return command
    return structs.replace(command, occurred_at=NOW + timedelta(seconds=seconds))


def check(complaint: Complaint) -> None:
    open_ids = [ask.ask_id for ask in complaint.asks]
    past_ids = [ask.ask_id for ask in complaint.past_asks]
    assert len({*open_ids, *past_ids}) == len(open_ids) + len(past_ids)
    duplicate = complaint.state == "duplicate"
    assert duplicate or complaint.state in WORKING if complaint.asks else True
    assert complaint.state == state_of(complaint.asks) if complaint.state in WORKING else True
    assert duplicate or (complaint.proposal is not None) == (complaint.state == "proposed")
    assert duplicate == (complaint.duplicate_of is not None)
    assert complaint.accepted_points <= set(complaint.points)
    assert complaint.resolved_before if complaint.state in ("resolved", "closed") else True
    assert complaint.customer_id is None if complaint.anonymity == "anonymous" else True
    assert complaint.registered_at <= complaint.changed_at
    for known in (
        [party.party_id for party in complaint.parties],
        [promise.promise_id for promise in complaint.promises],
        [compensation.compensation_id for compensation in complaint.compensations],
        [case.case_id for case in complaint.external_cases],
        [approval.approval_id for approval in complaint.approvals],
        [*complaint.past_reminders, *(reminder.reminder_id for reminder in complaint.reminders)],
        list(complaint.flags),
        list(complaint.links),
    ):
        assert len(set(known)) == len(known)


@given(steps)
def test_any_commands_leave_a_sound_complaint_that_its_events_alone_bring_back(
    history: list[Step],
) -> None:
    state: Complaint | None = None
    log: list[tuple[ComplaintEvent, int]] = []
    for n, (command, seconds, who) in enumerate([(OURS_WITH_POINTS, None, {}), *history], 1):
        given_command = dated(command, seconds)
        ctx = context(given_command, **{"new_id": number(n), "lookup": ORIGINAL} | who)
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
def test_what_the_customer_says_is_never_refused(history: list[Step]) -> None:
    state: Complaint | None = None
    for n, (command, _, who) in enumerate([(OURS_WITH_POINTS, None, {}), *history], 1):
        ctx = context(**{"new_id": number(n), "lookup": ORIGINAL} | who)
        try:
            events = decide(state, command, ctx)
        except Refused:
            continue
        for event in events:
            state = evolve(state, event, NOW)
        assert state is not None
        (reply,) = decide(state, c.RecordReply(channel="email", message="Any news?"), ctx)
        assert evolve(state, reply, NOW).needs_review == (state.state in ENDED or state.needs_review)
