"""Secrets that are given once and kept nowhere: each derived from the master key and the id it belongs to."""

import base64
import hmac
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: nothing in it is mistaken for something else when it is read out."""
ACCESS_CODE_BYTES = 10
GROUP = 4

_HEARD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


class Secrets:
    """Derives secrets; the same id has the same secret for as long as the master key stays."""

    def __init__(self, master: bytes) -> None:
        self._access = _derived(master, b"access-code")
        self._webhook = _derived(master, b"webhook")

    def access_code(self, stream_id: UUID) -> str:
        """The code that opens a complaint to who made it: 80 bits, as 16 characters in groups of 4."""
        digest = hmac.digest(self._access, stream_id.bytes, "sha256")[:ACCESS_CODE_BYTES]
        number = int.from_bytes(digest, "big")
        code = "".join(ALPHABET[number >> shift & 31] for shift in range(ACCESS_CODE_BYTES * 8 - 5, -1, -5))
        return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))

    def webhook(self, stream_id: UUID, generation: int) -> bytes:
        """The secret that signs what goes to a webhook: 32 bytes; each generation has another."""
        return hmac.digest(self._webhook, stream_id.bytes + generation.to_bytes(4, "big"), "sha256")

    def opens(self, stream_id: UUID, given: str) -> bool:
        """Whether this is the access code, however it is written; takes the same time wherever it differs."""
        expected = _plain(self.access_code(stream_id))
        return hmac.compare_digest(expected.encode(), _plain(given).encode())


def written(secret: bytes) -> str:
    """A webhook's secret as it is given to its owner, in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secret).decode()


def _derived(master: bytes, label: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=label).derive(master)


def _plain(code: str) -> str:
    return code.upper().translate(_HEARD)
