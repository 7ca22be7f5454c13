"""Keys: one a stream, under a master key that is made once and never guessed."""

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag

from infra.vault import KEY_BYTES, BadMasterKey, Vault, load_master_key
from tests.infra.logs import MASTER

STREAM, OTHER = UUID(int=1), UUID(int=2)


def test_a_wrapped_key_opens_what_the_key_sealed() -> None:
    key, wrapped = Vault(MASTER).new_key(STREAM)
    sealed = key.seal(b"plain", b"place")
    assert Vault(MASTER).unwrap(STREAM, wrapped).open(sealed, b"place") == b"plain"


def test_the_same_text_is_sealed_differently_each_time() -> None:
    key, _ = Vault(MASTER).new_key(STREAM)
    assert key.seal(b"plain", b"") != key.seal(b"plain", b"")


def test_a_sealed_text_opens_nowhere_else_and_not_altered() -> None:
    key, _ = Vault(MASTER).new_key(STREAM)
    sealed = key.seal(b"plain", b"place")
    altered = base64.b64encode(base64.b64decode(sealed)[:-1] + b"?").decode()
    for text, place in [(sealed, b"elsewhere"), (altered, b"place")]:
        with pytest.raises(InvalidTag):
            key.open(text, place)


def test_another_master_key_is_named_as_such() -> None:
    _, wrapped = Vault(MASTER).new_key(STREAM)
    with pytest.raises(BadMasterKey, match=f"does not open the key of stream {STREAM}"):
        Vault(bytes(KEY_BYTES)).unwrap(STREAM, wrapped)


def test_a_wrapped_key_serves_its_own_stream_only() -> None:
    vault = Vault(MASTER)
    _, wrapped = vault.new_key(STREAM)
    with pytest.raises(BadMasterKey):
        vault.unwrap(OTHER, wrapped)


def test_the_master_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "master.key"
    first = load_master_key(path)
    assert load_master_key(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_first_starts_at_the_same_time_get_one_master_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_master_key(tmp_path / "master.key"), range(64)))
    assert len(keys) == 1


def test_a_given_master_key_is_used_and_no_file_made(tmp_path: Path) -> None:
    given = base64.b64encode(MASTER).decode()
    assert load_master_key(tmp_path / "master.key", given) == MASTER
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("given", "reason"),
    [("not base64!", "not base64"), ("c2hvcnQ=", "5 bytes"), ("", "0 bytes"), ("é", "not base64")],
)
def test_a_malformed_master_key_is_refused(tmp_path: Path, given: str, reason: str) -> None:
    with pytest.raises(BadMasterKey, match=reason):
        load_master_key(tmp_path / "master.key", given)


def test_an_empty_key_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    path.touch()
    with pytest.raises(BadMasterKey):
        load_master_key(path)
    assert not path.read_bytes()
