"""A log over https: only the authorities that the user trusts."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from audit_forge.draft import VKEY, seal, write
from audit_forge.year import make_year
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support.hosting import serving_web
from typer.testing import CliRunner

from ledger.errors import UsageError
from ledger_audit.http_fetching import Patience
from ledger_audit.http_source import HttpSource
from ledger_audit.sources import open_source
from ledger_audit.verify import verify
from ledger_cli.audit import app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUNNER = CliRunner()


def certificate(folder: Path, *, host: str = "127.0.0.1") -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(exist_ok=True)
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[Any, Path]]:
    """A log below an https address, and the authority of its certificate."""
    ca, key = certificate(tmp_path / "tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, key)
    directory = write(seal(make_year().drafts), tmp_path / "export")
    with serving_web(directory, tls=context) as web:
        yield web, ca


def test_the_authority_that_is_named_is_trusted(secure: tuple[Any, Path]) -> None:
    """By the library and by the command."""
    web, ca = secure
    assert verify(HttpSource(web.url, ca=ca), log_key=VKEY).result == "ok"
    done = RUNNER.invoke(app, ["verify", web.url, "--ca", str(ca), "--log-key", VKEY])
    assert done.exit_code == 0, done.output


def test_another_certificate_is_not(secure: tuple[Any, Path], tmp_path: Path) -> None:
    """Neither without an authority nor with another one; nothing was asked for, and it is not tried again."""
    web, _ = secure
    other, _ = certificate(tmp_path / "other")
    for ca in (None, other):
        report = verify(HttpSource(web.url, ca=ca), log_key=VKEY)
        assert (report.result, report.findings) == ("incomplete", ())
        assert "certificate" in "".join(check.reason for check in report.checks)
    assert web.asked == []


def test_another_name_is_not(secure: tuple[Any, Path]) -> None:
    """The certificate is of an address, not of a name."""
    web, ca = secure
    source = HttpSource(web.url.replace("127.0.0.1", "localhost"), ca=ca, patience=Patience(attempts=1))
    assert verify(source, log_key=VKEY).result == "incomplete"
    assert web.asked == []


def test_plain_http_is_not_https(secure: tuple[Any, Path]) -> None:
    """The server speaks TLS, the address does not say so."""
    web, _ = secure
    source = HttpSource(web.url.replace("https", "http"), patience=Patience(attempts=1))
    assert verify(source, log_key=VKEY).result == "incomplete"


@pytest.mark.parametrize("scheme", ["https", "grpcs"])
def test_authorities_that_cannot_be_read(tmp_path: Path, scheme: str) -> None:
    """Exit 2, before anything is asked."""
    (tmp_path / "empty.pem").write_bytes(b"")
    names = ["none.pem"] + (["empty.pem"] if scheme == "https" else [])
    for name in names:
        with pytest.raises(UsageError):
            open_source(f"{scheme}://127.0.0.1:1", ca=tmp_path / name)
