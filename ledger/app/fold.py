"""Starting: every stored row is re-read, checked against the chain and the lock, and folded.

What cannot be trusted is not opened for writing; the error names the first index. Nothing here writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.app.rows import check_decoded, check_rows
from ledger.codec.events import StoredEvent, decode_event
from ledger.domain import rules
from ledger.domain.journal import Recorded
from ledger.domain.state import State
from ledger.errors import ExitCode, LedgerError
from ledger.proof.frontier import Frontier

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.store.lock_store import Locked
    from ledger.store.port import LedgerRecorder

PAGE = 4_096


class RolledBack(LedgerError):
    """The store lacks or changed events that a signed checkpoint covers."""

    exit_code = ExitCode.FINDINGS


@dataclass(frozen=True, slots=True)
class Folded:
    """The state at a head."""

    state: State
    size: int
    head: bytes
    last_recorded_ms: int


def recorded_from(stored: StoredEvent) -> Recorded:
    """A stored event as the fold takes it."""
    return Recorded(
        index=stored.index,
        leaf_hash=stored.leaf_hash,
        recorded_ms=stored.recorded_ms,
        stream_id=stored.stream_id,
        stream_version=stored.stream_version,
        payload=stored.payload,
        statement=stored.statement,
        links=stored.links,
        size_bytes=stored.size_bytes,
    )


def fold_all(
    recorder: LedgerRecorder, locked: Locked, *, progress: Callable[[int, int], None] | None = None
) -> Folded:
    """Check and fold every row; RolledBack or LogDamaged name the first index that is wrong."""
    state = State()
    frontier = Frontier()
    head = bytes(32)
    last_recorded_ms = 0
    size = recorder.head().size
    if size < locked.size:
        raise RolledBack(
            f"a checkpoint of {locked.size} events was signed, but index {size} is missing",
            hint="Restore a newer backup. Do not sign anything on this store.",
        )
    index = 0
    while index < size:
        limit = PAGE if index >= locked.size else min(PAGE, locked.size - index)
        rows = recorder.read_records(index, min(limit, size - index))
        hashes = check_rows(rows, head)
        head = hashes[-1]
        frontier.extend(hashes)
        for row in rows:
            stored = decode_event(row.data)
            check_decoded(row, stored)
            rules.evolve(stored.entry.act, state, recorded_from(stored))
            last_recorded_ms = stored.recorded_ms
        state.commit()
        index += len(rows)
        if index == locked.size:
            check_lock(locked, frontier, head)
        if progress is not None:
            progress(index, size)
    return Folded(state, size, head, last_recorded_ms)


def check_lock(locked: Locked, frontier: Frontier, head: bytes) -> None:
    """Raise `RolledBack` unless the first events, up to the locked size, are those that were signed."""
    if (frontier.root(), head) != (locked.root_hash, locked.leaf_hash):
        raise RolledBack(
            f"the first {locked.size} events are not those of the signed checkpoint",
            hint="Keep this store as evidence and restore from a backup.",
        )
