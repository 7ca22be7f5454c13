"""Which function decides which command."""

from __future__ import annotations

from typing import assert_never

from domain.aggregate import Context
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint.decisions import (
    approvals,
    asks,
    contact,
    correction,
    intake,
    notifications,
    outside,
    parties,
    promises,
    redress,
    relations,
    resolution,
    sla,
    work,
)
from domain.complaint.state import Complaint


def dispatch(  # noqa: C901, PLR0911, PLR0912, PLR0915 - one branch for each command
    state: Complaint, command: c.ComplaintCommand | c.SystemCommand, ctx: Context
) -> list[e.ComplaintEvent]:
    """The events of a command that the state and the times allow."""
    match command:
        case c.Register() | c.Approve():
            raise ValueError(f"{command.verb} is not decided on its own")
        case c.Acknowledge():
            return intake.acknowledge(command)
        case c.Classify():
            return intake.classify(state, command)
        case c.ChangeKind():
            return intake.change_kind(state, command)
        case c.Correct():
            return correction.correct(state, command, ctx)
        case c.RelinkCustomer():
            return correction.relink_customer(state, command)
        case c.AddParty():
            return parties.add_party(state, command, ctx)
        case c.RemoveParty():
            return parties.remove_party(state, command)
        case c.VerifyAuthority():
            return parties.verify_authority(state, command)
        case c.Assign():
            return work.assign(state, command, ctx.staff)
        case c.Unassign():
            return work.unassign(state, command)
        case c.Investigate():
            return work.investigate()
        case c.Escalate():
            return work.escalate(command)
        case c.IdentifyOrigin():
            return work.identify_origin(command)
        case c.RaiseFlag():
            return work.raise_flag(state, command)
        case c.ClearFlag():
            return work.clear_flag(state, command)
        case c.AddNote():
            return work.add_note(command)
        case c.Attach():
            return work.attach(command, ctx)
        case c.LogWork():
            return work.log_work(command)
        case c.ContactCustomer():
            return contact.contact_customer(command)
        case c.RecordReply():
            return contact.record_reply(state, command, ctx)
        case c.ReviewReply():
            return contact.review_reply(command)
        case c.SendHoldingResponse():
            return contact.send_holding_response(command, ctx)
        case c.OfferWorkaround():
            return contact.offer_workaround(command)
        case c.RecordExposure():
            return contact.record_exposure(command)
        case c.Rate():
            return contact.rate(state, command)
        case c.RequestInformation():
            return asks.request_information(command, ctx)
        case c.ConsultSector():
            return asks.consult_sector(command, ctx)
        case c.RecordSectorAnswer():
            return asks.record_sector_answer(state, command)
        case c.CancelAsk():
            return asks.cancel_ask(state, command)
        case c.Promise():
            return promises.promise(command, ctx)
        case c.FulfilPromise():
            return promises.fulfil_promise(state, command, ctx)
        case c.ReschedulePromise():
            return promises.reschedule_promise(state, command, ctx)
        case c.RecordMissedPromise():
            return promises.record_missed_promise(state, command, ctx)
        case c.SetReminder():
            return promises.set_reminder(command, ctx)
        case c.RecordDueReminder():
            return promises.record_due_reminder(state, command, ctx)
        case c.OfferCompensation():
            return redress.offer_compensation(command, ctx)
        case c.WithdrawCompensation():
            return redress.withdraw_compensation(state, command)
        case c.AcceptCompensation():
            return redress.accept_compensation(state, command)
        case c.DeclineCompensation():
            return redress.decline_compensation(state, command)
        case c.PayCompensation():
            return redress.pay_compensation(state, command)
        case c.FailCompensation():
            return redress.fail_compensation(state, command)
        case c.OpenExternalCase():
            return outside.open_external_case(state, command, ctx)
        case c.AnswerExternalCase():
            return outside.answer_external_case(state, command)
        case c.DecideExternalCase():
            return outside.decide_external_case(state, command)
        case c.ProposeResolution():
            return resolution.propose_resolution(state, command, ctx)
        case c.WithdrawProposal():
            return resolution.withdraw_proposal(state, command)
        case c.AcceptResolution():
            return resolution.accept_resolution(state, command)
        case c.RejectResolution():
            return resolution.reject_resolution(state, command)
        case c.Resolve():
            return resolution.resolve(state, command)
        case c.Close():
            return resolution.close(state, command)
        case c.Reopen():
            return resolution.reopen(state, command, ctx)
        case c.Withdraw():
            return resolution.withdraw(state, command, ctx)
        case c.Dismiss():
            return resolution.dismiss(state, command)
        case c.Forward():
            return resolution.forward(state, command, ctx)
        case c.MarkDuplicate():
            return relations.mark_duplicate(state, command, ctx)
        case c.UnmarkDuplicate():
            return relations.unmark_duplicate(state, command)
        case c.Link():
            return relations.link(state, command, ctx)
        case c.Unlink():
            return relations.unlink(state, command)
        case c.Refuse():
            return approvals.refuse(state, command, ctx)
        case c.RequestHistory():
            return contact.request_history(command)
        case c.DeliverHistory():
            return contact.deliver_history(command)
        case c.RecordNotificationSent():
            return notifications.record_sent(state, command, ctx)
        case c.RecordNotificationFailed():
            return notifications.record_failed(state, command, ctx)
        case c.RecordSlaDue():
            return sla.record_due(state, command, ctx)
        case c.ApplyPolicies():
            return []
        case _:
            assert_never(command)
