"""C2SP signed notes: verifier keys, signature lines, opening and signing a note.

It must not know what the text says; a type of signature with a text of its own (cosignatures)
implements `NoteVerifier` elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ledger.errors import MalformedError, VerificationError
from ledger.proof import ed25519
from ledger.proof.strict import decode_base64, decode_utf8, encode_base64
from ledger.proof.vkey import ED25519_TYPE, VKey, check_key_name, key_id_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.proof.signing import Signer

MAX_NOTE_SIZE = 1_000_000
MAX_SIGNATURES = 100
_KEY_ID_SIZE = 4
_SIGNATURE_PREFIX = "— "


class NoteVerifier(Protocol):
    """Verifies the signature lines of one key name and key id."""

    @property
    def name(self) -> str:
        """The key name."""

    @property
    def key_id(self) -> bytes:
        """The 4-byte key id."""

    def verify(self, signature: bytes, text: bytes) -> bytes:
        """The text, once the signature over it verifies; VerificationError otherwise."""


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: key name, 4-byte key id and the signature's own bytes."""

    name: str
    key_id: bytes
    signature: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.key_id) != _KEY_ID_SIZE or not self.signature:
            raise MalformedError("a note signature is too short")

    def render(self) -> bytes:
        """The line with its newline (C2SP signed-note, "Signatures")."""
        return f"{_SIGNATURE_PREFIX}{self.name} {encode_base64(self.key_id + self.signature)}\n".encode()

    @classmethod
    def parse(cls, line: str) -> NoteSignature:
        """The signature of a line given without its newline, or MalformedError."""
        name, _, encoded = line.removeprefix(_SIGNATURE_PREFIX).partition(" ")
        if not line.startswith(_SIGNATURE_PREFIX):
            raise MalformedError("a signature line does not begin with an em dash and a space")
        data = decode_base64(encoded, what="a note signature")
        return cls(name, data[:_KEY_ID_SIZE], data[_KEY_ID_SIZE:])


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it was read, nothing verified: text with its final newline, and signature lines."""

    text: bytes
    signatures: tuple[NoteSignature, ...]

    def render(self) -> bytes:
        """The bytes that `parse` reads (C2SP signed-note, "Format")."""
        return self.text + b"\n" + b"".join(signature.render() for signature in self.signatures)

    @classmethod
    def parse(cls, data: bytes) -> Note:
        """A note of at most 1,000,000 bytes and 100 signatures (C2SP signed-note, "Format").

        Raises MalformedError for anything that does not render back to the same bytes.
        """
        if len(data) > MAX_NOTE_SIZE:
            raise MalformedError(f"a note is longer than {MAX_NOTE_SIZE} bytes")
        decode_utf8(data, what="a note")
        body, blank, lines = data.rpartition(b"\n\n")
        if not blank:
            raise MalformedError("a note has no blank line before its signatures")
        return cls(body + b"\n", parse_signature_lines(lines))


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A verified text, the first verified signature of each known key, and the unknown ones."""

    text: bytes
    verified: tuple[NoteSignature, ...]
    unverified: tuple[NoteSignature, ...]


@dataclass(frozen=True, slots=True)
class Ed25519NoteVerifier:
    """Verifies type 0x01 signatures: Ed25519 over the text itself (C2SP signed-note)."""

    vkey: VKey

    def __post_init__(self) -> None:
        if self.vkey.signature_type != ED25519_TYPE:
            raise MalformedError("the verifier key is not of the Ed25519 note type")
        ed25519.check_public_key(self.vkey.public_key)

    @classmethod
    def parse(cls, vkey: str) -> Ed25519NoteVerifier:
        """The verifier of a `name+id+key` text, or MalformedError."""
        return cls(VKey.parse(vkey))

    @property
    def name(self) -> str:
        """The key name."""
        return self.vkey.name

    @property
    def key_id(self) -> bytes:
        """The 4-byte key id."""
        return self.vkey.key_id

    def verify(self, signature: bytes, text: bytes) -> bytes:
        """The text, once the signature over it verifies; VerificationError otherwise."""
        return ed25519.Verifier(self.vkey.public_key).verify(signature, text)


def parse_signature_lines(data: bytes) -> tuple[NoteSignature, ...]:
    """1 to 100 signature lines, each with its newline, or MalformedError.

    Also the body of a witness's answer (C2SP tlog-witness, "add-checkpoint").
    """
    lines = decode_utf8(data, what="a signature block").split("\n")
    if lines.pop() or not lines:
        raise MalformedError("a signature block is empty or does not end with a newline")
    if len(lines) > MAX_SIGNATURES:
        raise MalformedError(f"a note has more than {MAX_SIGNATURES} signatures")
    return tuple(NoteSignature.parse(line) for line in lines)


def open_note(data: bytes, verifiers: Iterable[NoteVerifier]) -> OpenedNote:
    """The note's text and signatures, once at least one known key's signature verifies.

    Signatures of unknown keys are set apart. Raises MalformedError for a note that does not parse
    or two verifiers of one name and id that it needs; VerificationError if any signature of a known
    key is wrong or none is there (C2SP signed-note, "Signatures").
    """
    note = Note.parse(data)
    known: dict[tuple[str, bytes], list[NoteVerifier]] = {}
    for verifier in verifiers:
        known.setdefault((verifier.name, verifier.key_id), []).append(verifier)
    verified: dict[tuple[str, bytes], NoteSignature] = {}
    unverified = []
    for line in dict.fromkeys(note.signatures):
        key = (line.name, line.key_id)
        candidates = known.get(key, [])
        if not candidates:
            unverified.append(line)
            continue
        if len(candidates) > 1:
            raise MalformedError(f"two verifiers have the name {line.name} and one key id")
        candidates[0].verify(line.signature, note.text)
        verified.setdefault(key, line)
    if not verified:
        raise VerificationError("the note has no signature of a known key")
    return OpenedNote(note.text, tuple(verified.values()), tuple(unverified))


def sign_note(text: bytes, *, name: str, signer: Signer) -> bytes:
    """The text with one type 0x01 signature, ready to publish (C2SP signed-note).

    Raises MalformedError for a text that is no note text or a signer that is not Ed25519.
    """
    if signer.algorithm != ed25519.ED25519:
        raise MalformedError("a note of type 0x01 is signed with Ed25519")
    check_key_name(name)
    decode_utf8(text, what="a note text")
    if not text.endswith(b"\n"):
        raise MalformedError("a note text does not end with a newline")
    key_id = key_id_of(name=name, signature_type=ED25519_TYPE, public_key=signer.public_key)
    return _within_limits(Note(text, (NoteSignature(name, key_id, signer.sign(text)),)))


def add_signatures(data: bytes, signatures: Sequence[NoteSignature]) -> bytes:
    """The note with further signature lines at its end; lines that it already has are left out.

    Nothing is verified. Raises MalformedError if the result passes the note's limits.
    """
    note = Note.parse(data)
    lines = (*note.signatures, *(line for line in dict.fromkeys(signatures) if line not in note.signatures))
    return _within_limits(Note(note.text, lines))


def _within_limits(note: Note) -> bytes:
    data = note.render()
    if len(data) > MAX_NOTE_SIZE or len(note.signatures) > MAX_SIGNATURES:
        raise MalformedError("the note would be too long or have too many signatures")
    return data
