"""Connections to one SQLite file: one that writes, durably, and several that can only read.

The library's pool hands out any connection for any purpose and pools an open transaction after a failed
COMMIT; these pools do neither. No table is known here.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from eventsourcing.persistence import (
    ConnectionUnavailableError,
    DataError,
    IntegrityError,
    PersistenceError,
    ProgrammingError,
)
from eventsourcing.sqlite import SQLiteConnection, SQLiteConnectionPool, SQLiteDatastore

from ledger.store.errors import CommitUnknown, StoreBusy, StoreDamaged, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE_SIZE = 4096
CHECKPOINT_PAGES = 8000
WRITER_CACHE_KIB = 65_536
READER_CACHE_KIB = 8_192
READERS = 8
STATEMENTS = 256


class LedgerConnection(SQLiteConnection):
    """A connection whose failed COMMIT says that its outcome is open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection, max_age=None)
        self.raw = connection

    def commit(self) -> None:
        """COMMIT; raises `CommitUnknown` if SQLite reports an error for it."""
        try:
            self._sqlite_conn.commit()
        except sqlite3.Error as error:
            raise CommitUnknown(
                f"the commit failed ({_name(error)}); whether it was kept is not known",
                hint="Read the head again before writing anything.",
            ) from error

    def query(self, statement: str, values: Any = ()) -> list[tuple[Any, ...]]:
        """The rows of one SELECT as plain tuples, from one snapshot."""
        cursor = self.raw.cursor()
        cursor.row_factory = None
        try:
            return cursor.execute(statement, values).fetchall()
        finally:
            cursor.close()

    def recover(self) -> None:
        """End a transaction that was left open; close the connection if even that fails."""
        if self._sqlite_conn.in_transaction:
            try:
                self._sqlite_conn.rollback()
            except sqlite3.Error:
                with suppress(sqlite3.Error):
                    self.close()


class _Pool(SQLiteConnectionPool):
    """A pool of one kind of connection, which takes back only what has no open transaction."""

    def __init__(self, path: Path, *, lock_timeout_ms: int, size: int, max_overflow: int) -> None:
        self.path = path
        self.lock_timeout_ms = lock_timeout_ms
        super().__init__(
            db_name=str(path), pool_size=size, max_overflow=max_overflow, pool_timeout=lock_timeout_ms / 1000
        )
        self._mutually_exclusive_read_write = False

    def put_connection(self, conn: SQLiteConnection) -> None:
        """Take the connection back, rolled back if need be."""
        if isinstance(conn, LedgerConnection):
            conn.recover()
        super().put_connection(conn)


class WriterPool(_Pool):
    """The one writing connection: WAL, synchronous=FULL, refusing triggers that also see REPLACE."""

    def __init__(self, path: Path, *, lock_timeout_ms: int) -> None:
        super().__init__(path, lock_timeout_ms=lock_timeout_ms, size=1, max_overflow=0)

    def _create_connection(self) -> SQLiteConnection:
        connection = connect(self.path, mode="rw", lock_timeout_ms=self.lock_timeout_ms)
        try:
            configure_writer(connection)
        except BaseException:
            connection.close()
            raise
        return LedgerConnection(connection)


class ReaderPool(_Pool):
    """Connections that cannot write and never checkpoint; the file must exist."""

    def __init__(self, path: Path, *, lock_timeout_ms: int) -> None:
        super().__init__(path, lock_timeout_ms=lock_timeout_ms, size=READERS, max_overflow=READERS)

    def _create_connection(self) -> SQLiteConnection:
        # mode=ro also keeps the last reader to close from checkpointing.
        connection = connect(self.path, mode="ro", lock_timeout_ms=self.lock_timeout_ms)
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KIB}")
        return LedgerConnection(connection)


def connect(path: Path, *, mode: str, lock_timeout_ms: int) -> sqlite3.Connection:
    """A connection for use by one thread at a time; `mode` is ro, rw, or rwc to make the file."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=lock_timeout_ms / 1000,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=STATEMENTS,
    )
    connection.row_factory = sqlite3.Row
    return connection


def configure_writer(connection: sqlite3.Connection) -> None:
    """Make commits of this connection durable, and assert it; raises `StoreUnavailable` otherwise.

    The log file is copied back in larger steps than by default, because neighbouring commits touch the
    same index pages. No memory map: a stray pointer would write into the ledger.
    """
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA recursive_triggers = ON")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA cache_size = -{WRITER_CACHE_KIB}")
    # The undo log of a statement of many rows stays in memory.
    connection.execute("PRAGMA temp_store = MEMORY")
    level = connection.execute("PRAGMA synchronous").fetchone()[0]
    if (mode, level) != ("wal", 2):
        raise StoreUnavailable(
            f"the database cannot be written durably (journal mode {mode}, synchronous {level})",
            hint="Put it on a local file system with shared memory, not on a network share.",
        )


class LedgerDatastore(SQLiteDatastore):
    """The library's datastore over two pools: one writer, many readers."""

    def __init__(self, path: Path, *, lock_timeout_ms: int = 5_000) -> None:
        self.path = path
        self.single_row_tracking = True
        self.originator_id_type = "text"
        self.pool = ReaderPool(path, lock_timeout_ms=lock_timeout_ms)
        self.writer_pool = WriterPool(path, lock_timeout_ms=lock_timeout_ms)

    @contextmanager
    def get_connection(self, *, commit: bool) -> Iterator[LedgerConnection]:
        """A connection for one use: the writing one if `commit`."""
        pool = self.writer_pool if commit else self.pool
        connection = pool.get_connection(is_writer=commit)
        try:
            if not isinstance(connection, LedgerConnection):
                raise TypeError
            yield connection
        finally:
            pool.put_connection(connection)

    def query(self, statement: str, values: Any = ()) -> list[tuple[Any, ...]]:
        """The rows of one SELECT on a reading connection."""
        with translated(), self.get_connection(commit=False) as connection:
            return connection.query(statement, values)

    def close(self) -> None:
        """Close the readers first: the writer is the one that may checkpoint on closing."""
        self.pool.close()
        self.writer_pool.close()

    def __del__(self) -> None:
        with suppress(AttributeError):
            self.close()


@contextmanager
def translated() -> Iterator[None]:
    """Turn the errors of SQLite and of the pools into those of the port."""
    try:
        yield
    except ConnectionUnavailableError as error:
        raise StoreBusy("no connection to the store was free in time", hint="Try again.") from error
    except PersistenceError as error:
        cause = error.__cause__
        if not isinstance(cause, sqlite3.Error):
            raise
        raise translation(cause) from cause
    except OverflowError as error:
        raise DataError(error) from error
    except sqlite3.Error as error:
        raise translation(error) from error


def translation(error: sqlite3.Error) -> Exception:
    """The error of the port for an error of SQLite; what only a bug can cause stays the library's."""
    name = _name(error)
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusy(
            f"the database is locked by another writer ({name})",
            hint="Try again; if it stays, look for a second server or a backup tool on this file.",
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreDamaged(f"the database file is damaged ({name})", hint="Restore it from a backup.")
    if code in _UNAVAILABLE:
        return StoreUnavailable(
            f"the database cannot be used now ({name})", hint="Check space, rights and the disk."
        )
    if code == sqlite3.SQLITE_CONSTRAINT:
        return IntegrityError(error)
    if code in (sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH):
        return DataError(error)
    return ProgrammingError(error)


_UNAVAILABLE = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_NOMEM,
)


def _name(error: sqlite3.Error) -> str:
    return str(getattr(error, "sqlite_errorname", type(error).__name__))
