"""What a view answers: one thing, or a page of them."""

from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from litestar import Request, Response

from api.conventions import listed, single
from api.problems import NotFound
from api.services import services
from infra.pages import Answer, Page
from infra.projector import View

Connection = psycopg.AsyncConnection[Any]


async def one_of(
    request: Request[Any, Any, Any],
    view: View,
    ask: Callable[[Connection], Awaitable[Answer[Any]]],
    *,
    missing: str,
) -> Response[bytes]:
    """The answer with one thing and its ETag.

    Raises:
        NotFound: there is none; `missing` says so.
    """
    answer = await services(request).reader.read(view, request, ask)
    if answer.value is None:
        raise NotFound(missing)
    return single(answer.value, answer.log_position, answer.value.etag)


async def page_of(
    request: Request[Any, Any, Any], view: View, ask: Callable[[Connection], Awaitable[Page[Any]]]
) -> Response[bytes]:
    """The answer with a page, linking to the next one."""
    return listed(request, await services(request).reader.read(view, request, ask))
