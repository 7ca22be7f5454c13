"""What a case is about in words: the purchase, the dates, the people. Texts take their slots from here."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from infra.demo import seasons
from infra.demo.arrivals import Arrival
from infra.demo.language import agreeing, day, money
from infra.demo.people import Analyst, Person
from infra.demo.texts import company

TIMES = ("três", "quatro", "cinco", "seis")
ORDINALS = ("segunda", "terceira", "quarta")


def facts(arrival: Arrival, analyst: Analyst, rng: Random) -> dict[str, str]:
    """The words of a case."""
    return _purchase(arrival, rng) | _places(arrival, rng) | _who(arrival.person, rng) | about(analyst)


def about(analyst: Analyst) -> dict[str, str]:
    """The words for whoever answers."""
    return {
        "analista": analyst.given,
        "a_analista": f"{analyst.ending} {analyst.given}",
        "da_analista": f"d{analyst.ending} {analyst.given}",
        "an": analyst.ending,
    }


def _purchase(arrival: Arrival, rng: Random) -> dict[str, str]:
    story, product = arrival.story, arrival.product
    days = rng.randint(*story.days)
    today = arrival.received.astimezone(seasons.ZONE).date()
    due = today - timedelta(days=days)
    bought = due - timedelta(days=rng.randint(*story.gap))
    price = rng.randint(*product.prices) * 100 + rng.choice((0, 90, 99))
    style = rng.choice((0, 0, 1))
    little = max(2000, round(price * rng.uniform(0.06, 0.12) / 1000) * 1000)
    fee = rng.choice((990, 1290, 1490, 1990, 2490, 2990, 3490))
    numbers = {
        "valor": money(price),
        "metade": money(round(price * rng.uniform(0.5, 0.72) / 1000) * 1000 - 10),
        "dobro": money(round(price * rng.uniform(1.7, 2.1) / 1000) * 1000 - 10),
        "credito": money(little),
        "parcela": money(fee),
        "parcelas": str(rng.randint(3, 12)),
        "dias": str(days),
        "compra": day(bought, style),
        "prazo": day(due, style),
        "pedido": f"JV-{rng.randint(2_100_000, 9_899_999)}",
        "nf": f"{rng.randint(101, 989)}.{rng.randint(100, 999)}",
        "os": str(rng.randint(301_000, 798_000)),
        "contrato": str(rng.randint(1_200_000, 8_900_000)),
        "serie": f"{rng.choice('ABDFKT')}{rng.choice('CEMRS')}{rng.randint(2_410_000, 2_699_999)}",
        "final": f"{rng.randint(0, 9999):04}",
        "_price": str(price),
        "_credit": str(little),
        "_fee": str(fee),
        "_freight": str(rng.choice((3990, 4990, 6990, 8990))),
    }
    reported = {
        name: rng.choice(options or ("",))
        for name, options in (
            ("dano", product.damages),
            ("defeito", product.defects),
            ("falta", product.missing),
            ("perigo", product.hazards),
        )
    }
    return numbers | reported | agreeing(product.full, product.short, product.gender)


def _places(arrival: Arrival, rng: Random) -> dict[str, str]:
    store = arrival.person.store if arrival.person else rng.choice(company().stores)
    sector = company().sector(arrival.cause.sector) if arrival.cause else company().sectors[-2]
    return {
        "cidade": store.city,
        "bairro": rng.choice(company().neighbourhoods),
        "transportadora": _carrier(arrival, rng),
        "fabricante": arrival.product.maker,
        "banco": rng.choice(company().banks),
        "setor": sector.name,
        "do_setor": sector.of,
        "hora": f"{rng.randint(9, 20)}h",
        "hora_min": f"{rng.randint(9, 22)}h{rng.randint(10, 59)}",
        "minutos": str(rng.randint(25, 70)),
        "idade": str(rng.randint(67, 84)),
        "vezes": rng.choice(TIMES),
        "vezes_a": rng.choice(ORDINALS),
    }


def _carrier(arrival: Arrival, rng: Random) -> str:
    if arrival.cause and arrival.cause.carrier:
        return arrival.cause.carrier
    return rng.choices(company().carriers, (55, 20, 15, 10))[0]


def _who(person: Person | None, rng: Random) -> dict[str, str]:
    ending = person.ending if person else rng.choice("ao")
    return {
        "eu": ending,
        "EU": ending.upper(),
        "cliente": person.given if person else "cliente",
        "completo": person.name if person else "Cliente",
    }
