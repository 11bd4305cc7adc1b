"""Two histories of one log, and notes and receipts of both: which of them convict it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from audit_forge.breaking import said
from audit_forge.draft import ORIGIN, Actor, checkpoint
from audit_forge.memory import MemorySource
from audit_forge.people import STRANGER

from fraud_forge.scene import Scene, changed, honest
from ledger.proof.checkpoint import Checkpoint, sign_checkpoint
from ledger.proof.hashing import leaf_hash
from ledger.proof.merkle import consistency_proof, root_from_nodes
from ledger.proof.note import Note
from ledger.proof.tiles import TileNodes
from ledger_audit.fraud.proof_file import FraudProof, Prefix, TwoNotes, TwoReceipts
from ledger_audit.prove import prove

if TYPE_CHECKING:
    from collections.abc import Callable

OTHER_ORIGIN = ORIGIN.removesuffix("/e0") + "/e1"
INDEX = honest().index("claim 1")
"""A leaf that the two histories do not share."""
CUT = INDEX + 10
"""The size of an earlier tree that has it."""


@dataclass(frozen=True)
class Fork:
    """Two notes or receipts, and whether they prove anything."""

    comment: str
    proof: Callable[[], FraudProof]
    proven: bool = False


@cache
def other() -> Scene:
    """Another history of the log from `claim 1` on."""
    return changed(said("claim 1", raw_log_rows=11))()


def note_of(scene: Scene, size: int | None = None, *, signer: Actor | None = None) -> bytes:
    """The signed note over the first entries of a history."""
    entries = scene.entries[:size]
    return checkpoint(entries) if signer is None else checkpoint(entries, signer=signer)


def receipt_of(scene: Scene, index: int, size: int | None = None) -> tuple[bytes, bytes]:
    """The receipt of a leaf under the tree of some size, with the entry."""
    made = prove(MemorySource(scene.entries[:size]), index=index)
    return made.tlog_proof, made.event


def prefix_of(scene: Scene, size: int) -> Prefix:
    """The root that a history had at a size, and its consistency proof."""
    whole = len(scene.entries)
    nodes = TileNodes(size=whole, load_tile=scene.source.tile)
    proof = consistency_proof(size1=size, size2=whole, read_node=nodes)
    return Prefix(root_from_nodes(size, nodes), tuple(proof))


def _elsewhere(note: bytes) -> bytes:
    """The same tree in a later epoch of the log."""
    head = Checkpoint.parse(Note.parse(note).text)
    return sign_checkpoint(Checkpoint(OTHER_ORIGIN, head.size, head.root), STRANGER.signer)


def _wrong_prefix() -> FraudProof:
    """A root that the larger tree never had."""
    right = prefix_of(honest(), CUT)
    wrong = Prefix(leaf_hash(b"no root"), right.proof)
    return TwoNotes((note_of(honest(), CUT), note_of(honest())), wrong)


FORKS: tuple[Fork, ...] = (
    Fork("two roots of one size", lambda: TwoNotes((note_of(honest()), note_of(other()))), proven=True),
    Fork(
        "two leaves at one index, under trees of different sizes",
        lambda: TwoReceipts((receipt_of(honest(), INDEX, CUT), receipt_of(other(), INDEX))),
        proven=True,
    ),
    Fork(
        "a larger tree that had another root at the smaller size",
        lambda: TwoNotes((note_of(honest(), CUT), note_of(other())), prefix_of(other(), CUT)),
        proven=True,
    ),
    Fork("one note twice", lambda: TwoNotes((note_of(honest()), note_of(honest())))),
    Fork(
        "two sizes and nothing that connects them",
        lambda: TwoNotes((note_of(honest(), CUT), note_of(other()))),
    ),
    Fork(
        "a larger tree that extends the smaller one",
        lambda: TwoNotes((note_of(honest(), CUT), note_of(honest())), prefix_of(honest(), CUT)),
    ),
    Fork("a prefix that does not lead to the larger root", _wrong_prefix),
    Fork(
        "a note that another key signed",
        lambda: TwoNotes((note_of(honest()), note_of(other(), signer=STRANGER))),
    ),
    Fork("a note of another epoch", lambda: TwoNotes((note_of(honest()), _elsewhere(note_of(other()))))),
    Fork(
        "two receipts of one leaf",
        lambda: TwoReceipts((receipt_of(honest(), INDEX, CUT), receipt_of(honest(), INDEX))),
    ),
    Fork(
        "receipts of two leaves",
        lambda: TwoReceipts((receipt_of(honest(), INDEX), receipt_of(other(), INDEX + 1))),
    ),
    Fork(
        "a receipt with the bytes of another entry",
        lambda: TwoReceipts(
            (receipt_of(honest(), INDEX), (receipt_of(honest(), INDEX)[0], receipt_of(other(), INDEX)[1]))
        ),
    ),
)
