"""The SQLite adapter of the event store: one file, one writing connection, many readers.

It subclasses the library's application recorder, so that the library's readers work on it; the write path
is its own. It makes tables only when told to create, and decides no rule.
"""

from __future__ import annotations

from contextlib import closing
from itertools import chain, count, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eventsourcing.persistence import IntegrityError, ProgrammingError
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteFactory
from eventsourcing.utils import Environment, strtobool

from ledger.store import sqlite_schema as sql
from ledger.store.errors import HeadMoved, StoreDamaged, StoreMissing, TileConflict
from ledger.store.port import Batch, Head, LedgerRecorder, StoredRecord, StoreInfo, TileRow
from ledger.store.schema import DEVICE_INTERVAL, FACT_TABLES, SCHEMA_VERSION
from ledger.store.sqlite_pool import LedgerDatastore, connect, translated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eventsourcing.persistence import StoredEvent
    from eventsourcing.sqlite import SQLiteCursor

    from ledger.store.schema import FactKey, FactRow, FactTable

_ROWS_PER_INSERT = 128
_KEYS_PER_QUERY = 512


class SQLiteLedgerRecorder(SQLiteApplicationRecorder, LedgerRecorder):
    """Records, head, requests and side tables in one SQLite file; see `LedgerRecorder` for the promises.

    `ledger_id` is the ledger that the file must hold; None accepts the one it names.
    """

    datastore: LedgerDatastore

    def __init__(self, datastore: LedgerDatastore, *, ledger_id: bytes | None = None) -> None:
        super().__init__(datastore, events_table_name=sql.EVENTS_TABLE)
        self.ledger_id = ledger_id
        self._tables: dict[str, FactTable] = {table.name: table for table in FACT_TABLES}
        self._upserts = {table.name: sql.upsert_facts(table) for table in FACT_TABLES}
        self._keys_of = {table.name: table.picker(table.primary_key) for table in FACT_TABLES}

    def construct_create_table_statements(self) -> list[str]:
        """The DDL of an empty store."""
        return sql.create_statements()

    def create_table(self) -> None:
        """Make the tables in an empty or new file; a file of the same ledger is checked and left alone.

        Raises `StoreForeign` for a file that holds anything else, unchanged.
        """
        if self.ledger_id is None:
            raise ProgrammingError("creating a store needs the ledger id")
        datastore = self.datastore
        with translated():
            # Looked at before anything is set, so that a foreign database keeps its journal mode.
            with closing(connect(datastore.path, mode="rwc", lock_timeout_ms=0)) as probe:
                info = sql.read_info(probe)
            if info is None:
                self._create(self.ledger_id)
        self.check_table()

    def _create(self, ledger_id: bytes) -> None:
        with (
            self.datastore.get_connection(commit=True) as connection,
            connection.transaction(commit=True) as c,
        ):
            # Takes the write lock before looking, so that of two creators one sees the other's tables.
            c.execute("PRAGMA user_version = 0")
            if sql.read_info(connection.raw) is None:
                self._create_table(c)
                c.execute("INSERT INTO ledger_head VALUES (1, 0, zeroblob(32))")
                c.execute("INSERT INTO store_info VALUES (1, ?, ?)", (SCHEMA_VERSION, ledger_id))

    def check_table(self) -> None:
        """Check that the file is this ledger's store under this schema, without changing anything.

        Raises `StoreMissing`, `StoreForeign` or `StoreDamaged`.
        """
        hint = "Make the ledger with: voucherd init"
        if not self.datastore.path.is_file():
            raise StoreMissing(f"there is no database at {self.datastore.path}", hint=hint)
        with (
            translated(),
            self.datastore.get_connection(commit=False) as connection,
            connection.transaction(commit=False),
        ):
            info = sql.read_info(connection.raw)
            if info is None:
                raise StoreMissing(f"the database at {self.datastore.path} is empty", hint=hint)
            sql.check_store(connection.raw, info, self.ledger_id)

    def insert_events(
        self, stored_events: Sequence[StoredEvent], *, batch: Batch | None = None, **kwargs: Any
    ) -> Sequence[int]:
        """Commit events and batch in one transaction (see the port)."""
        with translated(), self.datastore.transaction(commit=True) as c:
            return self._insert_events(c, stored_events, batch=batch, **kwargs)

    def _insert_events(
        self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], *, batch: Batch | None = None, **_: Any
    ) -> Sequence[int]:
        if batch is None or len(batch.leaf_hashes) != len(stored_events):
            raise ProgrammingError("events are inserted with a batch that has a leaf hash for each")
        size = batch.size_before
        c.execute(sql.MOVE_HEAD, (batch.size_after, batch.head_after, size, batch.head_before))
        if not c.fetchall():
            raise HeadMoved(
                f"the head is no longer at {size} records",
                hint="Another writer appended; stop this one and find out which server owns the ledger.",
            )
        _insert(
            c,
            sql.EVENTS,
            [
                (rowid, s.originator_id, s.originator_version, s.topic, leaf_hash, s.state)
                for rowid, s, leaf_hash in zip(
                    count(size + 1), stored_events, batch.leaf_hashes, strict=False
                )
            ],
        )
        _insert(c, sql.REQUESTS, batch.requests)
        for table, keys in batch.freed.items():
            for key in keys:
                c.execute(sql.delete_fact(self._table(table)), key)
        for table, rows in batch.facts.items():
            _insert(c, self._upsert(table), rows)
        return range(size + 1, batch.size_after + 1)

    def _upsert(self, table: str) -> sql.Insertion:
        try:
            return self._upserts[table]
        except KeyError:
            msg = f"there is no side table {table}"
            raise ProgrammingError(msg) from None

    def info(self) -> StoreInfo:
        """The version of the tables and the ledger that they hold."""
        ((version, ledger_id),) = self.datastore.query(sql.SELECT_INFO)
        return StoreInfo(schema_version=version, ledger_id=ledger_id)

    def head(self) -> Head:
        """The committed size and last leaf hash."""
        rows = self.datastore.query(sql.SELECT_HEAD)
        if len(rows) != 1:
            raise StoreDamaged("the store has no head row", hint="Restore it from a backup.")
        return Head._make(rows[0])

    def _select_records(self, start_index: int, limit: int) -> list[StoredRecord]:
        return list(map(StoredRecord._make, self.datastore.query(sql.SELECT_RECORDS, (start_index, limit))))

    def read_requests(
        self, keys: Sequence[tuple[bytes, bytes]]
    ) -> dict[tuple[bytes, bytes], tuple[bytes, int]]:
        """(digest, leaf index) of the known requests."""
        columns = ("participant", "request_id", "digest", "leaf_index")
        rows = self._look_up("request", columns, columns[:2], keys)
        return {(participant, request_id): (digest, index) for participant, request_id, digest, index in rows}

    def read_facts(self, table: str, keys: Sequence[FactKey]) -> dict[FactKey, FactRow]:
        """Whole rows of a side table by primary key."""
        described = self._table(table)
        key_of = self._keys_of[table]
        rows = self._look_up(table, described.column_names, described.primary_key, keys)
        return {key_of(row): row for row in rows}

    def read_intervals(self, pairs: Sequence[tuple[bytes, int]]) -> dict[tuple[bytes, int], FactRow | None]:
        """The last interval of each device that starts before the given time."""
        table = self._tables[DEVICE_INTERVAL]
        found: dict[tuple[bytes, int], FactRow | None] = dict.fromkeys(pairs)
        for values, size in _chunks(pairs):
            for device_id, before_ms, *row in self.datastore.query(sql.interval_lookup(table, size), values):
                found[device_id, before_ms] = tuple(row)
        return found

    def list_facts(
        self, table: str, column: str, value: int | bytes, *, after: FactRow | None = None, limit: int
    ) -> list[FactRow]:
        """A page of the rows where an indexed column has a value."""
        described = self._table(table)
        statement = sql.listing(described, column, following=after is not None)
        position = () if after is None else described.picker(described.listing_order(column))(after)
        return self.datastore.query(statement, (value, *position, limit))

    def scan(self, table: FactTable, *, after: FactKey | None = None, limit: int) -> list[FactRow]:
        """A page of the rows of a derived table by primary key."""
        statement = sql.scanning(table, following=after is not None)
        return self.datastore.query(statement, (*(after or ()), limit))

    def faults(self) -> list[str]:
        """What SQLite's integrity check says, at most 100 lines; nothing if it is ok."""
        return [line for (line,) in self.datastore.query("PRAGMA integrity_check") if line != "ok"]

    def read_tiles(self, keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], TileRow]:
        """The stored tiles among `keys`."""
        rows = self._look_up("tile", ("level", "tile_index", "width", "data"), ("level", "tile_index"), keys)
        return {(row[0], row[1]): TileRow._make(row) for row in rows}

    def write_tiles(self, tiles: Sequence[TileRow]) -> None:
        """Insert or replace tiles; a full one stays what it is."""
        try:
            with translated(), self.datastore.transaction(commit=True) as c:
                _insert(c, sql.TILES, tiles)
        except IntegrityError as error:
            if getattr(error.__cause__, "sqlite_errorname", "") != "SQLITE_CONSTRAINT_TRIGGER":
                raise
            raise TileConflict(
                "a full tile of the tree would get other hashes",
                hint="The records below it changed, or two servers write; verify the ledger.",
            ) from error

    def close(self) -> None:
        """Close every connection."""
        self.datastore.close()

    def _table(self, name: str) -> FactTable:
        try:
            return self._tables[name]
        except KeyError:
            msg = f"there is no side table {name}"
            raise ProgrammingError(msg) from None

    def _look_up(
        self, table: str, columns: tuple[str, ...], key: tuple[str, ...], keys: Sequence[tuple[Any, ...]]
    ) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        for values, size in _chunks(keys):
            rows += self.datastore.query(sql.lookup(table, columns, key, size), values)
        return rows


