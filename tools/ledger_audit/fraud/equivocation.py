"""`equivocation`: two tree heads of one size, or two leaves at one index, of which a log can have only one.

Both were signed by the log's key. That one of two heads does not extend the other is no proof: only the log
itself could show that it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import LedgerError
from ledger.proof.checkpoint import Checkpoint, open_checkpoint
from ledger.proof.hashing import leaf_hash
from ledger.proof.note import Note
from ledger.proof.tlog_proof import TlogProof, verify_tlog_proof
from ledger_audit.fraud.leaves import NotShown
from ledger_audit.fraud.proof_file import TwoNotes, TwoReceipts
from ledger_audit.fraud.verdict import Shown

if TYPE_CHECKING:
    from ledger.proof.note import Ed25519NoteVerifier
    from ledger_audit.trust import Trust

_ONE_ROOT = "A log signs one root for each size of its tree (I14)."
_ONE_LEAF = "A log has one leaf at each index, for ever (I14)."


def judge(proof: TwoNotes | TwoReceipts, trust: Trust) -> tuple[Checkpoint, Shown]:
    """What is shown, and the first of the two heads; NotShown otherwise."""
    return _two_notes(proof, trust) if isinstance(proof, TwoNotes) else _two_receipts(proof, trust)


def verifier_of(note: bytes, trust: Trust) -> tuple[Ed25519NoteVerifier, str]:
    """The trusted verifier of a note's origin, and the origin; NotShown where it is not trusted."""
    origin = Checkpoint.parse(Note.parse(note).text).origin
    verifier = trust.verifier(origin)
    if verifier is None:
        raise NotShown(f"the origin {origin} is not one that is trusted")
    return verifier, origin


def open_head(note: bytes, trust: Trust) -> Checkpoint:
    """The tree head of a note that a trusted log signed, or NotShown."""
    verifier, origin = verifier_of(note, trust)
    try:
        return open_checkpoint(note, verifier, origin)
    except LedgerError as error:
        raise NotShown(error.summary) from None


def _two_notes(proof: TwoNotes, trust: Trust) -> tuple[Checkpoint, Shown]:
    first, second = (open_head(note, trust) for note in proof.notes)
    _require_one_log(first, second)
    if first.size != second.size:
        raise NotShown(f"the notes are of different sizes, {first.size} and {second.size}")
    if first.root == second.root:
        raise NotShown("both notes have the same root")
    return first, Shown(
        _ONE_ROOT,
        f"the log signed the roots {first.root.hex()} and {second.root.hex()}, both for size {first.size}",
        {"tree_size": first.size},
    )


def _two_receipts(proof: TwoReceipts, trust: Trust) -> tuple[Checkpoint, Shown]:
    heads, leaves = [], []
    for receipt, entry in proof.receipts:
        parsed = TlogProof.parse(receipt)
        verifier, origin = verifier_of(parsed.checkpoint_note, trust)
        try:
            heads.append(verify_tlog_proof(receipt, event=entry, verifier=verifier, origin=origin))
        except LedgerError as error:
            raise NotShown(error.summary) from None
        leaves.append((parsed.index, leaf_hash(entry)))
    _require_one_log(*heads)
    (index, one), (other_index, other) = leaves
    if index != other_index:
        raise NotShown(f"the receipts are for different leaves, {index} and {other_index}")
    if one == other:
        raise NotShown("both receipts are for the same leaf")
    return heads[0], Shown(
        _ONE_LEAF,
        f"the log gave receipts for two leaves at index {index}: {one.hex()} and {other.hex()}",
        {"index": index},
    )


def _require_one_log(first: Checkpoint, second: Checkpoint) -> None:
    if first.origin != second.origin:
        raise NotShown(f"the origins differ: {first.origin} and {second.origin}")
