"""Tokens of an OpenID Connect issuer: signed JWTs, checked against the keys that the issuer publishes."""

import asyncio
import time
import urllib.request
from collections.abc import Mapping
from typing import Annotated, Any

import jwt
import msgspec
import structlog
from msgspec import Meta, Struct

from domain.fields import LINE_PATTERN
from infra.batching import Batcher
from infra.database import Unavailable

log = structlog.get_logger()

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
LEEWAY_SECONDS = 30
FRESH_SECONDS = 300.0
STALE_SECONDS = 3600.0
PAUSE_SECONDS = 10.0
FETCH_SECONDS = 5.0

Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=LINE_PATTERN)]
Keys = Mapping[str, jwt.PyJWK]


class Claims(Struct, frozen=True):
    """What a token says of its subject. Roles that do not exist here give nothing."""

    sub: Name
    roles: list[Any] = []
    sector: Name | None = None


class InvalidToken(Exception):
    """The token does not open; the message says why."""


class Issuer:
    """An issuer whose tokens for `audience` are accepted.

    Its keys are fetched when a token needs them: every five minutes, and for a key not seen before, at most
    every ten seconds. While the issuer is away they are used for an hour.
    """

    def __init__(self, issuer: str, audience: str | None, jwks_url: str | None = None) -> None:
        self._issuer = issuer
        self._audience = audience
        self._jwks_url = jwks_url
        self._keys: Keys = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._fetches: Batcher[None, None] = Batcher(self._fetch)

    async def claims(self, token: str) -> Claims:
        """What the token says, once it is found to be the issuer's, for us, and of now.

        Raises:
            InvalidToken: it is not.
            Unavailable: the issuer's keys cannot be had.
        """
        try:
            kid = str(jwt.get_unverified_header(token).get("kid"))
            key = await self._key(kid)
            said = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "sub"]},
            )
            return msgspec.convert(said, Claims)
        except (jwt.PyJWTError, msgspec.ValidationError) as error:
            raise InvalidToken(f"the token is not valid: {error}") from None
        except (ValueError, TypeError, RecursionError):
            raise InvalidToken("the token is not valid") from None

    async def _key(self, kid: str) -> jwt.PyJWK:
        now = time.monotonic()
        due = now - self._fetched_at > FRESH_SECONDS or kid not in self._keys
        if due and now - self._tried_at > PAUSE_SECONDS:
            await self._fetches.submit(None)
        if time.monotonic() - self._fetched_at > STALE_SECONDS:
            raise Unavailable("the keys of the issuer cannot be had")
        try:
            return self._keys[kid]
        except KeyError:
            raise InvalidToken("the token is signed with a key that the issuer does not publish") from None

    async def _fetch(self, waiting: list[None]) -> list[None]:
        if time.monotonic() - self._tried_at <= PAUSE_SECONDS:
            return waiting
        self._tried_at = time.monotonic()
        try:
            self._keys = await asyncio.to_thread(self._download)
            self._fetched_at = time.monotonic()
        except Exception as error:  # noqa: BLE001 - whatever it answers, it gives no keys
            log.warning("issuer-unavailable", error=type(error).__name__)
        return waiting

    def _download(self) -> Keys:
        url = (
            self._jwks_url or _get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")["jwks_uri"]
        )
        found = jwt.PyJWKSet.from_dict(_get(url))
        return {str(key.key_id): key for key in found.keys}


def _get(url: str) -> dict[str, Any]:
    if not url.startswith(("https://", "http://")):
        raise ValueError("the issuer names a place that is not on the web")
    with urllib.request.urlopen(url, timeout=FETCH_SECONDS) as answer:  # noqa: S310 - the scheme was checked
        return msgspec.json.decode(answer.read(1_000_000), type=dict[str, Any])
