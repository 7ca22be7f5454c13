"""Service levels as they are kept: clocks of a complaint, what is at risk, compliance as figures or chart."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get
from litestar.params import FromPath
from msgspec.structs import replace

from api.answers import page_of
from api.charts import line_chart
from api.conventions import Items, single
from api.problems import NotFound
from api.services import services
from api.validation import Malformed, Nothing, Wrong, query
from projections import sla
from projections.sla import ComplianceAsked, Group

SVG = "image/svg+xml"
USUAL: Sequence[sla.Period] = ("month", "quarter", "year")
FEW = 60
"""As many periods as a chart shows well."""


@get("/v1/complaints/{stream_id:uuid}/sla", name="complaint-sla", opt={
    "action": "read service levels", "summary": "The clocks of a complaint", "response": sla.ClocksOf,
})  # fmt: skip
async def clocks(request: Request[Any, Any, Any], stream_id: FromPath[UUID]) -> Response[bytes]:
    """Every clock that runs or ran for a complaint, with each interval and its reason."""
    query(request.scope["query_string"], Nothing)
    answer = await services(request).reader.read(
        sla.VIEW, request, lambda connection: sla.clocks_of(connection, stream_id)
    )
    if answer.value is None:
        raise NotFound("no complaint has this id")
    return single(answer.value, answer.log_position)


@get("/v1/sla/at-risk", name="sla-at-risk", opt={
    "action": "read service levels", "summary": "What breaches soon", "query": sla.AtRisk,
    "headers": ["Link"], "response": Items[sla.ClockItem]})  # fmt: skip
async def at_risk(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Running clocks that fall due within so many seconds, a page at a time."""
    asked = query(request.scope["query_string"], sla.AtRisk)
    return await page_of(request, sla.VIEW, lambda c: sla.at_risk(c, asked))


@get("/v1/sla/clocks", name="sla-clocks", opt={
    "action": "read service levels", "summary": "The clocks behind a figure of compliance",
    "query": sla.Drill, "headers": ["Link"], "response": Items[sla.ClockItem]})  # fmt: skip
async def drill(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Decided clocks with their complaints, a page at a time."""
    asked = query(request.scope["query_string"], sla.Drill)
    _check(asked)
    return await page_of(request, sla.VIEW, lambda c: sla.drill(c, asked))


@get("/v1/sla/compliance", name="sla-compliance", opt={
    "action": "read service levels", "summary": "Compliance with service levels",
    "query": ComplianceAsked, "response": sla.Compliance, "also_as": [SVG]})  # fmt: skip
async def compliance(request: Request[Any, Any, Any]) -> Response[Any]:
    """Compliance with the counts behind it; with `Accept: image/svg+xml` as a chart over time."""
    asked = query(request.scope["query_string"], ComplianceAsked)
    _check(asked)
    if SVG in request.headers.get("accept", ""):
        return await _drawn(request, replace(asked, by=asked.by or ("policy", "target")))
    counted, position = await _counted(request, asked)
    found = single(counted, position)
    found.headers["Vary"] = "Accept"
    return found


async def _counted(request: Request[Any, Any, Any], asked: ComplianceAsked) -> tuple[sla.Compliance, int]:
    """Compliance, and how far the view had read."""
    try:
        answer = await services(request).reader.read(
            sla.VIEW, request, lambda connection: sla.compliance(connection, asked)
        )
    except sla.TooMany as error:
        raise Malformed([Wrong("decided_from", str(error))]) from None
    assert answer.value  # noqa: S101 - a sum over no rows is still a sum
    return answer.value, answer.log_position


async def _drawn(
    request: Request[Any, Any, Any], asked: ComplianceAsked, usual: Sequence[sla.Period] = USUAL
) -> Response[Any]:
    """The chart; by the shortest of the usual periods of which it takes few, where none is asked for."""
    period, *longer = [asked.period] if asked.period else usual
    counted, position = await _counted(request, replace(asked, period=period))
    periods = _periods(counted, period)
    if longer and len(periods) > FEW:
        return await _drawn(request, asked, longer)
    headers = {"Log-Position": str(position), "Vary": "Accept"}
    return Response(_chart(asked, counted, periods, period), media_type=SVG, headers=headers)


def _check(asked: ComplianceAsked | sla.Drill) -> None:
    if asked.decided_from and asked.decided_to and asked.decided_from >= asked.decided_to:
        raise Malformed([Wrong("decided_to", "not after decided_from")])


def _chart(asked: ComplianceAsked, found: sla.Compliance, periods: Sequence[date], period: sla.Period) -> str:
    series: dict[str, dict[date, float | None]] = {}
    for group in found.groups:
        if group.period is not None:
            series.setdefault(_name(asked, group), {})[group.period] = group.compliance
    return line_chart(
        f"Compliance by {' and '.join(asked.by)}",
        [_label(day, period) for day in periods],
        {name: [values.get(day) for day in periods] for name, values in sorted(series.items())},
    )


def _name(asked: ComplianceAsked, group: Group) -> str:
    return " / ".join(str(getattr(group, name) or "none") for name in asked.by)


def _label(day: date, period: sla.Period) -> str:
    match period:
        case "year":
            return f"{day:%Y}"
        case "quarter":
            return f"{day:%Y} Q{(day.month + 2) // 3}"
        case "month":
            return f"{day:%Y-%m}"
        case _:
            return f"{day:%Y-%m-%d}"


def _periods(found: sla.Compliance, period: sla.Period) -> list[date]:
    """The first days of all periods from the first to the last, so that one without decisions is a gap."""
    days = [group.period for group in found.groups if group.period]
    return list(_between(min(days), max(days), period)) if days else []


def _between(first: date, last: date, period: sla.Period) -> Iterator[date]:
    months = {"month": 1, "quarter": 3, "year": 12}.get(period)
    day = first
    while day <= last:
        yield day
        if months is None:
            day = date.fromordinal(day.toordinal() + (7 if period == "week" else 1))
        else:
            passed = day.year * 12 + day.month - 1 + months
            day = date(passed // 12, passed % 12 + 1, 1)


ROUTER = Router("/", route_handlers=[clocks, at_risk, drill, compliance])
