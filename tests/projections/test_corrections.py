"""A correction changes what the complaint shows and what it is found by."""

from datetime import timedelta
from uuid import uuid4

import pytest

from api.parts import VIEWS
from domain.complaint import commands as c
from domain.complaint.values import Contact, SubjectRef
from tests.infra.logs import NOW
from tests.projections.house import house

pytestmark = pytest.mark.anyio


async def test_corrected_texts_show_and_are_found_instead_of_the_old_ones(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(
            subject="Broken kettle", contact=c.ContactInput(name="Bia"), remedy_sought="A voucher."
        )
        await at.project()
        assert await at.listed(q="kettle") == await at.listed(q="voucher") == [stream]
        await at.do(
            stream,
            c.Correct(
                reason="Misread.",
                subject="Broken toaster",
                subject_refs=(c.SubjectRefInput(type="order", value="7"),),
                remove=("contact", "remedy_sought"),
            ),
        )
        found = await at.detail(stream)
        assert (found.subject, found.contact, found.remedy_sought) == ("Broken toaster", None, None)
        assert found.subject_refs == (SubjectRef(type="order", value="7"),)
        assert await at.listed(q="toaster") == [stream]
        assert await at.listed(q="kettle") == await at.listed(q="voucher") == []
        await at.do(
            stream, c.Correct(reason="Called.", description="It burnt.", contact=c.ContactInput(name="Rui"))
        )
        found = await at.detail(stream)
        item = (await at.listed(q="burnt")) == [stream]
    assert (found.subject, found.description, found.contact) == (
        "Broken toaster",
        "It burnt.",
        Contact(name="Rui"),
    )
    assert item


@pytest.mark.parametrize("batch", [1, 100])
async def test_texts_are_the_same_whatever_the_batches(database: str, batch: int) -> None:
    async with house(database) as at:
        stream = await at.register(
            c.Correct(reason="Misread.", subject="Broken toaster"),
            c.Correct(reason="Misread.", description="It burnt."),
            c.Correct(reason="Only a channel.", channel="letter"),
        )
        await at.project(*VIEWS, batch=batch)
        found = await at.detail(stream)
        assert await at.listed(q="burnt toaster") == [stream]
    assert (found.subject, found.description, found.channel) == ("Broken toaster", "It burnt.", "letter")


async def test_corrected_fields_show_and_removed_ones_are_empty(database: str) -> None:
    async with house(database) as at:
        follows = uuid4()
        stream = await at.register(
            category="fees", product="card", source_ref="crm/9", prior_protocol="77", forwarded_from="procon"
        )
        await at.do(
            stream,
            c.Correct(
                reason="Read again from the scan.",
                received_at=NOW - timedelta(days=1),
                channel="letter",
                follows=follows,
                points=(c.PointInput(point_id="a"), c.PointInput(point_id="b")),
                severity="high",
                remove=("category", "source_ref", "prior_protocol", "forwarded_from"),
            ),
            supervisor=True,
        )
        found = await at.detail(stream)
        assert await at.listed(channel="letter") == await at.listed(severity="high") == [stream]
        assert await at.listed(category="fees") == []
    assert (found.received_at, found.channel, found.follows) == (NOW - timedelta(days=1), "letter", follows)
    assert [point.point_id for point in found.points] == ["a", "b"]
    assert (found.category, found.product, found.severity) == (None, "card", "high")
    assert (found.source_ref, found.prior_protocol, found.forwarded_from) == (None, None, None)


async def test_a_wrong_customer_and_a_wrong_kind_are_put_right(database: str) -> None:
    async with house(database) as at:
        wrong, right = await at.customer(), await at.customer()
        stream = await at.register(customer_id=wrong)
        await at.do(stream, c.RelinkCustomer(customer_id=right, reason="It was her sister."))
        await at.do(
            stream, c.ChangeKind(kind="praise", reason="She thanks the branch."), actor="bob", supervisor=True
        )
        approval = (await at.detail(stream)).approvals[0]
        await at.do(stream, c.Approve(approval_id=approval.approval_id), actor="rui", supervisor=True)
        await at.project()
        assert await at.listed(customer_id=wrong) == []
        assert await at.listed(customer_id=right, kind="praise") == [stream]
