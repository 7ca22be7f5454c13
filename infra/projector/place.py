"""Where a leader stands: its checkpoint as it knows it, which it moves only from there."""

import time

from infra.projector.followers import Connection
from infra.projector.moving import Move, Moves
from infra.rows import Bundle

SIGN_SECONDS = 1.0
"""How seldom a leader may use its own connection, which is mortal, to move on."""

MOVE = b"UPDATE checkpoints SET position = %s WHERE follower = %s AND position = %s AND generation = %s"
# An error where the checkpoint is elsewhere: nothing that comes after it is done.
MOVE_OR_FAIL = b"WITH moved AS (%b RETURNING follower) SELECT 1 / count(*) FROM moved" % MOVE
WHERE = "SELECT position, generation FROM checkpoints WHERE follower = %s"
STANDS = "UPDATE checkpoints SET failed_position = %s, failure = %s WHERE follower = %s AND generation = %s"
STILL = "SELECT FROM checkpoints WHERE follower = %s AND failure IS NOT NULL"
GOES_ON = """UPDATE checkpoints SET failed_position = NULL, failure = NULL
              WHERE follower = %s AND failure IS NOT NULL"""


class Deposed(Exception):
    """Another leader, or a rebuild, has moved the checkpoint meanwhile."""


class Place:
    """The position of a follower, and the generation of its tables, as whoever leads it knows them."""

    def __init__(self, connection: Connection, follower: str, moves: Moves) -> None:
        self.position = 0
        self._connection = connection
        self._follower = follower
        self._moves = moves
        self._generation = 0
        self._signed_at = 0.0

    async def exists(self) -> bool:
        """Whether there is a checkpoint."""
        return await self._found() is not None

    async def take(self) -> None:
        """Stand where the checkpoint is, and go on where it had failed.

        Raises:
            Deposed: there is none any more.
        """
        async with self._connection.transaction():
            await self._connection.execute(GOES_ON, [self._follower])
        found = await self._found()
        if found is None:
            raise Deposed
        self.position, self._generation = found

    async def check(self) -> None:
        """Look at the checkpoint.

        Raises:
            Deposed: it is elsewhere.
        """
        if await self._found() != (self.position, self._generation):
            raise Deposed

    async def move(self, before: int, after: int) -> None:
        """Move the checkpoint; `position` is to follow once that is committed.

        Raises:
            Deposed: it was elsewhere.
        """
        cursor = await self._connection.execute(MOVE, self._moving(before, after))
        if cursor.rowcount != 1:
            raise Deposed
        self._signed_at = time.monotonic()

    async def move_with(self, bundle: Bundle, after: int) -> None:
        """Move on, and do what is in the bundle: both in one message, or neither.

        Raises:
            psycopg.Error: neither was done, or the connection was lost; the checkpoint may be elsewhere.
        """
        await bundle.send(MOVE_OR_FAIL, self._moving(self.position, after))
        self.position, self._signed_at = after, time.monotonic()

    async def pass_over(self, after: int) -> None:
        """Move on where nothing changes: together with others, once a second by the connection that leads.

        Raises:
            Deposed: the checkpoint was elsewhere.
        """
        if time.monotonic() - self._signed_at > SIGN_SECONDS:
            async with self._connection.transaction():
                await self.move(self.position, after)
        elif not await self._moves.move(Move(self._follower, self._generation, self.position, after)):
            raise Deposed
        self.position = after

    async def stand(self, before: int, failure: str) -> None:
        """Write down that the follower stands still before a position."""
        async with self._connection.transaction():
            await self._connection.execute(STANDS, [before, failure, self._follower, self._generation])

    async def stands(self) -> bool:
        """Whether that is still so: a rebuild lets it go on."""
        return await (await self._connection.execute(STILL, [self._follower])).fetchone() is not None

    async def _found(self) -> tuple[int, int] | None:
        found: tuple[int, int] | None
        found = await (await self._connection.execute(WHERE, [self._follower])).fetchone()
        return found

    def _moving(self, before: int, after: int) -> list[str | int]:
        return [after, self._follower, before, self._generation]
