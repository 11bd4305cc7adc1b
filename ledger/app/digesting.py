"""Making the digest of the state: the domain's bytes, hashed into one value.

This module must not decide when a digest is due.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.domain import digests
from ledger.proof.frontier import Frontier
from ledger.proof.hashing import leaf_hash

if TYPE_CHECKING:
    from ledger.domain.state import State

REQUEST_ID_SIZE = 16


def state_digest(state: State) -> bytes:
    """SHA-256 over the preamble and the RFC 6962 root over all that was touched."""
    frontier = Frontier()
    frontier.extend([leaf_hash(leaf) for leaf in digests.leaves(state)])
    return sha256(digests.preamble(state) + frontier.root()).digest()


def request_id_at(index: int) -> bytes:
    """The request id of a digest, which nobody asked for: its leaf index."""
    return index.to_bytes(REQUEST_ID_SIZE, "big")
