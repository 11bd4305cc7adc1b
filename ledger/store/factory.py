"""From a store location to the library's factory of its adapter, by a closed choice and not by a topic.

Nothing is opened here; the factory's `application_recorder()` opens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import UsageError
from ledger.store.location import StoreKind
from ledger.store.memory import MemoryLedgerFactory
from ledger.store.sqlite import SQLiteLedgerFactory

if TYPE_CHECKING:
    from eventsourcing.utils import Environment

    from ledger.store.location import StoreLocation


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
    return settings


def store_factory(location: StoreLocation, env: Environment) -> MemoryLedgerFactory | SQLiteLedgerFactory:
    """The factory of the adapter for `location`; raises `UsageError` if this build has none."""
    match location.kind:
        case StoreKind.MEMORY:
            return MemoryLedgerFactory(env)
        case StoreKind.SQLITE:
            return SQLiteLedgerFactory(env)
        case StoreKind.POSTGRESQL:
            raise UsageError("this build has no adapter for PostgreSQL", hint="Use sqlite:///path.")
