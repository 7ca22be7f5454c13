"""Customers: who they are, how to reach them, what they wish."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from domain.customer import (
    CUSTOMER,
    ChangeContact,
    ChangeTier,
    Customer,
    CustomerCommand,
    CustomerContactChanged,
    CustomerEvent,
    CustomerPreferencesSet,
    CustomerRegistered,
    CustomerTierChanged,
    QuietHours,
    QuietHoursInput,
    RegisterCustomer,
    SetPreferences,
    decide,
    evolve,
)
from domain.messages import Refused
from tests.domain.spec import NOW, context

REGISTER = RegisterCustomer(name="Bia", email="bia@example.org")
NIGHT = QuietHoursInput(from_="22:00", to="07:00", zone="America/Sao_Paulo")


def when(state: Customer | None, command: CustomerCommand) -> list[CustomerEvent]:
    return decide(state, command, context(command))


def play(*commands: CustomerCommand) -> Customer:
    state: Customer | None = None
    for command in commands:
        for event in when(state, command):
            state = evolve(state, event, NOW)
    assert state is not None
    return state


def refusal(state: Customer | None, command: CustomerCommand) -> str:
    with pytest.raises(Refused) as refused:
        when(state, command)
    return refused.value.slug


def test_a_customer_needs_no_more_than_a_name() -> None:
    assert when(None, RegisterCustomer(name="Bia")) == [
        CustomerRegistered(kind="external", name="Bia", tier="basic", language="pt-BR")
    ]


def test_a_registration_keeps_everything_it_is_given() -> None:
    command = RegisterCustomer(
        name="Treasury",
        kind="internal",
        email="t@example.org",
        phone="123",
        external_ref="crm-7",
        organisation="Example",
        tier="gold",
        channels=("email", "sms"),
        language="es",
        quiet_hours=NIGHT,
    )
    assert play(command) == Customer(
        name="Treasury",
        kind="internal",
        email="t@example.org",
        phone="123",
        external_ref="crm-7",
        organisation="Example",
        tier="gold",
        channels=("email", "sms"),
        language="es",
        quiet_hours=QuietHours(from_="22:00", to="07:00", zone="America/Sao_Paulo"),
    )


def test_a_change_of_contact_records_what_changes() -> None:
    command = ChangeContact(name="Bia", phone="456", organisation="Example")
    assert when(play(REGISTER), command) == [CustomerContactChanged(phone="456", organisation="Example")]
    assert when(play(REGISTER, command), command) == []


def test_a_contact_is_taken_away_by_naming_it() -> None:
    command = ChangeContact(remove=("email", "phone"))
    assert when(play(REGISTER), command) == [CustomerContactChanged(removed=("email",))]
    assert play(REGISTER, command).email is None
    assert when(play(REGISTER, command), command) == []


def test_a_tier_changes_once() -> None:
    command = ChangeTier(tier="advanced", reason="Contract.")
    assert when(play(REGISTER), command) == [CustomerTierChanged(tier="advanced", reason="Contract.")]
    assert when(play(REGISTER, command), command) == []


def test_preferences_that_are_not_named_stay() -> None:
    command = SetPreferences(channels=("sms",), quiet_hours=NIGHT)
    customer = play(REGISTER, command)
    assert (customer.channels, customer.language) == (("sms",), "pt-BR")
    assert when(customer, command) == []
    assert when(customer, SetPreferences(language="en", channels=())) == [
        CustomerPreferencesSet(channels=(), language="en")
    ]


def test_quiet_hours_are_taken_away_by_naming_them() -> None:
    command = SetPreferences(remove=("quiet_hours",))
    assert play(REGISTER, SetPreferences(quiet_hours=NIGHT), command).quiet_hours is None
    assert when(play(REGISTER), command) == []


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "/etc/localtime", "America"])
def test_a_time_zone_exists(zone: str) -> None:
    wrong = structs.replace(NIGHT, zone=zone)
    assert refusal(play(REGISTER), SetPreferences(quiet_hours=wrong)) == "unknown-zone"
    assert refusal(None, structs.replace(REGISTER, quiet_hours=wrong)) == "unknown-zone"


@pytest.mark.parametrize("command", [ChangeContact(), SetPreferences()])
def test_a_change_of_nothing_is_refused(command: CustomerCommand) -> None:
    assert refusal(play(REGISTER), command) == "nothing-to-change"


@pytest.mark.parametrize("command", [ChangeContact(), ChangeTier(tier="basic"), SetPreferences()])
def test_nothing_happens_to_a_customer_who_is_not_registered(command: CustomerCommand) -> None:
    assert refusal(None, command) == "unknown-customer"


def test_a_customer_is_registered_once() -> None:
    assert refusal(play(REGISTER), REGISTER) == "already-registered"


def test_times_follow_the_same_rules_as_those_of_complaints() -> None:
    late: dict[str, Any] = {"occurred_at": NOW - timedelta(hours=1)}
    assert refusal(None, structs.replace(REGISTER, **late)) == "backdating-reason-missing"
    (event,) = when(None, structs.replace(REGISTER, **late, backdating_reason="By letter."))
    assert event.backdating_reason == "By letter."


def test_a_stream_begins_with_its_registration_and_has_no_second_one() -> None:
    (event,) = when(None, REGISTER)
    with pytest.raises(ValueError, match="once"):
        evolve(play(REGISTER), event, NOW)
    with pytest.raises(ValueError, match="begins"):
        evolve(None, CustomerTierChanged(tier="basic"), NOW)


def test_the_aggregate_lists_its_commands() -> None:
    verbs = [command.verb for command in CUSTOMER.commands]
    assert verbs == ["register", "change-contact", "change-tier", "set-preferences"]


def test_what_a_channel_hands_on_late_or_an_import_does_not_date_is_marked() -> None:
    late = ChangeTier(tier="advanced", occurred_at=NOW - timedelta(hours=1))
    (event,) = decide(play(REGISTER), late, context(late, inbound=True))
    assert (event.inbound, event.time_uncertain) == (True, False)
    uncertain = ChangeTier(tier="advanced", time_uncertain=True)
    (event,) = decide(play(REGISTER), uncertain, context(uncertain, origin="import"))
    assert (event.inbound, event.time_uncertain) == (False, True)
    assert refusal(play(REGISTER), uncertain) == "uncertain-time"
