"""From a store location to the library's factory of its adapter, by a closed choice and not by a topic.

Nothing is opened here; the factory's `application_recorder()` opens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.errors import UsageError
from ledger.store.location import StoreKind, StoreLocation
from ledger.store.memory import MemoryLedgerFactory
from ledger.store.sqlite import SQLiteLedgerFactory
from ledger.store.sqlite_lock import SQLiteLockStore

if TYPE_CHECKING:
    from pathlib import Path

    from eventsourcing.persistence import InfrastructureFactory
    from eventsourcing.utils import Environment

    from ledger.store.lock_store import LockStore


def store_settings(
    location: StoreLocation, *, ledger_id: bytes | None, create: bool, lock_timeout_ms: int
) -> dict[str, str]:
    """The settings of the library for `location`; none of them names code."""
    settings = {
        "ORIGINATOR_ID_TYPE": "text",
        "CREATE_TABLE": "yes" if create else "no",
        "LOCK_TIMEOUT_MS": str(lock_timeout_ms),
    }
    if ledger_id is not None:
        settings["LEDGER_ID"] = ledger_id.hex()
    if location.kind is StoreKind.SQLITE:
        settings["SQLITE_DBNAME"] = str(location.path)
    if location.kind is StoreKind.POSTGRESQL:
        settings["POSTGRES_URL"] = location.url
        settings["POSTGRES_SCHEMA"] = location.schema
        settings["POSTGRES_WRITER"] = location.writer
    return settings


def store_factory(location: StoreLocation, env: Environment) -> InfrastructureFactory[Any]:
    """The factory of the adapter for `location`; raises `UsageError` where its driver is not installed."""
    match location.kind:
        case StoreKind.MEMORY:
            return MemoryLedgerFactory(env)
        case StoreKind.SQLITE:
            return SQLiteLedgerFactory(env)
        case StoreKind.POSTGRESQL:
            # The driver is an extra, and takes a while to load.
            try:
                from ledger.store.postgresql import PostgresLedgerFactory
            except ImportError as error:
                raise UsageError(
                    "the driver for PostgreSQL is not installed",
                    hint="pip install 'voucher-ledger[postgres]'",
                ) from error
            return PostgresLedgerFactory(env)


def open_lock_store(text: str, *, root: Path) -> LockStore:
    """The lock store that a setting names: a path, relative to `root`, or a PostgreSQL URL."""
    if not text.startswith(f"{StoreKind.POSTGRESQL}:"):
        return SQLiteLockStore(root / text)
    location = StoreLocation.parse(text)
    from ledger.store.postgresql_lock import PostgresLockStore

    return PostgresLockStore(location)
