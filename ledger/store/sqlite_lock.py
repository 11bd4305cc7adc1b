"""The lock store in an SQLite file of its own, durable at every swap.

The file is made by `create` and by nothing else: reading or swapping where there is none finds nothing.
It shares no connection and no file with the event store.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from eventsourcing.persistence import IntegrityError

from ledger.store.errors import LockRegression, StoreForeign
from ledger.store.lock_store import Locked, check_successor, exists, moved
from ledger.store.sqlite_pool import LedgerConnection, configure_writer, connect, translated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_COLUMNS = ("ledger_id", "origin", "size", "root_hash", "leaf_hash", "note", "frontier")
_CREATE = (
    "CREATE TABLE IF NOT EXISTS locked (id INTEGER PRIMARY KEY CHECK (id = 1), ledger_id BLOB NOT NULL, "
    "origin TEXT NOT NULL, size INTEGER NOT NULL, root_hash BLOB NOT NULL, leaf_hash BLOB NOT NULL, "
    "note BLOB NOT NULL, frontier BLOB NOT NULL) STRICT",
    "CREATE TRIGGER IF NOT EXISTS locked_never_shrinks BEFORE UPDATE ON locked WHEN NEW.size < OLD.size "
    "BEGIN SELECT RAISE(ABORT, 'a locked checkpoint never goes back'); END",
    "CREATE TRIGGER IF NOT EXISTS locked_stays BEFORE DELETE ON locked "
    "BEGIN SELECT RAISE(ABORT, 'a locked checkpoint is never removed'); END",
)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM locked"
_INSERT = f"INSERT INTO locked (id, {', '.join(_COLUMNS)}) VALUES (1,?,?,?,?,?,?,?)"
_SWAP = (
    f"UPDATE locked SET {', '.join(f'{name} = ?' for name in _COLUMNS)} "
    f"WHERE {' AND '.join(f'{name} = ?' for name in _COLUMNS)} RETURNING 1"
)


class SQLiteLockStore:
    """The locked checkpoint in the file at `path`; see `LockStore` for the promises."""

    def __init__(self, path: Path, *, lock_timeout_ms: int = 5_000) -> None:
        self.path = path
        self.lock_timeout_ms = lock_timeout_ms
        self._guard = Lock()
        self._connection: LedgerConnection | None = None

    def create(self, locked: Locked) -> None:
        """Make the file and its one row."""
        with self._guard, translated(), self._transaction(mode="rwc") as connection:
            for statement in _CREATE:
                connection.raw.execute(statement)
            # Writing first takes the lock, so that of two creators one meets the other's row.
            try:
                connection.raw.execute(_INSERT, _row(locked))
            except sqlite3.IntegrityError:
                raise exists(_only(connection) or locked) from None

    def read(self) -> Locked | None:
        """The locked checkpoint, or None where there is no file."""
        if not self.path.is_file():
            return None
        with self._guard, translated():
            return _only(self._open("rw"))

    def swap(self, expected: Locked, new: Locked) -> None:
        """Replace `expected` by `new` durably."""
        check_successor(expected, new)
        if not self.path.is_file():
            raise moved(expected)
        try:
            with self._guard, translated(), self._transaction(mode="rw") as connection:
                if not connection.query(_SWAP, (*_row(new), *_row(expected))):
                    raise moved(expected)
        except IntegrityError as error:
            raise LockRegression("the lock refused a smaller checkpoint") from error

    def close(self) -> None:
        """Close the connection."""
        with self._guard:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self, mode: str) -> LedgerConnection:
        if self._connection is None or self._connection.closed:
            connection = connect(self.path, mode=mode, lock_timeout_ms=self.lock_timeout_ms)
            try:
                _refuse_foreign(connection)
                configure_writer(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = LedgerConnection(connection)
        return self._connection

    @contextmanager
    def _transaction(self, *, mode: str) -> Iterator[LedgerConnection]:
        connection = self._open(mode)
        try:
            with connection.transaction(commit=True):
                yield connection
        finally:
            connection.recover()


def _refuse_foreign(connection: sqlite3.Connection) -> None:
    names = {str(row[0]) for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if names - {"locked"}:
        raise StoreForeign(
            "this database is not a lock store", hint="Name a file of its own, apart from the event store."
        )


def _only(connection: LedgerConnection) -> Locked | None:
    if not connection.query("SELECT 1 FROM sqlite_schema WHERE name = 'locked'"):
        return None
    rows = connection.query(_SELECT)
    return Locked(**dict(zip(_COLUMNS, rows[0], strict=True))) if rows else None


def _row(locked: Locked) -> tuple[bytes | str | int, ...]:
    return (
        locked.ledger_id,
        locked.origin,
        locked.size,
        locked.root_hash,
        locked.leaf_hash,
        locked.note,
        locked.frontier,
    )
