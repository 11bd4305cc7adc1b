"""Signing keys, and envelopes that are serialised once and signed.

A statement becomes bytes here and nowhere else in a client; what is signed is what is sent. This module
must not talk to a server or choose who has to sign.
"""

from __future__ import annotations

import os
import secrets
import stat
import time
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.message import DecodeError

from ledger.client.acts import Statement, act_named, act_of, payload_type
from ledger.codec.envelopes import MAX_PAYLOAD_SIZE
from ledger.domain.identifiers import ID_SIZE
from ledger.errors import ExitCode, LedgerError, UsageError
from ledger.proof.dsse import sign_payload
from ledger.proof.ed25519 import Signer
from ledger.proof.keys import key_id
from ledger.v1 import envelope_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from ledger.proof import signing as proof_signing

__all__ = [
    "MAX_PAYLOAD_SIZE",
    "SigningKey",
    "SigningKeyError",
    "add_signature",
    "check_complete",
    "load_private_key",
    "make_envelope",
    "missing_key_ids",
    "new_id",
    "new_ordered_id",
    "payload_type",
    "prepare_envelope",
    "save_private_key",
    "statement_of",
]

_TIME_SIZE = 6
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SigningKeyError(LedgerError):
    """A signing key cannot be read, is not private to its owner, or is not one that a statement names."""

    exit_code = ExitCode.DENIED


