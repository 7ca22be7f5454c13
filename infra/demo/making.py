"""Making the plan: from a seed, so it is the same for everybody and for ever."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from random import Random

from infra.demo.arrivals import arrivals
from infra.demo.lives import told
from infra.demo.people import analysts, people, registration
from infra.demo.plan import Plan

SEED = 20_251_121
CUSTOMERS = 1_200


@cache
def make_plan() -> Plan:
    """The whole year. A letter that is opened only after its end is left out."""
    rng = Random(SEED)  # noqa: S311 - made-up people, no secrets
    everybody = people(CUSTOMERS, rng)
    came = arrivals(everybody, rng)
    first: dict[int, datetime] = {}
    for arrival in came:
        if arrival.person:
            first.setdefault(arrival.person.number, arrival.received)
    staff = analysts()
    cases = (told(number, came, staff) for number in range(len(came)))
    return Plan(
        customers=tuple(registration(person, first.get(person.number), rng) for person in everybody),
        cases=tuple(case for case in cases if case.steps),
    )
