"""The long way of a complaint: looked into, decided, accepted or not, paid, perhaps opened again."""

from __future__ import annotations

from datetime import timedelta

from infra.demo.life import Life
from infra.demo.lives import ending, inquiry, intake
from infra.demo.people import full_name


def worked(life: Life) -> None:
    """Anything between one call and months of dispute."""
    if life.chance(0.16) and not life.late:
        on_contact(life)
        return
    _begin(life)
    inquiry.asked(life)
    _meanwhile(life)
    inquiry.consulted(life)
    _outside(life)
    ending.decided(life)


def on_contact(life: Life) -> None:
    """Settled in the first conversation."""
    life.office(0.2, 4)
    summary = life.text(life.ours("contacts"))
    life.do("contact-customer", channel="phone", summary=summary, outcome="reached")
    life.work("ligação", 6, 22)
    if life.chance(0.6):
        inquiry.origin(life)
    life.at += timedelta(minutes=life.rng.randint(2, 15))
    life.do(
        "resolve",
        outcome="upheld",
        summary=life.phrase("on_contact", resumo=summary),
        basis="accepted_on_contact",
    )
    ending.answered_outside(life)
    life.happy += 1.0
    ending.closed(life, "accepted")


def safety(life: Life) -> None:
    """Called at once, taken up to the top, looked into by experts."""
    life.late = False
    life.do("raise-flag", flag="safety", reason="Relato de risco de acidente com o produto.")
    life.do("escalate", level=3, to="Diretoria de Produto", reason="Possível recolhimento do lote.")
    life.at += timedelta(minutes=life.rng.randint(4, 50))
    life.do("contact-customer", channel="phone", summary=life.text(life.ours("contacts")), outcome="reached")
    inquiry.asked(life, share=0.7)
    inquiry.consulted(life, share=1.0)
    life.work("perícia", 60, 240)
    ending.decided(life)


def _begin(life: Life) -> None:
    life.office(0.3, 3)
    if life.chance(0.3):
        life.do("investigate")
    if life.chance(0.22):
        name = life.rng.choice(("no_answer", "no_answer", "left_message"))
        outcome = "no_answer" if name == "no_answer" else "message_left"
        life.do("contact-customer", channel="phone", summary=life.phrase(name), outcome=outcome)
        life.office(1, 4)
    if life.chance(0.55):
        contact = life.text(life.ours("contacts"))
        life.do("contact-customer", channel=life.contact_channel(), summary=contact, outcome="reached")
    if life.chance(0.22):
        life.do("add-note", text=life.phrase("notes"))
    life.work("análise", 5, 35)


def _meanwhile(life: Life) -> None:
    """What happens beside the main thread, each now and then."""
    if life.analyst.team != intake.SPECIAL and life.chance(0.03):
        life.do("assign", analyst=life.analyst.id, team=intake.SPECIAL, reason=life.phrase("moved"))
    if life.chance(0.018):
        _lawyer(life)
    if life.story.team in ("Entregas e montagem", "Produtos e garantia") and life.chance(0.08):
        life.do("offer-workaround", description=life.phrase("workarounds"))
    if life.chance(0.03):
        _exposed(life)
    if life.chance(0.04):
        at = life.at + timedelta(days=life.rng.randint(1, 3))
        reminder = life.do("set-reminder", at=at, text=life.phrase("reminders"))
        life.office(24, 26)
        life.at = max(life.at, at + timedelta(seconds=30))
        life.do("record-due-reminder", reminder_id=reminder)
    if life.late and life.chance(0.3):
        life.do("escalate", level=1, to="Coordenação", reason=life.phrase("escalated"))


def _lawyer(life: Life) -> None:
    _, name, _ = full_name(life.rng)
    lawyer = life.do(
        "add-party", role="lawyer", contact={"name": f"Dr(a). {name}", "email": "adv@example.org"}
    )
    life.office(4, 20)
    if life.chance(0.75):
        life.do("verify-authority", party_id=lawyer, evidence=life.phrase("lawyer"))
    life.do("raise-flag", flag="litigation", reason=life.phrase("flags_litigation"))


def _exposed(life: Life) -> None:
    network = life.rng.choice(("instagram", "facebook", "tiktok"))
    shares = life.rng.randint(2, 90)
    url = f"https://{network}.example.com/p/{life.words['os']}"
    life.do("record-exposure", network=network, url=url, shares=shares)
    life.office(6, 14)
    life.do("record-exposure", network=network, url=url, shares=shares * life.rng.randint(2, 6))
    if shares > 75:
        life.do("raise-flag", flag="press", reason=life.phrase("flags_press"))
        life.office(10, 30)
        life.do("clear-flag", flag="press", reason=life.phrase("flags_cleared"))


def _outside(life: Life) -> None:
    """Who waits too long goes to an outside body."""
    share = 0.3 if life.late else 0.02
    if life.outside_case is None and life.arrival.person is not None and life.chance(share):
        life.wait(2, 60)
        body = life.rng.choices(("procon", "consumidor.gov.br", "reclame_aqui"), (25, 35, 40))[0]
        life.outside_case = intake.open_outside(life, body)
