"""Who is calling: an access key, or a token of the configured OpenID Connect issuer."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from litestar.types import ASGIApp, Receive, Send
from msgspec import Struct

from api.headers import header
from api.oidc import InvalidToken, Issuer
from api.problems import Forbidden, Unauthenticated
from api.roles import MAY, ROLES, Role
from infra.access import FRESH_SECONDS, PREFIX, KeyRing, utc_now
from infra.settings import Settings


class Principal(Struct, frozen=True):
    """Who calls: `subject` is the actor of what it does; the role `sector` sees its own cases only."""

    subject: str
    roles: frozenset[Role]
    sector: str | None = None

    def may(self, action: str) -> bool:
        """Whether one of the roles allows the action."""
        return not self.roles.isdisjoint(MAY[action])

    def check(self, action: str) -> None:
        """Make sure that one of the roles allows the action.

        Raises:
            Forbidden: none does.
        """
        if not self.may(action):
            raise Forbidden(f"{action} is for: {', '.join(sorted(MAY[action])) or 'nobody'}")

    def confined_to(self, action: str) -> str | None:
        """The only sector on whose cases the caller may do it; None: on all. The unnamed has none."""
        return self.sector or "" if self.roles & MAY[action] == {"sector"} else None


class Opened(NamedTuple):
    """Whom a header names, and the monotonic time until which it need not be asked again."""

    principal: Principal
    until: float


MOST_OPENED = 10_000
RESERVED = ("system:", "import:", "demo:")
"""How the actors begin that are nobody outside."""


class Authenticator:
    """Turns the `Authorization` header into a principal."""

    def __init__(self, settings: Settings, ring: KeyRing) -> None:
        self._ring = ring
        self._issuer = _issuer(settings)
        self._opened: dict[str, Opened] = {}

    async def principal(self, header: str | None) -> Principal:
        """The caller named by an `Authorization` header.

        Raises:
            Unauthenticated: there is no token, or it does not open.
        """
        known = self._opened.get(header or "")
        if known is not None and time.monotonic() < known.until:
            return known.principal
        opened = await self._open(header or "")
        if len(self._opened) >= MOST_OPENED:
            self._opened.clear()
        self._opened[header or ""] = opened
        return opened.principal

    async def _open(self, header: str) -> Opened:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("send `Authorization: Bearer <token>`")
        token = token.strip()
        own = token.startswith(PREFIX) or self._issuer is None
        opened = await (self._of_key(token) if own else self._of_token(token))
        if opened.principal.subject.startswith(RESERVED):
            raise Unauthenticated("the token's subject is a name that the service gives itself")
        return opened

    async def _of_key(self, token: str) -> Opened:
        key = await self._ring.find(token)
        if key is None:
            raise Unauthenticated("the token is not known")
        now = utc_now()
        if refusal := key.refusal(now):
            raise Unauthenticated(refusal)
        until = self._ring.fresh_until
        if key.expires_at is not None:
            until = min(until, time.monotonic() + (key.expires_at - now).total_seconds())
        return Opened(Principal(key.subject, _known(key.roles), key.sector), until)

    async def _of_token(self, token: str) -> Opened:
        if self._issuer is None:
            raise Unauthenticated("no issuer is trusted")
        try:
            claims = await self._issuer.claims(token)
        except InvalidToken as error:
            raise Unauthenticated(str(error)) from None
        until = time.monotonic() + FRESH_SECONDS
        return Opened(Principal(claims.sub, _known(claims.roles), claims.sector), until)


def _known(roles: Sequence[Any]) -> frozenset[Role]:
    return frozenset(role for role in ROLES if role in roles)


def _issuer(settings: Settings) -> Issuer | None:
    if settings.oidc_issuer is None:
        return None
    return Issuer(settings.oidc_issuer, settings.oidc_audience, settings.oidc_jwks_url)


class Guard:
    """Lets a request through to a handler whose `action` the caller's roles allow; public handlers have none.

    It is a middleware since Litestar's own guards get a copy of the handler each time.

    Raises:
        Unauthenticated, Forbidden
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve the request, or raise."""
        action = scope["route_handler"].opt.get("action")
        if action is not None:
            authenticator: Authenticator = scope["litestar_app"].state.services.authenticator
            principal = await authenticator.principal(header(scope, b"authorization"))
            principal.check(action)
            scope["user"] = principal
        await self._app(scope, receive, send)
