"""Who is let in: access keys, and tokens of a configured issuer."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from api import oidc
from tests.api.serving import REGISTER, Service, eventually, problem, serving
from tests.databases import database_url, drop_database, make_database


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Basic dXNlcjpwYXNz",
        "Token x",
        "Bearer unknown",
        "Bearer ouv_unknown",
        "Bearer " + "x" * 5000,
        b"Bearer \xe9\xff",
    ],
)
def test_who_shows_no_key_that_is_known_is_not_let_in(service: Service, header: str | bytes | None) -> None:
    headers = {} if header is None else {"authorization": header}
    for method, path in (("GET", "/v1/complaints"), ("POST", "/v1/complaints"), ("GET", "/v1/me")):
        answer = service.send(method, path, role=None, headers=headers)
        problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_the_name_of_the_scheme_may_be_written_in_any_case(service: Service) -> None:
    headers = {"authorization": f"bEARER  {service.keys['analyst']}"}
    assert service.get("/v1/me", role=None, headers=headers).status_code == 200


def test_health_and_documents_need_no_key(service: Service) -> None:
    for path in ("/health/live", "/health/ready", "/schema", "/schema/openapi.json", "/problems/malformed"):
        assert service.fresh(path, role=None).status_code in {200, 503}, path


def test_nobody_acts_under_a_name_of_the_service_itself(service: Service) -> None:
    answer = service.get("/v1/me", token=service.key("system:watchdog", "admin"))
    assert "gives itself" in problem(answer, 401, "unauthenticated")["detail"]


def test_an_expired_key_is_told_so(service: Service) -> None:
    token = service.key("late", "analyst", expires=timedelta(seconds=-1))
    assert (
        problem(service.get("/v1/me", token=token), 401, "unauthenticated")["detail"] == "the key has expired"
    )
    assert (
        service.get("/v1/me", token=service.key("early", "analyst", expires=timedelta(hours=1))).status_code
        == 200
    )


def test_a_revoked_key_stops_and_a_new_one_opens_without_a_restart(service: Service) -> None:
    key_id, token = service.key_and_id("leaving", "analyst")
    assert service.get("/v1/me", token=token).status_code == 200
    service.revoke(key_id)
    eventually(lambda: service.get("/v1/me", token=token).status_code != 200)
    assert (
        problem(service.get("/v1/me", token=token), 401, "unauthenticated")["detail"] == "the key is revoked"
    )


class Issuer:
    """An OpenID Connect issuer on this machine."""

    def __init__(self) -> None:
        self.keys = {"first": rsa.generate_private_key(65537, 2048)}
        self.fetched = 0
        self.broken = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def token(self, kid: str = "first", key: Any = None, **changes: Any) -> str:
        claims = {
            "iss": self.url,
            "aud": "ouvidoria",
            "sub": "ana@issuer",
            "exp": time.time() + 600,
            "roles": ["analyst", "gardener"],
        } | changes
        given = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(given, key or self.keys["first"], algorithm="RS256", headers={"kid": kid})

    def _answer(self, path: str) -> Any:
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        self.fetched += 1
        algorithm = jwt.algorithms.RSAAlgorithm
        return {
            "keys": [
                algorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid, "use": "sig"}
                for kid, key in self.keys.items()
            ]
        }

    def _handler(issuer) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - the handler below has a self of its own
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = b"<html>" if issuer.broken else json.dumps(issuer._answer(self.path)).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    running = Issuer()
    yield running
    running.close()


@pytest.fixture
def trusting(
    issuer: Issuer, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Service]:
    """A service that accepts the issuer's tokens; it asks again for keys as soon as one is missing."""
    monkeypatch.setattr(oidc, "PAUSE_SECONDS", 0.0)
    with serving(database, tmp_path, oidc_issuer=issuer.url, oidc_audience="ouvidoria") as running:
        yield running


def test_a_token_of_the_issuer_opens_with_its_subject_and_roles(trusting: Service, issuer: Issuer) -> None:
    me = trusting.get("/v1/me", token=issuer.token())
    assert me.json() == {"subject": "ana@issuer", "roles": ["analyst"], "sector": None}
    made = trusting.post("/v1/complaints", REGISTER, token=issuer.token())
    assert made.json()["events"][0]["actor"] == "ana@issuer"
    sector = trusting.get("/v1/me", token=issuer.token(roles=["sector"], sector="billing"))
    assert sector.json() == {"subject": "ana@issuer", "roles": ["sector"], "sector": "billing"}
    assert trusting.get("/v1/me").status_code == 200  # keys open beside tokens
    assert issuer.fetched == 1


