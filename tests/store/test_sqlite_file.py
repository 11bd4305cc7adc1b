"""What only the SQLite file can show: durability settings, triggers, refusals to open, locks, faults."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
from store_harness import LEDGER_ID, SQLiteHarness, append, claim, open_recorder, records, request

from ledger.store.errors import (
    HeadMoved,
    StoreBusy,
    StoreDamaged,
    StoreForeign,
    StoreMissing,
    StoreUnavailable,
)
from ledger.store.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger.store.schema import FactRow
    from ledger.store.sqlite import SQLiteLedgerRecorder


@pytest.fixture
def recorder(sqlite_harness: SQLiteHarness) -> SQLiteLedgerRecorder:
    """A store with two records, requests and side rows."""
    created = sqlite_harness.create()
    facts: dict[str, list[FactRow]] = {"claim": [claim(1)], "unique_key": [(1, b"key", 0)]}
    append(created, records(2), requests=[request(1)], facts=facts)
    return cast("SQLiteLedgerRecorder", created)


@pytest.fixture
def intruder(recorder: SQLiteLedgerRecorder) -> Iterator[sqlite3.Connection]:
    """Another program's connection to the same file."""
    with closing(sqlite3.connect(recorder.datastore.path, isolation_level=None, timeout=0)) as connection:
        yield connection


def test_the_writing_connection_is_durable(recorder: SQLiteLedgerRecorder) -> None:
    """WAL and synchronous=FULL, asked of the connection that commits."""
    with recorder.datastore.get_connection(commit=True) as connection:
        settings = {
            name: connection.query(f"PRAGMA {name}")[0][0]
            for name in ("journal_mode", "synchronous", "query_only", "recursive_triggers")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "query_only": 0, "recursive_triggers": 1}


def test_reading_connections_cannot_write_and_never_checkpoint(recorder: SQLiteLedgerRecorder) -> None:
    """A reader is query-only on a file opened read-only, with automatic checkpoints off."""
    with recorder.datastore.get_connection(commit=False) as connection:
        assert connection.query("PRAGMA query_only") == [(1,)]
        assert connection.query("PRAGMA wal_autocheckpoint") == [(0,)]
        with pytest.raises(sqlite3.OperationalError):
            connection.query("DELETE FROM claim")
        connection.raw.execute("PRAGMA query_only = OFF")
        with pytest.raises(sqlite3.OperationalError):
            connection.query("DELETE FROM claim")


def test_a_batch_costs_one_statement_a_table(recorder: SQLiteLedgerRecorder) -> None:
    """Statements, between which other threads take the interpreter, do not grow with the rows."""
    statements: list[str] = []
    rows = [(2, bytes([number]), number) for number in range(64)]
    with recorder.datastore.get_connection(commit=True) as connection:
        connection.raw.set_trace_callback(statements.append)
    requests = [request(number, number) for number in range(100, 164)]
    append(recorder, records(64, prefix="batch"), requests=requests, facts={"unique_key": rows})
    assert sum(statement.startswith("INSERT") for statement in statements) == len(
        ("stored_events", "request", "unique_key")
    )


def test_there_is_one_writing_connection(recorder: SQLiteLedgerRecorder) -> None:
    """Writes reuse one connection, and reads never get it."""
    with recorder.datastore.get_connection(commit=True) as first:
        pass
    with (
        recorder.datastore.get_connection(commit=True) as second,
        recorder.datastore.get_connection(commit=False) as reader,
    ):
        assert second is first
        assert reader is not first


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stored_events SET state = x'00' WHERE rowid = 1",
        "DELETE FROM stored_events WHERE rowid = 2",
        "DELETE FROM stored_events",
        "UPDATE request SET digest = x'00'",
        "DELETE FROM request",
        "UPDATE ledger_head SET size = 1",
        "UPDATE ledger_head SET leaf_hash = x'00'",
        "DELETE FROM ledger_head",
        "UPDATE store_info SET ledger_id = x'00'",
        "DELETE FROM store_info",
    ],
)
def test_a_change_of_what_is_written_is_refused_to_any_program(
    recorder: SQLiteLedgerRecorder, intruder: sqlite3.Connection, statement: str
) -> None:
    """Triggers in the file refuse UPDATE and DELETE, also to other programs."""
    before = recorder.read_records(0, 10), recorder.head(), recorder.info()
    with pytest.raises(sqlite3.IntegrityError, match="refuses"):
        intruder.execute(statement)
    assert (recorder.read_records(0, 10), recorder.head(), recorder.info()) == before


