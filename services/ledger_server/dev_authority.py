"""A certificate authority for development and demonstrations, in one directory.

It makes P-256 certificates, because gRPC takes no Ed25519 ones. Its private key lies beside it without a
password, so it must never vouch for anybody in production.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import os
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ledger.errors import UsageError
from ledger_server.identity import san_uri

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CERTIFICATE_NAME: Final = "ca.pem"
KEY_NAME: Final = "ca.key"

_AUTHORITY_DAYS: Final = 3_650
_LEAF_DAYS: Final = 397
_BACKDATED: Final = dt.timedelta(minutes=5)
_MAX_NAME: Final = 64


class IssuedServer(NamedTuple):
    """A server's certificate and private key, PEM."""

    cert_pem: bytes
    key_pem: bytes


class IssuedClient(NamedTuple):
    """A participant's certificate and private key, PEM, and SHA-256 of the certificate's DER."""

    cert_pem: bytes
    key_pem: bytes
    sha256_fingerprint: bytes


class DevelopmentAuthority:
    """The authority of one directory: `ca.pem`, which clients and servers trust, and `ca.key`."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key

    @property
    def certificate_pem(self) -> bytes:
        """The authority's certificate."""
        return self._certificate.public_bytes(Encoding.PEM)

    @classmethod
    def create(cls, directory: Path) -> DevelopmentAuthority:
        """A new authority in `directory`, which is made if needed; UsageError if one is there."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "voucher-ledger development authority")])
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(now + dt.timedelta(days=_AUTHORITY_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(authority=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        directory.mkdir(parents=True, exist_ok=True)
        write_private(directory / KEY_NAME, _key_pem(key))
        (directory / CERTIFICATE_NAME).write_bytes(certificate.public_bytes(Encoding.PEM))
        return cls(certificate, key)

    @classmethod
    def load(cls, directory: Path) -> DevelopmentAuthority:
        """The authority that `create` left in `directory`; UsageError if there is none."""
        try:
            certificate = x509.load_pem_x509_certificate((directory / CERTIFICATE_NAME).read_bytes())
            key = load_pem_private_key((directory / KEY_NAME).read_bytes(), password=None)
        except (OSError, ValueError):
            raise UsageError(
                f"{directory} holds no development authority", hint="make one with `voucherd init --dev`"
            ) from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
            raise UsageError(f"key and certificate in {directory} do not belong together")
        return cls(certificate, key)

    def issue_server(self, hosts: Sequence[str]) -> IssuedServer:
        """A certificate for a server at these DNS names and IP addresses."""
        if not hosts:
            raise UsageError("a server certificate names at least one host")
        key = ec.generate_private_key(ec.SECP256R1())
        names = [_host_name(host) for host in hosts]
        certificate = self._issue(key, hosts[0], names, ExtendedKeyUsageOID.SERVER_AUTH)
        return IssuedServer(certificate.public_bytes(Encoding.PEM), _key_pem(key))

    def issue_client(self, ledger_id: bytes, participant_id: bytes, name: str) -> IssuedClient:
        """A certificate for a participant or officer of one ledger; its fingerprint is to be registered."""
        key = ec.generate_private_key(ec.SECP256R1())
        uri = x509.UniformResourceIdentifier(san_uri(ledger_id=ledger_id, participant_id=participant_id))
        certificate = self._issue(key, name, [uri], ExtendedKeyUsageOID.CLIENT_AUTH)
        fingerprint = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
        return IssuedClient(certificate.public_bytes(Encoding.PEM), _key_pem(key), fingerprint)

    def _issue(
        self,
        key: ec.EllipticCurvePrivateKey,
        name: str,
        names: Sequence[x509.GeneralName],
        usage: x509.ObjectIdentifier,
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        until = min(now + dt.timedelta(days=_LEAF_DAYS), self._certificate.not_valid_after_utc)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:_MAX_NAME])]))
            .issuer_name(self._certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(until)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )


def write_private(path: Path, data: bytes) -> None:
    """Write a new file that only its owner may read; UsageError if it exists."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(f"{path} exists", hint="it is not overwritten: remove it first") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _host_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
