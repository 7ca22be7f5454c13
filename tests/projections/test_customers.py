"""Customers as the view shows them: each one, and lists to find one in."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.customer import CUSTOMER, ChangeContact, QuietHours, QuietHoursInput, SetPreferences
from projections import customers
from projections.customers import Customers
from tests.infra.logs import caller
from tests.projections.house import House, house

pytestmark = pytest.mark.anyio


async def listed(at: House, **wanted: Any) -> list[UUID]:
    return [item.id for item in (await customers.customers(at.connection, Customers(**wanted))).items]


async def test_a_customer_shows_what_is_known_now(database: str) -> None:
    async with house(database) as at:
        person = await at.customer(email="Bia@example.org", phone="+55 11 5555-0100", channels=("email",))
        registered_at = at.now
        quiet = QuietHoursInput(from_="22:00", to="07:00", zone="America/Sao_Paulo")
        await at.commands.execute(
            CUSTOMER,
            person,
            caller(),
            ChangeContact(name="Beatriz Souza", remove=("phone",)),
            SetPreferences(language="en", quiet_hours=quiet),
        )
        await at.project()
        found = (await customers.customer(at.connection, person)).value
    assert found
    assert (found.id, found.version, found.etag, found.registered_at) == (person, 3, 3, registered_at)
    assert (found.name, found.email, found.phone, found.language) == (
        "Beatriz Souza",
        "Bia@example.org",
        None,
        "en",
    )
    assert (found.kind, found.tier, found.channels) == ("external", "basic", ("email",))
    assert found.quiet_hours == QuietHours(from_="22:00", to="07:00", zone="America/Sao_Paulo")


async def test_nobody_is_found_where_there_is_none(database: str) -> None:
    async with house(database) as at:
        await at.customer()
        await at.project()
        answer = await customers.customer(at.connection, uuid4())
    assert (answer.value, answer.log_position) == (None, 1)


async def test_every_filter_keeps_whom_it_names(database: str) -> None:
    async with house(database) as at:
        plain = await at.customer()
        special = await at.customer(
            email="Bia@Example.org", external_ref="crm-7", tier="advanced", kind="internal"
        )
        await at.project()
        assert await listed(at) == [special, plain]
        assert await listed(at, sort="registered_at") == [plain, special]
        for name, value in {
            "email": "bia@example.ORG",
            "external_ref": "crm-7",
            "tier": "advanced",
            "kind": "internal",
        }.items():
            assert await listed(at, **{name: value}) == [special], name
        assert await listed(at, tier="basic", kind="internal") == []


async def test_pages_give_everybody_once(database: str) -> None:
    async with house(database) as at:
        people = [await at.customer() for _ in range(5)]
        await at.project()
        seen: list[UUID] = []
        cursor = None
        while len(seen) < 5:
            page = await customers.customers(at.connection, Customers(limit=2, cursor=cursor))
            seen += [item.id for item in page.items]
            cursor = page.next
        assert cursor is None
    assert seen == people[::-1]
