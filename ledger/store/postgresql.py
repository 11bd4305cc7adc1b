"""The PostgreSQL adapter of the event store: one schema, one writing connection, many readers.

It subclasses the library's application recorder, so that the library's readers work on it; the write path
is its own and retries nothing. It makes tables only when told to create, and decides no rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from eventsourcing.persistence import IntegrityError, ProgrammingError
from eventsourcing.postgres import BasePostgresFactory, PostgresApplicationRecorder, PostgresFactory
from eventsourcing.utils import strtobool
from psycopg.rows import tuple_row

from ledger.store.errors import HeadMoved, StoreDamaged, StoreMissing, TileConflict
from ledger.store.port import Batch, Head, LedgerRecorder, StoredRecord, StoreInfo, TileRow
from ledger.store.postgresql_pool import LedgerPostgresDatastore, translated
from ledger.store.postgresql_schema import EVENTS_TABLE, Statements
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
    from eventsourcing.utils import Environment
    from psycopg import Cursor

    from ledger.store.schema import FactKey, FactRow

_ZERO_HASH = bytes(32)
_KINDS: dict[ColumnType, type] = {ColumnType.BLOB: bytes, ColumnType.TEXT: str, ColumnType.INT: int}


class PostgresLedgerRecorder(PostgresApplicationRecorder, LedgerRecorder):
    """Records, head, requests and side tables in one schema; see `LedgerRecorder` for the promises.

    `ledger_id` is the ledger that the schema must hold; None accepts the one it names. `writer` is the role
    that a new store is granted to, besides its owner.
    """

    datastore: LedgerPostgresDatastore

    def __init__(
        self, datastore: LedgerPostgresDatastore, *, ledger_id: bytes | None = None, writer: str = ""
    ) -> None:
        super().__init__(datastore, events_table_name=EVENTS_TABLE)
        self.ledger_id = ledger_id
        self.writer = writer
        self.sql = Statements(datastore.schema)
        self.sql_create_statements = self.sql.create()
        self.lock_table_statements = []
        self._tables: dict[str, FactTable] = {table.name: table for table in FACT_TABLES}
        self._keys_of = {table.name: table.picker(table.primary_key) for table in FACT_TABLES}

    def create_table(self) -> None:
        """Make the tables in a new or empty schema; a schema of the same ledger is checked and left alone.

        Raises `StoreForeign` for a schema that holds anything else, unchanged.
        """
        if self.ledger_id is None:
            raise ProgrammingError("creating a store needs the ledger id")
        with self.datastore.writing() as cursor:
            # Of two creators one waits here and then sees the other's tables.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (self.datastore.schema,))
            if self.sql.read_info(cursor) is None:
                for statement in self.sql_create_statements:
                    cursor.execute(statement)
                cursor.execute(self.sql.insert_head, (_ZERO_HASH,))
                cursor.execute(self.sql.insert_info, (SCHEMA_VERSION, self.ledger_id))
                for statement in self.sql.grant(self.writer) if self.writer else ():
                    cursor.execute(statement)
        self.check_table()

    def check_table(self) -> None:
        """Check that the schema is this ledger's store, without changing anything.

        Raises `StoreMissing`, `StoreForeign` or `StoreDamaged`.
        """
        with (
            translated(),
            self.datastore.get_connection() as connection,
            connection.cursor(row_factory=tuple_row) as cursor,
        ):
            info = self.sql.read_info(cursor)
            if info is None:
                raise StoreMissing(
                    f"the schema {self.datastore.schema} is empty", hint="Make the ledger with: voucherd init"
                )
            self.sql.check_store(cursor, info, self.ledger_id)

    def claim(self) -> None:
        """Hold the schema's lease until it is closed."""
        self.datastore.claim()

    def insert_events(
        self, stored_events: Sequence[StoredEvent], *, batch: Batch | None = None, **kwargs: Any
    ) -> Sequence[int]:
        """Commit events and batch in one transaction (see the port)."""
        del kwargs
        if batch is None or len(batch.leaf_hashes) != len(stored_events):
            raise ProgrammingError("events are inserted with a batch that has a leaf hash for each")
        with self.datastore.writing() as cursor:
            connection = cursor.connection
            moved = connection.cursor()
            try:
                with connection.pipeline():
                    self._send(cursor, moved, stored_events, batch)
            except psycopg.Error:
                if _lost(moved):
                    raise _head_moved(batch) from None
                raise
            if _lost(moved):
                raise _head_moved(batch)
        return range(batch.size_before + 1, batch.size_after + 1)

    def _send(
        self, cursor: Cursor[Any], moved: Cursor[Any], stored_events: Sequence[StoredEvent], batch: Batch
    ) -> None:
        """Send every statement without waiting; the first takes the head's row lock and proves the head."""
        size = batch.size_before
        moved.execute(self.sql.move_head, (batch.size_after, batch.head_after, size, batch.head_before))
        cursor.execute(
            self.sql.insert_events,
            (
                list(range(size + 1, batch.size_after + 1)),
                [event.originator_id for event in stored_events],
                [event.originator_version for event in stored_events],
                [event.topic for event in stored_events],
                list(batch.leaf_hashes),
                [event.state for event in stored_events],
            ),
        )
        if batch.requests:
            cursor.execute(self.sql.insert_requests, _columns(REQUEST_TABLE, batch.requests))
        for name, keys in batch.freed.items():
            table = self._table(name)
            cursor.execute(self.sql.delete(table), _arrays(keys, len(table.primary_key)))
        for name, rows in batch.facts.items():
            key_of = self._keys_of[self._table(name).name]
            newest = {key_of(row): row for row in rows}
            cursor.execute(self.sql.upserts[name], _columns(self._table(name), list(newest.values())))

    def info(self) -> StoreInfo:
        """The version of the tables and the ledger that they hold."""
        ((version, ledger_id),) = self.datastore.query(self.sql.select_info)
        return StoreInfo(schema_version=version, ledger_id=ledger_id)

    def head(self) -> Head:
        """The committed size and last leaf hash."""
        rows = self.datastore.query(self.sql.select_head)
        if len(rows) != 1:
            raise StoreDamaged("the store has no head row", hint="Restore it from a backup.")
        return Head._make(rows[0])

    def _select_records(self, start_index: int, limit: int) -> list[StoredRecord]:
        return list(
            map(StoredRecord._make, self.datastore.query(self.sql.select_records, (start_index, limit)))
        )

    def read_requests(
        self, keys: Sequence[tuple[bytes, bytes]]
    ) -> dict[tuple[bytes, bytes], tuple[bytes, int]]:
        """(digest, leaf index) of the known requests."""
        rows = self._look_up(REQUEST_TABLE, keys)
        return {(participant, request_id): (digest, index) for participant, request_id, digest, index in rows}

    def read_facts(self, table: str, keys: Sequence[FactKey]) -> dict[FactKey, FactRow]:
        """Whole rows of a side table by primary key."""
        described = self._table(table)
        key_of = self._keys_of[table]
        return {key_of(row): row for row in self._look_up(described, keys)}

    def read_intervals(self, pairs: Sequence[tuple[bytes, int]]) -> dict[tuple[bytes, int], FactRow | None]:
        """The last interval of each device that starts before the given time."""
        found: dict[tuple[bytes, int], FactRow | None] = dict.fromkeys(pairs)
        if pairs:
            statement = self.sql.interval_lookup(self._tables[DEVICE_INTERVAL])
            for device_id, before_ms, *row in self.datastore.query(statement, _arrays(list(found), 2)):
                found[device_id, before_ms] = tuple(row)
        return found

    def list_facts(
        self, table: str, column: str, value: int | bytes, *, after: FactRow | None = None, limit: int
    ) -> list[FactRow]:
        """A page of the rows where an indexed column has a value."""
        described = self._table(table)
        statement = self.sql.listing(described, column, following=after is not None)
        position = () if after is None else described.picker(described.listing_order(column))(after)
        return self.datastore.query(statement, (value, *position, limit))

    def scan(self, table: FactTable, *, after: FactKey | None = None, limit: int) -> list[FactRow]:
        """A page of the rows of a derived table by primary key."""
        statement = self.sql.scanning(table, following=after is not None)
        return self.datastore.query(statement, (*(after or ()), limit))

    def faults(self) -> list[str]:
        """What a reading of all tables says; with page checksums on, a damaged page is an error."""
        found = []
        for table in (*FACT_TABLES, REQUEST_TABLE, TILE_TABLE):
            try:
                self.scan(table, limit=1 << 40)
            except StoreDamaged as error:
                found.append(f"{table.name}: {error.summary}")
        return found

    def read_tiles(self, keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], TileRow]:
        """The stored tiles among `keys`."""
        return {(row[0], row[1]): TileRow._make(row) for row in self._look_up(TILE_TABLE, keys)}

    def write_tiles(self, tiles: Sequence[TileRow]) -> None:
        """Insert or replace tiles; a full one stays what it is."""
        if not tiles:
            return
        try:
            with self.datastore.writing() as cursor:
                cursor.execute(self.sql.upsert_tiles, _columns(TILE_TABLE, tiles))
        except Exception as error:
            if not isinstance(error.__cause__, psycopg.errors.RestrictViolation):
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

    def _look_up(self, table: FactTable, keys: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        if not keys:
            return []
        return self.datastore.query(self.sql.lookup(table), _arrays(keys, len(table.primary_key)))


class PostgresLedgerFactory(PostgresFactory):
    """The library's factory for this adapter; settings, not topics, decide everything."""

    datastore: LedgerPostgresDatastore

    def __init__(self, env: Environment) -> None:
        # Not the base's: it would open its own pool over the same database.
        super(BasePostgresFactory, self).__init__(env)
        self.datastore = LedgerPostgresDatastore(
            env["POSTGRES_URL"],
            schema=env["POSTGRES_SCHEMA"],
            lock_timeout_ms=int(env.get("LOCK_TIMEOUT_MS", "5000")),
        )

    def application_recorder(self) -> PostgresLedgerRecorder:
        """The recorder, its tables made (CREATE_TABLE=yes) or checked (no)."""
        ledger_id = self.env.get("LEDGER_ID")
        recorder = PostgresLedgerRecorder(
            self.datastore,
            ledger_id=bytes.fromhex(ledger_id) if ledger_id else None,
            writer=self.env.get("POSTGRES_WRITER", ""),
        )
        if strtobool(self.env.get("CREATE_TABLE", "no")):
            recorder.create_table()
        else:
            recorder.check_table()
        return recorder


def _columns(table: FactTable, rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """The rows as one list for each column; what is not of a column's type is refused, as casts would not."""
    if any(len(row) != len(table.columns) for row in rows):
        msg = f"a row of {table.name} has {len(table.columns)} columns"
        raise ProgrammingError(msg)
    columns = _arrays(rows, len(table.columns))
    for place, (name, kind) in enumerate(table.columns):
        plain = _KINDS[kind]
        if not all(issubclass(found, plain) for found in set(map(type, columns[place]))):
            msg = f"{table.name}.{name} holds {kind}"
            raise IntegrityError(msg)
        # Members of an enumeration would travel by name.
        columns[place] = list(map(plain, columns[place])) if plain is int else columns[place]
    return columns


def _arrays(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [[row[place] for row in rows] for place in range(width)]


def _lost(moved: Cursor[Any]) -> bool:
    """Whether the head was looked at and was another."""
    return moved.statusmessage == "UPDATE 0"


def _head_moved(batch: Batch) -> HeadMoved:
    return HeadMoved(
        f"the head is no longer at {batch.size_before} records",
        hint="Another writer appended; stop this one and find out which server owns the ledger.",
    )
