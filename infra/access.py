"""Access keys: opaque tokens, of which the database keeps only the hash."""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec import Struct
from psycopg.rows import class_row
from uuid_utils.compat import uuid7

from infra.batching import Batcher
from infra.database import Link

FRESH_SECONDS = 2.0
LEAST_SECONDS = 0.1
READ_SECONDS = 5.0
PREFIX = "ouv_"


class AccessKey(Struct, frozen=True, kw_only=True):
    """A key as the database keeps it; the token itself was shown once."""

    id: UUID
    subject: str
    roles: list[str]
    sector: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    digest: bytes

    def refusal(self, now: datetime) -> str | None:
        """Why the key does not open now, if so."""
        if self.revoked_at is not None:
            return "the key is revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "the key has expired"
        return None


def digest(token: str) -> bytes:
    """What the database keeps of a token; the token has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).digest()


async def create(
    connection: psycopg.AsyncConnection[Any],
    subject: str,
    roles: Sequence[str],
    *,
    sector: str | None = None,
    expires_at: datetime | None = None,
) -> tuple[UUID, str]:
    """Make a key; gives its id and its token, which cannot be had again."""
    key_id, token = uuid7(), PREFIX + secrets.token_urlsafe(32)
    await connection.execute(
        """INSERT INTO access_keys (id, digest, subject, roles, sector, expires_at)
           VALUES (%s, %s, %s, %s, %s, %s)""",
        [key_id, digest(token), subject, list(roles), sector, expires_at],
    )
    return key_id, token


async def revoke(connection: psycopg.AsyncConnection[Any], key_id: UUID) -> bool:
    """Close a key for ever; False if there is no such key that is open."""
    cursor = await connection.execute(
        "UPDATE access_keys SET revoked_at = now() WHERE id = %s AND revoked_at IS NULL", [key_id]
    )
    return cursor.rowcount == 1


async def keys(connection: psycopg.AsyncConnection[Any]) -> list[AccessKey]:
    """All keys, oldest first."""
    async with connection.cursor(row_factory=class_row(AccessKey)) as cursor:
        await cursor.execute(
            """SELECT id, subject, roles, sector, created_at, expires_at, revoked_at, digest
                 FROM access_keys ORDER BY created_at, id"""
        )
        return await cursor.fetchall()


class KeyRing:
    """The keys in memory, read again for a key not seen before and every two seconds.

    So long may a revoked key still open.
    """

    def __init__(self, conninfo: str) -> None:
        self._link = Link(conninfo)
        self._keys: dict[bytes, AccessKey] = {}
        self._read_at = float("-inf")
        self._reads: Batcher[bytes, None] = Batcher(self._read)

    async def find(self, token: str) -> AccessKey | None:
        """The key of a token, open or not.

        Raises:
            psycopg.OperationalError, TimeoutError: the database does not answer, and no copy is fresh.
        """
        wanted = digest(token)
        if not self._knows([wanted]):
            await self._reads.submit(wanted)
        return self._keys.get(wanted)

    @property
    def fresh_until(self) -> float:
        """The monotonic time until which the copy of the keys stands."""
        return self._read_at + FRESH_SECONDS

    async def close(self) -> None:
        """Close the connection."""
        await self._reads.drain()
        await self._link.close()

    def _age(self) -> float:
        return time.monotonic() - self._read_at

    def _knows(self, wanted: Sequence[bytes]) -> bool:
        return self._age() <= FRESH_SECONDS and all(each in self._keys for each in wanted)

    async def _read(self, wanted: list[bytes]) -> list[None]:
        """Read once for all who wait; they share an error too."""
        if self._knows(wanted):  # they came while the ring was read for others
            return [None] * len(wanted)
        # Unknown keys, however many are tried, make us read ten times a second and no more.
        await asyncio.sleep(LEAST_SECONDS - self._age())
        asked_at = time.monotonic()
        async with asyncio.timeout(READ_SECONDS), self._link.use() as connection:
            self._keys = {key.digest: key for key in await keys(connection)}
        self._read_at = asked_at
        return [None] * len(wanted)


def utc_now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)
