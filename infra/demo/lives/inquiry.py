"""Finding out: asking the customer, asking sectors, promising, naming where it came from."""

from __future__ import annotations

from datetime import timedelta

from infra.demo import seasons
from infra.demo.life import Life
from infra.demo.texts import company


def asked(life: Life, share: float = 0.33) -> None:
    """A question to the customer, and mostly an answer."""
    if not life.story.asks or not life.chance(share) or life.arrival.person is None:
        return
    life.office(0.3, 3)
    question, replies = life.question()
    life.do("request-information", question=question, due_at=life.promise_by(5))
    life.wait(0.4, 40)
    life.do("record-reply", channel=life.written_channel(), message=life.customers_text(replies))
    if life.chance(0.45):
        kind = life.rng.choice((("foto", "jpg", "image/jpeg"), ("comprovante", "pdf", "application/pdf")))
        life.attach(f"{kind[0]}-{life.words['os']}.{kind[1]}", kind[2])


def consulted(life: Life, share: float = 0.82) -> None:
    """A question to the sector; some stay silent, and the house answers with what it has."""
    cause = life.arrival.cause
    if cause is None or not life.chance(share):
        return
    sector = company().sector(cause.sector)
    life.office(0.2, 3)
    due = life.promise_by(life.rng.randint(2, 3))
    question = life.text(cause.questions)
    life.do("consult-sector", sector=sector.name, question=question, due_at=due)
    answers = life.chance(sector.answers - 0.12 * (life.load > 1.3))
    _promised(life)
    proven = life.outcome != "not_upheld"
    if answers:
        life.office(2, 13)
        answer = life.text(cause.answers) if proven else life.phrase("cleared")
        life.do("record-sector-answer", sector=sector.name, answer=answer)
    else:
        _silent(life, sector.name)
    if proven and life.chance(0.94):
        origin(life)
    life.work("apuração", 10, 60)


def origin(life: Life) -> None:
    """Where it came from, as far as is known."""
    cause = life.arrival.cause
    if cause is None:
        return
    product = {"product": cause.product} if cause.product else {}
    explanation = life.text(cause.explanations)
    life.do("identify-origin", sector=cause.sector, cause=cause.cause, explanation=explanation, **product)


def _silent(life: Life, sector: str) -> None:
    life.late = life.late or life.chance(0.4)
    life.at = max(life.at, seasons.in_office(life.due, 30))
    life.do("add-note", text=life.phrase("chase"))
    life.office(3, 8)
    if life.chance(0.4):
        to = f"Gerência: {sector}"
        life.do("escalate", level=1, to=to, reason=f"{sector} não respondeu à consulta no prazo.")
        life.office(3, 9)
    if life.chance(0.35):
        life.do("cancel-ask", sector=sector, reason=life.phrase("chase"))


def _promised(life: Life) -> None:
    """A word given to the customer: kept, put off, or missed."""
    if life.late and life.chance(0.4):
        expected = life.promise_by(6)
        life.do(
            "send-holding-response",
            reason=life.phrase("holding"),
            expected_by=expected,
            channel=life.written_channel(),
        )
    if not life.story.promises or not life.chance(0.2):
        return
    due = life.promise_by(life.rng.randint(1, 3))
    promise = life.do("promise", what=life.text(life.story.promises), due_at=due)
    fate = life.rng.random() + 0.25 * life.late
    if fate > 0.85:
        life.at = max(life.at, due + timedelta(minutes=1))
        life.do("record-missed-promise", promise_id=promise)
        life.happy -= 1.0
        life.office(1, 5)
        return
    if fate > 0.75:
        later = due + timedelta(days=1 if due.weekday() < 4 else 3)
        life.at = max(life.at, due - timedelta(hours=3))
        life.do("reschedule-promise", promise_id=promise, due_at=later, reason="Prazo revisto com o setor.")
        due = later
    life.at = max(life.at, due - timedelta(hours=life.rng.randint(1, 7)))
    life.do("fulfil-promise", promise_id=promise)
    life.happy += 0.2
