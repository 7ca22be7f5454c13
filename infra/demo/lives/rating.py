"""What customers say afterwards: it fits what happened to them."""

from __future__ import annotations

from infra.demo.arrivals import SPOKEN
from infra.demo.life import MOODS, Life
from infra.demo.texts import phrases


def rated(life: Life, share: float = 0.42) -> None:
    """Perhaps a rating: csat from 1 to 5, and what goes with it."""
    person = life.arrival.person
    if person is None or person.internal or not life.chance(share):
        return
    score = 3.7 + life.happy - 0.35 * MOODS.index(life.mood) - 1.1 * life.late + life.rng.gauss(0, 0.9)
    csat = min(5, max(1, round(score)))
    life.wait(3, 70)
    fields: dict[str, object] = {"csat": csat}
    if life.chance(0.6):
        fields["ces"] = min(7, max(1, round(csat * 1.35 + life.rng.gauss(0, 0.8))))
    if life.chance(0.7):
        fields["nps"] = min(10, max(0, round(csat * 2.3 - 1.6 + life.rng.gauss(0, 1.1))))
    if life.chance(0.55):
        comment = life.customers_text(phrases().comments[str(csat)])
        fields["comment"] = comment if life.arrival.channel not in SPOKEN or csat < 3 else comment.rstrip("!")
    life.do("rate", **fields)
