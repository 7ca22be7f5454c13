"""What is called by a name of its own can be asked for by its name or its id."""

from typing import Any
from uuid import UUID

from litestar import Request

from api.problems import NotFound
from api.services import services
from domain.aggregate import Aggregate
from infra.presets import claim_of


async def named(request: Request[Any, Any, Any], aggregate: Aggregate, key: str) -> UUID:
    """The id of what a key means: itself, or of what was registered or defined under this name.

    Raises:
        NotFound: nothing was.
    """
    if "\0" in key:
        raise NotFound(f"no {aggregate.kind} has this name")
    claim = claim_of(aggregate, key)
    known = await services(request).commands.claimed([claim])
    if claim in known:  # a name may look like an id: issuers of tokens give such subjects
        return known[claim]
    try:
        return UUID(key)
    except ValueError:
        raise NotFound(f"no {aggregate.kind} has this name") from None
