"""Deciding, agreeing, paying, closing; and opening again what did not work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from infra.demo.language import sentences
from infra.demo.life import Life
from infra.demo.lives.rating import rated
from infra.demo.plan import Ref

PAID = ("refund", "discount", "coupon")


def decided(life: Life) -> None:
    """The house proposes; the customer accepts, rejects or says nothing."""
    life.office(0.5, 6)
    outcome = life.outcome
    offered = _proposed(life, outcome)
    answered_outside(life)
    drawn = life.rng.random() + (0.18 if outcome == "not_upheld" else 0.0)
    if drawn < 0.66:
        _accepted(life, outcome, offered)
    elif drawn < 0.88:
        _unanswered(life, outcome, offered)
    else:
        _rejected(life, outcome, offered)


def answered_outside(life: Life) -> None:
    """What the outside body gets to read, and how it ends there."""
    case = life.outside_case
    if case is None:
        return
    life.at += timedelta(minutes=life.rng.randint(10, 90))
    life.do("answer-external-case", case_id=case, answer=life.phrase("external_answers"))
    life.happy -= 0.5


def closed(life: Life, reason: str) -> None:
    """The end, and what may come after it."""
    _decided_outside(life)
    life.office(4, 40)
    life.do("close", reason=reason)
    rated(life)
    if life.chance(0.055):
        _reopened(life)
    elif life.arrival.person and life.chance(0.03):
        life.wait(20, 300)
        about = life.rng.choice(("thanks", "thanks", "doubts"))
        life.do(
            "record-reply",
            channel=life.written_channel(),
            message=life.customers_text([life.phrase(f"late_{about}")]),
        )
        life.office(1, 8)
        life.do("review-reply", finding=life.phrase(f"reviewed_{about}"))


def _proposed(life: Life, outcome: str, *, again: bool = False) -> Ref | None:
    """The final response; what is offered with it, if it is money."""
    by = life.promise_by(7)
    kind = of = ""
    if outcome == "not_upheld":
        text = life.text(life.ours("rejected"))
    else:
        redress, _, text = life.text(life.ours("upheld")).partition(" ;; ")
        kind, _, of = redress.lower().partition(":")
        text = sentences(text)
    fields: dict[str, Any] = {
        "outcome": outcome,
        "summary": life.phrase("second", proposta=text) if again else text,
        "channel": life.written_channel(),
        "reply_by": by,
    }
    offered = None
    if kind not in ("", "none"):
        amount = {"amount": life.amount(of or "credit"), "currency": "BRL"} if kind in PAID else {}
        fields["redress"] = {"kind": kind} | amount
        if amount:
            reason = life.phrase(f"compensation_{kind}")
            offered = life.do("offer-compensation", kind=kind, reason=reason, **amount)
    points = life.steps[0].fields.get("points", ())
    if points:
        ends = zip(points, (outcome, "not_upheld"), strict=True)
        fields["point_outcomes"] = [{"point_id": point["point_id"], "outcome": end} for point, end in ends]
    life.do("propose-resolution", **fields)
    life.work("resposta escrita", 8, 40)
    return offered


def _accepted(life: Life, outcome: str, offered: Ref | None) -> None:
    life.wait(0.5, 90)
    channel = life.written_channel()
    said = life.customers_text([life.phrase("accepted_anyway" if outcome == "not_upheld" else "accepted")])
    reason = {"reason": said} if said else {}
    if life.steps[0].fields.get("points") and life.chance(0.5):
        life.do("accept-resolution", channel=channel, scope="partial", accepted_points=["1"], **reason)
        life.office(4, 16)
        life.do(
            "contact-customer", channel="phone", summary=life.text(life.ours("contacts")), outcome="reached"
        )
        if offered:
            life.do("withdraw-compensation", compensation_id=offered, reason="Incluída na nova proposta.")
        offered = _proposed(life, "partly_upheld")
        life.wait(2, 50)
        life.do("accept-resolution", channel=channel)
    else:
        life.do("accept-resolution", channel=channel, **reason)
    life.happy += 0.6 if outcome == "upheld" else -0.4
    if offered:
        life.do("accept-compensation", compensation_id=offered, channel=channel)
        _paid(life, offered)
    closed(life, "accepted")


def _paid(life: Life, offered: Ref) -> None:
    """The money goes out; sometimes it comes back first."""
    life.office(8, 50)
    if life.chance(0.08):
        life.do("fail-compensation", compensation_id=offered, reason=life.phrase("failures"))
        life.office(2, 10)
        life.do(
            "contact-customer",
            channel=life.contact_channel(),
            summary="Pagamento devolvido pelo banco; pedidos novos dados.",
            outcome="reached",
        )
        life.office(8, 30)
        life.happy -= 0.7
    reference = f"PG-{life.at:%y%m%d}-{life.rng.randint(1000, 9999)}"
    life.do("pay-compensation", compensation_id=offered, reference=reference)


def _unanswered(life: Life, outcome: str, offered: Ref | None) -> None:
    life.office(40, 60)
    life.do(
        "contact-customer",
        channel=life.contact_channel(),
        summary=life.phrase("left_message"),
        outcome="message_left",
    )
    life.office(25, 45)
    if offered:
        life.do(
            "withdraw-compensation", compensation_id=offered, reason="Sem manifestação no prazo da proposta."
        )
    life.do("resolve", outcome=outcome, summary=life.phrase("no_reply"), basis="no_answer")
    life.happy -= 0.6
    closed(life, "no_reply")


def _rejected(life: Life, outcome: str, offered: Ref | None) -> None:
    life.wait(0.3, 70)
    channel = life.written_channel()
    life.do("reject-resolution", channel=channel, reason=life.customers_text([life.phrase("rejected")]))
    if offered:
        life.do("decline-compensation", compensation_id=offered, channel=channel)
    life.office(3, 16)
    life.happy -= 1.0
    if outcome == "not_upheld" or life.chance(0.3):
        life.do("escalate", level=1, to="Coordenação", reason=life.phrase("escalated"))
        life.office(4, 16)
        life.do("resolve", outcome=outcome, summary=life.phrase("final_position"), basis="final_position")
        closed(life, "recourse_exhausted")
        return
    life.better_voucher()
    again = _proposed(life, "upheld", again=True)
    if life.chance(0.75):
        life.happy += 0.6
        _accepted(life, "upheld", again)
    else:
        _unanswered(life, "upheld", again)


def _decided_outside(life: Life) -> None:
    case, life.outside_case = life.outside_case, None
    if case is None:
        return
    life.wait(20, 200)
    step = life.steps[case.number]
    if step.fields["body"] == "reclame_aqui":
        rating = min(10, max(0, round(5 + 2 * life.happy + life.rng.gauss(0, 1.5))))
        fields = {"outcome": "resolvido" if rating >= 5 else "não resolvido", "rating": rating}
    elif step.fields["body"] == "procon":
        fields = {"outcome": "não fundamentada" if life.outcome == "not_upheld" else "fundamentada atendida"}
    else:
        rating = min(5, max(1, round(3 + life.happy)))
        fields = {"outcome": "resolvida" if rating >= 3 else "não resolvida", "rating": rating}
    life.do("decide-external-case", case_id=case, **fields)


def _reopened(life: Life) -> None:
    if not life.story.reopens:
        return
    life.wait(30, 480)
    life.do("reopen", reason=life.text(life.story.reopens))
    life.happy -= 1.4
    life.office(1, 8)
    life.do("contact-customer", channel="phone", summary=life.text(life.ours("contacts")), outcome="reached")
    life.work("reabertura", 10, 45)
    life.office(4, 30)
    offered = _proposed(life, "upheld")
    life.wait(3, 70)
    life.do("accept-resolution", channel=life.written_channel())
    if offered:
        life.do("accept-compensation", compensation_id=offered)
        _paid(life, offered)
    life.office(6, 30)
    life.do("close", reason="accepted")
    rated(life, share=0.5)
