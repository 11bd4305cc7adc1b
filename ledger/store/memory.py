"""The memory adapter of the event store: for tests, scenarios and demonstrations that need no file.

It keeps the same promises as the databases except durability: every check comes before the first change,
so a batch is applied whole or not at all. It reads and writes no file.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Any

from eventsourcing.persistence import DataError, IntegrityError, ProgrammingError
from eventsourcing.popo import POPOApplicationRecorder, POPOFactory
from eventsourcing.utils import strtobool

from ledger.store.errors import HeadMoved, StoreMissing, TileConflict
from ledger.store.port import (
    FULL_TILE_WIDTH,
    ZERO_HASH,
    Batch,
    Head,
    LedgerRecorder,
    StoredRecord,
    StoreInfo,
    TileRow,
)
from ledger.store.schema import (
    DEVICE_INTERVAL,
    FACT_TABLES,
    REQUEST_TABLE,
    SCHEMA_VERSION,
    TILE_TABLE,
    ColumnType,
    FactTable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventsourcing.persistence import StoredEvent

    from ledger.store.schema import FactKey, FactRow

_INT_LIMIT = 1 << 63


class MemoryLedgerRecorder(POPOApplicationRecorder, LedgerRecorder):
    """Records, head, requests and side tables in dictionaries; see `LedgerRecorder` for the promises."""

    def __init__(self, *, ledger_id: bytes) -> None:
        super().__init__()
        self._info = StoreInfo(schema_version=SCHEMA_VERSION, ledger_id=ledger_id)
        self._leaf_hashes: list[bytes] = []
        self._requests: dict[tuple[bytes, bytes], tuple[bytes, int]] = {}
        self._tables: dict[str, FactTable] = {table.name: table for table in FACT_TABLES}
        self._keys_of = {table.name: table.picker(table.primary_key) for table in FACT_TABLES}
        self._facts: dict[str, dict[FactKey, FactRow]] = {table.name: {} for table in FACT_TABLES}
        self._starts: dict[int | bytes, list[int | bytes]] = {}
        self._tiles: dict[tuple[int, int], TileRow] = {}

    def insert_events(
        self, stored_events: Sequence[StoredEvent], *, batch: Batch | None = None, **kwargs: Any
    ) -> Sequence[int]:
        """Apply events and batch at once (see the port)."""
        return super().insert_events(stored_events, batch=batch, **kwargs) or ()

    def _assert_uniqueness(
        self, stored_events: Sequence[StoredEvent], *, batch: Batch | None = None, **_: Any
    ) -> None:
        if batch is None or len(batch.leaf_hashes) != len(stored_events):
            raise ProgrammingError("events are inserted with a batch that has a leaf hash for each")
        if self.head() != (batch.size_before, batch.head_before):
            raise HeadMoved(
                f"the head is no longer at {batch.size_before} records",
                hint="Another writer appended; stop this one and find out which server owns the ledger.",
            )
        super()._assert_uniqueness(stored_events)
        keys = {(row[0], row[1]) for row in batch.requests}
        if len(keys) < len(batch.requests) or not keys.isdisjoint(self._requests):
            raise IntegrityError("a request is recorded already")
        for name, rows in batch.facts.items():
            _check_rows(self._table(name), rows)

    def _update_table(
        self, stored_events: Sequence[StoredEvent], *, batch: Batch | None = None, **_: Any
    ) -> Sequence[int] | None:
        if batch is None:
            raise ProgrammingError("events are inserted with a batch")
        ids = super()._update_table(stored_events)
        self._leaf_hashes += batch.leaf_hashes
        for participant, request_id, digest, leaf_index in batch.requests:
            self._requests[participant, request_id] = (digest, leaf_index)
        for name, freed in batch.freed.items():
            self._free(name, freed)
        for name, rows in batch.facts.items():
            self._upsert(name, rows)
        return ids

    def _free(self, name: str, keys: Sequence[FactKey]) -> None:
        table = self._facts[self._table(name).name]
        for key in keys:
            if table.pop(key, None) is not None and name == DEVICE_INTERVAL:
                self._starts[key[0]].remove(key[1])

    def _upsert(self, name: str, rows: Sequence[FactRow]) -> None:
        table, key_of = self._facts[name], self._keys_of[name]
        for row in rows:
            key = key_of(row)
            if name == DEVICE_INTERVAL and key not in table:
                insort(self._starts.setdefault(key[0], []), key[1])
            table[key] = row

    def info(self) -> StoreInfo:
        """The version of the tables and the ledger that they hold."""
        return self._info

    def head(self) -> Head:
        """The committed size and last leaf hash."""
        with self._database_lock:
            return Head(len(self._leaf_hashes), self._leaf_hashes[-1] if self._leaf_hashes else ZERO_HASH)

    def _select_records(self, start_index: int, limit: int) -> list[StoredRecord]:
        with self._database_lock:
            events = self._stored_events[start_index : start_index + limit]
            return [
                StoredRecord(
                    start_index + offset,
                    str(event.originator_id),
                    event.originator_version,
                    event.topic,
                    event.state,
                    self._leaf_hashes[start_index + offset],
                )
                for offset, event in enumerate(events)
            ]

    def read_requests(
        self, keys: Sequence[tuple[bytes, bytes]]
    ) -> dict[tuple[bytes, bytes], tuple[bytes, int]]:
        """(digest, leaf index) of the known requests."""
        with self._database_lock:
            return {key: self._requests[key] for key in keys if key in self._requests}

    def read_facts(self, table: str, keys: Sequence[FactKey]) -> dict[FactKey, FactRow]:
        """Whole rows of a side table by primary key."""
        rows = self._facts[self._table(table).name]
        with self._database_lock:
            return {key: rows[key] for key in keys if key in rows}

    def read_intervals(self, pairs: Sequence[tuple[bytes, int]]) -> dict[tuple[bytes, int], FactRow | None]:
        """The last interval of each device that starts before the given time."""
        found: dict[tuple[bytes, int], FactRow | None] = dict.fromkeys(pairs)
        with self._database_lock:
            for device_id, before_ms in found:
                starts = self._starts.get(device_id, [])
                position = bisect_left(starts, before_ms)
                if position:
                    row = self._facts[DEVICE_INTERVAL][device_id, starts[position - 1]]
                    found[device_id, before_ms] = row
        return found

    def list_facts(
        self, table: str, column: str, value: int | bytes, *, after: FactRow | None = None, limit: int
    ) -> list[FactRow]:
        """A page of the rows where an indexed column has a value."""
        described = self._table(table)
        position_of = described.picker(described.listing_order(column))
        column_of = described.picker((column,))
        with self._database_lock:
            rows = [row for row in self._facts[table].values() if column_of(row) == (value,)]
        if after is not None:
            last = position_of(after)
            rows = [row for row in rows if position_of(row) > last]
        return sorted(rows, key=position_of)[:limit]

    def scan(self, table: FactTable, *, after: FactKey | None = None, limit: int) -> list[FactRow]:
        """A page of the rows of a derived table by primary key."""
        key_of = table.picker(table.primary_key)
        with self._database_lock:
            rows = sorted(self._rows_of(table), key=key_of)
        return [row for row in rows if after is None or key_of(row) > after][:limit]

    def _rows_of(self, table: FactTable) -> list[FactRow]:
        if table is REQUEST_TABLE:
            return [(*key, *row) for key, row in self._requests.items()]
        return list(self._tiles.values() if table is TILE_TABLE else self._facts[table.name].values())

    def faults(self) -> list[str]:
        """Nothing: there are no files."""
        return []

    def read_tiles(self, keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], TileRow]:
        """The stored tiles among `keys`."""
        with self._database_lock:
            return {key: self._tiles[key] for key in keys if key in self._tiles}

    def write_tiles(self, tiles: Sequence[TileRow]) -> None:
        """Insert or replace tiles; a full one stays what it is."""
        _check_rows(TILE_TABLE, tiles)
        with self._database_lock:
            updated = dict(self._tiles)
            for level, tile_index, width, data in tiles:
                tile = TileRow(level, tile_index, width, data)
                stored = updated.get((level, tile_index))
                if stored is not None and stored.width == FULL_TILE_WIDTH and stored != tile:
                    raise TileConflict(
                        "a full tile of the tree would get other hashes",
                        hint="The records below it changed, or two servers write; verify the ledger.",
                    )
                updated[level, tile_index] = tile
            self._tiles = updated

    def close(self) -> None:
        """Nothing to release."""

    def _table(self, name: str) -> FactTable:
        try:
            return self._tables[name]
        except KeyError:
            msg = f"there is no side table {name}"
            raise ProgrammingError(msg) from None


class MemoryLedgerFactory(POPOFactory):
    """The library's factory for this adapter; a memory store is always new."""

    def application_recorder(self) -> MemoryLedgerRecorder:
        """A new, empty recorder; raises `StoreMissing` unless told to create."""
        if not strtobool(self.env.get("CREATE_TABLE", "no")):
            raise StoreMissing("a memory store is empty when it is opened", hint="Create it instead.")
        return MemoryLedgerRecorder(ledger_id=bytes.fromhex(self.env["LEDGER_ID"]))


def _check_rows(table: FactTable, rows: Sequence[FactRow]) -> None:
    """Raise for a row that a database table of this shape would refuse."""
    for row in rows:
        if len(row) != len(table.columns):
            msg = f"a row of {table.name} has {len(table.columns)} columns"
            raise ProgrammingError(msg)
        for value, (column, kind) in zip(row, table.columns, strict=True):
            if not isinstance(value, bytes if kind is ColumnType.BLOB else int):
                msg = f"{table.name}.{column} holds {kind}"
                raise IntegrityError(msg)
            if isinstance(value, int) and not -_INT_LIMIT <= value < _INT_LIMIT:
                msg = f"{table.name}.{column} holds integers of 64 bits"
                raise DataError(msg)
