"""A small log in memory with real proofs, and a server on loopback that answers as a test says."""

from __future__ import annotations

from concurrent import futures
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc

from ledger.proof.checkpoint import Checkpoint, sign_checkpoint
from ledger.proof.ed25519 import Signer
from ledger.proof.hashing import leaf_hash
from ledger.proof.merkle import Frontier, inclusion_proof, tree_root_of_tile
from ledger.proof.tlog_proof import TlogProof
from ledger.proof.vkey import ED25519_TYPE, VKey
from ledger.v1 import event_pb2, receipt_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ledger.v1 import envelope_pb2

ORIGIN = "ledger.example/test/e0"
LOG_SIGNER = Signer.from_seed(b"L" * 32)
LOG_KEY = VKey(ORIGIN, ED25519_TYPE, LOG_SIGNER.public_key).render()
OTHER_LOG_KEY = VKey(ORIGIN, ED25519_TYPE, Signer.from_seed(b"M" * 32).public_key).render()


class FakeLog:
    """Events as leaves, and receipts with proofs under a checkpoint of all of them."""

    def __init__(self) -> None:
        self.events: list[bytes] = []

    def append(self, envelope: envelope_pb2.Envelope | None = None) -> int:
        """Record an accepted claim with this envelope; its index."""
        event = event_pb2.Event(index=len(self.events), prev_leaf_hash=self._head(), rules_version=1)
        if envelope is not None:
            event.envelopes.append(envelope)
        event.claim_accepted.SetInParent()
        self.events.append(event.SerializeToString(deterministic=True))
        return len(self.events) - 1

    def receipt(self, index: int, *, with_proof: bool = True) -> receipt_pb2.Receipt:
        """The receipt of a leaf."""
        event = self.events[index]
        receipt = receipt_pb2.Receipt(index=index, leaf_hash=leaf_hash(event), event_count=1)
        if with_proof:
            receipt.event = event
            receipt.tlog_proof = self._proof(index)
        return receipt

    def _head(self) -> bytes:
        return leaf_hash(self.events[-1]) if self.events else bytes(32)

    def _proof(self, index: int) -> bytes:
        leaves = [leaf_hash(event) for event in self.events]
        frontier = Frontier()
        frontier.extend(leaves)

        def node(level: int, place: int) -> bytes:
            return tree_root_of_tile(leaves[place << level : (place + 1) << level])

        note = sign_checkpoint(Checkpoint(ORIGIN, len(leaves), frontier.root()), LOG_SIGNER)
        hashes = inclusion_proof(index=index, size=len(leaves), read_node=node)
        return TlogProof(index, tuple(hashes), note).render()


@contextmanager
def serving(*servicers: tuple[Any, Any]) -> Iterator[grpc.Channel]:
    """A channel to a server with (add function, servicer) pairs."""
    server = grpc.server(futures.ThreadPoolExecutor(4))
    for add, servicer in servicers:
        add(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        server.stop(0).wait()


class FakeRpcError(grpc.RpcError):
    """An error as a channel raises it."""

    def __init__(
        self, code: grpc.StatusCode, details: str = "", trailing: Sequence[tuple[str, str | bytes]] = ()
    ) -> None:
        super().__init__(details)
        self._code, self._details, self._trailing = code, details, tuple(trailing)

    def code(self) -> grpc.StatusCode:
        """The status code."""
        return self._code

    def details(self) -> str:
        """The status message."""
        return self._details

    def trailing_metadata(self) -> Any:
        """The trailing metadata."""
        return self._trailing
