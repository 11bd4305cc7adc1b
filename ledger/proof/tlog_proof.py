"""C2SP tlog-proof v1: the receipt that an entry is in the log, checkable without the log.

Its `extra` data is not authenticated: this module carries it and must not read anything into it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.errors import MalformedError
from ledger.proof.checkpoint import Checkpoint, open_checkpoint
from ledger.proof.hashing import HASH_SIZE, leaf_hash
from ledger.proof.merkle import MAX_PROOF_HASHES, verify_inclusion
from ledger.proof.note import MAX_NOTE_SIZE, Note, NoteVerifier
from ledger.proof.strict import MAX_UINT64, decode_base64, decode_utf8, encode_base64, parse_decimal

HEADER = "c2sp.org/tlog-proof@v1"
MAX_EXTRA_SIZE = 65_536
MAX_PROOF_SIZE = MAX_NOTE_SIZE + 100_000
_EXTRA = "extra "
_INDEX = "index "


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A receipt as it was read, nothing verified: leaf index, inclusion proof, signed checkpoint."""

    index: int
    proof: tuple[bytes, ...]
    checkpoint_note: bytes
    extra: bytes = b""

    def __post_init__(self) -> None:
        Note.parse(self.checkpoint_note)
        if not 0 <= self.index <= MAX_UINT64 or len(self.extra) > MAX_EXTRA_SIZE:
            raise MalformedError("a proof has an impossible index or too much extra data")
        if len(self.proof) > MAX_PROOF_HASHES or any(len(value) != HASH_SIZE for value in self.proof):
            raise MalformedError("a proof has too many hashes or one of the wrong length")

    def render(self) -> bytes:
        """The bytes that `parse` reads (C2SP tlog-proof, "Format")."""
        extra = [_EXTRA + encode_base64(self.extra)] if self.extra else []
        lines = [HEADER, *extra, f"{_INDEX}{self.index}", *map(encode_base64, self.proof)]
        return "\n".join(lines).encode() + b"\n\n" + self.checkpoint_note

    @classmethod
    def parse(cls, data: bytes) -> TlogProof:
        """The receipt, or MalformedError (C2SP tlog-proof, "Format")."""
        head, blank, checkpoint_note = data.partition(b"\n\n")
        if not blank or len(data) > MAX_PROOF_SIZE:
            raise MalformedError("a proof has no checkpoint, or is too long")
        lines = decode_utf8(head, what="a proof").split("\n")
        if lines.pop(0) != HEADER:
            raise MalformedError("a proof does not begin with its header line")
        extra = b""
        if lines and lines[0].startswith(_EXTRA):
            extra = decode_base64(lines.pop(0).removeprefix(_EXTRA), what="a proof's extra data")
            if not extra:
                raise MalformedError("a proof has an empty extra line")
        if not lines or not lines[0].startswith(_INDEX):
            raise MalformedError("a proof has no index line")
        index = parse_decimal(lines.pop(0).removeprefix(_INDEX), what="a leaf index")
        if len(lines) > MAX_PROOF_HASHES:
            raise MalformedError("a proof has too many hashes")
        proof = tuple(decode_base64(line, what="a proof hash") for line in lines)
        return cls(index, proof, checkpoint_note, extra)


def verify_tlog_proof(data: bytes, *, event: bytes, verifier: NoteVerifier, origin: str) -> Checkpoint:
    """The checkpoint under which the receipt shows these event bytes to be logged.

    Raises MalformedError if the receipt does not parse, VerificationError if the checkpoint is not
    signed by the log's key for this origin or the proof does not lead to its root
    (C2SP tlog-proof; RFC 9162 section 2.1.3.2). The index is in `TlogProof.parse(data).index`.
    """
    receipt = TlogProof.parse(data)
    checkpoint = open_checkpoint(receipt.checkpoint_note, verifier, origin)
    verify_inclusion(
        index=receipt.index,
        size=checkpoint.size,
        leaf_hash=leaf_hash(event),
        proof=receipt.proof,
        root=checkpoint.root,
    )
    return checkpoint
