"""The lock store in a PostgreSQL schema of its own, in another database than the events.

Every swap is durable. The tables are made by `create` and by nothing else: reading or swapping where there
are none finds nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventsourcing.persistence import IntegrityError
from psycopg.sql import SQL, Identifier, Literal

from ledger.store.errors import LockRegression, StoreForeign
from ledger.store.lock_store import Locked, check_successor, exists, moved
from ledger.store.postgresql_pool import LedgerPostgresDatastore

if TYPE_CHECKING:
    from psycopg import Cursor
    from psycopg.sql import Composed

    from ledger.store.location import StoreLocation

_COLUMNS = ("ledger_id", "origin", "size", "root_hash", "leaf_hash", "note", "frontier")
_GUARD = (
    "BEGIN IF TG_OP <> 'UPDATE' OR NEW.size < OLD.size THEN RAISE EXCEPTION 'a locked checkpoint stays' "
    "USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END"
)


class PostgresLockStore:
    """The locked checkpoint in a schema; see `LockStore` for the promises."""

    def __init__(self, location: StoreLocation, *, lock_timeout_ms: int = 5_000) -> None:
        self._schema = location.schema
        self._datastore = LedgerPostgresDatastore(
            location.url, schema=location.schema, lock_timeout_ms=lock_timeout_ms
        )
        names = SQL(", ".join(_COLUMNS))
        self._select = self._sql("SELECT {names} FROM {schema}.locked", names=names)
        self._insert = self._sql(
            "INSERT INTO {schema}.locked (id, {names}) VALUES (1, %b, %s, %s, %b, %b, %b, %b) "
            "ON CONFLICT DO NOTHING RETURNING 1",
            names=names,
        )
        changes = ", ".join(f"{name} = {_mark(name)}" for name in _COLUMNS)
        same = " AND ".join(f"{name} = {_mark(name)}" for name in _COLUMNS)
        self._swap = self._sql(
            "UPDATE {schema}.locked SET {changes} WHERE {same} RETURNING 1",
            changes=SQL(changes),
            same=SQL(same),
        )

    def create(self, locked: Locked) -> None:
        """Make the tables and the one row."""
        with self._datastore.writing() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", (self._schema,))
            if not self._there(cursor):
                for statement in self._create_statements():
                    cursor.execute(statement)
            if not cursor.execute(self._insert, _row(locked)).fetchall():
                raise exists(self._only(cursor) or locked)

    def read(self) -> Locked | None:
        """The locked checkpoint, or None where there are no tables."""
        with self._datastore.writing() as cursor:
            return self._only(cursor)

    def swap(self, expected: Locked, new: Locked) -> None:
        """Replace `expected` by `new` durably."""
        check_successor(expected, new)
        try:
            with self._datastore.writing() as cursor:
                if not self._there(cursor):
                    raise moved(expected)
                if not cursor.execute(self._swap, (*_row(new), *_row(expected))).fetchall():
                    raise moved(expected)
        except IntegrityError as error:
            raise LockRegression("the lock refused a smaller checkpoint") from error

    def close(self) -> None:
        """Close the connection."""
        self._datastore.close()

    def _sql(self, text: str, **parts: Any) -> Composed:
        return SQL(text).format(schema=Identifier(self._schema), **parts)

    def _create_statements(self) -> list[Composed]:
        return [
            self._sql("CREATE SCHEMA IF NOT EXISTS {schema}"),
            self._sql(
                "CREATE TABLE {schema}.locked (id bigint PRIMARY KEY CHECK (id = 1), "
                "ledger_id bytea NOT NULL, origin text NOT NULL, size bigint NOT NULL, "
                "root_hash bytea NOT NULL, leaf_hash bytea NOT NULL, "
                "note bytea NOT NULL, frontier bytea NOT NULL)"
            ),
            self._sql(
                "CREATE FUNCTION {schema}.locked_stays() RETURNS trigger LANGUAGE plpgsql AS {body}",
                body=Literal(_GUARD),
            ),
            self._sql(
                "CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON {schema}.locked "
                "FOR EACH ROW EXECUTE FUNCTION {schema}.locked_stays()"
            ),
        ]

    def _there(self, cursor: Cursor[Any]) -> bool:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (self._schema,)
        )
        names = {name for (name,) in cursor.fetchall()}
        if names - {"locked"}:
            raise StoreForeign(
                "this schema is not a lock store", hint="Name a schema of its own, in another database."
            )
        return bool(names)

    def _only(self, cursor: Cursor[Any]) -> Locked | None:
        if not self._there(cursor):
            return None
        rows = cursor.execute(self._select).fetchall()
        return Locked(**dict(zip(_COLUMNS, rows[0], strict=True))) if rows else None


def _mark(name: str) -> str:
    return "%s" if name in ("origin", "size") else "%b"


def _row(locked: Locked) -> tuple[bytes | str | int, ...]:
    return tuple(getattr(locked, name) for name in _COLUMNS)
