"""The OpenAPI 3.1 document, made from the routes and the structs they take and give."""

from typing import Any

import msgspec
from litestar import Litestar, MediaType, Response, Router, get
from litestar.params import FromPath

from api.openapi.describing import describe
from api.openapi.page import page
from api.problems import PROBLEMS, NotFound

__all__ = ["Document", "describe"]


class Document:
    """The document of one app; the routes that serve it are themselves part of the app."""

    def __init__(self) -> None:
        self._json = b"{}"
        self._html = ""

    def describe(self, app: Litestar) -> None:
        """Write the document of all the app's routes that have a summary."""
        document = describe(app)
        self._json = msgspec.json.encode(document)
        self._html = page(document)

    def router(self) -> Router:
        """The routes that serve the document and what problem types mean."""

        @get("/schema/openapi.json", opt={}, media_type=MediaType.JSON)
        async def as_json() -> Response[bytes]:
            return Response(self._json, media_type=MediaType.JSON)

        @get("/schema", opt={}, media_type=MediaType.HTML)
        async def as_html() -> Response[str]:
            return Response(self._html, media_type=MediaType.HTML)

        return Router("/", route_handlers=[as_json, as_html, problem_type])


@get("/problems/{slug:str}", opt={}, media_type=MediaType.TEXT)
async def problem_type(slug: FromPath[str]) -> Response[Any]:
    """What a problem type means."""
    if slug not in PROBLEMS:
        raise NotFound("there is no such problem type")
    status, text = PROBLEMS[slug]
    return Response(f"{slug} ({status})\n{text}\n", media_type=MediaType.TEXT)