def test_a_token_without_roles_may_do_nothing(trusting: Service, issuer: Issuer) -> None:
    for roles in (None, [], ["gardener"], [{"x": 1}, None, 5]):
        problem(trusting.get("/v1/me", token=issuer.token(roles=roles)), 403, "forbidden")


def unsigned(issuer: Issuer) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims = {"iss": issuer.url, "aud": "ouvidoria", "sub": "x", "exp": time.time() + 600, "roles": ["admin"]}
    return f"{part({'alg': 'none', 'kid': 'first'})}.{part(claims)}."


def signed_with_the_public_key(issuer: Issuer) -> str:
    secret = str(issuer.keys["first"].public_key().public_numbers().n).encode()
    claims = {"iss": issuer.url, "aud": "ouvidoria", "sub": "x", "exp": time.time() + 600}
    return jwt.encode(claims, secret, algorithm="HS256", headers={"kid": "first"})


def deeply_nested(issuer: Issuer) -> str:
    header = base64.urlsafe_b64encode(b"[" * 5000).decode().rstrip("=")
    return f"{header}.e30.x"


@pytest.mark.parametrize(
    "forge",
    [
        lambda issuer: issuer.token(exp=time.time() - 60),
        lambda issuer: issuer.token(exp=None),
        lambda issuer: issuer.token(nbf=time.time() + 600),
        lambda issuer: issuer.token(aud="somebody-else"),
        lambda issuer: issuer.token(aud=None),
        lambda issuer: issuer.token(iss="https://evil.example"),
        lambda issuer: issuer.token(iss=None),
        lambda issuer: issuer.token(sub=None),
        lambda issuer: issuer.token(sub=""),
        lambda issuer: issuer.token(sub="a\x00b"),
        lambda issuer: issuer.token(sub="x" * 201),
        lambda issuer: issuer.token(roles="admin"),
        lambda issuer: issuer.token(sector=5),
        lambda issuer: issuer.token(kid="unknown"),
        lambda issuer: issuer.token(key=rsa.generate_private_key(65537, 2048)),
        lambda issuer: issuer.token()[:-4] + "AAAA",
        lambda issuer: issuer.token().replace(".", "", 1),
        unsigned,
        signed_with_the_public_key,
        deeply_nested,
        lambda _: "a.b.c",
        lambda _: "..",
        lambda _: "nonsense",
    ],
    ids=range(23),
)
def test_a_token_that_is_not_the_issuers_for_us_and_now_is_not_let_in(
    trusting_module: tuple[Service, Issuer], forge: Callable[[Issuer], str]
) -> None:
    service, issuer = trusting_module
    problem(service.get("/v1/me", token=forge(issuer)), 401, "unauthenticated")


@pytest.fixture(scope="module")
def trusting_module(
    postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Service, Issuer]]:
    """The same, shared by tests that leave it as it was."""
    name, running = make_database(postgres, template), Issuer()
    where = database_url(postgres, name), tmp_path_factory.mktemp("home")
    with serving(*where, oidc_issuer=running.url, oidc_audience="ouvidoria") as service:
        yield service, running
    running.close()
    drop_database(postgres, name)


def test_a_key_that_the_issuer_adds_opens_without_a_restart(trusting: Service, issuer: Issuer) -> None:
    assert trusting.get("/v1/me", token=issuer.token()).status_code == 200
    added = issuer.keys["second"] = rsa.generate_private_key(65537, 2048)
    assert trusting.get("/v1/me", token=issuer.token(kid="second", key=added)).status_code == 200


def test_unknown_keys_do_not_make_the_service_pester_the_issuer(
    trusting_module: tuple[Service, Issuer],
) -> None:
    service, issuer = trusting_module
    service.get("/v1/me", token=issuer.token())
    before = issuer.fetched
    for number in range(30):
        service.get("/v1/me", token=issuer.token(kid=f"made-up-{number}"))
    assert issuer.fetched - before <= 1


def test_while_the_issuer_is_away_from_the_start_callers_are_asked_to_come_back(
    trusting: Service, issuer: Issuer
) -> None:
    issuer.broken = True
    answer = trusting.get("/v1/me", token=issuer.token())
    problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "1"
    assert trusting.get("/v1/me").status_code == 200
    issuer.broken = False
    assert trusting.get("/v1/me", token=issuer.token()).status_code == 200


def test_keys_known_already_open_while_the_issuer_is_away(trusting: Service, issuer: Issuer) -> None:
    assert trusting.get("/v1/me", token=issuer.token()).status_code == 200
    issuer.broken = True
    trusting.get("/v1/me", token=issuer.token(kid="unknown"))
    assert trusting.get("/v1/me", token=issuer.token()).status_code == 200