def test_replace_is_refused_on_the_writing_connection(recorder: SQLiteLedgerRecorder) -> None:
    """REPLACE deletes first; with recursive triggers the refusal sees it."""
    with (
        recorder.datastore.get_connection(commit=True) as connection,
        pytest.raises(sqlite3.IntegrityError, match="refuses"),
    ):
        connection.query("REPLACE INTO stored_events VALUES (1, 's', 1, 'T', x'00', x'00')")


def test_an_open_read_neither_blocks_the_writer_nor_sees_its_commit(recorder: SQLiteLedgerRecorder) -> None:
    """A reader keeps its snapshot while the writer commits."""
    with recorder.datastore.transaction(commit=False) as reading:
        reading.execute("SELECT size FROM ledger_head")
        assert tuple(reading.fetchone()) == (2,)
        append(recorder, records(1, prefix="meanwhile"))
        reading.execute("SELECT COUNT(*) FROM stored_events")
        assert tuple(reading.fetchone()) == (2,)
    assert recorder.head().size == 3


def test_reads_from_many_threads_see_whole_commits(recorder: SQLiteLedgerRecorder) -> None:
    """Readers beside a writer see heads that match the records, without a gap."""
    failures: list[object] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                head = recorder.head()
                stored = recorder.read_records(0, 1_000)
                if len(stored) < head.size or len(stored) % 2:
                    failures.append((head.size, len(stored)))
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(60):
        append(recorder, records(2, prefix=f"round-{number}"))
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []


def test_of_two_recorders_in_one_process_the_second_loses(
    recorder: SQLiteLedgerRecorder, sqlite_harness: SQLiteHarness
) -> None:
    """Two recorders on one file are two writers: the later learns that the head moved."""
    other = sqlite_harness.open()
    head = recorder.head()
    append(other, records(1, prefix="other"), head=head)
    with pytest.raises(HeadMoved):
        append(recorder, records(1, prefix="late"), head=head)


def test_a_lock_held_by_another_program_is_busy_and_not_persisted(
    recorder: SQLiteLedgerRecorder, sqlite_harness: SQLiteHarness, intruder: sqlite3.Connection
) -> None:
    """The lock timeout ends the wait; once the lock is free, the same recorder writes again."""
    impatient = open_recorder(sqlite_harness.location, create=False, lock_timeout_ms=10)
    intruder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy):
        append(impatient, records(1, prefix="new"))
    intruder.execute("ROLLBACK")
    append(impatient, records(1, prefix="new"))
    assert recorder.head().size == 3
    impatient.close()


def test_a_full_disk_is_reported_and_not_persisted(recorder: SQLiteLedgerRecorder) -> None:
    """Without space nothing of the batch is written; with space again the recorder goes on."""
    with recorder.datastore.get_connection(commit=True) as connection:
        pages = connection.query("PRAGMA page_count")[0][0]
        connection.query(f"PRAGMA max_page_count = {pages}")
    filled = [replace(record, data=bytes(4_000)) for record in records(64, prefix="big")]
    with pytest.raises(StoreUnavailable):
        append(recorder, filled, requests=[request(5)])
    assert recorder.head().size == 2
    assert recorder.read_requests([request(5)[:2]]) == {}
    with recorder.datastore.get_connection(commit=True) as connection:
        connection.query("PRAGMA max_page_count = 1000000")
    append(recorder, filled)
    assert recorder.head().size == 66


def test_a_transaction_left_open_is_rolled_back_when_put_back(recorder: SQLiteLedgerRecorder) -> None:
    """The pool never hands out a connection inside a transaction."""
    with recorder.datastore.get_connection(commit=True) as connection:
        connection.raw.execute("BEGIN IMMEDIATE")
        connection.raw.execute("DELETE FROM claim")
    assert recorder.list_facts("claim", "voucher_id", b"voucher-1", limit=9) == [claim(1)]
    append(recorder, records(1, prefix="next"))
    assert recorder.head().size == 3


def test_reopening_finds_everything(recorder: SQLiteLedgerRecorder, sqlite_harness: SQLiteHarness) -> None:
    """A closed store opens again with the same head, records, requests and side rows."""
    before = recorder.head(), recorder.read_records(0, 10)
    recorder.close()
    again = sqlite_harness.open()
    assert (again.head(), again.read_records(0, 10)) == before
    assert again.read_requests([request(1)[:2]]) == {request(1)[:2]: (request(1).digest, 0)}
    assert again.read_facts("unique_key", [(1, b"key")]) == {(1, b"key"): (1, b"key", 0)}


def test_creating_over_the_same_ledger_changes_nothing(
    recorder: SQLiteLedgerRecorder, sqlite_harness: SQLiteHarness
) -> None:
    """A repeated init finds its store and leaves it; another ledger's id is refused."""
    assert sqlite_harness.create().head() == recorder.head()
    with pytest.raises(StoreForeign, match="ledger"):
        sqlite_harness.create(ledger_id=b"\xff" * 16)
    assert recorder.info().ledger_id == LEDGER_ID


