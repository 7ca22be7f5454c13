"""Documents as commands take them: with limits. `validation` says what else is wrong with one."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, TypeVar

from msgspec import Meta, Struct, convert, field, to_builtins

from domain.complaint.lifecycle import State
from domain.complaint.values import ExternalBody, JourneyStage, Kind, Severity
from domain.fields import (
    AMOUNT_LIMIT,
    DATES_LENGTH,
    LABEL_LENGTH,
    LINE_PATTERN,
    LIST_LENGTH,
    Clock,
    ClosingTime,
    FreeText,
    Label,
    Level,
    Tags,
)
from domain.sla.documents import (
    RECEIVED,
    Calendar,
    Escalation,
    Extension,
    HolidayRule,
    Length,
    Match,
    Policy,
    Target,
    Weekday,
)
from domain.sla.pinning import Facts

T = TypeVar("T", bound=Struct)

Text = Annotated[
    str, Meta(min_length=1, max_length=LABEL_LENGTH, extra_json_schema={"pattern": LINE_PATTERN})
]
"""A label beside a list of them. Its pattern is checked by `match_problems`: msgspec 0.22 frees the union of
a list and a text with a pattern wrongly, and the process dies of that when it ends."""
Labels = Annotated[tuple[Label, ...], Meta(max_length=LIST_LENGTH)]
Amount = Annotated[int, Meta(ge=0, le=AMOUNT_LIMIT)]
Order = Amount
Share = Annotated[float, Meta(ge=0, le=AMOUNT_LIMIT)]
Windows = Annotated[tuple[tuple[Clock, ClosingTime], ...], Meta(max_length=LIST_LENGTH)]
Week = dict[Weekday, Windows]
Dates = Annotated[tuple[date, ...], Meta(max_length=DATES_LENGTH)]
Exceptions = Annotated[dict[date, Windows], Meta(max_length=DATES_LENGTH)]


class MatchInput(Match, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    kind: Kind | Annotated[tuple[Kind, ...], Meta(max_length=LIST_LENGTH)] | None = None
    tier: Text | Labels | None = None
    severity: Severity | Annotated[tuple[Severity, ...], Meta(max_length=LIST_LENGTH)] | None = None
    channel: Text | Labels | None = None
    external_body: ExternalBody | Annotated[tuple[ExternalBody, ...], Meta(max_length=LIST_LENGTH)] | None = (
        None
    )
    category: Text | Labels | None = None
    product: Text | Labels | None = None
    journey_stage: JourneyStage | Annotated[tuple[JourneyStage, ...], Meta(max_length=LIST_LENGTH)] | None = (
        None
    )
    forwarded_from: Text | Labels | None = None
    tags: Text | Labels | None = None


class LengthInput(Length, frozen=True, kw_only=True, forbid_unknown_fields=True):
    amount: Amount


class ExtensionInput(Extension, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    by: Label
    to: LengthInput
    before: LengthInput | None = None
    at_most: Amount = 1


class EscalationInput(Escalation, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    level: Level
    offset: LengthInput
    tell: Labels


class TargetInput(Target, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    name: Label
    length: LengthInput | None
    counts_from: Label = RECEIVED
    pauses_in: Annotated[tuple[State, ...], Meta(max_length=LIST_LENGTH)] = ()
    warn_at: Annotated[tuple[Share, ...], Meta(max_length=LIST_LENGTH)] = ()
    extension: ExtensionInput | None = None
    escalations: Annotated[tuple[EscalationInput, ...], Meta(max_length=LIST_LENGTH)] = ()
    source: FreeText | None = None


Targets = Annotated[tuple[TargetInput, ...], Meta(max_length=LIST_LENGTH)]


class HolidayRuleInput(
    HolidayRule, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    country: Label
    subdivision: Label | None = None


class PolicyInput(Policy, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    name: Label
    order: Order
    calendar: Label
    targets: Targets
    match: MatchInput = MatchInput()
    source: FreeText | None = None


class CalendarInput(Calendar, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    name: Label
    zone: Label
    windows: Week
    holidays: HolidayRuleInput | None = None
    extra_holidays: Dates = ()
    exceptions: Exceptions = field(default_factory=dict)


class FactsInput(Facts, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    tier: Label | None = None
    channel: Label | None = None
    external_bodies: Annotated[tuple[ExternalBody, ...], Meta(max_length=LIST_LENGTH)] = ()
    category: Label | None = None
    product: Label | None = None
    forwarded_from: Label | None = None
    tags: Tags = ()


def plain(given: Struct, document: type[T], **more: Any) -> T:
    """The document in a command, without its limits."""
    fields = to_builtins(given) | more
    return convert({name: fields[name] for name in document.__struct_fields__ if name in fields}, document)
