"""Where encryption is asked for, nothing goes unencrypted, and to nobody untrusted."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.broker import Unreachable
from infra.broker.jetstream import JetStream
from tests.infra.broker.publishing import STREAM
from tests.infra.nats_server import NatsServer

pytestmark = pytest.mark.anyio


async def test_where_encryption_is_asked_for_a_server_without_it_is_refused(server: NatsServer) -> None:
    with pytest.raises(Unreachable, match="does not encrypt"):
        await JetStream.open(server.url.replace("nats://", "tls://"), STREAM)


async def test_an_encrypted_connection_needs_a_certificate_that_is_trusted(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = self_signed(tmp_path)
    server = NatsServer(program, tmp_path, tls={"cert_file": str(certificate), "key_file": str(key)})
    server.start()
    url = server.url.replace("nats://127.0.0.1", "tls://localhost")
    with pytest.raises(Unreachable, match="certificate verify failed"):
        await JetStream.open(url, STREAM)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    broker = await JetStream.open(url, STREAM)
    assert await broker.last() == (0, None)
    await broker.close()
    server.kill()


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Files of a certificate for localhost and its key."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]),
    )
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return files
