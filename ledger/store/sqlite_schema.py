"""The SQLite form of the store's tables: their DDL, the statements over them, and the check of a file.

Tables are STRICT; triggers refuse what an append-only log never does. Nothing here opens a connection of
its own to a ledger or commits anything.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from ledger.store.errors import StoreDamaged, StoreForeign
from ledger.store.port import FULL_TILE_WIDTH, HASH_SIZE, StoreInfo, check_info
from ledger.store.schema import FACT_TABLES

if TYPE_CHECKING:
    from ledger.store.schema import FactTable

EVENTS_TABLE = "stored_events"
_WIDE = 4
# The library's readers select the column "rowid" by this very name.
_TABLES = (
    f"CREATE TABLE {EVENTS_TABLE} (rowid INTEGER PRIMARY KEY, originator_id TEXT NOT NULL, "
    "originator_version INTEGER NOT NULL, topic TEXT NOT NULL, leaf_hash BLOB NOT NULL, "
    "state BLOB NOT NULL, UNIQUE (originator_id, originator_version)) STRICT",
    "CREATE TABLE ledger_head (id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, "
    "leaf_hash BLOB NOT NULL) STRICT",
    "CREATE TABLE request (participant BLOB NOT NULL, request_id BLOB NOT NULL, digest BLOB NOT NULL, "
    "leaf_index INTEGER NOT NULL, PRIMARY KEY (participant, request_id)) STRICT, WITHOUT ROWID",
    "CREATE TABLE tile (level INTEGER NOT NULL, tile_index INTEGER NOT NULL, width INTEGER NOT NULL, "
    "data BLOB NOT NULL, UNIQUE (level, tile_index)) STRICT",
    "CREATE TABLE store_info (id INTEGER PRIMARY KEY CHECK (id = 1), schema_version INTEGER NOT NULL, "
    "ledger_id BLOB NOT NULL) STRICT",
)

SELECT_RECORDS = (
    f"SELECT rowid - 1, originator_id, originator_version, topic, state, leaf_hash FROM {EVENTS_TABLE} "
    "WHERE rowid > ? ORDER BY rowid LIMIT ?"
)
# First statement of a write: it takes the write lock and proves the head in one step.
MOVE_HEAD = "UPDATE ledger_head SET size = ?, leaf_hash = ? WHERE size = ? AND leaf_hash = ? RETURNING 1"
SELECT_HEAD = "SELECT size, leaf_hash FROM ledger_head"
SELECT_INFO = "SELECT schema_version, ledger_id FROM store_info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Insertion:
    """How rows of one table are written: the columns, and what happens where a key exists."""

    table: str
    columns: tuple[str, ...]
    conflict: str = ""
    tail: str = ""


@cache
def insertion(into: Insertion, count: int) -> str:
    """INSERT of up to `count` rows in one statement; the last parameter is their number.

    One statement for all rows, because at every step of a statement Python lets other threads run, and a
    busy one keeps the interpreter for milliseconds: with `executemany` that is paid for each row.
    """
    return (
        f"INSERT {into.conflict} INTO {into.table} ({', '.join(into.columns)}) "
        f"SELECT * FROM (VALUES {_values(len(into.columns), count)}) WHERE 1 LIMIT ? {into.tail}"
    )


# A clash always ends the transaction, so the statement needs no undo log of its own.
EVENTS = Insertion(
    table=EVENTS_TABLE,
    columns=("rowid", "originator_id", "originator_version", "topic", "leaf_hash", "state"),
    conflict="OR ROLLBACK",
)
REQUESTS = Insertion(
    table="request", columns=("participant", "request_id", "digest", "leaf_index"), conflict="OR ROLLBACK"
)
# A full tile with the same bytes is left alone; with others the trigger refuses.
TILES = Insertion(
    table="tile",
    columns=("level", "tile_index", "width", "data"),
    tail="ON CONFLICT (level, tile_index) DO UPDATE SET width = excluded.width, data = excluded.data "
    f"WHERE width < {FULL_TILE_WIDTH} OR width <> excluded.width OR data <> excluded.data",
)


def create_statements() -> list[str]:
    """The DDL of an empty store, in order."""
    statements = list(_TABLES)
    for table in (EVENTS_TABLE, "request", "store_info"):
        statements += [_refusing(table, "UPDATE"), _refusing(table, "DELETE")]
    statements.append(_refusing("ledger_head", "DELETE"))
    statements.append(_refusing("ledger_head", "UPDATE", "WHEN NEW.size <= OLD.size"))
    statements.append(_refusing("tile", "UPDATE", f"WHEN OLD.width = {FULL_TILE_WIDTH}"))
    for table_facts in FACT_TABLES:
        statements += _fact_table(table_facts)
    return statements


def _refusing(table: str, act: str, when: str = "") -> str:
    return (
        f"CREATE TRIGGER {table}_refuses_{act.lower()} BEFORE {act} ON {table} {when} "
        f"BEGIN SELECT RAISE(ABORT, '{table} refuses {act}'); END"
    )


def _fact_table(table: FactTable) -> list[str]:
    columns = ", ".join(f"{name} {kind} NOT NULL" for name, kind in table.columns)
    key = ", ".join(table.primary_key)
    # A wide row stays in the order of arrival, and only its key goes to a random page.
    options = "STRICT" if len(table.columns) > _WIDE else "STRICT, WITHOUT ROWID"
    statements = [f"CREATE TABLE {table.name} ({columns}, PRIMARY KEY ({key})) {options}"]
    for index in table.indexes:
        name = "_".join((table.name, *index))
        statements.append(f"CREATE INDEX {name} ON {table.name} ({', '.join(index)})")
    return statements


def upsert_facts(table: FactTable) -> Insertion:
    """The insertion of rows of `table` that replaces the other columns where the key exists."""
    names = table.column_names
    others = [name for name in names if name not in table.primary_key]
    action = ", ".join(f"{name} = excluded.{name}" for name in others)
    return Insertion(
        table=table.name,
        columns=names,
        tail=f"ON CONFLICT ({', '.join(table.primary_key)}) DO "
        + (f"UPDATE SET {action}" if others else "NOTHING"),
    )


@cache
def delete_fact(table: FactTable) -> str:
    """Takes one row away by its primary key."""
    condition = " AND ".join(f"{name}=?" for name in table.primary_key)
    return f"DELETE FROM {table.name} WHERE {condition}"


def lookup(table: str, columns: tuple[str, ...], key: tuple[str, ...], count: int) -> str:
    """SELECT of `columns` by `count` keys of which each is a tuple of the columns `key`."""
    names = ", ".join(f"k{position}" for position in range(len(key)))
    wanted = " AND ".join(f"t.{name} = q.k{position}" for position, name in enumerate(key))
    # CROSS JOIN keeps the few keys on the outside and the big table on its index.
    return (
        f"WITH q({names}) AS (VALUES {_values(len(key), count)}) "
        f"SELECT {', '.join(f't.{name}' for name in columns)} FROM q CROSS JOIN {table} t ON {wanted}"
    )


@cache
def interval_lookup(table: FactTable, count: int) -> str:
    """SELECT, for `count` pairs (device, before_ms), of the pair and the last interval before it."""
    return (
        f"WITH q(device, before_ms) AS (VALUES {_values(2, count)}) "
        f"SELECT q.device, q.before_ms, {', '.join(f't.{name}' for name in table.column_names)} "
        f"FROM q CROSS JOIN {table.name} t ON t.device_id = q.device AND t.start_ms = "
        f"(SELECT MAX(start_ms) FROM {table.name} WHERE device_id = q.device AND start_ms < q.before_ms)"
    )


def _values(width: int, count: int) -> str:
    return ",".join([f"({','.join('?' * width)})"] * count)


@cache
def listing(table: FactTable, column: str, *, following: bool) -> str:
    """SELECT of a page of the rows where `column` has a value, after a position if `following`."""
    order = ", ".join(table.listing_order(column))
    marks = ",".join("?" * len(table.listing_order(column)))
    return (
        f"SELECT {', '.join(table.column_names)} FROM {table.name} WHERE {column} = ? "
        f"{f'AND ({order}) > ({marks}) ' if following else ''}ORDER BY {order} LIMIT ?"
    )


@cache
def scanning(table: FactTable, *, following: bool) -> str:
    """SELECT of a page of all rows by primary key, after a key if `following`."""
    key = ", ".join(table.primary_key)
    marks = ",".join("?" * len(table.primary_key))
    return (
        f"SELECT {', '.join(table.column_names)} FROM {table.name} "
        f"{f'WHERE ({key}) > ({marks}) ' if following else ''}ORDER BY {key} LIMIT ?"
    )


def read_info(connection: sqlite3.Connection) -> StoreInfo | None:
    """What the file says of itself, or None for a file without any table.

    Raises `StoreForeign` for tables that are not a ledger's.
    """
    names = {name for (name,) in _rows(connection, "SELECT name FROM sqlite_schema")}
    if not names:
        return None
    found = _rows(connection, SELECT_INFO) if "store_info" in names else []
    if len(found) != 1:
        raise StoreForeign(
            "this database holds tables, but not those of a ledger",
            hint="Name another file, or leave the file of the other program where it is.",
        )
    return StoreInfo(schema_version=found[0][0], ledger_id=found[0][1])


def check_store(connection: sqlite3.Connection, info: StoreInfo, ledger_id: bytes | None) -> None:
    """Check version, ledger, every table, index and trigger, and that the head is the last record's.

    Raises `StoreForeign` for another schema or ledger, `StoreDamaged` for a contradiction inside.
    """
    check_info(info, ledger_id)
    actual = _objects(connection)
    for name, sql in _expected_objects().items():
        if actual.get(name) != sql:
            state = "is not as this release made it" if name in actual else "is missing"
            raise StoreDamaged(
                f"the database object {name} {state}",
                hint="Somebody changed the tables; compare with a backup before writing again.",
            )
    heads = _rows(connection, SELECT_HEAD)
    last = _rows(connection, f"SELECT rowid, leaf_hash FROM {EVENTS_TABLE} ORDER BY rowid DESC LIMIT 1")
    if heads != (last or [(0, bytes(HASH_SIZE))]):
        raise StoreDamaged(
            "the head of the store is not its last record",
            hint="Rows were removed or added by another program; restore from a backup.",
        )


def _objects(connection: sqlite3.Connection) -> dict[str, str]:
    statement = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
    return dict(_rows(connection, statement))


@cache
def _expected_objects() -> dict[str, str]:
    with closing(sqlite3.connect(":memory:")) as blank:
        for statement in create_statements():
            blank.execute(statement)
        return _objects(blank)


def _rows(connection: sqlite3.Connection, statement: str) -> list[tuple[Any, ...]]:
    cursor = connection.cursor()
    cursor.row_factory = None
    return cursor.execute(statement).fetchall()
