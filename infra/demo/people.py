"""Who complains and who answers: made of common names, reachable only in fictitious ranges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from infra.demo.language import without_accents
from infra.demo.plan import ACTOR, Entry, Step
from infra.demo.texts import Store, company, names

AREA_CODES = {"SP": 19, "MG": 35, "RJ": 24, "PR": 41, "SC": 47, "GO": 62}
TIERS = ("basic", "silver", "gold")
INTERNAL = 14
"""The last customers are employees, who report misconduct."""


class Person(NamedTuple):
    """A customer. `carelessness`: how they write, see `language.typed`."""

    number: int
    given: str
    name: str
    ending: str
    organisation: str | None
    internal: bool
    carelessness: int
    store: Store
    tier: str


class Analyst(NamedTuple):
    id: str
    given: str
    ending: str
    team: str


def analysts() -> list[Analyst]:
    """Everybody who answers, team by team."""
    return [
        Analyst(
            id=without_accents(name).lower().replace(" ", "."),
            given=name.split(" ")[0],
            ending="a" if name.split(" ")[0].endswith(("a", "ne")) else "o",
            team=team.name,
        )
        for team in company().teams
        for name in team.analysts
    ]


def people(count: int, rng: Random) -> list[Person]:
    """So many customers."""
    return [_person(number, rng, internal=number >= count - INTERNAL) for number in range(count)]


def registration(person: Person, first_contact: datetime | None, rng: Random) -> Entry:
    """The stream of a customer, known to the house for years, or since the first contact."""
    new = first_contact is not None and rng.random() < 0.3
    since = datetime(2021, 3, 1, 12, tzinfo=UTC) + timedelta(minutes=rng.randrange(2_300_000))
    at = first_contact - timedelta(minutes=rng.randrange(1, 6)) if new and first_contact else since
    earlier = new or person.tier == "basic" or rng.random() < 0.4
    fields = {
        "name": person.name,
        "kind": "internal" if person.internal else "external",
        "email": _email(person, rng),
        "phone": f"+55 {AREA_CODES[person.store.state]} 90000-{rng.randrange(10_000):04}",
        "tier": person.tier if earlier else TIERS[TIERS.index(person.tier) - 1],
        "channels": rng.choice((["email"], ["whatsapp"], ["whatsapp", "email"], ["email", "sms"])),
        "organisation": person.organisation,
        "external_ref": f"C{100_000 + person.number * 7}",
    }
    steps = [Step("register", at, {name: value for name, value in fields.items() if value is not None})]
    if not earlier:
        reason = {"tier": person.tier, "reason": "Volume de compras nos últimos doze meses"}
        steps.append(Step("change-tier", at + timedelta(days=rng.randrange(60, 200)), reason))
    return Entry(kind="customer", number=person.number, actor=ACTOR, steps=tuple(steps))


def full_name(rng: Random) -> tuple[str, str, str]:
    """A given name, the whole name, and the ending that agrees with it."""
    woman = rng.random() < 0.56
    given = rng.choice(names().women if woman else names().men)
    middle, last = rng.sample(names().surnames, 2)
    name = f"{given} {middle} {last}" if rng.random() < 0.4 else f"{given} {last}"
    return given, name, "a" if woman else "o"


def _person(number: int, rng: Random, *, internal: bool) -> Person:
    given, name, ending = full_name(rng)
    business = not internal and rng.random() < 0.05
    organisation = None
    if business:
        organisation = rng.choice(names().organisations).format(s=rng.choice(names().organisation_names))
    return Person(
        number=number,
        given=given,
        name=name,
        ending=ending,
        organisation=organisation,
        internal=internal,
        carelessness=0 if business else rng.choices((0, 1, 2), (48, 32, 20))[0],
        store=rng.choice(company().stores),
        tier=rng.choices(TIERS, (5, 35, 60) if business else (78, 16, 6))[0],
    )


def _email(person: Person, rng: Random) -> str:
    parts = without_accents(person.name).lower().split(" ")
    local = rng.choice((f"{parts[0]}.{parts[-1]}", f"{parts[0]}{parts[-1]}", f"{parts[0][0]}{parts[-1]}"))
    return f"{local}{person.number}@example.{rng.choice(('com', 'org'))}"