class SQLiteLedgerFactory(SQLiteFactory):
    """The library's factory for this adapter; settings, not topics, decide everything."""

    LEDGER_ID = "LEDGER_ID"
    LOCK_TIMEOUT_MS = "LOCK_TIMEOUT_MS"
    datastore: LedgerDatastore

    def __init__(self, env: Environment) -> None:
        # Not the base's: it would open its own pool over the same file.
        super(SQLiteFactory, self).__init__(env)
        self.datastore = LedgerDatastore(
            Path(env[self.SQLITE_DBNAME]), lock_timeout_ms=int(env.get(self.LOCK_TIMEOUT_MS, "5000"))
        )

    def application_recorder(self) -> SQLiteLedgerRecorder:
        """The recorder, its tables made (CREATE_TABLE=yes) or checked (no)."""
        ledger_id = self.env.get(self.LEDGER_ID)
        recorder = SQLiteLedgerRecorder(
            self.datastore, ledger_id=bytes.fromhex(ledger_id) if ledger_id else None
        )
        if strtobool(self.env.get(self.CREATE_TABLE, "no")):
            recorder.create_table()
        else:
            recorder.check_table()
        return recorder


def _insert(c: Any, into: sql.Insertion, rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows` with as few statements as their number allows."""
    width = len(into.columns)
    if any(len(row) != width for row in rows):
        msg = f"a row of {into.table} has {width} columns"
        raise ProgrammingError(msg)
    for start in range(0, len(rows), _ROWS_PER_INSERT):
        chunk = rows[start : start + _ROWS_PER_INSERT]
        size = _padded(len(chunk))
        values = list(chain.from_iterable(chunk))
        values += repeat(None, width * (size - len(chunk)))
        values.append(len(chunk))
        c.execute(sql.insertion(into, size), values)


def _chunks(keys: Sequence[tuple[Any, ...]]) -> Iterator[tuple[list[Any], int]]:
    """The values of `keys` in one flat list (of more for very many), with the number of keys in it.

    It is padded by repeating the last key.
    """
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        chunk = keys[start : start + _KEYS_PER_QUERY]
        size = _padded(len(chunk))
        values = list(chain.from_iterable(chunk))
        values += chunk[-1] * (size - len(chunk))
        yield values, size


def _padded(count: int) -> int:
    """The next of the few sizes for which statements are compiled and kept."""
    return -(-count // 8) * 8 if 8 < count <= 128 else 1 << (count - 1).bit_length()  # noqa: PLR2004
