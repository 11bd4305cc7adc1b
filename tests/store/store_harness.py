"""What the behaviour suite needs of an adapter beyond the port: opening, reopening and breaking it."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

from eventsourcing.utils import Environment

from ledger.store.errors import CommitUnknown
from ledger.store.factory import store_factory, store_settings
from ledger.store.location import StoreLocation
from ledger.store.memory import MemoryLedgerRecorder
from ledger.store.port import Batch, LedgerRecorder, Record, RequestRow
from ledger.store.postgresql import PostgresLedgerRecorder
from ledger.store.sqlite import SQLiteLedgerRecorder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from eventsourcing.persistence import StoredEvent

    from ledger.store.port import Head
    from ledger.store.schema import FactRow

LEDGER_ID = bytes(range(16))
PARTICIPANT = b"provider-1"


def open_recorder(
    location: StoreLocation,
    *,
    create: bool,
    ledger_id: bytes | None = LEDGER_ID,
    lock_timeout_ms: int = 5_000,
) -> LedgerRecorder:
    """The recorder at `location`, as the application opens it."""
    settings = store_settings(location, ledger_id=ledger_id, create=create, lock_timeout_ms=lock_timeout_ms)
    recorder = store_factory(location, Environment("", settings)).application_recorder()
    assert isinstance(recorder, LedgerRecorder)
    return recorder


class Harness(Protocol):
    """One adapter under test."""

    durable: bool

    def create(self, *, ledger_id: bytes = LEDGER_ID) -> LedgerRecorder:
        """A recorder on a new store."""

    def open(self, *, ledger_id: bytes | None = LEDGER_ID) -> LedgerRecorder:
        """A second recorder on the store, as a server opens it."""

    def break_commit(self, recorder: LedgerRecorder, *, persisted: bool) -> None:
        """Make the next commit fail, before or after it took effect."""


@dataclass(slots=True)
class MemoryHarness:
    """The memory adapter."""

    durable: bool = False

    def create(self, *, ledger_id: bytes = LEDGER_ID) -> LedgerRecorder:
        return open_recorder(StoreLocation.memory(), create=True, ledger_id=ledger_id)

    def open(self, *, ledger_id: bytes | None = LEDGER_ID) -> LedgerRecorder:
        return open_recorder(StoreLocation.memory(), create=False, ledger_id=ledger_id)

    def break_commit(self, recorder: LedgerRecorder, *, persisted: bool) -> None:
        assert isinstance(recorder, MemoryLedgerRecorder)
        apply = recorder._update_table

        def broken(stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
            cast("Any", recorder)._update_table = apply
            if persisted:
                apply(stored_events, **kwargs)
            raise CommitUnknown("broken by the test")

        cast("Any", recorder)._update_table = broken


@dataclass(slots=True)
class SQLiteHarness:
    """The SQLite adapter on a file of the test's own."""

    path: Path
    durable: bool = True
    opened: list[LedgerRecorder] = field(default_factory=list)

    @property
    def url(self) -> str:
        return str(self.location)

    @property
    def location(self) -> StoreLocation:
        return StoreLocation.sqlite(self.path)

    def create(self, *, ledger_id: bytes = LEDGER_ID) -> LedgerRecorder:
        return self._keep(open_recorder(self.location, create=True, ledger_id=ledger_id))

    def open(self, *, ledger_id: bytes | None = LEDGER_ID) -> LedgerRecorder:
        return self._keep(open_recorder(self.location, create=False, ledger_id=ledger_id))

    def break_commit(self, recorder: LedgerRecorder, *, persisted: bool) -> None:
        assert isinstance(recorder, SQLiteLedgerRecorder)
        with recorder.datastore.get_connection(commit=True) as connection:
            cast("Any", connection)._sqlite_conn = BreaksOnce(connection.raw, persisted=persisted)

    def _keep(self, recorder: LedgerRecorder) -> LedgerRecorder:
        self.opened.append(recorder)
        return recorder


@dataclass(slots=True)
class PostgresHarness:
    """The PostgreSQL adapter on a schema of the test's own."""

    url: str
    durable: bool = True
    opened: list[LedgerRecorder] = field(default_factory=list)

    @property
    def location(self) -> StoreLocation:
        return StoreLocation.parse(self.url)

    def create(self, *, ledger_id: bytes = LEDGER_ID) -> LedgerRecorder:
        return self._keep(open_recorder(self.location, create=True, ledger_id=ledger_id))

    def open(self, *, ledger_id: bytes | None = LEDGER_ID) -> LedgerRecorder:
        return self._keep(open_recorder(self.location, create=False, ledger_id=ledger_id))

    def break_commit(self, recorder: LedgerRecorder, *, persisted: bool) -> None:
        assert isinstance(recorder, PostgresLedgerRecorder)
        datastore = cast("Any", recorder.datastore)
        commit = datastore._commit

        def broken(connection: Any) -> None:
            del datastore._commit
            if persisted:
                commit(connection)
            connection.close()
            raise CommitUnknown("the connection was lost at COMMIT")

        datastore._commit = broken

    def _keep(self, recorder: LedgerRecorder) -> LedgerRecorder:
        self.opened.append(recorder)
        return recorder


class BreaksOnce:
    """A connection whose next commit reports an I/O error, having committed or not."""

    def __init__(self, connection: sqlite3.Connection, *, persisted: bool) -> None:
        self._connection = connection
        self._persisted = persisted
        self._broken = True

    def commit(self) -> None:
        if not self._broken:
            self._connection.commit()
            return
        self._broken = False
        if self._persisted:
            self._connection.commit()
        raise sqlite3.OperationalError("disk I/O error")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def records(count: int, *, prefix: str = "claim") -> list[Record]:
    """Records of streams of their own."""
    return [
        Record(
            stream_id=f"{prefix}:{number}",
            stream_version=1,
            type_name="ClaimAccepted",
            data=f"{prefix} {number}".encode(),
        )
        for number in range(count)
    ]


def leaf_hash(data: bytes) -> bytes:
    """The leaf hash of a record of these bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def append(
    recorder: LedgerRecorder,
    new: Sequence[Record],
    *,
    head: Head | None = None,
    requests: Sequence[RequestRow] = (),
    facts: Mapping[str, Sequence[FactRow]] | None = None,
) -> Sequence[int]:
    """Append `new` at the recorder's head, or at the head that the caller believes in."""
    size, last = recorder.head() if head is None else head
    batch = Batch(
        size_before=size,
        head_before=last,
        leaf_hashes=[leaf_hash(record.data) for record in new],
        requests=requests,
        facts=facts or {},
    )
    return recorder.insert_events([record.to_stored_event() for record in new], batch=batch)


def request(number: int, leaf_index: int = 0) -> RequestRow:
    """A request row with an id of its own."""
    return RequestRow(PARTICIPANT, number.to_bytes(16, "big"), bytes([number % 256]) * 32, leaf_index)


def claim(number: int, *, voucher: bytes = b"voucher-1", leaf_index: int = 0, status: int = 1) -> FactRow:
    """A row of the table `claim`."""
    identifier = number.to_bytes(16, "big")
    return (
        identifier,
        leaf_index,
        leaf_index,
        status,
        voucher,
        b"p",
        b"k",
        1_767_574_800_000,
        12_345,
        0,
        3_600_000,
        number,
        b"",
    )
