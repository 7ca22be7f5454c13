"""The customer: who complains, how to reach them, and how they wish to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, assert_never, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, Struct, convert
from msgspec.structs import replace

from domain.aggregate import Aggregate, Context
from domain.fields import LIST_LENGTH, Clock, Email, FreeText, Label, Language, Phone, Slug
from domain.messages import Command, Event, Personal, Refused
from domain.times import check_times, stamped

CustomerKind = Literal["external", "internal"]
ContactField = Literal["email", "phone", "external_ref", "organisation"]
Channels = Annotated[tuple[Slug, ...], Meta(max_length=LIST_LENGTH)]

CONTACT_FIELDS = ("name", *get_args(ContactField))
PREFERENCES = ("channels", "language", "quiet_hours")


class QuietHours(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """When not to disturb the customer: local times HH:MM, over midnight where `to` is the earlier."""

    from_: str
    to: str
    zone: str


class CustomerRegistered(Event, frozen=True, kw_only=True, tag="customer-registered"):
    kind: CustomerKind
    name: Personal[str]
    tier: str
    language: Language
    email: Personal[str | None] = None
    phone: Personal[str | None] = None
    external_ref: Personal[str | None] = None
    organisation: str | None = None
    channels: tuple[str, ...] = ()
    quiet_hours: QuietHours | None = None


class CustomerContactChanged(Event, frozen=True, kw_only=True, tag="customer-contact-changed"):
    name: Personal[str | None] = None
    email: Personal[str | None] = None
    phone: Personal[str | None] = None
    external_ref: Personal[str | None] = None
    organisation: str | None = None
    removed: tuple[ContactField, ...] = ()


class CustomerTierChanged(Event, frozen=True, kw_only=True, tag="customer-tier-changed"):
    tier: str
    reason: Personal[str | None] = None


class CustomerPreferencesSet(Event, frozen=True, kw_only=True, tag="customer-preferences-set"):
    channels: tuple[str, ...] | None = None
    language: Language | None = None
    quiet_hours: QuietHours | None = None
    removed: tuple[Literal["quiet_hours"], ...] = ()


CustomerEvent = CustomerRegistered | CustomerContactChanged | CustomerTierChanged | CustomerPreferencesSet


class QuietHoursInput(QuietHours, frozen=True, kw_only=True, forbid_unknown_fields=True):
    from_: Clock
    to: Clock
    zone: Label


class RegisterCustomer(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "register"
    name: Label
    kind: CustomerKind = "external"
    email: Email | None = None
    phone: Phone | None = None
    external_ref: Label | None = None
    organisation: Label | None = None
    tier: Slug = "basic"
    channels: Channels = ()
    language: Language = "pt-BR"
    quiet_hours: QuietHoursInput | None = None


class ChangeContact(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "change-contact"
    name: Label | None = None
    email: Email | None = None
    phone: Phone | None = None
    external_ref: Label | None = None
    organisation: Label | None = None
    remove: Annotated[tuple[ContactField, ...], Meta(max_length=LIST_LENGTH)] = ()


class ChangeTier(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "change-tier"
    tier: Slug
    reason: FreeText | None = None


class SetPreferences(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "set-preferences"
    channels: Channels | None = None
    language: Language | None = None
    quiet_hours: QuietHoursInput | None = None
    remove: Annotated[tuple[Literal["quiet_hours"], ...], Meta(max_length=LIST_LENGTH)] = ()


CustomerCommand = RegisterCustomer | ChangeContact | ChangeTier | SetPreferences


class Customer(Struct, frozen=True, kw_only=True):
    kind: CustomerKind
    name: str
    tier: str
    language: Language
    email: str | None = None
    phone: str | None = None
    external_ref: str | None = None
    organisation: str | None = None
    channels: tuple[str, ...] = ()
    quiet_hours: QuietHours | None = None


def evolve(state: Customer | None, event: CustomerEvent, _at: datetime) -> Customer:
    """The customer after an event; ValueError if the stream does not begin with its registration."""
    if isinstance(event, CustomerRegistered):
        if state is not None:
            raise ValueError("a customer is registered once")
        return convert(event, Customer, from_attributes=True)
    if state is None:
        raise ValueError("a customer begins with its registration")
    match event:
        case CustomerContactChanged():
            return replace(state, **_changes(event, CONTACT_FIELDS, event.removed))
        case CustomerTierChanged():
            return replace(state, tier=event.tier)
        case CustomerPreferencesSet():
            return replace(state, **_changes(event, PREFERENCES, event.removed))
        case _:
            assert_never(event)


def decide(state: Customer | None, command: CustomerCommand, ctx: Context) -> list[CustomerEvent]:
    """The events that the command makes; [] where all is so already. Raises Refused."""
    check_times(command, ctx)
    return stamped(_decide(state, command), command, ctx)


def _decide(state: Customer | None, command: CustomerCommand) -> list[CustomerEvent]:
    if isinstance(command, RegisterCustomer):
        if state is not None:
            raise Refused("already-registered", "the customer is registered")
        return [_register(command)]
    if state is None:
        raise Refused("unknown-customer", "no customer has this id")
    match command:
        case ChangeContact():
            return _change_contact(state, command)
        case ChangeTier():
            same = command.tier == state.tier
            return [] if same else [CustomerTierChanged(tier=command.tier, reason=command.reason)]
        case SetPreferences():
            return _set_preferences(state, command)
        case _:
            assert_never(command)


def _change_contact(state: Customer, command: ChangeContact) -> list[CustomerEvent]:
    fields = _differing(state, _changes(command, CONTACT_FIELDS, command.remove))
    return [CustomerContactChanged(**fields)] if fields else []


def _set_preferences(state: Customer, command: SetPreferences) -> list[CustomerEvent]:
    given = _changes(command, PREFERENCES, command.remove)
    if command.quiet_hours is not None:
        given["quiet_hours"] = _quiet_hours(command.quiet_hours)
    fields = _differing(state, given)
    return [CustomerPreferencesSet(**fields)] if fields else []


def _register(command: RegisterCustomer) -> CustomerRegistered:
    return CustomerRegistered(
        kind=command.kind,
        name=command.name,
        tier=command.tier,
        language=command.language,
        email=command.email,
        phone=command.phone,
        external_ref=command.external_ref,
        organisation=command.organisation,
        channels=command.channels,
        quiet_hours=command.quiet_hours and _quiet_hours(command.quiet_hours),
    )


def _changes(source: Struct, fields: tuple[str, ...], removed: tuple[str, ...]) -> dict[str, Any]:
    """The fields that the command or event gives, and None for those it removes."""
    given = {name: value for name in fields if (value := getattr(source, name)) is not None}
    return dict.fromkeys(removed) | given


def _differing(state: Customer, given: dict[str, Any]) -> dict[str, Any]:
    """What differs from what is known, as the fields of an event."""
    if not given:
        raise Refused("nothing-to-change", "the command names nothing to change")
    changed = {name: value for name, value in given.items() if value != getattr(state, name)}
    removed = tuple(name for name, value in changed.items() if value is None)
    fields = {name: value for name, value in changed.items() if value is not None}
    return fields | ({"removed": removed} if removed else {})


def _quiet_hours(given: QuietHoursInput) -> QuietHours:
    try:
        ZoneInfo(given.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused("unknown-zone", f"no time zone is called {given.zone}") from None
    return QuietHours(from_=given.from_, to=given.to, zone=given.zone)


CUSTOMER = Aggregate("customer", get_args(CustomerEvent), get_args(CustomerCommand), evolve, decide)
