"""A log of a few leaves with its key, for whoever cosigns or checks logs: notes, proofs, forks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.proof.checkpoint import Checkpoint
from ledger.proof.ed25519 import Signer
from ledger.proof.frontier import Frontier
from ledger.proof.hashing import leaf_hash, node_hash
from ledger.proof.merkle import consistency_proof
from ledger.proof.note import Ed25519NoteVerifier, sign_note
from ledger.proof.tlog_witness import AddCheckpoint
from ledger.proof.vkey import VKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ORIGIN = "log.example/tiny"


@dataclass(frozen=True)
class TinyLog:
    """Leaves in memory, signed for with one Ed25519 key."""

    leaves: Sequence[bytes]
    origin: str = ORIGIN
    seed: bytes = b"\1" * 32

    @property
    def signer(self) -> Signer:
        """The log's key."""
        return Signer.from_seed(self.seed)

    @property
    def vkey(self) -> VKey:
        """Its verifier key."""
        return VKey(self.origin, 1, self.signer.public_key)

    @property
    def verifier(self) -> Ed25519NoteVerifier:
        """A verifier of its notes."""
        return Ed25519NoteVerifier(self.vkey)

    def forked(self, at: int) -> TinyLog:
        """The same log with other leaves from an index on."""
        other = [b"other " + leaf for leaf in self.leaves[at:]]
        return TinyLog([*self.leaves[:at], *other], self.origin, self.seed)

    def root(self, size: int) -> bytes:
        """The root at a size."""
        frontier = Frontier()
        frontier.extend(map(leaf_hash, self.leaves[:size]))
        return frontier.root()

    def note(self, size: int, *extensions: str, signer: Signer | None = None) -> bytes:
        """The signed checkpoint of a size."""
        text = Checkpoint(self.origin, size, self.root(size), extensions).render()
        return sign_note(text, name=self.origin, signer=signer or self.signer)

    def proof(self, size1: int, size2: int) -> list[bytes]:
        """The consistency proof between two sizes; empty from 0."""
        return consistency_proof(size1=size1, size2=size2, read_node=self._node) if size1 else []

    def request(
        self, old: int, size: int, *, proof: Iterable[bytes] | None = None, note: bytes | None = None
    ) -> bytes:
        """An add-checkpoint request, right unless something else is given."""
        nodes = self.proof(old, size) if proof is None else proof
        return AddCheckpoint(old, tuple(nodes), note or self.note(size)).render()

    def _node(self, level: int, index: int) -> bytes:
        if level == 0:
            return leaf_hash(self.leaves[index])
        return node_hash(self._node(level - 1, 2 * index), self._node(level - 1, 2 * index + 1))


def tiny_log(count: int = 40) -> TinyLog:
    """A log of so many leaves."""
    return TinyLog([b"leaf %d" % number for number in range(count)])
