"""The demo's year needs no clock and no database, is accepted by the rules, and reads like a real one."""

import re
from collections import Counter
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from domain.messages import Command
from infra.demo import Plan, Ref, make_plan, seasons
from infra.demo.arrivals import OUTSIDE, SPOKEN
from infra.demo.language import render, typed, without_accents
from infra.demo.people import analysts
from infra.demo.plan import created_id
from infra.demo.summary import Decided, days_to_answer, decided, rates, stream_of, tables
from infra.demo.texts import company

ROOT = Path(__file__).parents[2]
OFFICE = {"classify", "consult-sector", "propose-resolution", "dismiss", "close"}
IDENTIFIERS = {"email", "phone", "sha256", "url", "name"}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan()


@pytest.fixture(scope="module")
def cases(plan: Plan) -> list[Decided]:
    return [decided(entry) for entry in plan.cases]


def texts(plan: Plan) -> list[str]:
    """Every text that a person reads."""
    return [
        text
        for entry in (*plan.customers, *plan.cases)
        for step in entry.steps
        for text in strings(step.fields)
    ]


def strings(value: Any, name: str = "") -> list[str]:
    match value:
        case str() if name not in IDENTIFIERS:
            return [value]
        case dict():
            return [text for key, item in value.items() for text in strings(item, key)]
        case list() | tuple():
            return [text for item in value for text in strings(item, name)]
        case _:
            return []


def test_the_same_plan_is_made_every_time(plan: Plan) -> None:
    assert make_plan.__wrapped__() == plan


def test_every_step_is_accepted_and_leads_to_an_event(plan: Plan) -> None:
    for entry in (*plan.customers, *plan.cases):
        assert len(decided(entry).events) >= len(entry.steps), entry.claim


def test_claims_are_unique(plan: Plan) -> None:
    claims = [entry.claim for entry in (*plan.customers, *plan.cases)]
    assert len(set(claims)) == len(claims)


def test_what_a_case_refers_to_comes_before_it(plan: Plan) -> None:
    known = {Ref("customer", entry.number) for entry in plan.customers}
    for entry in plan.cases:
        assert entry.needs() <= known, entry.claim
        known.add(Ref("case", entry.number))


def test_a_duplicate_is_of_an_earlier_case_of_the_same_customer(plan: Plan) -> None:
    by_number = {entry.number: entry for entry in plan.cases}
    marks = [(entry, step) for entry in plan.cases for step in entry.steps if step.verb == "mark-duplicate"]
    assert marks
    for entry, step in marks:
        original = by_number[step.fields["of"].number]
        assert original.steps[0].at < entry.steps[0].at
        assert original.steps[0].fields["customer_id"] == entry.steps[0].fields["customer_id"]


def test_nothing_happens_before_what_led_to_it_or_after_the_end(plan: Plan) -> None:
    for entry in plan.cases:
        moments = [step.at for step in entry.steps]
        assert moments == sorted(moments)
        assert moments[-1] < seasons.END


def test_cases_of_every_month_are_within_the_year(plan: Plan) -> None:
    days = {entry.steps[0].at.astimezone(seasons.ZONE).date() for entry in plan.cases}
    assert min(days) >= seasons.FIRST
    assert max(days) <= seasons.LAST
    assert len({(day.year, day.month) for day in days}) == 13


def test_the_house_works_in_office_hours(plan: Plan) -> None:
    moments = [
        step.at.astimezone(seasons.ZONE)
        for entry in plan.cases
        for step in entry.steps
        if step.verb in OFFICE
    ]
    assert all(seasons.works(at.date()) for at in moments)
    assert all(seasons.OPENS <= at.hour < seasons.CLOSES or (at.hour, at.minute) == (18, 0) for at in moments)


def test_black_friday_and_christmas_bring_more_than_the_winter(plan: Plan) -> None:
    months = Counter(f"{entry.steps[0].at:%Y-%m}" for entry in plan.cases)
    assert months["2025-12"] > 1.5 * months["2026-07"]


def test_fixed_causes_become_rarer_and_one_fix_helps_nothing(cases: list[Decided]) -> None:
    found = rates(cases)
    assert len(found) == 4
    assert sum(rate.after < rate.before / 3 for rate in found) == 3
    assert [rate.cause.product for rate in found if rate.after >= rate.before] == ["Lavadora 11 kg"]


def test_sectors_stay_silent_most_of_all_montagem(plan: Plan) -> None:
    asked: Counter[str] = Counter()
    answered: Counter[str] = Counter()
    for entry in plan.cases:
        for step in entry.steps:
            if step.verb == "consult-sector":
                asked[step.fields["sector"]] += 1
            elif step.verb == "record-sector-answer":
                answered[step.fields["sector"]] += 1
    shares = {sector: answered[sector] / many for sector, many in asked.items() if many >= 30}
    assert min(shares, key=lambda sector: shares[sector]) == "Montagem"
    assert shares["Montagem"] < 0.65


def test_those_who_waited_rate_lower(cases: list[Decided]) -> None:
    late: list[int] = []
    timely: list[int] = []
    for case in cases:
        took = days_to_answer(case)
        scores = [step.fields["csat"] for step in case.entry.steps if step.verb == "rate"]
        if took is not None and scores:
            (late if took > 7 else timely).append(scores[0])
    assert sum(late) / len(late) < sum(timely) / len(timely) - 0.5