class SigningKey:
    """A key that signs statements: any signer (a file's seed, an HSM) with its key id."""

    __slots__ = ("_signer", "algorithm", "key_id", "public_key")

    def __init__(self, signer: proof_signing.Signer) -> None:
        self._signer = signer
        self.algorithm = signer.algorithm
        self.public_key = signer.public_key
        self.key_id = key_id(signer.algorithm, signer.public_key)

    @property
    def signer(self) -> proof_signing.Signer:
        """The signer itself, for notes and proofs."""
        return self._signer

    @classmethod
    def generate(cls) -> SigningKey:
        """A new Ed25519 key from the operating system's randomness."""
        return cls(Signer.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """The Ed25519 key of a 32-byte seed; MalformedError for another length."""
        return cls(Signer.from_seed(seed))

    @classmethod
    def load(cls, path: Path) -> SigningKey:
        """The key of a PKCS #8 PEM file. Raises SigningKeyError naming the file.

        Refused: a file that others may read (mode 0600 is expected), an encrypted file, another algorithm.
        """
        key = load_private_key(path)
        if not isinstance(key, Ed25519PrivateKey):
            raise SigningKeyError(
                f"signing key {path}: not an Ed25519 key in unencrypted PKCS #8 PEM",
                hint="make one with `voucherctl keys generate`",
            )
        return cls(Signer(key))

    def save(self, path: Path) -> None:
        """Write the key as PKCS #8 PEM with mode 0600; never over a file that exists.

        Raises SigningKeyError if the file exists, cannot be written, or the key cannot leave its signer.
        """
        if not isinstance(self._signer, Signer):
            raise SigningKeyError("the key cannot be exported", hint="it stays where it is held")
        save_private_key(path, Ed25519PrivateKey.from_private_bytes(self._signer.seed()))

    def sign(self, *, payload_type: str, payload: bytes) -> envelope_pb2.Signature:
        """The signature over the DSSE pre-authentication encoding of type and payload."""
        signature = sign_payload(self._signer, payload_type=payload_type, payload=payload)
        return envelope_pb2.Signature(algorithm=self.algorithm, signature=signature)


def load_private_key(path: Path) -> PrivateKeyTypes | None:
    """The key of a PKCS #8 PEM file that nobody else may read; None if it is no such file.

    Raises SigningKeyError for a file that cannot be read or that others may read (mode 0600 is expected).
    """
    try:
        with path.open("rb") as stream:
            others = stat.S_IMODE(os.fstat(stream.fileno()).st_mode) & _OTHERS
            data = stream.read()
    except OSError as error:
        raise SigningKeyError(
            f"signing key {path}: cannot be read: {error.strerror}",
            hint="make one with `voucherctl keys generate`",
        ) from error
    if others:
        raise SigningKeyError(f"signing key {path}: others may read it", hint=f"run: chmod 600 {path}")
    try:
        return serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def save_private_key(path: Path, key: PrivateKeyTypes) -> None:
    """Write a key as PKCS #8 PEM with mode 0600; never over a file that exists.

    Raises SigningKeyError if the file exists or cannot be written.
    """
    pem = key.private_bytes(
        encoding=serialization.Encoding.PEM,
        format=serialization.PrivateFormat.PKCS8,
        encryption_algorithm=serialization.NoEncryption(),
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(pem)
    except OSError as error:
        raise SigningKeyError(
            f"signing key {path}: cannot be written: {error.strerror}",
            hint="choose a file that does not exist",
        ) from error


def new_id() -> bytes:
    """A random id of 16 bytes, for whom and what a client names; requests and claims: `new_ordered_id`."""
    return secrets.token_bytes(ID_SIZE)


def new_ordered_id() -> bytes:
    """An id of 16 bytes for a request or a claim: 48 bits of Unix time in ms, then 10 random bytes.

    There are very many of these and each is looked up once, soon after it was made. Ids that grow with time
    lie side by side in the ledger's indexes, where random ones would touch another page each. The time
    tells nothing that the record does not tell; participants and other things keep random ids.
    """
    now_ms = time.time_ns() // 1_000_000
    return now_ms.to_bytes(_TIME_SIZE, "big") + secrets.token_bytes(ID_SIZE - _TIME_SIZE)


def make_envelope(
    act: str,
    statement: Statement,
    signers: Sequence[SigningKey],
    *,
    ledger_id: bytes,
    request_id: bytes | None = None,
    not_after_ms: int = 0,
) -> envelope_pb2.Envelope:
    """The statement, its header filled, serialised once and signed by `signers` in order.

    The statement itself is left as it is. `request_id` is new unless given. Raises UsageError for an
    act that is not the statement's, no signer, or a payload over 45,000 bytes.
    """
    envelope = prepare_envelope(
        act,
        statement,
        ledger_id=ledger_id,
        key_ids=[signer.key_id for signer in signers],
        request_id=request_id,
        not_after_ms=not_after_ms,
    )
    for signer in signers:
        add_signature(envelope, signer)
    return envelope


def prepare_envelope(
    act: str,
    statement: Statement,
    *,
    ledger_id: bytes,
    key_ids: Sequence[bytes],
    request_id: bytes | None = None,
    not_after_ms: int = 0,
) -> envelope_pb2.Envelope:
    """The same as `make_envelope` without signatures: one empty place for each of `key_ids`."""
    row = act_named(act)
    if not isinstance(statement, row.statement):
        raise UsageError(f"a {type(statement).__name__} is not the statement of {act}")
    if not key_ids or len(set(key_ids)) != len(key_ids):
        raise UsageError("no signer, or one named twice", hint="give each signing key once, in order")
    filled = row.statement()
    filled.CopyFrom(statement)  # type: ignore[arg-type]
    filled.header.ledger_id = ledger_id
    filled.header.request_id = new_ordered_id() if request_id is None else request_id
    filled.header.key_ids[:] = key_ids
    filled.header.not_after_ms = not_after_ms
    payload = filled.SerializeToString(deterministic=True)
    if len(payload) > MAX_PAYLOAD_SIZE:
        raise UsageError(
            f"the statement has {len(payload)} bytes", hint=f"allowed: {MAX_PAYLOAD_SIZE}; split it"
        )
    return envelope_pb2.Envelope(
        payload_type=row.payload_type,
        payload=payload,
        signatures=[envelope_pb2.Signature() for _ in key_ids],
    )


def add_signature(envelope: envelope_pb2.Envelope, key: SigningKey) -> None:
    """Put the key's signature in its place of the envelope. Raises SigningKeyError if it has none there."""
    key_ids = list(statement_of(envelope).header.key_ids)
    if key.key_id not in key_ids or len(envelope.signatures) != len(key_ids):
        raise SigningKeyError(
            f"the statement does not name key {key.key_id.hex()}",
            hint=f"it names {_listed(key_ids)}",
        )
    signature = key.sign(payload_type=envelope.payload_type, payload=envelope.payload)
    envelope.signatures[key_ids.index(key.key_id)].CopyFrom(signature)


def missing_key_ids(envelope: envelope_pb2.Envelope) -> tuple[bytes, ...]:
    """The keys that the statement names and that have not signed yet, in order."""
    key_ids = list(statement_of(envelope).header.key_ids)
    signed = [bool(place.signature) for place in envelope.signatures]
    signed += [False] * (len(key_ids) - len(signed))
    return tuple(key for key, done in zip(key_ids, signed, strict=False) if not done)


def check_complete(envelope: envelope_pb2.Envelope) -> envelope_pb2.Envelope:
    """The envelope, if every key that its statement names has signed; UsageError otherwise."""
    missing = missing_key_ids(envelope)
    if missing:
        raise UsageError(
            f"{len(missing)} signatures are missing: {_listed(missing)}",
            hint="each signer runs: voucherctl keys sign FILE",
        )
    return envelope


def statement_of(envelope: envelope_pb2.Envelope) -> Statement:
    """The parsed statement of an envelope; UsageError if type and payload do not parse."""
    statement = act_of(envelope.payload_type).statement()
    try:
        statement.MergeFromString(envelope.payload)
    except DecodeError as error:
        raise UsageError("the envelope's payload is not its statement") from error
    return statement


def _listed(key_ids: Iterable[bytes]) -> str:
    return ", ".join(key.hex() for key in key_ids)
