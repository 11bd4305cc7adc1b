"""The port of the event store: what the ledger asks of a recorder, whatever database is behind it.

To a store a record is opaque bytes with a stream, a version and a type name; it never parses them, never
computes a hash and decides no rule. Every adapter passes the one behaviour suite in tests/store/.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from eventsourcing.persistence import ApplicationRecorder, StoredEvent

from ledger.store.errors import StoreDamaged, StoreForeign
from ledger.store.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ledger.store.schema import FactKey, FactRow, FactTable

HASH_SIZE = 32
ZERO_HASH = bytes(HASH_SIZE)
FULL_TILE_WIDTH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One event before it has a place: `data` is stored, hashed and served as these very bytes."""

    stream_id: str
    stream_version: int
    type_name: str
    data: bytes

    @property
    def originator_id(self) -> str:
        """The library's name for the stream."""
        return self.stream_id

    @property
    def originator_version(self) -> int:
        """The library's name for the version."""
        return self.stream_version

    def to_stored_event(self) -> StoredEvent:
        """The same four values under the library's names."""
        return StoredEvent(self.stream_id, self.stream_version, self.type_name, self.data)


class StoredRecord(NamedTuple):
    """A record at its place in the log; `index` is the leaf index (notification id - 1)."""

    # Hides tuple.index on purpose: no caller searches a record for a value.
    index: int  # type: ignore[assignment]
    stream_id: str
    stream_version: int
    type_name: str
    data: bytes
    leaf_hash: bytes


class Head(NamedTuple):
    """The number of records and the leaf hash of the last one (zeros while there is none)."""

    size: int
    leaf_hash: bytes


class RequestRow(NamedTuple):
    """A request that was carried out: who asked, its 16-byte id, its 32-byte digest, its first leaf."""

    participant: bytes
    request_id: bytes
    digest: bytes
    leaf_index: int


class TileRow(NamedTuple):
    """Hashes of one tile of the tree; `width` counts them, 256 makes the tile full and final."""

    level: int
    tile_index: int
    width: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreInfo:
    """What a store says of itself: the version of its tables and the ledger that it holds."""

    schema_version: int
    ledger_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What is committed together with the records: the head they extend, their hashes and side rows.

    `leaf_hashes` has one 32-byte hash for each record, in order. `facts` maps a table of `FACT_TABLES` to
    rows that are inserted or replaced by primary key; of two rows with one key the later stands. `freed` maps
    a table to primary keys whose rows are taken away before that.
    """

    size_before: int
    head_before: bytes
    leaf_hashes: Sequence[bytes]
    requests: Sequence[RequestRow] = ()
    facts: Mapping[str, Sequence[FactRow]] = field(default_factory=dict)
    freed: Mapping[str, Sequence[FactKey]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.size_before < 0 or not self.leaf_hashes:
            msg = "a batch extends a head by at least one record"
            raise ValueError(msg)
        if len(self.head_before) != HASH_SIZE or any(len(leaf) != HASH_SIZE for leaf in self.leaf_hashes):
            msg = f"a leaf hash has {HASH_SIZE} bytes"
            raise ValueError(msg)

    @property
    def size_after(self) -> int:
        """The number of records once the batch is committed."""
        return self.size_before + len(self.leaf_hashes)

    @property
    def head_after(self) -> bytes:
        """The leaf hash of the last record of the batch."""
        return self.leaf_hashes[-1]


def check_info(info: StoreInfo, ledger_id: bytes | None) -> None:
    """Raise `StoreForeign` unless the store has this release's tables and the ledger that is named."""
    if info.schema_version != SCHEMA_VERSION:
        newer = info.schema_version > SCHEMA_VERSION
        raise StoreForeign(
            f"the store has schema version {info.schema_version}, this release knows {SCHEMA_VERSION}",
            hint="Use the newer release that wrote it." if newer else "Run: voucherd migrate",
        )
    if ledger_id is not None and info.ledger_id != ledger_id:
        raise StoreForeign(
            f"the store holds ledger {info.ledger_id.hex()}, not ledger {ledger_id.hex()}",
            hint="Check that directory and store URL belong together.",
        )


