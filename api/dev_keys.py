"""Development keys: one for each role, made at the first start on a loopback address."""

import ipaddress
import os
from pathlib import Path

import msgspec

from api.roles import ROLES
from infra import access
from infra.database import connect, serving_conninfo
from infra.settings import Settings

FILE = "dev-keys.json"
SECTOR = "billing"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def ensure(settings: Settings) -> Path | None:
    """Make the keys if there are none yet; gives the file they are in, or None where none are made.

    The second supervisor is for what takes two people. The sector key belongs to the sector `billing`.
    """
    path = settings.home / FILE
    if not is_loopback(settings.host):
        return None
    async with await connect(serving_conninfo(settings.url(), settings.schema)) as connection:
        open_keys = {key.digest for key in await access.keys(connection) if key.revoked_at is None}
        if path.exists():
            tokens = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
            if all(access.digest(token) in open_keys for token in tokens.values()):
                return path
        made = {}
        for name in (*ROLES, "supervisor2"):
            role = name.rstrip("2")
            sector = SECTOR if role == "sector" else None
            _, made[name] = await access.create(connection, f"dev-{name}", [role], sector=sector)
    _write(path, msgspec.json.format(msgspec.json.encode(made), indent=2))
    return path


def _write(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content + b"\n")
    draft.replace(path)
