"""Presets, and what a complaint would owe by when."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath
from msgspec import Meta, Struct
from msgspec.structs import replace

from api.commands import read_body
from api.conventions import caller, single
from api.problems import NotFound
from api.services import services
from api.settling import settled
from api.validation import Nothing, query
from domain.fields import LIST_LENGTH, Moment
from domain.messages import Invalid, Problem, Refused
from domain.sla import Calendar, Facts, PinnedCalendar, Policy
from domain.sla.calendar_validation import calendar_problems
from domain.sla.inputs import CalendarInput, FactsInput, PolicyInput, plain
from domain.sla.presets import PRESETS, Preset
from domain.sla.preview import Preview, drafted, preview
from domain.sla.standing import Standing
from domain.sla.validation import calendar_misfits, policy_problems
from domain.times import utc
from infra import presets
from infra.access import utc_now
from infra.holidays import holiday_set, subdivisions


class Presets(Struct, frozen=True, kw_only=True):
    """All presets, by name."""

    items: tuple[Preset, ...]


class Installation(Struct, frozen=True, kw_only=True):
    """The documents of a preset as they stand. Another supervisor approves what has an `approval_id`."""

    preset: str
    documents: list[presets.Installed]


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A complaint of these facts, received then. Drafts stand in for what is in force under their names."""

    received_at: Moment
    facts: FactsInput = FactsInput()
    policies: Annotated[tuple[PolicyInput, ...], Meta(max_length=LIST_LENGTH)] = ()
    calendars: Annotated[tuple[CalendarInput, ...], Meta(max_length=LIST_LENGTH)] = ()


@get("/presets", name="sla-presets", opt={
    "action": "read service levels", "summary": "Presets", "positioned": False, "response": Presets,
})  # fmt: skip
async def listing(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Policies that laws and good practice ask for, with their calendars, ready to be installed."""
    query(request.scope["query_string"], Nothing)
    return single(Presets(items=tuple(PRESETS.values())))


@post("/presets/{key:str}/install", name="sla-preset-install", status_code=200, opt={
    "action": "install presets", "summary": "Install a preset", "request": Nothing,
    "response": Installation, "versioned": False, "positioned": False})  # fmt: skip
async def installing(request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
    """Define what is not there under the preset's names, and ask for the activation of its policies.

    Installed again, it changes nothing. `Idempotency-Key` is not needed.
    """
    await read_body(request, Nothing)
    if key not in PRESETS:
        raise NotFound(f"no preset has this name; there are: {', '.join(PRESETS)}")
    who = replace(caller(request), key=None, if_match=None)
    async with asyncio.timeout(services(request).settings.command_timeout):
        found = await presets.install(services(request).commands, who, PRESETS[key])
    await settled(request)
    return single(Installation(preset=key, documents=found))


@post("/preview", name="sla-preview", status_code=200, opt={
    "action": "preview service levels", "summary": "What a complaint would owe by when",
    "request": Question, "response": Preview, "versioned": False, "positioned": False})  # fmt: skip
async def previewing(request: Request[Any, Any, Any]) -> Response[bytes]:
    """A complaint like this, received then, is due when? Nothing is recorded."""
    asked = await read_body(request, Question)
    await services(request).reference.refresh()
    standing = services(request).reference.standing
    calendars = await asyncio.to_thread(_pinned, asked)
    policies = [_checked(asked, index, calendars, standing) for index in range(len(asked.policies))]
    _check_users(calendars, policies, standing)
    active = drafted(standing, policies, calendars)
    return single(preview(active, plain(asked.facts, Facts), _received(asked)))


def _received(asked: Question) -> datetime:
    """When the complaint is received.

    Raises:
        Invalid: no calendar reaches that.
    """
    try:
        return utc(asked.received_at)
    except Refused as refused:
        raise Invalid([Problem("$.received_at", refused.reason)]) from refused


def _pinned(asked: Question) -> list[PinnedCalendar]:
    """The draft calendars with their holidays, as version 0.

    Raises:
        Invalid: one of them is wrong.
    """
    found = []
    for index, given in enumerate(asked.calendars):
        calendar, rule = plain(given, Calendar), given.holidays
        known = subdivisions(rule.country) if rule else {}
        _refuse(f"$.calendars[{index}]", calendar_problems(calendar, known))
        holidays = holiday_set(rule, utc_now().date())
        found.append(PinnedCalendar(calendar=calendar, version=0, holidays=holidays))
    return found


def _checked(asked: Question, index: int, calendars: list[PinnedCalendar], standing: Standing) -> Policy:
    """A draft policy.

    Raises:
        Invalid: it is wrong.
    """
    policy = plain(asked.policies[index], Policy)
    known = {name: pinned.calendar for name, pinned in standing.calendars.items()}
    known |= {pinned.calendar.name: pinned.calendar for pinned in calendars}
    _refuse(f"$.policies[{index}]", policy_problems(policy, known))
    return policy


def _check_users(calendars: list[PinnedCalendar], policies: list[Policy], standing: Standing) -> None:
    """Refuses what would not be put in force either: what policies in force could not count by.

    Raises:
        Invalid
    """
    drafts = {policy.name for policy in policies}
    for index, pinned in enumerate(calendars):
        users = standing.counting_by(pinned.calendar.name)
        misfits = calendar_misfits(pinned.calendar, [each for each in users if each.name not in drafts])
        _refuse(f"$.calendars[{index}]", [Problem("$", reason) for reason in misfits])


def _refuse(path: str, problems: list[Problem]) -> None:
    if problems:
        raise Invalid([replace(each, path=path + each.path.removeprefix("$")) for each in problems])


ROUTER = Router("/v1/sla", route_handlers=[listing, installing, previewing])
