"""Who is calling: an access key, or a token of the configured OpenID Connect issuer."""

import asyncio
from typing import Any

import jwt
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from msgspec import Struct

from api.problems import Forbidden, Unauthenticated
from api.roles import MAY, ROLES, Role
from infra.access import PREFIX, KeyRing, utc_now
from infra.database import Unavailable
from infra.settings import Settings

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]


class Principal(Struct, frozen=True):
    """The caller: `subject` is the actor of what it does; a `sector` role sees the cases of its sector only."""

    subject: str
    roles: frozenset[Role]
    sector: str | None = None

    def may(self, action: str) -> bool:
        """Whether one of the roles allows the action."""
        return not self.roles.isdisjoint(MAY[action])

    @property
    def confined_to(self) -> str | None:
        """The only sector whose cases the caller may see; None: not confined. An unnamed sector sees nothing."""
        return None if self.roles - {"sector"} else self.sector or ""


class Authenticator:
    """Turns the `Authorization` header into a principal."""

    def __init__(self, settings: Settings, ring: KeyRing) -> None:
        self._ring = ring
        self._issuer = settings.oidc_issuer
        self._audience = settings.oidc_audience
        self._jwks = _jwks(settings)

    async def principal(self, header: str | None) -> Principal:
        """The caller named by an `Authorization` header.

        Raises:
            Unauthenticated: there is no token, or it does not open.
        """
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("send `Authorization: Bearer <token>`")
        token = token.strip()
        if token.startswith(PREFIX) or self._jwks is None:
            return await self._of_key(token)
        return await self._of_jwt(token, self._jwks)

    async def _of_key(self, token: str) -> Principal:
        key = await self._ring.find(token)
        if key is None:
            raise Unauthenticated("the token is not known")
        if refusal := key.refusal(utc_now()):
            raise Unauthenticated(refusal)
        return Principal(key.subject, _known(key.roles), key.sector)

    async def _of_jwt(self, token: str, jwks: jwt.PyJWKClient) -> Principal:
        try:
            key = await asyncio.to_thread(jwks.get_signing_key_from_jwt, token)
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                leeway=30,
                options={"require": ["exp", "sub"]},
            )
        except jwt.PyJWKClientConnectionError as error:
            raise Unavailable("the issuer's keys cannot be had") from error
        except jwt.PyJWTError as error:
            raise Unauthenticated(f"the token is not valid: {error}") from None
        roles, sector = claims.get("roles"), claims.get("sector")
        return Principal(
            str(claims["sub"]),
            _known(roles if isinstance(roles, list) else []),
            sector if isinstance(sector, str) else None,
        )


def _known(roles: list[Any]) -> frozenset[Role]:
    return frozenset(role for role in ROLES if role in roles)


def _jwks(settings: Settings) -> jwt.PyJWKClient | None:
    if settings.oidc_issuer is None:
        return None
    url = settings.oidc_jwks_url or f"{settings.oidc_issuer.rstrip('/')}/.well-known/jwks.json"
    return jwt.PyJWKClient(url, cache_keys=True, timeout=5)


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let a request through to a handler whose `action` the caller's roles allow; public handlers have none.

    Raises:
        Unauthenticated, Forbidden
    """
    action = handler.opt.get("action")
    if action is None:
        return
    authenticator: Authenticator = connection.app.state.services.authenticator
    principal = await authenticator.principal(connection.headers.get("authorization"))
    if not principal.may(action):
        raise Forbidden(f"{action} is for: {', '.join(sorted(MAY[action])) or 'nobody'}")
    connection.scope["user"] = principal
