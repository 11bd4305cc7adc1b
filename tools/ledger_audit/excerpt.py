"""An excerpt: some leaves of a log, each with its inclusion proof, all under one signed checkpoint.

Fraud proofs and trace bundles carry one, so that they can be judged without the log. This module
must not say what the leaves mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ledger.errors import MalformedError, VerificationError
from ledger.proof.checkpoint import Checkpoint, open_checkpoint
from ledger.proof.hashing import leaf_hash
from ledger.proof.merkle import MAX_PROOF_HASHES, inclusion_proof, verify_inclusion
from ledger.proof.note import Note
from ledger.proof.strict import encode_base64
from ledger.proof.tiles import TileNodes
from ledger_audit.sources import Source, read_entry
from ledger_audit.strict_json import bytes_of, fields_of, hash_of, index_of, list_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ledger_audit.trust import Trust

MAX_LEAVES = 10_000
_EXCERPT = frozenset({"checkpoint", "leaves"})
_LEAF = frozenset({"index", "entry", "proof"})


@dataclass(frozen=True, slots=True)
class ProvenLeaf:
    """Stored bytes of an event with the hashes that lead from it to the root, sibling first."""

    index: int
    entry: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A signed note and leaves in ascending order, nothing verified."""

    note: bytes
    leaves: tuple[ProvenLeaf, ...]

    def __post_init__(self) -> None:
        Note.parse(self.note)
        indexes = [leaf.index for leaf in self.leaves]
        if indexes != sorted(set(indexes)):
            raise MalformedError("an excerpt names each leaf once, in ascending order")

    def to_json(self) -> dict[str, Any]:
        """The object that `from_json` reads."""
        leaves = [
            {
                "index": leaf.index,
                "entry": encode_base64(leaf.entry),
                "proof": [encode_base64(value) for value in leaf.proof],
            }
            for leaf in self.leaves
        ]
        return {"checkpoint": self.note.decode(), "leaves": leaves}

    @classmethod
    def from_json(cls, value: object) -> Excerpt:
        """The excerpt of a JSON value (docs/reference/format.md, section 7), or MalformedError."""
        fields = fields_of(value, _EXCERPT, what="an excerpt")
        leaves = []
        for item in list_of(fields["leaves"], what="the leaves of an excerpt", most=MAX_LEAVES):
            said = fields_of(item, _LEAF, what="a leaf of an excerpt")
            hashes = list_of(said["proof"], what="an inclusion proof", most=MAX_PROOF_HASHES)
            leaves.append(
                ProvenLeaf(
                    index_of(said["index"], what="the index of a leaf"),
                    bytes_of(said["entry"], what="the entry of a leaf"),
                    tuple(hash_of(value, what="a hash of a proof") for value in hashes),
                )
            )
        try:
            note = text_of(fields["checkpoint"], what="the checkpoint of an excerpt").encode()
        except UnicodeEncodeError:
            raise MalformedError("the checkpoint of an excerpt is not UTF-8") from None
        return cls(note, tuple(leaves))

    def open(self, trust: Trust) -> tuple[Checkpoint, Mapping[int, bytes]]:
        """The tree head and the stored bytes by leaf index, once signature and proofs hold.

        Origin and key come from the caller's `trust`. Raises VerificationError where the origin is not
        trusted, the note is not signed by its key or a leaf is not in the tree
        (C2SP tlog-checkpoint; RFC 9162 section 2.1.3.2).
        """
        origin = Checkpoint.parse(Note.parse(self.note).text).origin
        verifier = trust.verifier(origin)
        if verifier is None:
            raise VerificationError(f"the origin {origin} is not one that is trusted")
        head = open_checkpoint(self.note, verifier, origin)
        for leaf in self.leaves:
            verify_inclusion(
                index=leaf.index,
                size=head.size,
                leaf_hash=leaf_hash(leaf.entry),
                proof=leaf.proof,
                root=head.root,
            )
        return head, {leaf.index: leaf.entry for leaf in self.leaves}


def take_excerpt(source: Source, indexes: Iterable[int]) -> Excerpt:
    """The leaves at these indexes, proven under the newest checkpoint of the log.

    Raises VerificationError if entries or tiles are not those of the checkpoint, CouldNotCheckError
    for what is absent.
    """
    note = source.checkpoint()
    head = Checkpoint.parse(Note.parse(note).text)
    nodes = TileNodes(size=head.size, load_tile=source.tile)
    leaves = []
    for index in sorted(set(indexes)):
        entry = read_entry(source, index=index, size=head.size)
        proof = tuple(inclusion_proof(index=index, size=head.size, read_node=nodes))
        verify_inclusion(index=index, size=head.size, leaf_hash=leaf_hash(entry), proof=proof, root=head.root)
        leaves.append(ProvenLeaf(index, entry, proof))
    return Excerpt(note, tuple(leaves))
