"""What can be asked of a complaint. The fields are the body of the request."""

from __future__ import annotations

from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from domain.aggregate import Command
from domain.complaint import values
from domain.fields import (
    LIST_LENGTH,
    Amount,
    Currency,
    Email,
    FreeText,
    Label,
    Labels,
    Moment,
    Phone,
    Subject,
    Tag,
    Tags,
)


class ContactInput(values.Contact, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Label | None = None
    email: Email | None = None
    phone: Phone | None = None


class SubjectRefInput(values.SubjectRef, frozen=True, kw_only=True, forbid_unknown_fields=True):
    value: Label


class PointInput(values.Point, frozen=True, kw_only=True, forbid_unknown_fields=True):
    point_id: Tag
    main: bool = False
    product: Label | None = None
    category: Label | None = None


class VulnerabilityInput(values.Vulnerability, frozen=True, kw_only=True, forbid_unknown_fields=True):
    drivers: Labels = ()
    support_needs: Labels = ()


class AssessmentInput(values.Assessment, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class RedressInput(values.Redress, frozen=True, kw_only=True, forbid_unknown_fields=True):
    amount: Amount | None = None
    currency: Currency | None = None


class PointOutcomeInput(values.PointOutcome, frozen=True, kw_only=True, forbid_unknown_fields=True):
    point_id: Tag


class Register(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "register"
    subject: Subject
    description: FreeText
    channel: Label
    kind: values.Kind = "complaint"
    customer_id: UUID | None = None
    contact: ContactInput | None = None
    anonymity: values.Anonymity = "identified"
    product: Label | None = None
    category: Label | None = None
    journey_stage: values.JourneyStage | None = None
    severity: values.Severity | None = None
    remedy_sought: FreeText | None = None
    subject_refs: Annotated[tuple[SubjectRefInput, ...], Meta(max_length=LIST_LENGTH)] = ()
    points: Annotated[tuple[PointInput, ...], Meta(max_length=LIST_LENGTH)] = ()
    forwarded_from: Label | None = None
    prior_protocol: Label | None = None
    follows: UUID | None = None
    source_ref: Label | None = None
    received_at: Moment | None = None


class Acknowledge(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "acknowledge"
    channel: Label
    automatic: bool = False
    message: FreeText | None = None


class Classify(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "classify"
    category: Label | None = None
    severity: values.Severity | None = None
    journey_stage: values.JourneyStage | None = None
    product: Label | None = None
    tags: Tags | None = None
    vulnerability: VulnerabilityInput | None = None
    assessment: AssessmentInput | None = None


class Assign(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "assign"
    analyst: Label | None = None
    team: Label | None = None
    reason: FreeText | None = None


class Unassign(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "unassign"
    reason: FreeText | None = None


class Investigate(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "investigate"


class ContactCustomer(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "contact-customer"
    channel: Label
    summary: FreeText
    outcome: values.ContactOutcome
    automatic: bool = False


class RecordReply(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "record-reply"
    channel: Label
    message: FreeText
    ask_id: UUID | None = None


class ReviewReply(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "review-reply"
    finding: FreeText


class RequestInformation(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "request-information"
    question: FreeText
    due_at: Moment | None = None


class ConsultSector(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "consult-sector"
    sector: Label
    question: FreeText
    due_at: Moment | None = None


class RecordSectorAnswer(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "record-sector-answer"
    answer: FreeText
    ask_id: UUID | None = None
    sector: Label | None = None


class CancelAsk(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "cancel-ask"
    reason: FreeText
    ask_id: UUID | None = None
    sector: Label | None = None


class ProposeResolution(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "propose-resolution"
    outcome: values.Outcome
    summary: FreeText
    channel: Label
    redress: RedressInput | None = None
    point_outcomes: Annotated[tuple[PointOutcomeInput, ...], Meta(max_length=LIST_LENGTH)] = ()
    reply_by: Moment | None = None


class WithdrawProposal(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "withdraw-proposal"
    proposal_id: UUID | None = None
    reason: FreeText | None = None


class AcceptResolution(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "accept-resolution"
    channel: Label
    proposal_id: UUID | None = None
    scope: values.Scope = "full"
    accepted_points: Tags = ()
    reason: FreeText | None = None


class RejectResolution(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "reject-resolution"
    channel: Label
    proposal_id: UUID | None = None
    reason: FreeText | None = None


class Resolve(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "resolve"
    outcome: values.Outcome
    summary: FreeText
    basis: values.Basis


class Close(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "close"
    reason: values.CloseReason


class Reopen(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "reopen"
    reason: FreeText


class Withdraw(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "withdraw"
    by: values.WithdrawnBy
    reason: FreeText


class AddNote(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "add-note"
    text: FreeText


ComplaintCommand = (
    Register
    | Acknowledge
    | Classify
    | Assign
    | Unassign
    | Investigate
    | ContactCustomer
    | RecordReply
    | ReviewReply
    | RequestInformation
    | ConsultSector
    | RecordSectorAnswer
    | CancelAsk
    | ProposeResolution
    | WithdrawProposal
    | AcceptResolution
    | RejectResolution
    | Resolve
    | Close
    | Reopen
    | Withdraw
    | AddNote
)
