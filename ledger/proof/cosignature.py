"""C2SP tlog-cosignature: a witness's timestamped signature over a checkpoint, Ed25519 or ML-DSA-44.

The closed table `KINDS` is all that differs between the two. It must not count witnesses against a
policy nor read a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ledger.errors import MalformedError
from ledger.proof import ed25519, mldsa44
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.note import Note, NoteSignature
from ledger.proof.vkey import COSIGNATURE_ED25519_TYPE, COSIGNATURE_ML_DSA_44_TYPE, VKey, key_id_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ledger.proof.signing import Signer, Verifier

MAX_TIMESTAMP_S = 2**63 - 1
_TIMESTAMP_BYTES = 8
_SUBTREE_LABEL = b"subtree/v1\n\x00"
_MAX_NAME_BYTES = 255


class _Message(Protocol):
    """Makes the bytes that a cosigner signs for a checkpoint text at a time."""

    def __call__(self, text: bytes, *, name: str, timestamp_s: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of cosignature: its type byte, algorithm, key rule, verifier, signature length and message."""

    signature_type: int
    algorithm: str
    check_public_key: Callable[[bytes], bytes]
    verifier: Callable[[bytes], Verifier]
    signature_size: int
    message: _Message


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A verified cosignature: which witness key saw the checkpoint, and when (POSIX seconds).

    With ML-DSA-44 the time 0 says that the cosigner makes no statement about the time.
    """

    name: str
    public_key: bytes
    timestamp_s: int


@dataclass(frozen=True, slots=True)
class CosignatureVerifier:
    """Verifies the cosignatures of one witness key of any type in `KINDS`; also a `note.NoteVerifier`."""

    vkey: VKey

    def __post_init__(self) -> None:
        _kind_of_type(self.vkey.signature_type).check_public_key(self.vkey.public_key)

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
        kind = _kind_of_type(self.vkey.signature_type)
        timestamp_s, bare = parse_timestamped_signature(signature, size=kind.signature_size)
        message = kind.message(text, name=self.name, timestamp_s=timestamp_s)
        kind.verifier(self.vkey.public_key).verify(bare, message)
        return Cosignature(self.name, self.vkey.public_key, timestamp_s)


def parse_timestamped_signature(signature: bytes, *, size: int = ed25519.SIGNATURE_SIZE) -> tuple[int, bytes]:
    """POSIX seconds and the signature of `size` bytes, or MalformedError (tlog-cosignature, "Format")."""
    timestamp_s = int.from_bytes(signature[:_TIMESTAMP_BYTES], "big")
    if len(signature) != _TIMESTAMP_BYTES + size or timestamp_s > MAX_TIMESTAMP_S:
        raise MalformedError("a cosignature has a wrong length or time")
    return timestamp_s, signature[_TIMESTAMP_BYTES:]


def cosigned_message(text: bytes, *, name: str = "", timestamp_s: int) -> bytes:
    """What is signed with Ed25519: two lines, then the whole text; the name is not part of it.

    Raises MalformedError if the text is no checkpoint (C2SP tlog-cosignature, "Ed25519 signed message").
    """
    del name
    Checkpoint.parse(text)
    return b"cosignature/v1\ntime %d\n%b" % (timestamp_s, text)


def cosigned_subtree(text: bytes, *, name: str, timestamp_s: int) -> bytes:
    """What is signed with ML-DSA-44: cosigner, time, origin, leaves [0, size) and root.

    Extension lines of the text are not part of it. Raises MalformedError for a text that is no
    checkpoint and a name or origin longer than 255 bytes (C2SP tlog-cosignature, "ML-DSA-44 signed message").
    """
    head = Checkpoint.parse(text)
    return b"".join(
        (
            _SUBTREE_LABEL,
            _short(name),
            timestamp_s.to_bytes(8, "big"),
            _short(head.origin),
            bytes(8),
            head.size.to_bytes(8, "big"),
            head.root,
        )
    )


def _short(text: str) -> bytes:
    data = text.encode()
    if not 1 <= len(data) <= _MAX_NAME_BYTES:
        raise MalformedError(f"a cosigner's name or an origin is not 1 to {_MAX_NAME_BYTES} bytes long")
    return bytes([len(data)]) + data


KINDS = (
    Kind(
        COSIGNATURE_ED25519_TYPE,
        ed25519.ED25519,
        ed25519.check_public_key,
        ed25519.Verifier,
        ed25519.SIGNATURE_SIZE,
        cosigned_message,
    ),
    Kind(
        COSIGNATURE_ML_DSA_44_TYPE,
        mldsa44.ML_DSA_44,
        mldsa44.check_public_key,
        mldsa44.Verifier,
        mldsa44.SIGNATURE_SIZE,
        cosigned_subtree,
    ),
)


def _kind_of_type(signature_type: int) -> Kind:
    for kind in KINDS:
        if kind.signature_type == signature_type:
            return kind
    raise MalformedError("the verifier key is not of a cosignature type")


def _kind_of_algorithm(algorithm: str) -> Kind:
    for kind in KINDS:
        if kind.algorithm == algorithm:
            return kind
    raise MalformedError("a cosignature has an impossible algorithm")


def cosigner_vkey(*, name: str, signer: Signer) -> VKey:
    """The verifier key of a cosigner, or MalformedError for an algorithm that makes no cosignatures."""
    return VKey(name, _kind_of_algorithm(signer.algorithm).signature_type, signer.public_key)


def cosign(text: bytes, *, name: str, signer: Signer, timestamp_s: int) -> NoteSignature:
    """A witness's signature line for a checkpoint text that it has found consistent.

    Raises MalformedError if the text is no checkpoint, the time is out of range or the signer is
    of no algorithm in `KINDS` (C2SP tlog-cosignature, "Format").
    """
    kind = _kind_of_algorithm(signer.algorithm)
    if not 0 <= timestamp_s <= MAX_TIMESTAMP_S:
        raise MalformedError("a cosignature has an impossible time")
    key_id = key_id_of(name=name, signature_type=kind.signature_type, public_key=signer.public_key)
    signature = signer.sign(kind.message(text, name=name, timestamp_s=timestamp_s))
    return NoteSignature(name, key_id, timestamp_s.to_bytes(_TIMESTAMP_BYTES, "big") + signature)


def verify_cosignatures(data: bytes, witnesses: Sequence[CosignatureVerifier]) -> tuple[Cosignature, ...]:
    """One verified cosignature, the latest, for each of the given witnesses that cosigned the note.

    Empty if none did: whether that is enough is the caller's policy. Raises VerificationError if
    a known witness's line is wrong, MalformedError if the note does not parse or two of the
    witnesses share a public key, since the Ed25519 message does not name its signer.
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
