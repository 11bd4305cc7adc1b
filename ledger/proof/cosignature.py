"""C2SP tlog-cosignature: a witness's timestamped signature over a checkpoint.

It knows the Ed25519 type only; another type brings its own verifier and its row in `vkey`. It must
not count witnesses against a policy nor read a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.errors import MalformedError
from ledger.proof import ed25519
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.note import Note, NoteSignature
from ledger.proof.vkey import COSIGNATURE_ED25519_TYPE, VKey, key_id_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.proof.signing import Signer

MAX_TIMESTAMP_S = 2**63 - 1
_TIMESTAMP_BYTES = 8


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A verified cosignature: which witness key saw the checkpoint, and when (POSIX seconds)."""

    name: str
    public_key: bytes
    timestamp_s: int


@dataclass(frozen=True, slots=True)
class CosignatureVerifier:
    """Verifies type 0x04 signatures of one witness; also a `note.NoteVerifier`."""

    vkey: VKey

    def __post_init__(self) -> None:
        if self.vkey.signature_type != COSIGNATURE_ED25519_TYPE:
            raise MalformedError("the verifier key is not of the Ed25519 cosignature type")
        ed25519.check_public_key(self.vkey.public_key)

    @classmethod
    def parse(cls, vkey: str) -> CosignatureVerifier:
        """The verifier of a `name+id+key` text, or MalformedError."""
        return cls(VKey.parse(vkey))

    @property
    def name(self) -> str:
        """The witness's key name."""
        return self.vkey.name

    @property
    def key_id(self) -> bytes:
        """The 4-byte key id."""
        return self.vkey.key_id

    def verify(self, signature: bytes, text: bytes) -> bytes:
        """The checkpoint text, once the cosignature over it verifies; VerificationError otherwise."""
        self.verify_cosignature(signature, text)
        return text

    def verify_cosignature(self, signature: bytes, text: bytes) -> Cosignature:
        """The cosignature with its time, once it verifies over the checkpoint text.

        Raises MalformedError for a wrong length, time or text, VerificationError otherwise.
        """
        Checkpoint.parse(text)
        timestamp_s, ed25519_signature = parse_timestamped_signature(signature)
        message = cosigned_message(text, timestamp_s=timestamp_s)
        ed25519.Verifier(self.vkey.public_key).verify(ed25519_signature, message)
        return Cosignature(self.name, self.vkey.public_key, timestamp_s)


def parse_timestamped_signature(signature: bytes) -> tuple[int, bytes]:
    """POSIX seconds and the Ed25519 signature, or MalformedError (C2SP tlog-cosignature, "Format")."""
    timestamp_s = int.from_bytes(signature[:_TIMESTAMP_BYTES], "big")
    if len(signature) != _TIMESTAMP_BYTES + ed25519.SIGNATURE_SIZE or timestamp_s > MAX_TIMESTAMP_S:
        raise MalformedError("a cosignature has a wrong length or time")
    return timestamp_s, signature[_TIMESTAMP_BYTES:]


def cosigned_message(text: bytes, *, timestamp_s: int) -> bytes:
    """The bytes that a witness signs (C2SP tlog-cosignature, "Ed25519 signed message")."""
    return b"cosignature/v1\ntime %d\n%b" % (timestamp_s, text)


def cosign(text: bytes, *, name: str, signer: Signer, timestamp_s: int) -> NoteSignature:
    """A witness's signature line for a checkpoint text that it has found consistent.

    Raises MalformedError if the text is no checkpoint, the time is out of range or the signer is
    not Ed25519 (C2SP tlog-cosignature, "Format").
    """
    Checkpoint.parse(text)
    if not 0 <= timestamp_s <= MAX_TIMESTAMP_S or signer.algorithm != ed25519.ED25519:
        raise MalformedError("a cosignature has an impossible time or algorithm")
    key_id = key_id_of(name=name, signature_type=COSIGNATURE_ED25519_TYPE, public_key=signer.public_key)
    signature = signer.sign(cosigned_message(text, timestamp_s=timestamp_s))
    return NoteSignature(name, key_id, timestamp_s.to_bytes(_TIMESTAMP_BYTES, "big") + signature)


def verify_cosignatures(data: bytes, witnesses: Sequence[CosignatureVerifier]) -> tuple[Cosignature, ...]:
    """One verified cosignature, the latest, for each of the given witnesses that cosigned the note.

    Empty if none did: whether that is enough is the caller's policy. Raises VerificationError if
    a known witness's line is wrong, MalformedError if the note does not parse or two of the
    witnesses share a public key, since the signed message does not name its signer.
    """
    note = Note.parse(data)
    if len({witness.vkey.public_key for witness in witnesses}) != len(witnesses):
        raise MalformedError("two witnesses share a public key")
    latest: dict[bytes, Cosignature] = {}
    for witness in witnesses:
        for line in dict.fromkeys(note.signatures):
            if (line.name, line.key_id) != (witness.name, witness.key_id):
                continue
            found = witness.verify_cosignature(line.signature, note.text)
            before = latest.get(found.public_key)
            if before is None or before.timestamp_s < found.timestamp_s:
                latest[found.public_key] = found
    return tuple(latest.values())
