"""What the gathering of cosignatures keeps on disk: the newest checkpoint of the quorum, and evidence.

Neither is needed to start, and the first is believed only as far as its signatures verify.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.app.checkpointer import SignedCheckpoint
from ledger.errors import LedgerError
from ledger.proof.checkpoint import open_checkpoint
from ledger.proof.merkle import verify_consistency

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.proof.note import Ed25519NoteVerifier
    from ledger.proof.policy import Policy
    from ledger_server.port import LedgerPort


@dataclass(frozen=True, slots=True)
class Kept:
    """The checkpoint that was kept, if it still counts, and what it says against the record, if anything."""

    checkpoint: SignedCheckpoint | None = None
    doubt: str = ""


class WitnessFiles:
    """The file of the newest checkpoint of the quorum, and evidence beside it."""

    def __init__(self, path: Path, *, verifier: Ed25519NoteVerifier) -> None:
        self._path = path
        self._verifier = verifier

    async def load(self, ledger: LedgerPort, policy: Policy) -> Kept:
        """The kept checkpoint; a doubt if this log's key signed what its record does not hold any more."""
        try:
            note = self._path.read_bytes()
            head = open_checkpoint(note, self._verifier, ledger.origin)
        except (OSError, LedgerError):
            return Kept()
        if head.size == 0:
            return Kept()
        signed = ledger.publication.signed
        size = signed.size if signed is not None else 0
        if signed is None or head.size > size:
            return Kept(
                doubt=f"a cosigned checkpoint of size {head.size} is kept, the record has size {size}"
            )
        proof = await ledger.consistency_proof(head.size, size)
        try:
            verify_consistency(size1=head.size, size2=size, root1=head.root, root2=signed.root, proof=proof)
        except LedgerError:
            return Kept(doubt=f"the kept cosigned checkpoint of size {head.size} is of another tree")
        try:
            counts = policy.satisfied(note, origin=ledger.origin)
        except LedgerError:
            return Kept()
        return Kept(SignedCheckpoint(note, head.size, head.root) if counts else None)

    def save(self, checkpoint: SignedCheckpoint) -> None:
        """Keep the newest checkpoint of the quorum; what cannot be written is asked for again."""
        temporary = self._path.with_name(f"{self._path.name}.part")
        try:
            temporary.write_bytes(checkpoint.note)
            temporary.replace(self._path)
        except OSError:
            temporary.unlink(missing_ok=True)

    def keep_evidence(self, note: bytes) -> Path:
        """Keep a note that this log's key signed for another history, durably; once for each note."""
        path = self._path.with_name(f"evidence-{sha256(note).hexdigest()[:16]}.note")
        if not path.exists():
            with path.open("wb") as file:
                file.write(note)
                file.flush()
                os.fsync(file.fileno())
        return path
