"""What is answered without a dispute: questions, requests, ideas, praise; and reports of misconduct."""

from __future__ import annotations

from datetime import timedelta

from infra.demo.life import Life
from infra.demo.lives.rating import rated


def simple(life: Life, *, triaged: bool = False) -> None:
    """One contact settles it."""
    life.office(0.3, 5)
    if not triaged:
        life.do("classify", category=life.story.category, severity=life.severity)
        life.do("assign", analyst=life.analyst.id, team=life.analyst.team)
        life.office(0.1, 6)
    summary = life.text(life.ours("contacts"))
    life.do("contact-customer", channel=life.contact_channel(), summary=summary, outcome="reached")
    life.work("atendimento", 4, 18)
    life.at += timedelta(minutes=life.rng.randint(1, 20))
    words = life.phrase("informed", resumo=summary)
    basis = "accepted_on_contact" if life.story.kind in ("complaint", "request") else "not_required"
    life.do("resolve", outcome="upheld", summary=words, basis=basis)
    life.office(8, 30)
    life.do("close", reason="accepted" if basis == "accepted_on_contact" else "not_required")
    life.happy += 0.9
    rated(life, share=0.22)


def report(life: Life) -> None:
    """Looked into in confidence, for weeks."""
    life.office(1, 8)
    life.do("classify", category=life.story.category, severity=life.severity)
    life.do("assign", analyst=life.analyst.id, team=life.analyst.team)
    if life.severity == "critical":
        life.do("escalate", level=2, to="Comitê de Ética", reason="Risco às pessoas envolvidas.")
    life.do("investigate")
    known = life.arrival.person is not None
    if known and life.chance(0.6):
        life.office(2, 12)
        life.do("request-information", question=life.text(life.story.asks), due_at=life.promise_by(8))
        life.wait(8, 110)
        life.do("record-reply", channel=life.written_channel(), message=life.text(life.story.replies))
    cause = life.arrival.cause
    assert cause is not None  # noqa: S101 - reports have causes
    life.office(4, 20)
    life.do(
        "consult-sector", sector=cause.sector, question=life.text(cause.questions), due_at=life.promise_by(15)
    )
    life.office(40, 130)
    life.do("record-sector-answer", sector=cause.sector, answer=life.text(cause.answers))
    life.work("apuração", 90, 420)
    proven = life.chance(0.55)
    if proven:
        life.do(
            "identify-origin",
            sector=cause.sector,
            cause=cause.cause,
            explanation=life.text(cause.explanations),
        )
    life.office(4, 20)
    outcome = "upheld" if proven else "not_upheld"
    if known:
        finding = life.text(life.ours("upheld" if proven else "rejected"))
        life.do("propose-resolution", outcome=outcome, summary=finding, channel="email")
        life.office(30, 60)
        life.do("resolve", outcome=outcome, summary=finding, basis="final_position")
    else:
        finding = life.text(cause.explanations) if proven else "O relato não se confirmou."
        summary = life.phrase("anonymous_end", resumo=finding)
        life.do("resolve", outcome=outcome, summary=summary, basis="anonymous")
    life.office(8, 40)
    life.do("close", reason="not_required")
