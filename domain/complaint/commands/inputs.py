"""The parts of commands that are more than one value."""

from __future__ import annotations

from domain.complaint import values
from domain.fields import Amount, Currency, Email, Label, Labels, Phone, Tag


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
