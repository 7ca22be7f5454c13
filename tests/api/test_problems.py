"""Every way to fail has its problem type, and every problem type its page."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import psycopg
import pytest
from litestar.exceptions import HTTPException
from psycopg_pool import PoolClosed, PoolTimeout

from api import problems
from api.problems import ANSWERS, BY_STATUS, PROBLEMS, Forbidden, NotFound, Unauthenticated, ViewBehind
from api.validation import Malformed, Wrong
from domain.messages import Invalid, Refused
from domain.refusals import FORBIDDEN, NOT_FOUND, REFUSALS
from infra.batching import Overloaded
from infra.commands import AlreadyClaimed, KeyReused, NoSuchStream, VersionMismatch
from infra.database import Unavailable
from infra.events import Erased, UnknownEvent
from infra.jobs import TooMany
from infra.pages import BadCursor
from infra.projector import BeingRebuilt
from tests.api.serving import Service, problem, serving

DOCS = Path(__file__).parent.parent.parent / "docs"
SOMEBODY = "maria@example.org"
NOBODY = UUID(int=0)

RAISED: list[tuple[Exception, int, str]] = [
    (Malformed([Wrong("$.x", "required")]), 400, "malformed"),
    (BadCursor("bad"), 400, "malformed"),
    (Unauthenticated("no"), 401, "unauthenticated"),
    (Forbidden("no"), 403, "forbidden"),
    (NotFound("no"), 404, "not-found"),
    (NoSuchStream("no"), 404, "not-found"),
    (Refused("unknown-complaint", "no"), 404, "not-found"),
    (Refused("wrong-state", "no"), 409, "wrong-state"),
    (Refused("same-person", "no"), 403, "same-person"),
    (Erased("gone"), 409, "erased"),
    (VersionMismatch(3), 412, "version-mismatch"),
    (AlreadyClaimed(NOBODY), 409, "name-taken"),
    (Invalid([]), 400, "malformed"),
    (KeyReused(), 422, "idempotency-key-reused"),
    (ViewBehind("late"), 503, "view-behind"),
    (Overloaded("full"), 503, "unavailable"),
    (Unavailable("away"), 503, "unavailable"),
    (UnknownEvent("event type 'x' is not known to this version"), 503, "unavailable"),
    (TooMany("20 jobs are waiting"), 503, "unavailable"),
    (BeingRebuilt("customers is being rebuilt already"), 409, "being-rebuilt"),
    (TimeoutError(), 503, "unavailable"),
    (psycopg.OperationalError("away"), 503, "unavailable"),
    (psycopg.errors.QueryCanceled("slow"), 503, "unavailable"),
    (psycopg.InterfaceError("closed"), 503, "unavailable"),
    (PoolTimeout("busy"), 503, "unavailable"),
    (PoolClosed("closing"), 503, "unavailable"),
    (HTTPException(status_code=418, detail="teapot"), 400, "malformed"),
    (HTTPException(status_code=500, detail=SOMEBODY), 500, "internal-error"),
    (RuntimeError(SOMEBODY), 500, "internal-error"),
    (psycopg.errors.UndefinedTable(SOMEBODY), 503, "unavailable"),
]


def raising(error: Exception) -> Callable[..., Any]:
    async def raised(*_: object) -> None:
        raise error

    return raised


@pytest.mark.parametrize(("error", "status", "slug"), RAISED, ids=lambda value: str(value)[:30])
def test_every_error_has_its_answer(
    service: Service, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, slug: str
) -> None:
    monkeypatch.setattr(service.services.reader, "read", raising(error))
    answer = service.get("/v1/complaints")
    problem(answer, status, slug)
    assert SOMEBODY not in answer.text
    assert ("retry-after" in answer.headers) == (status == 503)


def test_the_errors_tried_are_all_that_have_an_answer() -> None:
    kinds = {kind for error, *_ in RAISED for kind in type(error).__mro__}
    assert ANSWERS.keys() <= kinds
    assert set(BY_STATUS.values()) <= PROBLEMS.keys()
    own = {each for each in vars(problems).values() if isinstance(each, type) and issubclass(each, Exception)}
    assert {each for each in own if each.__module__ == problems.__name__} <= ANSWERS.keys()


def test_every_refusal_is_a_problem_type_of_409_or_of_403_where_another_person_may() -> None:
    found = {slug: status for slug, (status, _) in PROBLEMS.items() if status in {403, 409}}
    expected = {slug: 403 if slug in FORBIDDEN else 409 for slug in REFUSALS.keys() - NOT_FOUND}
    assert found == {**expected, "forbidden": 403, "erased": 409, "name-taken": 409, "being-rebuilt": 409}


@pytest.mark.parametrize("slug", PROBLEMS)
def test_every_problem_type_has_its_page(service: Service, slug: str) -> None:
    answer = service.get(f"/problems/{slug}", role=None)
    status, text = PROBLEMS[slug]
    assert (answer.status_code, answer.text) == (200, f"{slug} ({status})\n{text}\n")


def test_every_problem_type_has_its_line() -> None:
    text = (DOCS / "problems.md").read_text(encoding="utf-8")
    printed = re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \| (.+) \|$", text, flags=re.MULTILINE)
    assert {slug: (int(status), meaning) for slug, status, meaning in printed} == PROBLEMS
    assert len(printed) == len(PROBLEMS)


def test_a_command_that_takes_too_long_is_given_up_and_can_be_asked_for_again(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(database, tmp_path, command_timeout=2.0) as service:
        made = service.register()
        held, append = Event(), service.services.log.append

        async def slow(*given: Any) -> Any:
            held.set()
            await asyncio.sleep(60)
            return await append(*given)

        monkeypatch.setattr(service.services.log, "append", slow)
        path, headers = f"/v1/complaints/{made['id']}/investigate", {"idempotency-key": "once"}
        body = problem(service.post(path, {}, headers=headers), 503, "unavailable")
        assert body["detail"] == "This took too long; ask again with the same Idempotency-Key."
        assert held.is_set()
        monkeypatch.undo()
        assert service.post(path, {}, headers=headers).json()["version"] == 2
