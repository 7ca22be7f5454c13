"""Four eyes: what one person asks for and another carries out or drops."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec import structs

from domain.approvals import Ground
from domain.complaint import Complaint, ComplaintCommand
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint.decisions.approvals import GATED
from domain.complaint.fold import evolve
from domain.complaint.values import DismissalGround
from tests.domain.spec import (
    CLOSE,
    NOT_OURS,
    NOW,
    OFFER,
    PROPOSE,
    REGISTER,
    RESOLVE,
    number,
    play,
    refusal,
    when,
)

LIMITS = {"BRL": Decimal("100.00")}
SUPERVISOR: dict[str, Any] = {"actor": "sofia", "supervisor": True}
APPROVE = c.Approve(approval_id=number(2), reason="Agreed.")
REFUSE = c.Refuse(approval_id=number(2), reason="It is ours.")
HIGH = structs.replace(REGISTER, severity="high")
LOWER = c.Classify(severity="low")
KIND = c.ChangeKind(kind="praise", reason="She thanks the branch.")
RICH = structs.replace(PROPOSE, redress=c.RedressInput(kind="refund", amount="100.01", currency="BRL"))
REQUESTED = play(NOT_OURS, state=play(REGISTER), first=2)

GATES: list[tuple[ComplaintCommand, dict[str, Any], Ground]] = [
    (NOT_OURS, {}, "dismissal"),
    (KIND, {"supervisor": True}, "change_of_kind"),
    (c.Correct(kind="praise", reason="Misread."), {"supervisor": True}, "change_of_kind"),
    (LOWER, {"warned": True}, "severity_lowered"),
    (c.Correct(severity="medium", reason="Misread."), {"warned": True}, "severity_lowered"),
    (c.Correct(remove=("severity",), reason="Misread."), {"warned": True}, "severity_lowered"),
    (OFFER, {"redress_limits": LIMITS}, "redress_above_limit"),
    (RICH, {"redress_limits": LIMITS}, "redress_above_limit"),
]


def happens(state: Complaint, command: ComplaintCommand, **changes: Any) -> bool:
    """Whether it is carried out and not only asked for."""
    return not any(isinstance(event, e.ApprovalRequested) for event in when(state, command, **changes))


def test_what_needs_a_second_person_is_asked_for_with_the_command() -> None:
    assert when(play(REGISTER), OFFER, redress_limits=LIMITS) == [
        e.ApprovalRequested(
            approval_id=number(99),
            verb="offer-compensation",
            ground="redress_above_limit",
            requested_by="ana",
            limit="100.00",
            command={"kind": "refund", "amount": "120.00", "currency": "BRL", "reason": "Charged twice."},
        )
    ]


@pytest.mark.parametrize(("command", "known", "ground"), GATES)
def test_every_ground_is_asked_for_and_then_carried_out_with_its_ordinary_events(
    command: ComplaintCommand, known: dict[str, Any], ground: Ground
) -> None:
    complaint = play(HIGH)
    (asked,) = when(complaint, command, **known)
    assert isinstance(asked, e.ApprovalRequested)
    assert (asked.ground, asked.verb) == (ground, command.verb)
    waiting = play(command, state=complaint, first=2, **known)
    assert structs.replace(waiting, approvals=(), version=1) == complaint
    granted, *events = when(waiting, APPROVE, **known | SUPERVISOR)
    assert granted == e.ApprovalGranted(
        approval_id=number(2), verb=command.verb, requested_by="ana", reason="Agreed."
    )
    assert events == when(complaint, command, supervisor=True, origin="import")
    after = play(APPROVE, state=waiting, **known | SUPERVISOR)
    assert after.approvals == ()


def test_every_command_that_can_be_gated_is() -> None:
    assert {command.verb for command, _, _ in GATES} == set(GATED)


@pytest.mark.parametrize(("command", "known", "ground"), GATES)
def test_what_waits_survives_being_stored(
    command: ComplaintCommand, known: dict[str, Any], ground: Ground
) -> None:
    (event,) = when(play(HIGH), command, new_id=number(2), **known)
    stored = msgspec.json.decode(msgspec.json.encode(event), type=e.ApprovalRequested)
    json.dumps(stored.command)
    waiting = evolve(play(HIGH), stored, NOW)
    assert refusal(waiting, APPROVE, **known | SUPERVISOR) == ""


@pytest.mark.parametrize("ground", ["spam", "test"])
def test_spam_and_tests_are_dismissed_at_once(ground: DismissalGround) -> None:
    assert play(REGISTER, structs.replace(NOT_OURS, ground=ground)).state == "dismissed"


@pytest.mark.parametrize("ground", ["not_ours", "not_eligible", "insufficient"])
def test_other_dismissals_need_a_second_person(ground: DismissalGround) -> None:
    assert not happens(play(REGISTER), structs.replace(NOT_OURS, ground=ground))


@pytest.mark.parametrize(
    ("amount", "currency", "limits", "direct"),
    [
        ("100.00", "BRL", LIMITS, True),
        ("100.01", "BRL", LIMITS, False),
        ("9", "BRL", LIMITS, True),
        ("1", "USD", LIMITS, False),
        ("1000000", "USD", None, True),
        (None, None, LIMITS, True),
    ],
)
def test_redress_above_the_limit_of_its_currency_needs_a_second_person(
    amount: str | None, currency: str | None, limits: dict[str, Decimal] | None, *, direct: bool
) -> None:
    offer = structs.replace(OFFER, amount=amount, currency=currency)
    propose = structs.replace(
        PROPOSE, redress=c.RedressInput(kind="refund", amount=amount, currency=currency)
    )
    for command in (offer, propose):
        assert happens(play(REGISTER), command, redress_limits=limits) == direct


def test_a_proposal_without_redress_needs_nobody_else() -> None:
    assert happens(play(REGISTER), PROPOSE, redress_limits=LIMITS)


@pytest.mark.parametrize(
    ("command", "warned", "direct"),
    [
        (LOWER, False, True),
        (LOWER, True, False),
        (c.Classify(severity="critical"), True, True),
        (c.Classify(category="fees"), True, True),
        (c.Correct(category="fees", reason="Misread."), True, True),
    ],
)
def test_only_a_lower_severity_after_a_warning_needs_a_second_person(
    command: ComplaintCommand, *, warned: bool, direct: bool
) -> None:
    assert happens(play(HIGH), command, warned=warned) == direct


def test_a_first_severity_is_not_a_lower_one() -> None:
    assert happens(play(REGISTER), LOWER, warned=True)


def test_what_changes_nothing_needs_nobody() -> None:
    same = c.ChangeKind(kind="complaint", reason="As it is.")
    assert when(play(REGISTER), same, supervisor=True) == []


def test_what_is_imported_happened_without_asking() -> None:
    assert happens(play(REGISTER), NOT_OURS, origin="import")


def test_what_the_rules_refuse_is_refused_at_once() -> None:
    assert refusal(play(REGISTER, RESOLVE), NOT_OURS) == "wrong-state"
    assert refusal(play(REGISTER), KIND) == "supervisor-required"


def test_the_same_command_is_not_asked_for_twice_while_it_waits() -> None:
    assert refusal(REQUESTED, NOT_OURS, actor="rui") == "approval-pending"
    assert refusal(REQUESTED, structs.replace(NOT_OURS, reason="Another reason.")) == ""
    assert refusal(play(REFUSE, state=REQUESTED, **SUPERVISOR), NOT_OURS) == ""


def test_another_supervisor_decides() -> None:
    for decision in (APPROVE, REFUSE):
        assert refusal(REQUESTED, decision) == "supervisor-required"
        assert refusal(REQUESTED, decision, actor="rui") == "supervisor-required"
        assert refusal(REQUESTED, decision, actor="ana", supervisor=True) == "same-person"
        assert refusal(REQUESTED, decision, origin="system") == "supervisor-required"
        assert refusal(REQUESTED, decision, **SUPERVISOR) == ""


def test_a_refusal_drops_what_was_asked_for() -> None:
    assert when(REQUESTED, REFUSE, **SUPERVISOR) == [
        e.ApprovalRefused(approval_id=number(2), verb="dismiss", requested_by="ana", reason="It is ours.")
    ]
    after = play(REFUSE, state=REQUESTED, **SUPERVISOR)
    assert structs.replace(after, version=1) == play(REGISTER)


def test_what_was_decided_or_never_asked_for_is_not_decided() -> None:
    decided = play(APPROVE, state=REQUESTED, **SUPERVISOR)
    for complaint in (decided, play(REGISTER)):
        assert refusal(complaint, APPROVE, **SUPERVISOR) == "unknown-approval"
        assert refusal(complaint, REFUSE, **SUPERVISOR) == "unknown-approval"


@pytest.mark.parametrize(
    "kept",
    [{"command": None}, {"command": {"ground": "a word of old"}}, {"verb": "a-command-of-old"}],
    ids=["erased", "another shape", "another command"],
)
def test_what_is_no_command_any_more_is_not_carried_out_but_can_be_dropped(kept: dict[str, Any]) -> None:
    (open_one,) = REQUESTED.approvals
    void = structs.replace(REQUESTED, approvals=(structs.replace(open_one, **kept),))
    assert refusal(void, APPROVE, **SUPERVISOR) == "approval-void"
    assert refusal(void, REFUSE, **SUPERVISOR) == ""


def test_an_approval_is_decided_against_the_state_then_and_stays_open_when_that_refuses() -> None:
    resolved = play(RESOLVE, state=REQUESTED)
    assert refusal(resolved, APPROVE, **SUPERVISOR) == "wrong-state"
    assert [approval.approval_id for approval in resolved.approvals] == [number(2)]
    closed = play(CLOSE, state=resolved)
    assert refusal(closed, REFUSE, **SUPERVISOR) == ""


def test_what_is_approved_happens_when_it_is_approved() -> None:
    early = structs.replace(NOT_OURS, occurred_at=NOW - timedelta(minutes=10))
    waiting = play(early, state=play(structs.replace(REGISTER, occurred_at=early.occurred_at)), first=2)
    later = NOW + timedelta(days=1)
    after = play(APPROVE, state=waiting, now=later, **SUPERVISOR)
    assert (after.state, after.changed_at) == ("dismissed", later)


def test_an_approval_told_late_is_not_before_the_last_change_either() -> None:
    early = structs.replace(APPROVE, occurred_at=NOW - timedelta(minutes=10))
    assert refusal(REQUESTED, early, **SUPERVISOR) == "before-last-change"


def test_the_reason_for_backdating_an_approval_is_in_all_its_events() -> None:
    late = structs.replace(
        APPROVE, occurred_at=NOW + timedelta(hours=1), backdating_reason="Approved on paper."
    )
    events = when(REQUESTED, late, now=NOW + timedelta(hours=3), **SUPERVISOR)
    assert [event.backdating_reason for event in events] == ["Approved on paper."] * 2
