"""`equivocation`: two tree heads, or two leaves at one index, of which a log can have only one.

Both were signed by the log's key. That nobody shows how one head extends the other is no proof; a proof
is the root that the larger tree had at the smaller size, shown to be another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import LedgerError
from ledger.proof.checkpoint import Checkpoint, open_checkpoint
from ledger.proof.hashing import leaf_hash
from ledger.proof.merkle import verify_consistency
from ledger.proof.note import Note
from ledger.proof.tlog_proof import TlogProof, verify_tlog_proof
from ledger_audit.fraud.leaves import NotShown
from ledger_audit.fraud.proof_file import TwoNotes, TwoReceipts
from ledger_audit.fraud.verdict import Shown

if TYPE_CHECKING:
    from ledger.proof.note import Ed25519NoteVerifier
    from ledger_audit.fraud.proof_file import Prefix
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
    if proof.prefix is not None:
        return second, _prefix(first, second, proof.prefix)
    if first.size != second.size:
        raise NotShown(
            f"the notes are of different sizes, {first.size} and {second.size}: the root that the larger tree"
            " has at the smaller size is missing"
        )
    if first.root == second.root:
        raise NotShown("both notes have the same root")
    return first, Shown(
        _ONE_ROOT,
        f"the log signed the roots {first.root.hex()} and {second.root.hex()}, both for size {first.size}",
        {"tree_size": first.size},
    )


def _prefix(first: Checkpoint, second: Checkpoint, prefix: Prefix) -> Shown:
    """The larger tree had another root at the smaller size than the log signed for it."""
    try:
        verify_consistency(
            size1=first.size, size2=second.size, root1=prefix.root, root2=second.root, proof=prefix.proof
        )
    except LedgerError as error:
        raise NotShown(error.summary) from None
    if prefix.root == first.root:
        raise NotShown("the larger tree extends the smaller one")
    return Shown(
        _ONE_ROOT,
        f"the log signed the root {first.root.hex()} for size {first.size}; its tree of size {second.size}"
        f" has {prefix.root.hex()} there",
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
