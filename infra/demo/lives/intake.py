"""Taking a case in: registration, acknowledgement, triage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from infra.demo.arrivals import OUTSIDE, SPOKEN
from infra.demo.life import Life
from infra.demo.people import Analyst
from infra.demo.plan import Ref
from infra.demo.texts import phrases

SPECIAL = "Casos especiais"
SECOND_POINTS = ("Atendimento", "Informações desencontradas", "Frete")


def registered(life: Life) -> None:
    arrival, story = life.arrival, life.story
    subject, description = life.message()
    fields: dict[str, Any] = {
        "subject": subject,
        "description": description,
        "channel": arrival.channel,
        "kind": story.kind,
    } | _who(life)
    if story.lines:
        fields |= {"product": arrival.product.name, "subject_refs": _refs(life)}
    if story.stage:
        fields["journey_stage"] = story.stage
    if story.remedies and life.chance(0.45):
        fields["remedy_sought"] = life.customers_text(story.remedies)
    if life.arrival.like is not None and not arrival.duplicate:
        fields["follows"] = Ref("case", life.arrival.like)
    if story.kind == "complaint" and life.chance(0.025):
        fields["points"] = [
            {"point_id": "1", "main": True, "category": story.category, "product": arrival.product.name},
            {"point_id": "2", "category": life.rng.choice(SECOND_POINTS)},
        ]
    if arrival.channel == "letter":
        fields["received_at"] = arrival.received
        life.office(3, 12)
    life.do("register", **fields)
    _outside(life)
    reachable = arrival.person is not None and arrival.channel not in (*SPOKEN, "letter")
    if reachable:
        life.at += timedelta(seconds=life.rng.randint(5, 70))
        life.do(
            "acknowledge", channel=life.written_channel(), automatic=True, message=life.phrase("acknowledged")
        )


def triaged(life: Life, analysts: Sequence[Analyst]) -> None:
    """Read, classified and given to a team, by the office hours."""
    life.office(0.2, 4)
    fields: dict[str, Any] = {"category": life.story.category, "severity": life.severity}
    if life.chance(0.12):
        fields["tags"] = _tags(life)
    if life.story.kind == "complaint" and life.chance(0.045):
        fields |= _vulnerable(life)
        life.hand_over(analysts, SPECIAL)
    elif life.arrival.channel == "procon":
        life.hand_over(analysts, SPECIAL)
    if life.story.key == "safety" or life.chance(0.1):
        safe = life.story.key != "safety"
        fields["assessment"] = {
            "safety": not safe,
            "complexity": life.rng.choice(("low", "medium", "medium", "high")),
            "impact": "high" if life.severity in ("high", "critical") else "medium",
            "immediate_action": not safe,
        }
    life.do("classify", **fields)
    life.do("assign", analyst=life.analyst.id, team=life.analyst.team)
    if life.chance(0.01):
        _corrected(life)


def _corrected(life: Life) -> None:
    life.at += timedelta(minutes=life.rng.randint(3, 30))
    channel = "email" if life.arrival.channel == "phone" else "phone"
    life.do("correct", reason=life.phrase("corrections"), channel=channel)


def _who(life: Life) -> dict[str, Any]:
    person = life.arrival.person
    if person is None:
        noise = life.story.key == "noise"
        return {} if noise else {"anonymity": "anonymous"}
    hidden = life.chance(0.75 if person.internal else 0.012)
    given: dict[str, Any] = {"customer_id": Ref("customer", person.number)}
    return given | ({"anonymity": "confidential"} if hidden else {})


def _refs(life: Life) -> list[dict[str, str]]:
    words, line = life.words, life.arrival.product.line
    if line == "card":
        return [{"type": "account", "value": f"cartão final {words['final']}"}]
    if line == "club" or life.story.key == "warranty_sold":
        return [{"type": "contract", "value": words["contrato"]}]
    if life.story.kind in ("suggestion", "praise", "information"):
        return []
    if life.story.key == "defect":
        return [{"type": "invoice", "value": words["nf"]}, {"type": "asset", "value": words["serie"]}]
    return [{"type": "order", "value": words["pedido"]}]


def _outside(life: Life) -> None:
    if life.arrival.channel in OUTSIDE and life.story.kind == "complaint":
        life.outside_case = open_outside(life, life.arrival.channel)


def open_outside(life: Life, body: str) -> Ref:
    """A case with an outside body, which has its own number and time to answer."""
    digits = life.rng.randint(10_000, 99_999)
    number = {
        "procon": f"CIP {life.at:%y}.{digits:05}.{life.rng.randint(100, 999)}",
        "consumidor.gov.br": f"{life.at:%Y}.{life.at:%m}/{digits:08}",
        "reclame_aqui": f"RA-{digits}{life.rng.randint(100, 999)}",
    }[body]
    due = life.at + timedelta(days={"procon": 15, "consumidor.gov.br": 10, "reclame_aqui": 7}[body])
    opened = life.do("open-external-case", body=body, reference=number, opened_at=life.at, due_at=due)
    if body == "procon":
        life.do("raise-flag", flag="regulator", reason=f"Reclamação no Procon, {number}.")
    return opened


def _tags(life: Life) -> list[str]:
    month = life.at.month
    seasonal = {11: "black-friday", 12: "natal", 5: "dia-das-maes"}.get(month, "prioridade")
    return [seasonal] if life.chance(0.7) else [seasonal, life.words["cidade"]]


def _vulnerable(life: Life) -> dict[str, Any]:
    drivers = [life.rng.choice(phrases().case["vulnerable"])]
    return {
        "vulnerability": {
            "identified": True,
            "drivers": drivers,
            "caused_complaint": life.chance(0.3),
            "support_needs": [life.rng.choice(phrases().case["support"])],
        },
        "severity": "high" if life.severity != "critical" else "critical",
    }
