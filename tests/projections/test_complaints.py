"""A complaint as the view shows it: now, by its protocol, to a sector, and as it once was."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from domain.complaint import commands as c
from domain.complaint.values import Contact, SubjectRef
from infra.database import Unavailable
from projections import complaints
from projections.complaints import ComplaintDetail, as_of
from tests.domain.spec import (
    ACCEPT,
    ANSWER,
    CLOSE,
    CONSULT,
    PROPOSE,
    REJECT,
    REOPEN,
    REPLY,
    RESOLVE,
    WITHDRAW,
)
from tests.infra.logs import NOW, REGISTER, served
from tests.projections.house import house

pytestmark = pytest.mark.anyio

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def picked(found: ComplaintDetail, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(found, name) for name in names)


async def test_a_registered_complaint_shows_what_was_said(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(
            contact=c.ContactInput(name="Bia"),
            remedy_sought="My money back.",
            subject_refs=(c.SubjectRefInput(type="order", value="7"),),
            points=(c.PointInput(point_id="a", main=True),),
            received_at=NOW - HOUR,
            source_ref="cfpb/1",
        )
        found = await at.detail(stream)
    assert found.id == stream
    assert picked(found, "state", "version", "etag", "kind") == ("registered", 1, 1, "complaint")
    assert picked(found, "subject", "description") == (REGISTER.subject, REGISTER.description)
    assert found.contact == Contact(name="Bia")
    assert found.subject_refs == (SubjectRef(type="order", value="7"),)
    assert [point.point_id for point in found.points] == ["a"]
    assert picked(found, "received_at", "registered_at") == (NOW - HOUR, NOW + SECOND)
    assert picked(found, "remedy_sought", "source_ref") == ("My money back.", "cfpb/1")


async def test_what_is_due_first_is_due(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(
            c.RequestInformation(question="Which order?", due_at=NOW + 3 * HOUR),
            c.ConsultSector(sector="billing", question="Was it paid?", due_at=NOW + 2 * HOUR),
            c.ConsultSector(sector="legal", question="May we?"),
        )
        found = await at.detail(stream)
        assert picked(found, "state", "due_at") == ("awaiting_sector", NOW + 2 * HOUR)
        assert [ask.question for ask in found.asks] == ["Which order?", "Was it paid?", "May we?"]
        assert found.asked_sectors == ("billing", "legal")
        await at.do(stream, ANSWER)
        found = await at.detail(stream)
        assert (found.due_at, [ask.sector for ask in found.asks]) == (NOW + 3 * HOUR, [None, "legal"])
        await at.do(stream, REPLY)
        assert (await at.detail(stream)).due_at is None
        propose = c.ProposeResolution(
            outcome="upheld", summary="Refund.", channel="email", reply_by=NOW + 9 * HOUR
        )
        await at.do(stream, propose)
        found = await at.detail(stream)
        assert (found.due_at, found.asks) == (NOW + 9 * HOUR, ())
        assert found.proposal
        assert (found.proposal.outcome, found.proposal.summary) == ("upheld", "Refund.")
        assert found.proposal.reply_by == NOW + 9 * HOUR
        await at.do(stream, REJECT)
        found = await at.detail(stream)
    assert picked(found, "state", "due_at", "proposal") == ("in_progress", None, None)


async def test_ends_and_reopenings_show(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(PROPOSE, ACCEPT)
        found = await at.detail(stream)
        assert picked(found, "state", "outcome") == ("resolved", "upheld")
        assert found.resolution
        assert found.resolution.basis == "accepted"
        await at.do(stream, CLOSE)
        found = await at.detail(stream)
        assert picked(found, "state", "closed_at", "close_reason") == ("closed", at.now, "recourse_exhausted")
        await at.do(stream, REOPEN)
        found = await at.detail(stream)
        assert picked(found, "resolution", "outcome", "closed_at", "reopenings") == (None, None, None, 1)
        await at.do(stream, WITHDRAW)
        assert (await at.detail(stream)).withdrawn_by == "customer"


async def test_contacts_replies_and_assignments_show(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(c.Assign(analyst="ana", team="cards"), c.Acknowledge(channel="email"))
        acknowledged_at = at.now
        await at.do(stream, c.ContactCustomer(channel="phone", summary="We spoke.", outcome="reached"))
        contacted_at = at.now
        await at.do(stream, RESOLVE)
        await at.do(stream, REPLY)
        found = await at.detail(stream)
    assert picked(found, "analyst", "team", "needs_review") == ("ana", "cards", True)
    assert picked(found, "acknowledged_at", "last_contact_at") == (acknowledged_at, contacted_at)
    assert found.last_reply_at == at.now


async def test_a_complaint_is_found_by_its_protocol(database: str) -> None:
    async with house(database) as at:
        stream = await at.register()
        found = await at.detail(stream)
        answer = await complaints.by_protocol(at.connection, found.protocol)
        nobody = await complaints.by_protocol(at.connection, "20260000000")
    assert answer.value == found
    assert (nobody.value, nobody.log_position) == (None, 1)


async def test_an_answer_says_how_far_the_view_has_read_even_without_a_row(database: str) -> None:
    async with house(database) as at:
        await at.register(CONSULT)
        await at.project()
        answer = await complaints.detail(at.connection, uuid4())
    assert (answer.value, answer.log_position) == (None, 2)


async def test_a_sector_sees_only_cases_with_an_ask_to_it(database: str) -> None:
    async with house(database) as at:
        asked, other = await at.register(CONSULT), await at.register()
        await at.do(asked, ANSWER)
        await at.project()
        assert (await complaints.detail(at.connection, asked, "billing")).value
        assert (await complaints.detail(at.connection, asked, "legal")).value is None
        assert (await complaints.detail(at.connection, other, "billing")).value is None
        assert await at.listed(sector="billing") == [asked]
        protocol = (await at.detail(asked)).protocol
        assert (await complaints.by_protocol(at.connection, protocol, "billing")).value
        assert (await complaints.by_protocol(at.connection, protocol, "legal")).value is None


async def test_the_complaint_as_of_any_version_is_what_the_view_showed_then(database: str) -> None:
    steps = (CONSULT, ANSWER, PROPOSE, REJECT, RESOLVE, CLOSE, REOPEN)
    async with house(database) as at:
        stream = await at.register()
        shown = [await at.detail(stream)]
        for step in steps:
            await at.do(stream, step)
            shown.append(await at.detail(stream))
        events = await at.events(stream)
    assert [as_of(events[:version]) for version in range(1, len(events) + 1)] == shown
    assert as_of([]) is None


async def test_a_view_that_was_never_prepared_is_told_apart_from_an_empty_one(database: str) -> None:
    async with house(database) as at:
        await at.project()
        await at.connection.execute("DELETE FROM checkpoints")
        async with served(database) as connection:
            with pytest.raises(Unavailable):
                await complaints.detail(connection, uuid4())
