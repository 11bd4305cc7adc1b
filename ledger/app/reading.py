"""Reading the log: proofs, tiles and receipts under a published checkpoint.

Every method blocks and is called from a thread. Nothing here writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.proof.merkle import consistency_proof, inclusion_proof
from ledger.proof.tiles import TileNodes
from ledger.proof.tlog_proof import TlogProof

if TYPE_CHECKING:
    from ledger.app.checkpointer import SignedCheckpoint
    from ledger.proof.tiles import TilePath
    from ledger.store.port import LedgerRecorder

HASH_SIZE = 32


class LogReader:
    """Proofs over the stored tiles."""

    def __init__(self, recorder: LedgerRecorder) -> None:
        self._recorder = recorder

    def load_tile(self, path: TilePath) -> bytes:
        """Hashes of a tile in exactly the width that is asked for; KeyError if the store has fewer."""
        key = (path.level or 0, path.index)
        row = self._recorder.read_tiles([key])[key]
        if row.width < path.width:
            raise KeyError(path.render())
        return row.data[: HASH_SIZE * path.width]

    def inclusion(self, index: int, checkpoint: SignedCheckpoint) -> list[bytes]:
        """Inclusion proof of a leaf, leaf side first (RFC 6962 section 2.1.1)."""
        nodes = TileNodes(size=checkpoint.size, load_tile=self.load_tile)
        return inclusion_proof(index=index, size=checkpoint.size, read_node=nodes)

    def consistency(self, first: int, second: int) -> list[bytes]:
        """Consistency proof between two sizes (RFC 6962 section 2.1.2)."""
        nodes = TileNodes(size=second, load_tile=self.load_tile)
        return consistency_proof(size1=first, size2=second, read_node=nodes)

    def receipt(self, index: int, checkpoint: SignedCheckpoint) -> tuple[bytes, bytes]:
        """Event bytes and their tlog-proof under the checkpoint."""
        data = self._recorder.read_records(index, 1)[0].data
        proof = TlogProof(index, tuple(self.inclusion(index, checkpoint)), checkpoint.note)
        return data, proof.render()
