"""C2SP tlog-witness: the bytes of an `add-checkpoint` request and of its answers.

It must not decide what a witness signs nor send anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from ledger.errors import MalformedError
from ledger.proof.hashing import HASH_SIZE
from ledger.proof.strict import decode_base64, decode_utf8, encode_base64, parse_decimal

SIZE_CONTENT_TYPE = "text/x.tlog.size"
ADD_CHECKPOINT = "add-checkpoint"
MAX_PROOF_LINES = 63
MAX_REQUEST_BYTES = 512 * 1_024
"""Room for 100 signature lines of ML-DSA-44, of 3.3 kB each, and a proof."""

_OLD = "old "


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request: the size that the witness cosigned last, the proof from there, and a signed note."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes

    def render(self) -> bytes:
        """The body that `parse` reads."""
        lines = [f"{_OLD}{self.old_size}\n", *(f"{encode_base64(node)}\n" for node in self.proof), "\n"]
        return "".join(lines).encode() + self.note

    @classmethod
    def parse(cls, body: bytes) -> AddCheckpoint:
        """The request of a body, the note still unread; MalformedError (C2SP tlog-witness, "add-checkpoint").

        At most 63 proof lines of exactly one hash each, in strict base64.
        """
        if len(body) > MAX_REQUEST_BYTES:
            raise MalformedError(f"a request is longer than {MAX_REQUEST_BYTES} bytes")
        head, blank, note = body.partition(b"\n\n")
        if not blank:
            raise MalformedError("a request has no empty line before its checkpoint")
        old, *lines = decode_utf8(head, what="a request").split("\n")
        if not old.startswith(_OLD):
            raise MalformedError("a request does not begin with the old size")
        if len(lines) > MAX_PROOF_LINES:
            raise MalformedError(f"a proof has more than {MAX_PROOF_LINES} lines")
        proof = tuple(decode_base64(line, what="a proof line") for line in lines)
        if any(len(node) != HASH_SIZE for node in proof):
            raise MalformedError("a proof line is not one hash")
        return cls(parse_decimal(old.removeprefix(_OLD), what="the old size"), proof, note)


def render_size(size: int) -> bytes:
    """The body of a 409 answer: the size that the witness cosigned last."""
    return b"%d\n" % size


def parse_size(body: bytes) -> int:
    """The size in the body of a 409 answer of type `text/x.tlog.size`, or MalformedError."""
    text = decode_utf8(body, what="a witness's size")
    if not text.endswith("\n"):
        raise MalformedError("a witness's size does not end with a newline")
    return parse_decimal(text[:-1], what="a witness's size")


def log_path(origin: str) -> str:
    """Where below a monitoring prefix the newest cosigned checkpoint of a log is: SHA-256 of its origin."""
    return f"{sha256(origin.encode()).hexdigest()}/checkpoint"
