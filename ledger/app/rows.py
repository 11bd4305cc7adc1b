"""Stored rows against themselves: bytes, columns and chain.

Who opens, signs, copies or examines a store reads its rows through this module; nothing here writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.codec.events import HEADER_SIZE, columns_of
from ledger.errors import ExitCode, LedgerError, MalformedError
from ledger.proof.hashing import leaf_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.codec.events import StoredEvent
    from ledger.store.port import StoredRecord


class LogDamaged(LedgerError):
    """The stored row at `index` is not what its neighbours and its columns say."""

    exit_code = ExitCode.FINDINGS

    def __init__(self, summary: str, *, index: int) -> None:
        super().__init__(summary, hint="Keep this store as evidence and restore from a backup.")
        self.index = index


def check_rows(rows: Sequence[StoredRecord], head: bytes) -> list[bytes]:
    """Compare stored bytes with leaf hash and chain; the leaf hashes, or LogDamaged with the index."""
    hashes = []
    for row in rows:
        expected = b"\x09" + row.index.to_bytes(8, "little") + b"\x12\x20" + head
        head = leaf_hash(row.data)
        if row.data[:HEADER_SIZE] != expected or head != row.leaf_hash:
            raise LogDamaged(f"record {row.index} is not what was written", index=row.index)
        hashes.append(head)
    return hashes


def check_columns(rows: Sequence[StoredRecord]) -> None:
    """Compare the columns that find a row with its bytes; LogDamaged with the index."""
    for row in rows:
        try:
            said = columns_of(row.data)
        except MalformedError:
            raise LogDamaged(f"record {row.index} is no event", index=row.index) from None
        if said != row[1:4]:
            raise _other_columns(row)


def check_decoded(row: StoredRecord, stored: StoredEvent) -> None:
    """The same for an event that is decoded already."""
    if (stored.stream_id, stored.stream_version, stored.entry.event_name) != row[1:4]:
        raise _other_columns(row)


def _other_columns(row: StoredRecord) -> LogDamaged:
    return LogDamaged(f"the columns of record {row.index} are not those of its event", index=row.index)
