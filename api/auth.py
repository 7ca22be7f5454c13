"""Who is calling: an access key, or a token of the configured OpenID Connect issuer."""

from collections.abc import Sequence
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from msgspec import Struct

from api.oidc import InvalidToken, Issuer
from api.problems import Forbidden, Unauthenticated
from api.roles import MAY, ROLES, Role
from infra.access import PREFIX, KeyRing, utc_now
from infra.settings import Settings


class Principal(Struct, frozen=True):
    """Who calls: `subject` is the actor of what it does; the role `sector` sees its own cases only."""

    subject: str
    roles: frozenset[Role]
    sector: str | None = None

    def may(self, action: str) -> bool:
        """Whether one of the roles allows the action."""
        return not self.roles.isdisjoint(MAY[action])

    def confined_to(self, action: str) -> str | None:
        """The only sector on whose cases the caller may do it; None: on all. The unnamed has none."""
        return self.sector or "" if self.roles & MAY[action] == {"sector"} else None


RESERVED = ("system:", "import:", "demo:")
"""How the actors begin that are nobody outside."""


class Authenticator:
    """Turns the `Authorization` header into a principal."""

    def __init__(self, settings: Settings, ring: KeyRing) -> None:
        self._ring = ring
        self._issuer = _issuer(settings)

    async def principal(self, header: str | None) -> Principal:
        """The caller named by an `Authorization` header.

        Raises:
            Unauthenticated: there is no token, or it does not open.
        """
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("send `Authorization: Bearer <token>`")
        token = token.strip()
        own = token.startswith(PREFIX) or self._issuer is None
        found = await (self._of_key(token) if own else self._of_token(token))
        if found.subject.startswith(RESERVED):
            raise Unauthenticated("the token's subject is a name that the service gives itself")
        return found

    async def _of_key(self, token: str) -> Principal:
        key = await self._ring.find(token)
        if key is None:
            raise Unauthenticated("the token is not known")
        if refusal := key.refusal(utc_now()):
            raise Unauthenticated(refusal)
        return Principal(key.subject, _known(key.roles), key.sector)

    async def _of_token(self, token: str) -> Principal:
        if self._issuer is None:
            raise Unauthenticated("no issuer is trusted")
        try:
            claims = await self._issuer.claims(token)
        except InvalidToken as error:
            raise Unauthenticated(str(error)) from None
        return Principal(claims.sub, _known(claims.roles), claims.sector)


def _known(roles: Sequence[Any]) -> frozenset[Role]:
    return frozenset(role for role in ROLES if role in roles)


def _issuer(settings: Settings) -> Issuer | None:
    if settings.oidc_issuer is None:
        return None
    return Issuer(settings.oidc_issuer, settings.oidc_audience, settings.oidc_jwks_url)


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
