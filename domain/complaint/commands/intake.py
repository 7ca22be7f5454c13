"""Commands: taking it in and saying what it is."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from domain.complaint import values
from domain.complaint.commands.inputs import (
    AssessmentInput,
    ContactInput,
    PointInput,
    SubjectRefInput,
    VulnerabilityInput,
)
from domain.fields import LIST_LENGTH, FreeText, Label, Moment, Subject, Tags
from domain.messages import Command

Removable = Literal[
    "contact",
    "product",
    "category",
    "journey_stage",
    "severity",
    "remedy_sought",
    "subject_refs",
    "forwarded_from",
    "prior_protocol",
    "follows",
    "source_ref",
]
"""What a correction can leave empty."""


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
    tags: Tags = ()
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


class ChangeKind(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "change-kind"
    kind: values.Kind
    reason: FreeText


class Correct(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "correct"
    reason: FreeText
    subject: Subject | None = None
    description: FreeText | None = None
    channel: Label | None = None
    kind: values.Kind | None = None
    customer_id: UUID | None = None
    contact: ContactInput | None = None
    anonymity: values.Anonymity | None = None
    product: Label | None = None
    category: Label | None = None
    journey_stage: values.JourneyStage | None = None
    severity: values.Severity | None = None
    remedy_sought: FreeText | None = None
    subject_refs: Annotated[tuple[SubjectRefInput, ...], Meta(max_length=LIST_LENGTH)] | None = None
    points: Annotated[tuple[PointInput, ...], Meta(max_length=LIST_LENGTH)] | None = None
    forwarded_from: Label | None = None
    prior_protocol: Label | None = None
    follows: UUID | None = None
    source_ref: Label | None = None
    tags: Tags | None = None
    received_at: Moment | None = None
    remove: Annotated[tuple[Removable, ...], Meta(max_length=LIST_LENGTH)] = ()