def test_opening_never_makes_a_file(sqlite_harness: SQLiteHarness) -> None:
    """A missing or an empty file is an error of its own, and stays as it was."""
    with pytest.raises(StoreMissing):
        sqlite_harness.open()
    assert not sqlite_harness.path.exists()
    sqlite_harness.path.touch()
    with pytest.raises(StoreMissing):
        sqlite_harness.open()
    assert sqlite_harness.path.read_bytes() == b""


@pytest.mark.parametrize("create", [True, False])
def test_a_foreign_database_is_refused_and_left_alone(sqlite_harness: SQLiteHarness, create: bool) -> None:
    """Another program's tables are neither read as a ledger nor added to."""
    with closing(sqlite3.connect(sqlite_harness.path)) as foreign:
        foreign.execute("CREATE TABLE accounts (id INTEGER)")
        foreign.commit()
    before = sqlite_harness.path.read_bytes()
    with pytest.raises(StoreForeign):
        open_recorder(sqlite_harness.location, create=create)
    assert sqlite_harness.path.read_bytes() == before


@pytest.mark.parametrize("create", [True, False])
def test_a_file_that_is_no_database_is_refused(sqlite_harness: SQLiteHarness, create: bool) -> None:
    """A text file is named as damaged, and stays as it was."""
    sqlite_harness.path.write_text("not a database\n" * 100)
    with pytest.raises(StoreDamaged):
        open_recorder(sqlite_harness.location, create=create)
    assert sqlite_harness.path.read_text() == "not a database\n" * 100


def test_another_ledger_is_refused(recorder: SQLiteLedgerRecorder, sqlite_harness: SQLiteHarness) -> None:
    """A server names the ledger it expects; without one, the store's own is accepted."""
    assert sqlite_harness.open(ledger_id=None).info() == recorder.info()
    with pytest.raises(StoreForeign, match="ledger"):
        sqlite_harness.open(ledger_id=b"\xff" * 16)


@pytest.mark.parametrize("change", [1, -1])
def test_another_schema_version_is_refused(
    recorder: SQLiteLedgerRecorder, sqlite_harness: SQLiteHarness, intruder: sqlite3.Connection, change: int
) -> None:
    """A newer schema asks for a newer release, an older one for a migration."""
    intruder.execute("DROP TRIGGER store_info_refuses_update")
    intruder.execute("UPDATE store_info SET schema_version = ?", (SCHEMA_VERSION + change,))
    recorder.close()
    with pytest.raises(StoreForeign, match=f"schema version {SCHEMA_VERSION + change}") as refused:
        sqlite_harness.open()
    assert ("newer release" if change > 0 else "migrate") in refused.value.hint
    with pytest.raises(StoreForeign):
        sqlite_harness.create()


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("DROP TRIGGER stored_events_refuses_delete", "stored_events_refuses_delete"),
        ("DROP INDEX claim_voucher_id_leaf_index", "claim_voucher_id_leaf_index"),
        ("ALTER TABLE claim ADD COLUMN extra TEXT", "claim"),
        ("INSERT INTO stored_events VALUES (3, 's', 1, 'T', x'00', x'00')", "head"),
        ("UPDATE ledger_head SET size = 9", "head"),
    ],
)
def test_a_changed_file_is_refused_at_opening(
    recorder: SQLiteLedgerRecorder,
    sqlite_harness: SQLiteHarness,
    intruder: sqlite3.Connection,
    statement: str,
    name: str,
) -> None:
    """Missing triggers, other tables, and a head that is not the last record do not open."""
    intruder.execute(statement)
    recorder.close()
    with pytest.raises(StoreDamaged, match=name):
        sqlite_harness.open()


@pytest.mark.parametrize(
    ("removed", "start", "limit"), [(1, 0, 10), (1, 0, 2), (2, 0, 10), (2, 1, 5), (2, 2, 1)]
)
def test_a_removed_record_is_named_by_its_index(
    recorder: SQLiteLedgerRecorder,
    intruder: sqlite3.Connection,
    removed: int,
    start: int,
    limit: int,
) -> None:
    """A gap in the middle and a cut tail are damage, not the end of the log."""
    append(recorder, records(1, prefix="third"))
    intruder.execute("DROP TRIGGER stored_events_refuses_delete")
    intruder.execute("DELETE FROM stored_events WHERE rowid = ?", (removed + 1,))
    with pytest.raises(StoreDamaged, match=f"record {removed} "):
        recorder.read_records(start, limit)


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    """Creating does not make folders."""
    with pytest.raises(StoreUnavailable):
        SQLiteHarness(tmp_path / "absent" / "ledger.db").create()