def test_every_way_out_and_every_state_is_seen(cases: list[Decided]) -> None:
    assert {case.state.state for case in cases} == {
        "registered", "in_progress", "awaiting_customer", "awaiting_sector", "proposed", "resolved", "closed",
        "withdrawn", "dismissed", "forwarded", "duplicate",
    }  # fmt: skip


def test_what_is_promised_is_settled(cases: list[Decided]) -> None:
    for case in cases:
        open_ones = [promise for promise in case.state.promises if promise.status == "open"]
        assert all(promise.due_at > seasons.END for promise in open_ones), case.entry.claim


def test_only_analysts_act_and_none_is_idle(plan: Plan) -> None:
    assert {entry.actor for entry in plan.cases} == {analyst.id for analyst in analysts()}


def test_the_documented_numbers_are_the_ones_of_the_plan(plan: Plan) -> None:
    documented = (ROOT / "docs/demo.md").read_text(encoding="utf-8")
    missing = [line for line in tables(plan) if line not in documented]
    assert missing == [], "python -m infra.demo.summary prints the tables of docs/demo.md"


def test_no_slot_or_alternative_is_left_open(plan: Plan) -> None:
    bad = [text for text in texts(plan) if re.search(r"[\[\]{}|]|;;|None|\b_|  |\?\.|!\.", text)]
    assert bad == []


def test_articles_and_contractions_agree_with_products(plan: Plan) -> None:
    wrong = {"f": r"\b(o|um|do|no|meu|outro) {}\b", "m": r"\b(a|uma|da|na|minha|outra) {}\b"}
    patterns = [
        re.compile(wrong[product.gender].format(product.short), re.IGNORECASE)
        for product in company().products
    ]
    assert [text for text in texts(plan) if any(pattern.search(text) for pattern in patterns)] == []


def test_contractions_are_made(plan: Plan) -> None:
    bad = re.compile(
        r"\b(de|em|por) (o|os|a|as) (sofá|geladeira|pedido|loja|cliente|máquina)\b", re.IGNORECASE
    )
    assert [text for text in texts(plan) if bad.search(text)] == []


def test_sentences_of_the_house_begin_with_a_capital(plan: Plan) -> None:
    house = {
        "propose-resolution": "summary",
        "resolve": "summary",
        "consult-sector": "question",
        "add-note": "text",
    }
    said = [
        step.fields[house[step.verb]] for entry in plan.cases for step in entry.steps if step.verb in house
    ]
    assert [text for text in said if re.search(r"^[a-zà-ÿ]|(?<!\.)[.!?] [a-zà-ÿ]", text)] == []


def test_people_write_as_people_do(plan: Plan) -> None:
    """Most with accents, some without, some shouting; what is taken by telephone is told by the house."""
    written = [
        step.fields["description"]
        for entry in plan.cases
        if (step := entry.steps[0]).fields["channel"] not in (*SPOKEN, *OUTSIDE)
    ]
    accented = sum(text != without_accents(text) for text in written) / len(written)
    assert 0.6 < accented < 0.95
    assert any(re.search(r"\b(vcs|pq|q)\b", text) for text in written)
    assert any(re.search(r"[A-ZÀ-Ý]{4,} [A-ZÀ-Ý]{3,}", text) for text in written)


def test_hardly_any_two_descriptions_are_the_same(plan: Plan) -> None:
    written = Counter(entry.steps[0].fields["description"] for entry in plan.cases)
    assert sum(many - 1 for many in written.values()) < 0.02 * len(plan.cases)


def test_nobody_can_be_reached(plan: Plan) -> None:
    for entry in plan.customers:
        fields = entry.steps[0].fields
        assert re.fullmatch(r"[a-z]+\.?[a-z]+[0-9]+@example\.(com|org)", fields["email"])
        assert re.fullmatch(r"\+55 \d\d 90000-\d{4}", fields["phone"])


def test_no_two_customers_share_an_address(plan: Plan) -> None:
    addresses = [entry.steps[0].fields["email"] for entry in plan.customers]
    assert len(set(addresses)) == len(addresses)


def test_ids_of_a_case_are_unique(plan: Plan) -> None:
    for entry in plan.cases:
        commands: list[Command] = entry.commands(stream_of)
        moments = [(command.verb, command.occurred_at) for command in commands]
        creating = [moment for moment in moments if moment[0] in CREATING]
        assert len(set(creating)) == len(creating), entry.claim


CREATING = {
    "consult-sector", "request-information", "propose-resolution", "promise", "offer-compensation",
    "open-external-case", "add-party", "set-reminder",
}  # fmt: skip


def test_an_id_is_a_uuid_of_version_7_of_its_time() -> None:
    at = datetime.fromisoformat("2026-03-02T12:00:00+00:00")
    made = created_id("demo:1", "promise", at)
    assert made.version == 7
    assert made.int >> 80 == int(at.timestamp() * 1000)
    assert made == created_id("demo:1", "promise", at) != created_id("demo:2", "promise", at)


def test_alternatives_nest_and_slots_are_filled() -> None:
    rng = Random(1)  # noqa: S311 - words, no secrets
    seen = {render("[a|[b|c]] {x}. fim", rng, {"x": "ontem"}) for _ in range(50)}
    assert seen == {"A ontem. Fim", "B ontem. Fim", "C ontem. Fim"}
    with pytest.raises(KeyError):
        render("{y}", rng, {})
    assert typed("Você não veio.", rng, 0) == "Você não veio."
