"""The ways out: dismissed, withdrawn, abandoned, forwarded, duplicate, no complaint at all."""

from __future__ import annotations

from datetime import timedelta

from infra.demo.life import Life
from infra.demo.lives import others
from infra.demo.plan import Ref

ABOUT_RULES = ("price", "return", "card")
FORWARDED = {
    "Pagamentos e cartão": "forward_money",
    "Entregas e montagem": "forward_product",
    "Produtos e garantia": "forward_product",
}


def noise(life: Life) -> None:
    """Advertising and tests of the form."""
    life.office(0.3, 6)
    test = "teste" in life.steps[0].fields["description"].lower()
    ground = "test" if test else "spam"
    life.do("dismiss", ground=ground, reason=life.phrase(ground))


def duplicate(life: Life) -> None:
    """Known already; a few marks are undone, and the case goes on by itself."""
    assert life.arrival.like is not None  # noqa: S101 - what a duplicate is
    life.office(0.5, 7)
    life.do("classify", category=life.story.category, severity=life.severity)
    life.do("assign", analyst=life.analyst.id, team=life.analyst.team)
    life.at += timedelta(minutes=life.rng.randint(2, 25))
    life.do("add-note", text=life.phrase("duplicate_notes"))
    life.do("mark-duplicate", of=Ref("case", life.arrival.like))
    if life.chance(0.1):
        life.office(2, 12)
        life.do("unmark-duplicate", reason=life.phrase("unmarked"))
        others.simple(life, triaged=True)


def withdrawn(life: Life) -> None:
    life.office(1, 9)
    life.do("add-note", text=life.phrase("notes"))
    life.wait(4, 90)
    life.do("withdraw", by="customer", reason=life.phrase("withdrawn"))


def abandoned(life: Life) -> None:
    """Asked, reminded, and never heard of again."""
    if not life.story.asks:
        withdrawn(life)
        return
    life.office(1, 8)
    due = life.promise_by(5)
    life.do("request-information", question=life.question()[0], due_at=due)
    for _ in range(life.rng.choice((2, 3))):
        life.office(14, 34)
        life.do(
            "contact-customer",
            channel=life.contact_channel(),
            summary=life.phrase(name := life.rng.choice(("no_answer", "left_message"))),
            outcome="no_answer" if name == "no_answer" else "message_left",
        )
    life.office(20, 50)
    life.work("tentativas de contato", 8, 25)
    life.do("withdraw", by="abandoned", reason=life.phrase("abandoned"))


def hung_up(life: Life) -> None:
    """The call broke off."""
    life.office(0.5, 5)
    life.do("contact-customer", channel="phone", summary=life.phrase("no_answer"), outcome="no_answer")
    life.office(5, 12)
    life.do("contact-customer", channel="phone", summary=life.phrase("wrong_number"), outcome="wrong_number")
    life.do("withdraw", by="abandoned", reason=life.phrase("abandoned_call"))


def refused(life: Life) -> None:
    """Not for this house to decide."""
    life.office(1, 10)
    ground = life.rng.choices(("not_ours", "not_eligible", "insufficient"), (60, 20, 20))[0]
    life.do(
        "contact-customer",
        channel=life.contact_channel(),
        summary=life.phrase("left_message"),
        outcome="message_left",
    )
    life.do("dismiss", ground=ground, reason=life.phrase(ground))


def forwarded(life: Life) -> None:
    """Somebody else answers for it, or for a part."""
    life.office(2, 12)
    told_at = life.at
    to = life.phrase(FORWARDED.get(life.story.team, "forward_other"))
    life.do(
        "contact-customer",
        channel=life.contact_channel(),
        summary=f"Informado que o caso segue para: {to}.",
        outcome="reached",
    )
    life.at += timedelta(minutes=life.rng.randint(5, 40))
    if life.chance(0.75):
        life.do("forward", to=to, scope="whole", customer_told_at=told_at)
        return
    life.do("forward", to=to, scope="part", customer_told_at=told_at)
    others.simple(life, triaged=True)


def no_complaint(life: Life) -> None:
    """Only a question after all, where a rule of the house is not understood."""
    if life.story.key not in ABOUT_RULES:
        withdrawn(life)
        return
    life.office(0.5, 4)
    life.do("change-kind", kind="information", reason=life.phrase("kind_changes"))
    others.simple(life, triaged=True)
