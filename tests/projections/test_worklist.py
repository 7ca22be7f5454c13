"""The worklist: every filter, every sort, pages that arrivals do not shift, and search in three languages."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, get_args
from uuid import UUID

import msgspec
import pytest

from domain.complaint import ComplaintCommand
from domain.complaint import commands as c
from infra.pages import BadCursor
from projections import complaints
from projections.complaints import ComplaintItem, Sort, Worklist
from projections.complaints.queries import ORDERS
from tests.domain.spec import CONSULT, INVESTIGATE, PROPOSE, REPLY, RESOLVE
from tests.infra.logs import NOW
from tests.projections.house import House, house

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)


async def paged(at: House, limit: int, **wanted: Any) -> AsyncIterator[list[ComplaintItem]]:
    cursor = None
    while True:
        page = await complaints.worklist(at.connection, Worklist(limit=limit, cursor=cursor, **wanted))
        yield page.items
        if page.next is None:
            return
        assert len(page.items) == limit
        cursor = page.next


async def test_every_filter_keeps_what_it_names(database: str) -> None:
    async with house(database) as at:
        customer = await at.customer()
        plain = await at.register()
        registered = at.now
        special = await at.register(
            c.Assign(analyst="ana", team="cards"),
            c.Classify(severity="high", category="fees", product="card"),
            c.RequestInformation(question="Which order?", due_at=NOW + HOUR),
            kind="request",
            channel="phone",
            customer_id=customer,
        )
        ended = await at.register(RESOLVE, REPLY)
        await at.project()
        ours: dict[str, Any] = {
            "analyst": "ana",
            "team": "cards",
            "severity": "high",
            "category": "fees",
            "product": "card",
            "channel": "phone",
            "kind": "request",
            "customer_id": customer,
            "due_before": NOW + 2 * HOUR,
            "state": ("awaiting_customer", "closed"),
            "needs_review": False,
        }
        for name, value in ours.items():
            expected = [special, plain] if name == "needs_review" else [special]
            assert await at.listed(**{name: value}) == expected, name
        assert await at.listed(**ours) == [special]
        assert await at.listed(**ours | {"analyst": "bob"}) == []
        assert await at.listed(needs_review=True) == [ended]
        assert await at.listed(state=("resolved",)) == [ended]
        assert await at.listed(origin="billing") == []
        assert await at.listed(due_before=NOW + HOUR) == []
        later = registered + timedelta(seconds=1)
        assert await at.listed(registered_from=later) == [ended, special]
        assert await at.listed(registered_to=later) == [plain]
        assert await at.listed(registered_from=registered, registered_to=later) == [plain]


async def test_breached_is_what_is_owed_and_overdue(database: str) -> None:
    async with house(database) as at:  # its clock stands in 2026; the database's is later or much later
        at.now -= timedelta(days=9_000)
        asked = c.RequestInformation(question="Which order?", due_at=at.now + HOUR)
        overdue = await at.register(asked)
        answered = await at.register(asked, REPLY)
        future = await at.register(
            c.RequestInformation(question="Which order?", due_at=at.now + timedelta(days=60_000))
        )
        await at.project()
        assert await at.listed(breached=True) == [overdue]
        assert await at.listed(breached=False) == [future, answered]


def rank(item: ComplaintItem, key: str) -> Any:
    severities = (None, "low", "medium", "high", "critical")
    value = getattr(item, key)
    return severities.index(value) if key == "severity" else value


async def various(at: House) -> None:
    severities = ("low", None, "critical", "medium", "high", None)
    for n in range(12):
        due = c.RequestInformation(question="?", due_at=at.now + timedelta(microseconds=7 * (n % 4), hours=1))
        more: Sequence[ComplaintCommand] = [due] if n % 3 else []
        received = NOW - timedelta(microseconds=(n * 7) % 5)
        await at.register(*more, severity=severities[n % 6], received_at=received)


@pytest.mark.parametrize("sort", get_args(Sort))
async def test_every_sort_gives_everything_once_in_order_whatever_the_page(database: str, sort: str) -> None:
    async with house(database) as at:
        await various(at)
        await at.project()
        key, sign = sort.lstrip("-"), -1 if sort.startswith("-") else 1
        whole = [item async for page in paged(at, 200, sort=sort) for item in page]
        assert len({item.id for item in whole}) == 12
        values = [rank(item, key) for item in whole]
        known = [value for value in values if value is not None]
        assert values == sorted(known, reverse=sign < 0) + [None] * values.count(None)
        ties = [(a.id, b.id) for a, b in pairwise(whole) if rank(a, key) == rank(b, key)]
        assert all((a < b) == (sign > 0) for a, b in ties)
        for limit in (1, 5, 12):
            assert [item async for page in paged(at, limit, sort=sort) for item in page] == whole


def test_every_sort_that_can_be_asked_for_exists() -> None:
    assert set(get_args(Sort)) == set(ORDERS)


@pytest.mark.parametrize("sort", ["-registered_at", "registered_at"])
async def test_arrivals_do_not_shift_pages(database: str, sort: str) -> None:
    async with house(database) as at:
        first = [await at.register() for _ in range(6)]
        await at.project()
        seen: list[UUID] = []
        async for page in paged(at, 2, sort=sort):
            seen += [item.id for item in page]
            if len(seen) < 6:
                await at.register()
                await at.project()
        assert [stream for stream in seen if stream in first] == (
            first if sort == "registered_at" else first[::-1]
        )
        assert len(seen) == len(set(seen))


async def test_a_cursor_of_another_sort_is_refused(database: str) -> None:
    async with house(database) as at:
        await various(at)
        await at.project()
        page = await complaints.worklist(at.connection, Worklist(limit=1))
        with pytest.raises(BadCursor):
            await complaints.worklist(at.connection, Worklist(sort="due_at", cursor=page.next))


async def test_a_page_says_how_far_the_view_has_read_even_when_it_is_empty(database: str) -> None:
    async with house(database) as at:
        await at.register(CONSULT)
        await at.project()
        await at.register()
        page = await complaints.worklist(at.connection, Worklist(state=("closed",)))
    assert (page.items, page.next, page.log_position) == ([], None, 2)


SPOKEN = {
    "pt": (
        "Reclamação sobre o cartão",
        "Cobrança indevida; a devolução não chegou. Animais, papéis, viagens.",
    ),
    "es": (
        "Reclamación por facturación",
        "Pidió la devolución de dos camiones y no recibió respuesta en un año.",
    ),
    "en": ("Billing complaint", "The refunds never arrived, and nobody answers the letters I have written."),
}
ASKED = {
    "reclamação": {"pt"},
    "reclamacao": {"pt"},
    "RECLAMAÇÕES": {"pt"},
    "reclamacoes": {"pt"},
    "cartões": {"pt"},
    "cartoes": {"pt"},
    "cobranca": {"pt"},
    "cobranças indevidas": {"pt"},
    "animal": {"pt"},
    "papel": {"pt"},
    "viagem": {"pt"},
    "devoluções": {"pt"},
    "reclamaciones": {"es"},
    "reclamacion": {"es"},
    "facturacion": {"es"},
    "facturaciones": {"es"},
    "camión": {"es"},
    "respuestas": {"es"},
    "ano": {"es"},
    "refund": {"en"},
    "letter": {"en"},
    "answering": {"en"},
    "billing complaints": {"en"},
    "cartão refund": set(),
    "cartão or refund": {"pt", "en"},
    '"refunds never arrived"': {"en"},
    '"arrived refunds"': set(),
    "devolução -animais": set(),
    "nothing of the kind": set(),
    "!!! & | ( : *": set(),
    "'; DROP TABLE complaints_4; --": set(),
}


async def test_words_are_found_in_three_languages_with_and_without_accents_and_plurals(database: str) -> None:
    async with house(database) as at:
        languages = {
            await at.register(subject=subject, description=description): language
            for language, (subject, description) in SPOKEN.items()
        }
        await at.project()
        found = {q: {languages[stream] for stream in await at.listed(q=q)} for q in ASKED}
    assert found == ASKED


async def test_a_change_of_state_leaves_the_searched_words_alone(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(subject="parcel")
        await at.do(stream, INVESTIGATE)
        await at.do(stream, PROPOSE)
        await at.project()
        assert await at.listed(q="parcels", state=("proposed",)) == [stream]


@pytest.mark.parametrize(
    "wanted",
    [
        {"limit": 0},
        {"limit": 201},
        {"sort": "subject"},
        {"state": ["lost"]},
        {"q": ""},
        {"q": "a\x00b"},
        {"analyst": "a\x00b"},
        {"due_before": "2026-11-23T12:00:00"},
        {"customer_id": "7"},
    ],
)
def test_what_makes_no_sense_is_no_worklist(wanted: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wanted, Worklist, strict=False)
