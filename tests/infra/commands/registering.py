"""A complaint to begin with, and answers to compare."""

from uuid import UUID

from msgspec.structs import replace

from domain.complaint import COMPLAINT
from infra.commands import Commands, Outcome
from tests.infra.logs import REGISTER, ask, caller


async def count(database: str, table: str = "events") -> int:
    return int((await ask(database, f"SELECT count(*) FROM {table}"))[0][0])


async def registered(commands: Commands) -> UUID:
    return (await commands.create(COMPLAINT, caller(), REGISTER)).stream_id


def same_but_replayed(answer: Outcome) -> Outcome:
    """The answer as a repetition gives it; the leaf is known only once the event is read."""
    return replace(answer, replayed=True, events=[replace(event, leaf=b"") for event in answer.events])


def without_leaves(answer: Outcome) -> Outcome:
    return replace(answer, events=[replace(event, leaf=b"") for event in answer.events])
