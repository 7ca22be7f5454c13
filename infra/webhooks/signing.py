"""Signatures as Standard Webhooks 1.0 has them."""

import base64
import hmac
from collections.abc import Sequence
from datetime import datetime


def signed(message_id: str, at: datetime, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """The headers that go with a body: its id, the time, and a signature for each secret."""
    timestamp = str(int(at.timestamp()))
    said = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(secret, said) for secret in secrets),
    }


def _signature(secret: bytes, said: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(secret, said, "sha256")).decode()
