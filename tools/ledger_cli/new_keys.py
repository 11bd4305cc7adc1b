"""What an act registers: a new key, at hand or elsewhere, and a TLS certificate that names its owner.

This module must not send or sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from ledger.client.signing import SigningKey
from ledger.errors import UsageError
from ledger.proof.keys import key_id
from ledger_cli.values import digest_of
from ledger_server.identity import san_uri

if TYPE_CHECKING:
    from pathlib import Path


_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that is to be registered; `signers` holds it if it can sign here, or nothing."""

    public_key: bytes
    key_id: bytes
    signers: tuple[SigningKey, ...] = ()


def new_key_of(path: Path | None, public_key: str | None, *, draft: bool) -> NewKey:
    """The key of --new-key or, for a draft, of --public-key: its owner then signs the draft."""
    if (path is None) == (public_key is None):
        raise UsageError("give either --new-key FILE or, with --draft, --public-key HEX")
    if path is not None:
        key = SigningKey.load(path)
        return NewKey(public_key=key.public_key, key_id=key.key_id, signers=(key,))
    if not draft:
        raise UsageError(
            "--public-key needs --draft: the new key signs, too",
            hint="write a draft, which the key's owner signs, or give --new-key FILE",
        )
    data = digest_of(public_key or "", option="--public-key")
    return NewKey(public_key=data, key_id=key_id("ed25519", data))


def certificate_digest(path: Path, *, option: str, ledger_id: bytes, owner_id: bytes) -> bytes:
    """SHA-256 of the DER form of the first certificate in a PEM file.

    Raises UsageError unless its one SAN URI names ledger and owner: a server would never admit it.
    """
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{option}: {path}: no certificate in PEM", hint="give the .pem file") from error
    expected = san_uri(ledger_id=ledger_id, participant_id=owner_id)
    found = _uris(certificate)
    if found != [expected]:
        named = ", ".join(ascii(uri[:_SHOWN]) for uri in found) or "nobody"
        raise UsageError(f"{option}: {path} names {named}", hint=f"expected: one SAN URI, {expected}")
    return certificate.fingerprint(SHA256())


def _uris(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return []
    return names.get_values_for_type(x509.UniformResourceIdentifier)
