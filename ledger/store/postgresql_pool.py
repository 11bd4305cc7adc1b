"""Connections to one PostgreSQL schema: one that writes, durably, and several that can only read.

A connection that was lost at COMMIT says that the outcome is open; nothing is retried behind the caller's
back. No table is known here.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING, Any

import psycopg
import psycopg_pool
from eventsourcing.persistence import DataError, IntegrityError, PersistenceError, ProgrammingError
from eventsourcing.postgres import PostgresDatastore
from psycopg.rows import dict_row, tuple_row

from ledger.store.errors import CommitUnknown, StoreBusy, StoreClaimed, StoreDamaged, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection, Cursor

READERS = 8
CONNECT_TIMEOUT_S = 10
IDLE_TIMEOUT_MS = 60_000


class LedgerPostgresDatastore(PostgresDatastore):
    """The library's datastore over a pool of readers and one writing connection."""

    def __init__(self, url: str, *, schema: str, lock_timeout_ms: int = 5_000) -> None:
        # Not the base's: its pool writes, and it looks for composite types.
        self.url = url
        self.schema = schema
        self.lock_timeout_ms = lock_timeout_ms
        self.lock_timeout = -(-lock_timeout_ms // 1000)
        self.single_row_tracking = True
        self.originator_id_type = "text"
        self.enable_db_functions = False
        self.pool_open_timeout = None
        self.db_type_names: set[str] = set()
        self.psycopg_type_adapters = {}
        self.psycopg_python_types = {}
        self.pool = psycopg_pool.ConnectionPool(  # type: ignore[assignment]
            url,
            kwargs={"row_factory": dict_row, "autocommit": True, "connect_timeout": CONNECT_TIMEOUT_S},
            min_size=1,
            max_size=READERS,
            open=False,
            configure=_configure_reader,
            check=psycopg_pool.ConnectionPool.check_connection,
            timeout=max(lock_timeout_ms / 1000, 1.0),
        )
        self._guard = Lock()
        self._writer: Connection[Any] | None = None
        self._lease: Connection[Any] | None = None

    def claim(self) -> None:
        """Hold the schema's lease on a connection of its own; `StoreClaimed` if another session has it."""
        with translated():
            lease = psycopg.connect(
                self.url, row_factory=tuple_row, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S
            )
            row = lease.execute(
                "SELECT pg_try_advisory_lock(hashtextextended(%s, 2))", (self.schema,)
            ).fetchone()
        if row is None or not row[0]:
            lease.close()
            raise StoreClaimed(
                f"another server writes to the schema {self.schema}",
                hint="Stop it first; a ledger has exactly one writer.",
            )
        self._lease = lease

    def register_type_adapters(self) -> None:
        """None: rows are sent as arrays of plain types."""

    def query(self, statement: Any, values: Any = ()) -> list[tuple[Any, ...]]:
        """The rows of one SELECT on a reading connection."""
        with (
            translated(),
            self.get_connection() as connection,
            connection.cursor(row_factory=tuple_row) as cursor,
        ):
            cursor.execute(statement, values)
            return cursor.fetchall()

    @contextmanager
    def writing(self) -> Iterator[Cursor[Any]]:
        """A cursor in a transaction of the writing connection, committed at the end.

        Raises `CommitUnknown` if the commit fails; before it, everything is rolled back.
        """
        with self._guard, translated():
            connection = self._open_writer()
            try:
                with connection.cursor() as cursor:
                    yield cursor
            except BaseException:
                with suppress(psycopg.Error):
                    connection.rollback()
                raise
            self._commit(connection)

    def _commit(self, connection: Connection[Any]) -> None:
        try:
            connection.commit()
        except psycopg.Error as error:
            with suppress(psycopg.Error):
                connection.close()
            raise CommitUnknown(
                f"the commit failed ({_name(error)}); whether it was kept is not known",
                hint="Read the head again before writing anything.",
            ) from error

    def _open_writer(self) -> Connection[Any]:
        writer = self._writer
        if writer is None or writer.closed or writer.broken:
            writer = psycopg.connect(self.url, row_factory=tuple_row, connect_timeout=CONNECT_TIMEOUT_S)
            try:
                _configure_writer(writer, self.lock_timeout_ms)
            except BaseException:
                writer.close()
                raise
            self._writer = writer
        return writer

    def close(self) -> None:
        """Close every connection."""
        with suppress(AttributeError):
            self.pool.close()
        for name in ("_writer", "_lease"):
            with suppress(AttributeError, psycopg.Error):
                getattr(self, name).close()


def _configure_reader(connection: Connection[Any]) -> None:
    connection.execute("SET default_transaction_read_only = on")
    connection.execute(f"SET idle_in_transaction_session_timeout = {IDLE_TIMEOUT_MS}")


def _configure_writer(connection: Connection[Any], lock_timeout_ms: int) -> None:
    """Make commits of this connection durable, and assert it; raises `StoreUnavailable` otherwise."""
    connection.execute("SET synchronous_commit = on")
    connection.execute(f"SET lock_timeout = {lock_timeout_ms}")
    connection.execute(f"SET idle_in_transaction_session_timeout = {IDLE_TIMEOUT_MS}")
    for name in ("fsync", "full_page_writes"):
        row = connection.execute(f"SHOW {name}").fetchone()
        if row is None or row[0] != "on":
            raise StoreUnavailable(
                f"the database cannot be written durably ({name} is off)",
                hint=f"Set {name} = on in postgresql.conf.",
            )
    connection.commit()


@contextmanager
def translated() -> Iterator[None]:
    """Turn the errors of psycopg and of the pool into those of the port."""
    try:
        yield
    except psycopg_pool.PoolTimeout as error:
        raise StoreUnavailable("the database does not answer", hint="Check that it runs.") from error
    except psycopg.Error as error:
        raise translation(error) from error
    except PersistenceError as error:
        cause = error.__cause__
        if not isinstance(cause, psycopg.Error):
            raise
        raise translation(cause) from cause


def translation(error: psycopg.Error) -> Exception:
    """The error of the port for an error of PostgreSQL; what only a bug can cause stays the library's.

    Texts of the database are not passed on: they may repeat values.
    """
    name = _name(error)
    if isinstance(error, _BUSY):
        return StoreBusy(
            f"the database is locked by another writer ({name})",
            hint="Try again; if it stays, look for a second server or a long transaction.",
        )
    if isinstance(error, psycopg.errors.DataCorrupted | psycopg.errors.IndexCorrupted):
        return StoreDamaged(f"the database is damaged ({name})", hint="Restore it from a backup.")
    if isinstance(error, psycopg.errors.RestrictViolation):
        return IntegrityError(name)
    if isinstance(error, psycopg.IntegrityError):
        return IntegrityError(name)
    if isinstance(error, psycopg.DataError):
        return DataError(name)
    if isinstance(error, psycopg.errors.InsufficientPrivilege | psycopg.OperationalError):
        return StoreUnavailable(
            f"the database cannot be used now ({name})",
            hint="Check that it runs, its space and the role's rights.",
        )
    return ProgrammingError(name)


_BUSY = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.QueryCanceled,
)


def _name(error: psycopg.Error) -> str:
    return f"{type(error).__name__} {error.sqlstate or ''}".strip()
