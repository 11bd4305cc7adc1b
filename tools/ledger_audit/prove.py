"""Receipts made from a log: the event's bytes and its C2SP tlog-proof.

What is made is verified against the tree that the checkpoint names before it is given away; whether
the log's key signed that checkpoint is for the receiver to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.errors import UsageError
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.hashing import leaf_hash
from ledger.proof.merkle import inclusion_proof, verify_inclusion
from ledger.proof.note import Note
from ledger.proof.tiles import TileNodes
from ledger.proof.tlog_proof import TlogProof
from ledger_audit.errors import CouldNotCheckError
from ledger_audit.sources import Source, read_entry

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".tlog-proof"


@dataclass(frozen=True, slots=True)
class Proof:
    """An event and the rendered proof that it is in the log."""

    index: int
    event: bytes
    tlog_proof: bytes


def prove(source: Source, *, index: int) -> Proof:
    """The event at `index` with its proof under the newest checkpoint.

    Raises UsageError for an index that the log does not have, VerificationError if entry or tiles
    are not those of the checkpoint.
    """
    note = source.checkpoint()
    head = Checkpoint.parse(Note.parse(note).text)
    if not 0 <= index < head.size:
        raise UsageError(f"the log has no event {index}", hint=f"It has {head.size} events, from 0.")
    event = read_entry(source, index=index, size=head.size)
    nodes = TileNodes(size=head.size, load_tile=source.tile)
    hashes = inclusion_proof(index=index, size=head.size, read_node=nodes)
    verify_inclusion(index=index, size=head.size, leaf_hash=leaf_hash(event), proof=hashes, root=head.root)
    return Proof(index, event, TlogProof(index, tuple(hashes), note).render())


def write_proof(proof: Proof, out: Path) -> tuple[Path, Path]:
    """Write NAME.tlog-proof and NAME.event, NAME being `out` without that suffix; the two paths."""
    name = out.name.removesuffix(SUFFIX)
    proof_path, event_path = out.with_name(name + SUFFIX), out.with_name(name + ".event")
    try:
        event_path.write_bytes(proof.event)
        proof_path.write_bytes(proof.tlog_proof)
    except OSError as error:
        raise CouldNotCheckError(f"the proof could not be written: {error.strerror}") from None
    return proof_path, event_path
