"""What the view shows of the things that happen around a complaint."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from domain.complaint import commands as c
from domain.complaint.values import Contact
from projections import complaints
from projections.complaints import ComplaintDetail
from projections.complaints.items import Forwarding, LinkedComplaint, OriginFound, WorkTotals
from tests.domain.spec import (
    CONSULT,
    FORWARD,
    LAWYER,
    NOT_OURS,
    OFFER,
    PROCON,
    PROMISE,
    PROPOSE,
    RAISE,
    REMIND,
    REOPEN,
    RESOLVE,
    SPAM,
    UNMARK,
    WITHDRAW,
)
from tests.infra.logs import NOW
from tests.projections.house import House, house

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ORIGIN = c.IdentifyOrigin(
    sector="billing", cause="double booking", product="card", explanation="The job ran twice."
)


def shares(many: int, url: str = "https://x.example/1") -> c.RecordExposure:
    return c.RecordExposure(network="x", url=url, shares=many)


async def shown(at: House, stream: UUID, *names: str) -> tuple[Any, ...]:
    found = await at.detail(stream)
    return tuple(getattr(found, name) for name in names)


async def test_flags_and_escalations_show_in_the_list_too(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(
            RAISE,
            c.RaiseFlag(flag="press", reason="A journalist called."),
            c.Escalate(level=2, to="board", reason="It is in the papers."),
        )
        assert await shown(at, stream, "flags", "escalation", "escalated_to") == (
            ("litigation", "press"),
            2,
            "board",
        )
        await at.do(stream, c.ClearFlag(flag="litigation", reason="Settled."))
        assert await shown(at, stream, "flags") == (("press",),)
        item = (await complaints.worklist(at.connection, complaints.Worklist())).items[0]
    assert (item.flags, item.escalation) == (("press",), 2)


async def test_an_origin_is_shown_and_found_by_its_first_parts(database: str) -> None:
    async with house(database) as at:
        await at.register()
        stream = await at.register(ORIGIN)
        without = await at.register(structs.replace(ORIGIN, product=None, cause="double"))
        found = await at.detail(stream)
        for origin in ("billing/double booking", "billing/double booking/card"):
            assert await at.listed(origin=origin) == [stream]
        assert await at.listed(origin="billing") == [without, stream]
        assert await at.listed(origin="billing/double") == [without]
        assert await at.listed(origin="card") == []
        await at.do(stream, structs.replace(ORIGIN, sector="shipping"))
        await at.project()
        assert await at.listed(origin="billing") == [without]
        assert await at.listed(origin="shipping") == [stream]
    assert found.origin == "billing/double booking/card"
    assert found.origin_found == OriginFound(
        sector="billing",
        cause="double booking",
        product="card",
        problem_id=None,
        explanation="The job ran twice.",
        identified_at=NOW + timedelta(seconds=2),
    )


async def test_a_promise_is_due_until_it_is_kept(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(PROMISE)
        found = await at.detail(stream)
        promise = found.promises[0]
        assert (promise.what, promise.status, promise.promised_at) == ("A call.", "open", at.now)
        assert (promise.due_at, found.due_at) == (NOW + DAY, NOW + DAY)
        moved = c.ReschedulePromise(promise_id=promise.promise_id, due_at=NOW + 2 * DAY)
        await at.do(stream, moved)
        assert await shown(at, stream, "due_at") == (NOW + 2 * DAY,)
        at.now += 3 * DAY
        await at.do(stream, c.RecordMissedPromise(promise_id=promise.promise_id), origin="system")
        found = await at.detail(stream)
        assert (found.promises[0].status, found.due_at) == ("missed", NOW + 2 * DAY)
        await at.do(stream, c.FulfilPromise(promise_id=promise.promise_id))
        found = await at.detail(stream)
        assert (found.promises[0].status, found.due_at) == ("fulfilled", None)


async def test_after_the_end_an_open_promise_is_due_and_a_missed_one_is_not(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(PROMISE, RESOLVE)
        found = await at.detail(stream)
        assert (found.state, found.due_at) == ("resolved", NOW + DAY)
        at.now += 2 * DAY
        missed = c.RecordMissedPromise(promise_id=found.promises[0].promise_id)
        await at.do(stream, missed, origin="system")
        assert await shown(at, stream, "due_at") == (None,)


async def test_a_reminder_shows_until_its_time_comes_and_is_owed_to_nobody(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(REMIND)
        found = await at.detail(stream)
        assert [(reminder.text, reminder.at) for reminder in found.reminders] == [(REMIND.text, NOW + DAY)]
        assert found.due_at is None
        at.now += 2 * DAY
        due = c.RecordDueReminder(reminder_id=found.reminders[0].reminder_id)
        await at.do(stream, due, origin="system")
        assert await shown(at, stream, "reminders") == ((),)


async def test_compensation_is_followed_from_the_offer_to_the_payment(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(structs.replace(OFFER, reference="letter 3"))
        offered_at = at.now
        offer = (await at.detail(stream)).compensations[0]
        assert (offer.status, offer.amount, offer.currency) == ("offered", "120.00", "BRL")
        assert (offer.reason, offer.reference, offer.offered_at) == (
            "Charged twice.",
            "letter 3",
            offered_at,
        )
        named = offer.compensation_id
        for command, status in (
            (c.AcceptCompensation(compensation_id=named), "accepted"),
            (c.FailCompensation(compensation_id=named, reason="Account closed."), "failed"),
            (c.PayCompensation(compensation_id=named, reference="pix 9"), "paid"),
        ):
            await at.do(stream, command)
            assert (await at.detail(stream)).compensations[0].status == status
        assert (await at.detail(stream)).compensations[0].payment_reference == "pix 9"


async def test_a_case_outside_waits_until_it_is_answered_or_given_another_date(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(structs.replace(PROCON, due_at=NOW + DAY))
        found = await at.detail(stream)
        outside = found.external_cases[0]
        assert (outside.body, outside.reference, outside.waiting) == ("procon", "2026/7788", True)
        assert (outside.due_at, found.due_at) == (NOW + DAY, NOW + DAY)
        await at.do(stream, c.AnswerExternalCase(case_id=outside.case_id, answer="We paid."))
        found = await at.detail(stream)
        assert (found.external_cases[0].answered_at, found.due_at) == (at.now, None)
        await at.do(stream, structs.replace(PROCON, due_at=NOW + 2 * DAY))
        assert await shown(at, stream, "due_at") == (NOW + 2 * DAY,)
        await at.do(stream, c.DecideExternalCase(case_id=outside.case_id, outcome="resolved", rating=7))
        found = await at.detail(stream)
        outside = found.external_cases[0]
    assert (outside.outcome, outside.rating, outside.decided_at) == ("resolved", 7, at.now)
    assert (outside.waiting, found.due_at) == (False, None)


async def test_a_lawyer_is_named_once_the_authority_is_verified(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(
            LAWYER, c.AddParty(role="affected", contact=c.ContactInput(name="Bia Souza"))
        )
        lawyer, affected = (await at.detail(stream)).parties
        assert (lawyer.role, lawyer.verified, lawyer.contact) == ("lawyer", False, None)
        assert (affected.role, affected.contact) == ("affected", Contact(name="Bia Souza"))
        await at.do(stream, c.VerifyAuthority(party_id=lawyer.party_id, evidence="Power of attorney."))
        lawyer, _ = (await at.detail(stream)).parties
        assert (lawyer.verified, lawyer.contact) == (True, Contact(name="Dr. Rui"))
        await at.do(stream, c.RemoveParty(party_id=lawyer.party_id))
        assert [party.role for party in (await at.detail(stream)).parties] == ["affected"]


async def test_what_waits_for_a_second_person_shows_until_it_is_decided(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(NOT_OURS)
        found = await at.detail(stream)
        approval = found.approvals[0]
        assert (approval.verb, approval.ground, approval.requested_by) == ("dismiss", "dismissal", "ana")
        assert approval.command == {"ground": "not_ours", "reason": NOT_OURS.reason}
        assert (found.state, found.awaits_approval) == ("registered", True)
        assert await at.listed(awaits_approval=True) == [stream]
        assert await at.listed(awaits_approval=False) == []
        approve = c.Approve(approval_id=approval.approval_id)
        await at.do(stream, approve, actor="rui", supervisor=True)
        found = await at.detail(stream)
        assert (found.state, found.approvals, found.awaits_approval) == ("dismissed", (), False)
        assert found.dismissal_ground == "not_ours"
        assert await at.listed(awaits_approval=True) == []


async def test_dismissing_forwarding_and_reopening_show(database: str) -> None:
    async with house(database) as at:
        part = c.Forward(to="Insurer", scope="part", customer_told_at=NOW)
        stream = await at.register(SPAM)
        assert await shown(at, stream, "state", "dismissal_ground") == ("dismissed", "spam")
        await at.do(stream, REOPEN)
        assert await shown(at, stream, "state", "dismissal_ground") == ("in_progress", None)
        await at.do(stream, part)
        told = at.now
        assert await shown(at, stream, "state", "forwarded_to") == ("in_progress", None)
        await at.do(stream, FORWARD)
        found = await at.detail(stream)
        assert (found.state, found.forwarded_to) == ("forwarded", "Branch South")
        assert found.forwardings[0] == Forwarding(
            to="Insurer", scope="part", forwarded_at=told, customer_told_at=NOW
        )
        await at.do(stream, REOPEN)
        found = await at.detail(stream)
    assert (found.state, found.forwarded_to, found.reopenings) == ("in_progress", None, 2)
    assert [forwarding.scope for forwarding in found.forwardings] == ["part", "whole"]


async def test_a_duplicate_owes_no_answer_while_it_is_one(database: str) -> None:
    async with house(database) as at:
        customer = await at.customer()
        first = await at.register(customer_id=customer)
        second = await at.register(structs.replace(CONSULT, due_at=NOW + HOUR), PROMISE, customer_id=customer)
        assert await shown(at, second, "due_at") == (NOW + HOUR,)
        await at.do(second, c.MarkDuplicate(of=first))
        found = await at.detail(second)
        assert (found.state, found.duplicate_of, found.due_at) == ("duplicate", first, NOW + DAY)
        await at.do(second, UNMARK)
        found = await at.detail(second)
    assert (found.state, found.duplicate_of, found.due_at) == ("awaiting_sector", None, NOW + HOUR)


async def test_links_come_and_go(database: str) -> None:
    async with house(database) as at:
        other = await at.register()
        stream = await at.register(c.Link(to=other, relation="related"), c.Link(to=other, relation="parent"))
        await at.do(stream, c.Unlink(to=other, relation="related"))
        assert await shown(at, stream, "links") == ((LinkedComplaint(to=other, relation="parent"),),)


async def test_work_adds_up_in_each_currency(database: str) -> None:
    async with house(database) as at:
        stream = await at.register()
        assert await shown(at, stream, "work") == (WorkTotals(),)
        talk = c.LogWork(minutes=25, activity="talk")
        await at.do(
            stream,
            talk,
            structs.replace(talk, cost="12.50", currency="BRL"),
            structs.replace(talk, cost="0.5", currency="BRL"),
            structs.replace(talk, cost="3", currency="USD"),
        )
        totals = WorkTotals(minutes=100, costs={"BRL": "13.00", "USD": "3"})
        assert await shown(at, stream, "work") == (totals,)


async def test_each_post_shows_its_latest_count(database: str) -> None:
    async with house(database) as at:
        other = "https://x.example/2"
        stream = await at.register(shares(12), shares(3, other))
        await at.do(stream, shares(40))
        earlier = structs.replace(shares(20), occurred_at=at.now - timedelta(seconds=1))
        await at.do(stream, earlier)
        found = await at.detail(stream)
    assert {post.url: post.shares for post in found.exposures} == {"https://x.example/1": 40, other: 3}


async def test_the_last_rating_shows(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(RESOLVE, c.Rate(csat=2))
        await at.do(stream, c.Rate(csat=5, nps=9, comment="Quick after all."))
        rating = (await at.detail(stream)).satisfaction
    assert rating
    assert (rating.csat, rating.ces, rating.nps, rating.comment) == (5, None, 9, "Quick after all.")
    assert rating.rated_at == at.now


async def test_holding_responses_workarounds_and_attachments_show(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(
            c.SendHoldingResponse(reason="The bank is slow.", expected_by=NOW + 3 * DAY, channel="email"),
            c.OfferWorkaround(description="Use the other counter."),
            c.Attach(name="receipt.pdf", media_type="application/pdf", size=12, sha256="0" * 64),
        )
        found = await at.detail(stream)
    assert found.holding_response
    assert (found.holding_response.expected_by, found.holding_response.sent_at) == (NOW + 3 * DAY, at.now)
    assert found.workaround
    assert found.workaround.description == "Use the other counter."
    assert [(kept.name, kept.size, kept.sha256) for kept in found.attachments] == [
        ("receipt.pdf", 12, "0" * 64)
    ]


async def test_facts_stay_when_a_case_is_opened_again(database: str) -> None:
    kept = ("flags", "escalation", "origin", "compensations", "promises", "links", "work")

    def facts(found: ComplaintDetail) -> list[Any]:
        return [getattr(found, name) for name in kept]

    async with house(database) as at:
        stream = await at.register(
            RAISE, ORIGIN, OFFER, PROMISE, c.Escalate(level=1, to="lead", reason="Late."), PROPOSE, WITHDRAW
        )
        before = await at.detail(stream)
        await at.do(stream, REOPEN)
        after = await at.detail(stream)
    assert facts(after) == facts(before)
    assert (before.withdrawn_by, after.withdrawn_by) == ("customer", None)
