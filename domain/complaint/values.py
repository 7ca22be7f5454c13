"""The values inside a complaint's events. They carry no constraints and never lose a value."""

from __future__ import annotations

from typing import Any, Literal, TypeVar
from uuid import UUID

from msgspec import Struct, convert

T = TypeVar("T")

Kind = Literal["complaint", "report", "request", "information", "suggestion", "praise"]
Anonymity = Literal["identified", "confidential", "anonymous"]
Severity = Literal["low", "medium", "high", "critical"]
JourneyStage = Literal["before_purchase", "during_purchase", "after_purchase"]
Level = Literal["low", "medium", "high"]
SubjectType = Literal["order", "contract", "account", "asset", "invoice"]
ContactOutcome = Literal["reached", "message_left", "no_answer", "wrong_number"]
Outcome = Literal["upheld", "partly_upheld", "not_upheld"]
RedressKind = Literal["refund", "discount", "coupon", "replacement", "gift", "other"]
Scope = Literal["full", "partial"]
Basis = Literal["accepted", "accepted_on_contact", "final_position", "no_answer", "not_required", "anonymous"]
CloseReason = Literal["accepted", "recourse_exhausted", "no_reply", "not_required"]
WithdrawnBy = Literal["customer", "abandoned"]
Verdict = Literal["accepted", "rejected"]
PartyRole = Literal["complainant", "affected", "representative", "lawyer", "guardian"]
CompensationStatus = Literal["offered", "accepted", "declined", "withdrawn", "paid", "failed"]
PromiseStatus = Literal["open", "fulfilled", "missed"]
Flag = Literal["litigation", "regulator", "press", "safety", "fraud"]
ExternalBody = Literal[
    "procon", "consumidor.gov.br", "reclame_aqui", "bcb_rdr", "fos", "cfpb", "court", "other"
]
DismissalGround = Literal["spam", "test", "not_ours", "not_eligible", "insufficient"]
ForwardScope = Literal["whole", "part"]
Audience = Literal["customer", "staff"]
Relation = Literal["related", "follows", "parent"]


class Contact(Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str | None = None
    email: str | None = None
    phone: str | None = None


class SubjectRef(Struct, frozen=True, kw_only=True):
    type: SubjectType
    value: str


class Point(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of several grievances in a complaint."""

    point_id: str
    main: bool
    product: str | None = None
    category: str | None = None


class Vulnerability(Struct, frozen=True, kw_only=True, omit_defaults=True):
    identified: bool
    drivers: tuple[str, ...] = ()
    caused_complaint: bool | None = None
    support_needs: tuple[str, ...] = ()


class Assessment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The initial assessment of ISO 10002, 7.4."""

    safety: bool | None = None
    complexity: Level | None = None
    impact: Level | None = None
    immediate_action: bool | None = None


class Redress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    kind: RedressKind
    amount: str | None = None
    currency: str | None = None


class Origin(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the cause of a complaint lies; `problem_id` is the known problem, if it is one."""

    sector: str
    cause: str
    product: str | None = None
    problem_id: UUID | None = None


class PointOutcome(Struct, frozen=True, kw_only=True):
    point_id: str
    outcome: Outcome


def plain(given: Any, value_type: type[T]) -> T:
    """A command's constrained value as the plain one that events carry."""
    return convert(given, value_type, from_attributes=True)
