"""Keys: one a stream, wrapped by the master key; they seal the personal fields of the stream's events."""

import base64
import binascii
import contextlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12


class BadMasterKey(Exception):
    """The master key is absent, malformed, or not the one the stream keys were wrapped with."""


class StreamKey:
    """AES-256-GCM under the key of one stream."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, plain: bytes, bound_to: bytes) -> str:
        """Encrypt; the base64 text opens only together with `bound_to`."""
        nonce = os.urandom(NONCE_BYTES)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, plain, bound_to)).decode()

    def open(self, sealed: str, bound_to: bytes) -> bytes:
        """Decrypt what `seal` gave.

        Raises:
            cryptography.exceptions.InvalidTag: it was altered, or belongs elsewhere.
        """
        raw = binascii.a2b_base64(sealed)
        return self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], bound_to)


class Vault:
    """Makes stream keys and unwraps them with the master key (32 bytes)."""

    def __init__(self, master: bytes, *, remembered: int = 50_000) -> None:
        """`remembered`: how many unwrapped keys are kept, about 2 KiB each."""
        if len(master) != KEY_BYTES:
            raise BadMasterKey(f"the master key has {len(master)} bytes; it must have {KEY_BYTES}")
        self._master = AESGCM(master)
        self._unwrapped = lru_cache(maxsize=remembered)(self._unwrap)

    def new_key(self, stream_id: UUID) -> tuple[StreamKey, bytes]:
        """A fresh key for a stream, and its wrapped form as the database keeps it."""
        fresh = os.urandom(KEY_BYTES + NONCE_BYTES)
        key, nonce = fresh[:KEY_BYTES], fresh[KEY_BYTES:]
        return StreamKey(key), nonce + self._master.encrypt(nonce, key, stream_id.bytes)

    def unwrap(self, stream_id: UUID, wrapped: bytes) -> StreamKey:
        """The key of a stream from its wrapped form.

        Raises:
            BadMasterKey: it was wrapped by another master key, or for another stream.
        """
        return self._unwrapped(stream_id.int, wrapped)  # a UUID is slow to be hashed

    def _unwrap(self, stream: int, wrapped: bytes) -> StreamKey:
        stream_id = UUID(int=stream)
        try:
            key = self._master.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], stream_id.bytes)
        except InvalidTag:
            raise BadMasterKey(f"the master key does not open the key of stream {stream_id}") from None
        return StreamKey(key)


def load_master_key(path: Path, given: str | None = None) -> bytes:
    """The master key: `given` (base64) or else the content of `path`, made there at first use with mode 0600.

    Raises:
        BadMasterKey: it is not the base64 of 32 bytes.
    """
    if given is None:
        given = _read_or_make(path)
    try:
        key = base64.b64decode(given, validate=True)
    except ValueError as error:
        raise BadMasterKey("the master key is not base64") from error
    if len(key) != KEY_BYTES:
        raise BadMasterKey(f"the master key has {len(key)} bytes; it must have {KEY_BYTES}")
    return key


def _read_or_make(path: Path) -> str:
    if not path.exists():
        _make(path)
    return path.read_text().strip()


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(os.urandom(KEY_BYTES)))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)  # fails if the key is there: of two first starts one wins, whole
    finally:
        Path(draft).unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # what is sealed outlives a power cut, and so must the key
    finally:
        os.close(folder)
