"""Which way a case goes."""

from __future__ import annotations

from collections.abc import Sequence

from infra.demo import seasons
from infra.demo.arrivals import Arrival
from infra.demo.life import Life
from infra.demo.lives import complaints, exits, intake, others
from infra.demo.people import Analyst
from infra.demo.plan import Entry

EXITS = {
    exits.withdrawn: 0.02,
    exits.abandoned: 0.042,
    exits.hung_up: 0.008,
    exits.refused: 0.016,
    exits.forwarded: 0.02,
    exits.no_complaint: 0.02,
}


def told(number: int, arrivals: Sequence[Arrival], analysts: Sequence[Analyst]) -> Entry:
    """The case of an arrival, cut off where the year ends."""
    arrival = arrivals[number]
    original = arrivals[arrival.like] if arrival.duplicate and arrival.like is not None else arrival
    life = Life(arrival, original, analysts)
    _tell(life, analysts)
    steps = tuple(step for step in life.steps if step.at < seasons.END)
    return Entry(kind="complaint", number=number, actor=life.analyst.id, steps=steps, story=arrival.story.key)


def _tell(life: Life, analysts: Sequence[Analyst]) -> None:
    intake.registered(life)
    match life.story.kind:
        case _ if life.story.key == "noise":
            exits.noise(life)
        case _ if life.arrival.duplicate:
            exits.duplicate(life)
        case "complaint" if life.arrival.person is None:
            others.report(life)
        case "complaint":
            _complaint(life, analysts)
        case "report":
            others.report(life)
        case _:
            others.simple(life)


def _complaint(life: Life, analysts: Sequence[Analyst]) -> None:
    intake.triaged(life, analysts)
    if life.story.key == "safety":
        complaints.safety(life)
        return
    drawn = life.rng.random()
    for leave, share in EXITS.items():
        drawn -= share
        if drawn < 0:
            leave(life)
            return
    complaints.worked(life)
