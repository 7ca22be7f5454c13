"""Bodies too large or of another type, and bytes that are no request at all."""

import json
import socket
from uuid import uuid4

import pytest

from tests.api.bad_input.sending import JSON
from tests.api.serving import REGISTER, Service, problem


def test_a_body_over_the_limit_is_refused_with_or_without_its_length(service: Service) -> None:
    large = b'{"subject": "' + b"x" * service.settings.body_limit + b'"}'
    headers = {**JSON, "connection": "close"}
    problem(service.send("POST", "/v1/complaints", content=large, headers=headers), 413, "body-too-large")
    pieces = (large[start : start + 65536] for start in range(0, len(large), 65536))
    chunked = service.send("POST", "/v1/complaints", content=pieces, headers=headers)
    problem(chunked, 413, "body-too-large")


@pytest.mark.parametrize(
    "media_type", ["text/plain", "multipart/form-data; boundary=x", "application/xml", "json", "image/png"]
)
def test_a_body_of_another_type_is_refused(service: Service, media_type: str) -> None:
    answer = service.send(
        "POST", "/v1/complaints", content=json.dumps(REGISTER), headers={"content-type": media_type}
    )
    problem(answer, 415, "unsupported-media-type")


def test_authentication_comes_before_everything_that_is_wrong_with_a_request(service: Service) -> None:
    answer = service.send("POST", "/v1/complaints?x=1", content=b"{", role=None)
    problem(answer, 401, "unauthenticated")
    problem(service.send("POST", "/v1/complaints", content=b"{", role="auditor"), 403, "forbidden")


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /v1/complaints?q=\xff HTTP/1.1\r\n",
        b"GET /v1/complaints/\xff HTTP/1.1\r\n",
        b"GET /v1/complaints?q=caf\xc3\xa9 HTTP/1.1\r\n",
        b"GET /v1/complaints?limit=1&q=caf\xc3\xa9 HTTP/1.1\r\n",
        b"GET * HTTP/1.1\r\n",
        b"GET http://other.example/v1/complaints HTTP/1.1\r\n",
        b"BREW /v1/complaints HTTP/1.1\r\n",
        b"GET /v1/complaints HTTP/1.1\r\nx-request-id: \xff\xff\r\n",
        b"GET /v1/complaints HTTP/1.1\r\nidempotency-key: \x01\r\n",
        b"GET /v1/complaints HTTP/1.1\r\nhost: bad host\r\n",
        b"POST /v1/complaints HTTP/1.1\r\ncontent-length: -5\r\n",
        b"nonsense\r\n",
    ],
)
def test_raw_bytes_that_no_client_sends_never_make_a_server_error(service: Service, raw: bytes) -> None:
    head = f"host: x\r\nauthorization: Bearer {service.keys['analyst']}\r\nconnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as sent:
        sent.sendall(raw + head.encode())
        answer = b""
        while piece := sent.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 ")
    assert answer.split()[1][:1] in {b"2", b"4"}, answer[:300]


def test_who_sends_garbage_is_still_served_afterwards(service: Service) -> None:
    assert service.get("/v1/complaints", headers={"x-request-id": uuid4().hex}).status_code == 200
