"""Moving a ledger's events into another store: replayed in full, compared, and only then put in force.

The old store is left as it is. This module must not delete anything.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.app.application import LedgerApplication
from ledger.app.bootstrap import decode_record, new_store
from ledger.app.rebuilding import rebuild
from ledger.errors import ExitCode, LedgerError, UsageError
from ledger.store.factory import open_lock_store
from ledger.store.location import StoreLocation

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.app.fold import Folded
    from ledger_server.directory import LedgerDirectory


class MigrationFailed(LedgerError):
    """The new store does not hold what the old one does; the folder still names the old one."""

    exit_code = ExitCode.FINDINGS


def migrate(
    place: LedgerDirectory, *, to: str, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> Folded:
    """Copy every event into the empty store `to`, make its derived tables anew, and let the folder name it.

    The folder must not be served. Every row is compared with columns and chain on the way, the first events
    with the locked checkpoint, and at the end both heads and every byte; LogDamaged, RolledBack or
    MigrationFailed otherwise, and the folder still names the old store. Progress is told events done and all.
    """
    config = place.read_config()
    ledger_id = bytes.fromhex(config.ledger_id)
    source, target = place.location(), StoreLocation.parse(to)
    if str(source) == str(target):
        raise UsageError("the events are in this store already", hint="Name another one with --to.")
    with (
        place.claim_for_writing(),
        LedgerApplication(source, decode=decode_record, ledger_id=ledger_id) as old,
        new_store(target, ledger_id=ledger_id) as new,
    ):
        old.recorder.claim()
        new.recorder.claim()
        if new.recorder.head().size:
            raise UsageError("the new store holds events already", hint="Name an empty one with --to.")
        lock_store = open_lock_store(config.lock, root=place.root)
        try:
            locked = lock_store.read()
        finally:
            lock_store.close()
        if locked is None:
            raise MigrationFailed("no checkpoint is locked", hint="Run: voucherd doctor")
        size = old.recorder.head().size
        folded = rebuild(
            old.recorder.iter_records(),
            new.recorder,
            locked=locked,
            progress=lambda done: progress(done, size),
        )
        if new.recorder.head() != old.recorder.head():
            raise MigrationFailed("the heads of both stores differ")
        pairs = zip(old.recorder.iter_records(), new.recorder.iter_records(), strict=True)
        wrong = next((before.index for before, after in pairs if before != after), None)
        if wrong is not None:
            raise MigrationFailed(f"record {wrong} of the new store is not that of the old one")
    place.write_config(replace(config, store=str(target)))
    return folded
