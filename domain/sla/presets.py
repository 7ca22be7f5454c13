"""Policies that laws and good practice ask for, ready to be defined; `docs/sla.md` explains each."""

from __future__ import annotations

from msgspec import Struct

from domain.sla.documents import (
    CASE_OPENED,
    Calendar,
    Extension,
    HolidayRule,
    Length,
    Match,
    Policy,
    Stop,
    Target,
    Weekday,
    Window,
)

WORKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri")
WARN_AT = (0.5, 0.8)


class Preset(Struct, frozen=True, kw_only=True):
    """What is defined together, under the names in the documents."""

    name: str
    calendars: tuple[Calendar, ...]
    policies: tuple[Policy, ...]
    doubts: tuple[str, ...] = ()
    """Where the text leaves a doubt: the field that decides it, and what it is set to."""


def _office(name: str, zone: str, holidays: HolidayRule | None, *windows: Window) -> Calendar:
    return Calendar(name=name, zone=zone, windows=dict.fromkeys(WORKDAYS, windows), holidays=holidays)


BRAZIL = _office("brazil", "America/Sao_Paulo", HolidayRule(country="BR"), ("09:00", "18:00"))
ENGLAND = _office(
    "england", "Europe/London", HolidayRule(country="GB", subdivision="ENG"), ("09:00", "17:00")
)
WASHINGTON = _office("washington", "America/New_York", HolidayRule(country="US"), ("09:00", "17:00"))
HELP_DESK = _office("help-desk", "America/Sao_Paulo", HolidayRule(country="BR"), ("08:00", "18:00"))

END_ON_HOLIDAY = "targets[].roll_end: an end on a weekend or holiday stays where it is (`none`)"
FROM_REGISTRATION = (
    "targets[].counts_from: `received_at`, where the decree says registration, which is no earlier"
)
WRITTEN_RESPONSE = "targets[].stops: DISP 1.6.2R(2) takes a written response that explains the delay as well"

SAC = Preset(
    name="brazil-sac",
    calendars=(BRAZIL,),
    policies=(
        Policy(
            name="brazil-sac",
            layer="legal",
            order=10,
            calendar="brazil",
            source="Decreto 11.034/2022, art. 12, § 2º, I, and art. 13",
            match=Match(kind=("complaint", "request", "information")),
            targets=(
                Target(
                    name="answer",
                    stops="final_response",
                    length=Length(amount=7, unit="calendar_days"),
                    warn_at=WARN_AT,
                    source="Decreto 11.034/2022, art. 13",
                ),
                Target(
                    name="history",
                    counts_from="history-requested",
                    stops="history_delivered",
                    length=Length(amount=5, unit="calendar_days"),
                    warn_at=WARN_AT,
                    source="Decreto 11.034/2022, art. 12, § 2º, I",
                ),
            ),
        ),
    ),
    doubts=(
        END_ON_HOLIDAY,
        FROM_REGISTRATION,
    ),
)

CONSUMIDOR = Preset(
    name="consumidor-gov-br",
    calendars=(BRAZIL,),
    policies=(
        Policy(
            name="consumidor-gov-br",
            layer="legal",
            order=20,
            calendar="brazil",
            source="consumidor.gov.br, “Conheça o Consumidor.gov.br”: companies answer within 10 days",
            match=Match(external_body="consumidor.gov.br"),
            targets=(
                Target(
                    name="platform-answer",
                    counts_from=CASE_OPENED,
                    stops="external_answered",
                    length=Length(amount=10, unit="calendar_days"),
                    warn_at=WARN_AT,
                ),
            ),
        ),
    ),
    doubts=(END_ON_HOLIDAY,),
)

SUMMARY_RESOLUTION = Target(
    name="summary-resolution",
    stops="accepted",
    obligation="window",
    length=Length(amount=3, unit="close_of_business_day"),
    source="DISP 1.5.1R, DISP 1.5.2AR",
)
CLOSE_OF_BUSINESS = "calendars[].windows: business closes at 17:00, which the rules do not say"

FCA = Preset(
    name="fca-disp",
    calendars=(ENGLAND,),
    policies=(
        Policy(
            name="fca-disp",
            layer="legal",
            order=10,
            calendar="england",
            source="FCA Handbook, DISP 1.5.1R and DISP 1.6.2R",
            targets=(
                SUMMARY_RESOLUTION,
                Target(
                    name="final-response",
                    stops="final_response",
                    length=Length(amount=8, unit="calendar_weeks"),
                    requires_dispatch=True,
                    warn_at=WARN_AT,
                    source="DISP 1.6.2R",
                ),
            ),
        ),
    ),
    doubts=(
        CLOSE_OF_BUSINESS,
        END_ON_HOLIDAY,
        WRITTEN_RESPONSE,
    ),
)

FCA_PAYMENTS = Preset(
    name="fca-disp-payment-services",
    calendars=(ENGLAND,),
    policies=(
        Policy(
            name="fca-disp-payment-services",
            layer="legal",
            order=10,
            calendar="england",
            source="FCA Handbook, DISP 1.5.1R and DISP 1.6.2AR",
            targets=(
                SUMMARY_RESOLUTION,
                Target(
                    name="final-response",
                    stops="final_response",
                    length=Length(amount=15, unit="business_days"),
                    extension=Extension(
                        by="holding-response-sent", to=Length(amount=35, unit="business_days")
                    ),
                    requires_dispatch=True,
                    warn_at=WARN_AT,
                    source="DISP 1.6.2AR",
                ),
            ),
        ),
    ),
    doubts=(CLOSE_OF_BUSINESS,),
)

CFPB = Preset(
    name="cfpb",
    calendars=(WASHINGTON,),
    policies=(
        Policy(
            name="cfpb",
            layer="legal",
            order=10,
            calendar="washington",
            source="12 U.S.C. 5534(b); CFPB Company Portal Manual, “Providing a timely response”",
            match=Match(external_body="cfpb"),
            targets=(
                Target(
                    name="portal-response",
                    counts_from=CASE_OPENED,
                    stops="external_answered",
                    length=Length(amount=15, unit="calendar_days"),
                    extension=Extension(
                        by="holding-response-sent", to=Length(amount=60, unit="calendar_days")
                    ),
                    warn_at=WARN_AT,
                ),
            ),
        ),
    ),
    doubts=(END_ON_HOLIDAY, "calendars[].zone: days end at midnight in Washington"),
)


def _owed(name: str, stops: Stop, hours: int) -> Target:
    return Target(
        name=name,
        stops=stops,
        length=Length(amount=hours, unit="business_hours"),
        pauses_in=("awaiting_customer",),
        warn_at=WARN_AT,
    )


def _tier(order: int, tier: str | None, first: int, update: int, resolution: int) -> Policy:
    return Policy(
        name=f"help-desk-{tier}" if tier else "help-desk",
        layer="internal",
        order=order,
        calendar="help-desk",
        match=Match(tier=tier),
        targets=(
            _owed("first-response", "first_response", first),
            _owed("update", "next_update", update),
            _owed("resolution", "resolved", resolution),
        ),
    )


DESK = Preset(
    name="help-desk",
    calendars=(HELP_DESK,),
    policies=(
        _tier(10, "advanced", 1, 4, 8),
        _tier(20, "standard", 4, 10, 30),
        _tier(30, None, 8, 20, 50),
    ),
)

PRESETS = {preset.name: preset for preset in (SAC, CONSUMIDOR, FCA, FCA_PAYMENTS, CFPB, DESK)}
