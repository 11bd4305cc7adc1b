"""Writing a log into an empty store: its records verbatim, every side table made anew from them.

What moves a ledger, restores one or examines one relies on records alone; no side table of the old store is
read. This module must not sign and must not judge a rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.app import facts
from ledger.app.checkpointer import write_tiles
from ledger.app.fold import Folded, check_lock, recorded_from
from ledger.app.rows import check_decoded, check_rows
from ledger.codec.events import decode_event
from ledger.domain import rules
from ledger.domain.state import State
from ledger.proof.frontier import Frontier
from ledger.store.port import Batch, Record, RequestRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ledger.codec.events import StoredEvent
    from ledger.store.lock_store import Locked
    from ledger.store.port import LedgerRecorder, StoredRecord

BATCH = 512


def rebuild(
    rows: Iterable[StoredRecord],
    target: LedgerRecorder,
    *,
    locked: Locked,
    progress: Callable[[int], None] | None = None,
) -> Folded:
    """Copy records, in order from 0, into the empty store `target` with all that belongs to them.

    Hash tiles are made for the leaves that the locked checkpoint covers. Each row is compared with its
    columns and the chain: LogDamaged names the first that is wrong, RolledBack says that they are not those
    that were signed, or fewer. Progress is told the records done.
    """
    state = State()
    size, head = target.head()
    if size:
        raise ValueError("a log is rebuilt in an empty store")
    last_recorded_ms = 0
    frontier = Frontier()
    for group in _groups(rows):
        batch_rows = [row for row, _ in group]
        hashes = check_rows(batch_rows, head)
        facts.fetch(state, target, [stored.statement for _, stored in group])
        for row, stored in group:
            check_decoded(row, stored)
            recorded = recorded_from(stored)
            act = stored.entry.act
            rules.evolve(act, state, recorded)
            if act.record is not None:
                act.record(state, recorded)
            last_recorded_ms = stored.recorded_ms
        batch = Batch(
            size_before=size,
            head_before=head,
            leaf_hashes=hashes,
            requests=[_request(stored) for _, stored in group if stored.opens_request],
            facts=facts.changed(state),
            freed=facts.freed(state),
        )
        target.insert_events([_record(row).to_stored_event() for row in batch_rows], batch=batch)
        state.commit()
        if size < locked.size:
            covered = hashes[: locked.size - size]
            write_tiles(target, size, covered)
            frontier.extend(covered)
            if size + len(covered) == locked.size:
                check_lock(locked, frontier, covered[-1])
        size, head = size + len(hashes), hashes[-1]
        if progress is not None:
            progress(size)
    if size < locked.size:
        check_lock(locked, Frontier(), head)
    return Folded(state, size, head, last_recorded_ms)


def _groups(rows: Iterable[StoredRecord]) -> Iterator[Sequence[tuple[StoredRecord, StoredEvent]]]:
    """The rows decoded, in groups; a claim that replaces another is a group of its own."""
    group: list[tuple[StoredRecord, StoredEvent]] = []
    for row in rows:
        stored = decode_event(row.data)
        alone = facts.replaces(stored.statement)
        if group and (alone or len(group) == BATCH):
            yield group
            group = []
        group.append((row, stored))
        if alone:
            yield group
            group = []
    if group:
        yield group


def _record(row: StoredRecord) -> Record:
    return Record(
        stream_id=row.stream_id, stream_version=row.stream_version, type_name=row.type_name, data=row.data
    )


def _request(stored: StoredEvent) -> RequestRow:
    actor = stored.actor or stored.submitter
    return RequestRow(actor, stored.request_id, stored.request_digest, stored.index)
