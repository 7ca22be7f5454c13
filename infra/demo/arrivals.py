"""What reaches the house in the year: which matter, when, through which channel, of whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import NamedTuple

from infra.demo import seasons
from infra.demo.people import INTERNAL, Person
from infra.demo.texts import Cause, Product, Story, company, stories

SPOKEN = ("phone", "store")
OUTSIDE = ("procon", "consumidor.gov.br", "reclame_aqui")
CHANNELS = {
    "phone": 26, "whatsapp": 20, "web": 15, "app": 12, "email": 10,
    "chat": 6, "store": 4, "social": 2, "letter": 0.6,
}  # fmt: skip
OUTSIDE_WEIGHTS = {"consumidor.gov.br": 2.2, "reclame_aqui": 2.0, "procon": 1.2}
ANONYMOUS = ("service", "privacy")
"""Complaints that people make without a name."""
DUPLICATES = 46
REPEATS = 0.08
"""The share of complaints by somebody who complained of the same in the two months before."""


class Arrival(NamedTuple):
    """`like`: the earlier arrival (by its index) whose customer and purchase it is about."""

    received: datetime
    story: Story
    cause: Cause | None
    product: Product
    channel: str
    person: Person | None
    like: int | None = None
    duplicate: bool = False
    seed: int = 0


def arrivals(people: Sequence[Person], rng: Random) -> list[Arrival]:
    """All of them, in the order in which they came."""
    moments: list[tuple[datetime, Story, Cause | None, str]] = []
    for story in stories():
        for on, cause in _spread(story, rng):
            channel = _channel(story, on, rng)
            by_voice = channel in SPOKEN or channel == "chat"
            received = seasons.at_the_counter(on, rng) if by_voice else seasons.online(on, rng)
            moments.append((received, story, cause, channel))
    found: list[Arrival] = []
    for moment in sorted(moments, key=lambda moment: moment[0]):
        found.append(_arrival(*moment, before=found, people=people, rng=rng))
    return _with_duplicates(found, rng)


def _spread(story: Story, rng: Random) -> list[tuple[date, Cause | None]]:
    """The days on which the story happens, and why; rarer once its cause is fixed."""
    causes: Sequence[Cause | None] = story.causes or (None,)
    cells = [(on, cause) for on in seasons.days() for cause in causes]
    weights = [seasons.season(story.season, on) * _weight(cause, on) for on, cause in cells]
    return rng.choices(cells, weights, k=story.share)


def _weight(cause: Cause | None, on: date) -> float:
    if cause is None:
        return 1.0
    return cause.weight * (cause.left if cause.fixed and on >= cause.fixed else 1.0)


def _channel(story: Story, on: date, rng: Random) -> str:
    if story.kind == "report":
        return rng.choices(("web", "phone", "email", "letter"), (60, 20, 14, 6))[0]
    if story.key == "noise":
        return rng.choices(("email", "web"), (50, 50))[0]
    weights = CHANNELS | (OUTSIDE_WEIGHTS if story.kind == "complaint" else {})
    if not seasons.works(on):
        weights = {name: weight for name, weight in weights.items() if name not in (*SPOKEN, "letter")}
    return rng.choices(list(weights), list(weights.values()))[0]


def _arrival(
    received: datetime,
    story: Story,
    cause: Cause | None,
    channel: str,
    *,
    before: Sequence[Arrival],
    people: Sequence[Person],
    rng: Random,
) -> Arrival:
    product, person, earlier = _product(story, cause, rng), _who(story, people, rng), None
    if story.kind == "complaint" and rng.random() < REPEATS:
        earlier = _earlier(before, received, cause, rng)
    if earlier is not None:
        product, person = before[earlier].product, before[earlier].person
    return Arrival(received, story, cause, product, channel, person, earlier, seed=rng.getrandbits(32))


def _earlier(before: Sequence[Arrival], received: datetime, cause: Cause | None, rng: Random) -> int | None:
    """Somebody's case of the same cause, three to nine weeks ago."""
    oldest, newest = received - timedelta(days=60), received - timedelta(days=21)
    fitting = [
        at
        for at, one in enumerate(before)
        if one.cause is cause and one.person and one.like is None and oldest < one.received < newest
    ]
    return rng.choice(fitting) if fitting else None


def _product(story: Story, cause: Cause | None, rng: Random) -> Product:
    products = company().products
    if cause and cause.only:
        return next(product for product in products if product.name in cause.only)
    elsewhere = {name for other in story.causes for name in other.only}
    fitting = [
        product
        for product in products
        if product.line in story.lines
        and product.name not in elsewhere
        and (product.assembled or not story.assembled)
    ]
    return rng.choice(fitting or products[:1])


def _who(story: Story, people: Sequence[Person], rng: Random) -> Person | None:
    """A few customers come again and again; who is nobody is anonymous or not known."""
    if story.key == "noise":
        return None
    if story.kind == "report":
        return rng.choice(people[-INTERNAL:]) if rng.random() < 0.5 else None
    if story.key in ANONYMOUS and rng.random() < 0.12:
        return None
    among = len(people) - INTERNAL
    return people[int(among * rng.random() ** 1.2)]


def _with_duplicates(found: list[Arrival], rng: Random) -> list[Arrival]:
    """Some complaints come a second time through another channel, a day or two later."""
    fitting = [
        at
        for at, one in enumerate(found)
        if one.story.kind == "complaint" and one.person and one.like is None and one.channel != "letter"
    ]
    doubles = []
    for at in sorted(rng.sample(fitting, DUPLICATES)):
        one = found[at]
        channel = rng.choice([name for name in ("email", "whatsapp", "web", "app") if name != one.channel])
        again = one.received + timedelta(minutes=rng.randrange(40, 3400))
        doubles.append(
            one._replace(received=again, channel=channel, like=at, duplicate=True, seed=rng.getrandbits(32))
        )
    order = sorted(
        [(one.received, at) for at, one in enumerate(found)]
        + [(one.received, len(found) + at) for at, one in enumerate(doubles)]
    )
    every = found + doubles
    place = {old: new for new, (_, old) in enumerate(order)}
    return [
        every[old]._replace(like=None if (like := every[old].like) is None else place[like])
        for _, old in order
    ]
