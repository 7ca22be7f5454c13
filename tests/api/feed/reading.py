"""What the tests of the feed share: ways to read it."""

from typing import Any

from tests.api.serving import Service

BATCH = "application/cloudevents-batch+json"
EVENTS = 13
TYPES = ["complaint-registered", "note-added", "complaint-classified", "complaint-closed"]


def read(service: Service, role: str = "integrator", **parameters: Any) -> dict[str, Any]:
    answer = service.get("/v1/events", params=parameters, role=role)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def positions(events: list[dict[str, Any]]) -> list[int]:
    return [int(event["sequence"]) for event in events]


def complaint_ids(service: Service) -> list[str]:
    registered = read(service, types="complaint-registered", limit=1000)["events"]
    return [str(event["subject"]) for event in registered]


def ranges(page: dict[str, Any]) -> list[tuple[int, int]]:
    """The stretches of positions that a page accounts for, item by item, then what follows the last."""
    found = [(int(event["coversfrom"]), int(event["sequence"])) for event in page["events"]]
    last = found[-1][1] if found else page["covers_from"] - 1
    return [*found, (last + 1, page["next"])]