class LedgerRecorder(ApplicationRecorder):
    """A recorder of the library that keeps a gap-free, single-headed log with its side tables.

    Reads may come from any thread and never block the writer; each sees whole commits only.
    """

    @abstractmethod
    def insert_events(
        self, stored_events: Sequence[StoredEvent], *, batch: Batch | None = None, **kwargs: Any
    ) -> Sequence[int]:
        """Commit the events and the whole of `batch` durably in one transaction, or nothing of it.

        Returns the notification ids (leaf index + 1). Raises `HeadMoved` if the head is not the one that
        the batch extends, the library's `IntegrityError` if a (stream, version) or a request exists,
        `StoreBusy` if the write lock was not free in time — after each, nothing was written — and
        `CommitUnknown` if the commit itself failed: then `head()` decides. A call without a batch is a
        programming error.
        """

    def claim(self) -> None:
        """Become the one writer of this store until it is closed; `StoreClaimed` if another process is.

        Where the operating system's file locks say so already, nothing is done here. Not what keeps two
        writers apart (the head does), but what tells the second one at its start.
        """

    @abstractmethod
    def info(self) -> StoreInfo:
        """The version of the tables and the ledger that they hold."""

    @abstractmethod
    def head(self) -> Head:
        """The committed size and the leaf hash of the last record."""

    @abstractmethod
    def read_requests(
        self, keys: Sequence[tuple[bytes, bytes]]
    ) -> dict[tuple[bytes, bytes], tuple[bytes, int]]:
        """(digest, leaf index) of each (participant, request id) that is known; the others are absent."""

    @abstractmethod
    def read_facts(self, table: str, keys: Sequence[FactKey]) -> dict[FactKey, FactRow]:
        """The rows of `table` by primary key, as whole rows; unknown keys are absent."""

    @abstractmethod
    def read_intervals(self, pairs: Sequence[tuple[bytes, int]]) -> dict[tuple[bytes, int], FactRow | None]:
        """For each (device id, before_ms) the device's interval with the greatest start < before_ms."""

    @abstractmethod
    def list_facts(
        self, table: str, column: str, value: int | bytes, *, after: FactRow | None = None, limit: int
    ) -> list[FactRow]:
        """At most `limit` rows where `column` is `value`, in the order of the index that it leads.

        `after` is the last row of the previous page. Raises ValueError for a column without an index.
        """

    @abstractmethod
    def scan(self, table: FactTable, *, after: FactKey | None = None, limit: int) -> list[FactRow]:
        """At most `limit` rows of a derived table in the order of its primary key, behind the key `after`."""

    @abstractmethod
    def faults(self) -> list[str]:
        """What the database finds wrong with its own files and indexes; takes as long as reading them all."""

    @abstractmethod
    def read_tiles(self, keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], TileRow]:
        """The tile of each (level, tile index) that is stored; the others are absent."""

    @abstractmethod
    def write_tiles(self, tiles: Sequence[TileRow]) -> None:
        """Insert or replace derived tiles in a transaction of their own.

        Raises `TileConflict`, and writes none, if a stored full tile would get other bytes.
        """

    @abstractmethod
    def _select_records(self, start_index: int, limit: int) -> list[StoredRecord]:
        """The stored rows from `start_index` on, in order, at most `limit`, unchecked."""

    @abstractmethod
    def close(self) -> None:
        """Release every connection; reading or writing afterwards is an error."""

    def read_records(self, start_index: int, limit: int) -> list[StoredRecord]:
        """The records from `start_index` on, at most `limit`, without a gap.

        Raises `StoreDamaged`, naming the index, if a record below the head is not there.
        """
        records = self._select_records(start_index, limit)
        if len(records) < limit:
            due = min(limit, self.head().size - start_index)
            if len(records) < due:
                # Either commits landed between the two readings, or rows are missing: look once more.
                records = self._select_records(start_index, limit)
                if len(records) < due:
                    raise _missing(records, start_index)
        if records and records[-1].index - start_index != len(records) - 1:
            raise _missing(records, start_index)
        return records

    def iter_records(
        self, start_index: int = 0, stop_index: int | None = None, *, page: int = 256
    ) -> Iterator[StoredRecord]:
        """Every record in [start_index, stop_index), by default up to the head of now, page by page.

        No transaction stays open between pages, so that a slow reader never holds back the log file.
        """
        stop = self.head().size if stop_index is None else stop_index
        while start_index < stop:
            records = self.read_records(start_index, min(page, stop - start_index))
            if not records:
                return
            yield from records
            start_index += len(records)


def _missing(records: Sequence[StoredRecord], start_index: int) -> StoreDamaged:
    present = (offset for offset, record in enumerate(records) if record.index != start_index + offset)
    index = start_index + next(present, len(records))
    return StoreDamaged(
        f"record {index} is missing from the store although the head lies behind it",
        hint="Stop the server, keep this store as evidence, and restore from a backup.",
    )
