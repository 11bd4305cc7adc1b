"""State digests as docs/reference/format.md describes them, naively: from all links of all events before."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ledger.proof.hashing import EMPTY_ROOT, leaf_hash
from ledger.proof.merkle import Frontier
from ledger.v1 import event_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable

DIGEST = "state_digested"
ZONE_MS, DAY_MS = 28_800_000, 86_400_000


def is_due(index: int, recorded_ms: int, before_ms: int) -> bool:
    """Whether the event at this index has to be a digest, given the time of the one before."""
    new_day = (recorded_ms + ZONE_MS) // DAY_MS > (before_ms + ZONE_MS) // DAY_MS
    return index > 0 and (index % 4096 == 4095 or new_day)


def fill_digest(event: event_pb2.Event, index: int, before: Iterable[tuple[event_pb2.Event, Any]]) -> None:
    """Fill the digest over the events before, given with their drafts, and the request that it stands for."""
    previous, programmes, touched = bytes(32), dict[bytes, bytes](), dict[bytes, bytes]()
    for number, (earlier, draft) in enumerate(before):
        if draft.kind == DIGEST:
            previous, touched = earlier.state_digested.digest, {}
        for link in earlier.links:
            entity = link.entity
            if link.HasField("device"):
                entity = draft.statement.device_ids[link.device]
            totals = b"".join(total.to_bytes(8, "big", signed=True) for total in link.totals)
            touched[bytes([link.kind]) + entity] = number.to_bytes(8, "big") + totals
            if link.kind == event_pb2.LINK_KIND_PROGRAMME:
                programmes[entity] = totals
    frontier = Frontier()
    frontier.extend(leaf_hash(name + touched[name]) for name in sorted(touched))
    root = frontier.root() if touched else EMPTY_ROOT
    said = b"".join(name + programmes[name] for name in sorted(programmes))
    event.state_digested.digest = sha256(b"\x01" + previous + said + root).digest()
    event.request_id = index.to_bytes(16, "big")
    event.request_digest = event.state_digested.digest
