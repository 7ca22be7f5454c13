"""Checkpoints that move while nothing else changes: those of the same moment in one statement."""

from collections.abc import Sequence
from typing import NamedTuple

from infra.batching import Batcher
from infra.database import Link, hasty

TOGETHER = """
UPDATE checkpoints c SET position = m.after
  FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[]) AS m (follower, generation, before, after)
 WHERE c.follower = m.follower AND c.generation = m.generation AND c.position = m.before
RETURNING c.follower"""


class Move(NamedTuple):
    """Of a follower's checkpoint, from one position to another, if it is where it is thought to be."""

    follower: str
    generation: int
    before: int
    after: int


class Moves:
    """Moves checkpoints for the followers of a process that have nothing to write."""

    def __init__(self, conninfo: str) -> None:
        self._link = Link(hasty(conninfo))  # what a crash of the server takes back is passed over once more
        self._together = Batcher(self._move)

    async def move(self, move: Move) -> bool:
        """Whether the checkpoint was where it was thought to be, and is moved."""
        return await self._together.submit(move)

    async def close(self) -> None:
        """Close the connection."""
        await self._together.drain()
        await self._link.close()

    async def _move(self, moves: Sequence[Move]) -> Sequence[bool]:
        async with self._link.use() as connection:
            cursor = await connection.execute(TOGETHER, [list(column) for column in zip(*moves, strict=True)])
            moved = {follower for (follower,) in await cursor.fetchall()}
        return [move.follower in moved for move in moves]
