"""A body as it is, and the errors that it is answered with by field."""

from tests.api.serving import Service, wrong

JSON = {"content-type": "application/json"}


def send(service: Service, body: bytes, path: str = "/v1/complaints") -> dict[str, str]:
    return wrong(service.send("POST", path, content=body, headers=JSON))
