"""C2SP tlog-checkpoint: the text of a signed tree head, and opening one under a known key.

It must not remember checkpoints or compare two of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.errors import MalformedError, VerificationError
from ledger.proof.hashing import EMPTY_ROOT, HASH_SIZE
from ledger.proof.note import NoteVerifier, open_note, sign_note
from ledger.proof.strict import MAX_UINT64, decode_base64, decode_utf8, encode_base64, parse_decimal

if TYPE_CHECKING:
    from ledger.proof.signing import Signer

_MANDATORY_LINES = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: log origin, number of leaves, root hash, and extension lines (ours has none)."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_UINT64 or len(self.root) != HASH_SIZE:
            raise MalformedError("a checkpoint has an impossible size or root")
        for line in (self.origin, *self.extensions):
            if not line or "\n" in line:
                raise MalformedError("a checkpoint has an empty line")
            decode_utf8(line.encode(errors="surrogatepass"), what="a checkpoint line")

    def render(self) -> bytes:
        """The note text, with its final newline (C2SP tlog-checkpoint, "Note text")."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines).encode()

    @classmethod
    def parse(cls, text: bytes) -> Checkpoint:
        """The tree head of a note text, or MalformedError (C2SP tlog-checkpoint, "Note text")."""
        lines = decode_utf8(text, what="a checkpoint").split("\n")
        if lines.pop() or len(lines) < _MANDATORY_LINES:
            raise MalformedError("a checkpoint has fewer than three lines")
        origin, size, root, *extensions = lines
        return cls(
            origin,
            parse_decimal(size, what="a tree size"),
            decode_base64(root, what="a root hash"),
            tuple(extensions),
        )


def open_checkpoint(note: bytes, verifier: NoteVerifier, origin: str) -> Checkpoint:
    """The tree head that the log's key signed for exactly this origin.

    Raises MalformedError if the note or its text does not parse; VerificationError if the key did
    not sign it, the origin is another, or an empty tree has another root than the empty one.
    """
    checkpoint = Checkpoint.parse(open_note(note, (verifier,)).text)
    if checkpoint.origin != origin:
        raise VerificationError("the checkpoint is of another origin")
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise VerificationError("the checkpoint of an empty tree has a root")
    return checkpoint


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """The signed note of a tree head, its key name being the origin (C2SP tlog-checkpoint, "Signatures")."""
    return sign_note(checkpoint.render(), name=checkpoint.origin, signer=signer)
