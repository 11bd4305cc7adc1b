"""What only PostgreSQL can show: roles, edited schemas, lost connections, a server that dies."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import psycopg
import pytest
from store_harness import LEDGER_ID, PostgresHarness, append, leaf_hash, open_recorder, records, request
from support.postgres import PostgresServer, running_server

from ledger.store.errors import (
    CommitUnknown,
    HeadMoved,
    StoreBusy,
    StoreDamaged,
    StoreForeign,
    StoreMissing,
    StoreUnavailable,
)
from ledger.store.location import StoreLocation
from ledger.store.port import Head
from ledger.store.postgresql import PostgresLedgerRecorder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.store.port import LedgerRecorder


DELETED = (
    "ALTER TABLE {s}.stored_events DISABLE TRIGGER refuses; DELETE FROM {s}.stored_events; "
    "ALTER TABLE {s}.stored_events ENABLE TRIGGER refuses"
)


def of(recorder: LedgerRecorder) -> PostgresLedgerRecorder:
    assert isinstance(recorder, PostgresLedgerRecorder)
    return recorder


def as_owner(harness: PostgresHarness, server: PostgresServer, statement: str) -> None:
    """A statement of somebody who may everything, in the test's schema."""
    server.execute(statement.format(s=harness.location.schema))


def test_a_schema_that_is_not_there_is_missing_and_not_made(postgresql_harness: PostgresHarness) -> None:
    """Opening makes nothing."""
    for _ in range(2):
        with pytest.raises(StoreMissing):
            postgresql_harness.open()


def test_foreign_schemas_are_left_alone(
    postgresql_harness: PostgresHarness, postgres: PostgresServer
) -> None:
    """Tables of another program, another ledger's store, a newer version."""
    as_owner(postgresql_harness, postgres, "CREATE SCHEMA {s}")
    as_owner(postgresql_harness, postgres, "CREATE TABLE {s}.theirs (x int)")
    with pytest.raises(StoreForeign):
        postgresql_harness.create()
    as_owner(postgresql_harness, postgres, "DROP TABLE {s}.theirs")
    postgresql_harness.create()
    with pytest.raises(StoreForeign, match="not ledger"):
        postgresql_harness.open(ledger_id=bytes(16))
    as_owner(postgresql_harness, postgres, "ALTER TABLE {s}.store_info DISABLE TRIGGER ALL")
    as_owner(postgresql_harness, postgres, "UPDATE {s}.store_info SET schema_version = 99")
    with pytest.raises(StoreForeign, match="99"):
        postgresql_harness.open()


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE {s}.stored_events DISABLE TRIGGER refuses",
        "DROP TRIGGER grows ON {s}.ledger_head",
        "CREATE OR REPLACE FUNCTION {s}.full_tile_stays() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "ALTER TABLE {s}.claim RENAME COLUMN amount_fen TO amount",
        "DROP TABLE {s}.unique_key",
        DELETED,
    ],
)
def test_an_edited_database_is_not_opened(
    postgresql_harness: PostgresHarness, postgres: PostgresServer, statement: str
) -> None:
    """Guards, columns, tables and the newest record are compared at opening."""
    append(postgresql_harness.create(), records(2))
    as_owner(postgresql_harness, postgres, statement)
    with pytest.raises(StoreDamaged):
        postgresql_harness.open()


@pytest.mark.parametrize("table", ["stored_events", "request", "store_info"])
@pytest.mark.parametrize("act", ["UPDATE {s}.{t} SET {c} = {c}", "DELETE FROM {s}.{t}", "TRUNCATE {s}.{t}"])
def test_even_the_owner_is_refused(
    postgresql_harness: PostgresHarness, postgres: PostgresServer, table: str, act: str
) -> None:
    """What is appended is neither changed nor removed."""
    append(postgresql_harness.create(), records(2), requests=[request(1)])
    column = {"stored_events": "topic", "request": "digest", "store_info": "ledger_id"}[table]
    statement = act.format(s=postgresql_harness.location.schema, t=table, c=column)
    with pytest.raises(psycopg.errors.RestrictViolation):
        postgres.execute(statement)


def test_the_writer_role_may_append_and_nothing_else(postgres: PostgresServer) -> None:
    """The role of the server is not the owner: it appends, reads, and can change no record and no table."""
    schema, role = f"t{secrets.token_hex(8)}", f"w{secrets.token_hex(8)}"
    postgres.execute(f"CREATE ROLE {role} LOGIN")
    owner = StoreLocation.parse(postgres.url(schema=schema, writer=role))
    open_recorder(owner, create=True).close()
    recorder = open_recorder(StoreLocation.parse(postgres.url(schema=schema, user=role)), create=False)
    append(recorder, records(3), requests=[request(1)])
    assert recorder.head().size == 3
    for statement in (
        "UPDATE {s}.stored_events SET topic = ''",
        "DELETE FROM {s}.claim",
        "TRUNCATE {s}.tile",
        "ALTER TABLE {s}.stored_events DISABLE TRIGGER refuses",
        "DROP TABLE {s}.claim",
        "INSERT INTO {s}.ledger_head VALUES (2, 0, '')",
        "LOCK TABLE {s}.stored_events IN EXCLUSIVE MODE",
    ):
        with (
            psycopg.connect(dbname="postgres", host=str(postgres.folder / "run"), user=role) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement.format(s=schema))  # type: ignore[arg-type]
    recorder.close()


@pytest.mark.parametrize("persisted", [True, False])
def test_the_connection_is_lost_at_commit_and_the_head_tells(
    postgresql_harness: PostgresHarness, persisted: bool
) -> None:
    """200 times: the outcome is unknown, the head decides, and the next append goes on from there."""
    recorder = postgresql_harness.create()
    for number in range(100):
        before = recorder.head()
        postgresql_harness.break_commit(recorder, persisted=persisted)
        with pytest.raises(CommitUnknown):
            append(recorder, records(2, prefix=f"r{number}"), requests=[request(number)])
        assert recorder.head().size == before.size + 2 * persisted
        known = recorder.read_requests([request(number)[:2]])
        assert bool(known) is persisted
        if not persisted:
            append(recorder, records(2, prefix=f"r{number}"), requests=[request(number)])


def test_a_killed_backend_before_commit_wrote_nothing(
    postgresql_harness: PostgresHarness, postgres: PostgresServer
) -> None:
    """The writing connection is terminated between appends: the next one opens another."""
    recorder = of(postgresql_harness.create())
    append(recorder, records(1))
    postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    with pytest.raises(StoreUnavailable):
        append(recorder, records(1, prefix="b"), head=Head(1, leaf_hash(records(1)[0].data)))
    assert recorder.head().size == 1
    append(recorder, records(1, prefix="b"))
    assert recorder.head().size == 2


def test_a_lock_held_by_another_is_busy(
    postgresql_harness: PostgresHarness, postgres: PostgresServer
) -> None:
    """A transaction of somebody else holds the head's row: nothing is written, and it may be tried again."""
    postgresql_harness.create().close()
    recorder = open_recorder(postgresql_harness.location, create=False, lock_timeout_ms=200)
    with psycopg.connect(dbname="postgres", host=str(postgres.folder / "run"), user="postgres") as other:
        other.execute(f"SELECT * FROM {postgresql_harness.location.schema}.ledger_head FOR UPDATE")  # type: ignore[arg-type]
        with pytest.raises(StoreBusy):
            append(recorder, records(1))
        other.rollback()
    append(recorder, records(1))
    assert recorder.head().size == 1
    recorder.close()


def test_two_recorders_and_one_head(postgresql_harness: PostgresHarness) -> None:
    """The second writer at the same head loses, whatever it brings."""
    first, second = postgresql_harness.create(), postgresql_harness.open()
    head = first.head()
    append(first, records(1))
    with pytest.raises(HeadMoved):
        append(second, records(1), head=head)
    assert second.head().size == 1


@pytest.fixture
def mortal() -> Iterator[PostgresServer]:
    """A server for one test, which may kill it."""
    yield from running_server()


def test_what_was_acknowledged_is_there_after_a_crash_of_the_server(mortal: PostgresServer) -> None:
    """Stopped as by a power failure, three times; every acknowledged batch is whole."""
    location = StoreLocation.parse(mortal.url())
    open_recorder(location, create=True).close()
    size = 0
    for round_number in range(3):
        recorder = open_recorder(location, create=False)
        for number in range(10):
            append(recorder, records(4, prefix=f"{round_number}-{number}"), requests=[request(size)])
            size += 4
        mortal.stop("immediate")
        with pytest.raises((StoreUnavailable, CommitUnknown)):
            append(recorder, records(1), head=Head(size, bytes(32)))
        recorder.close()
        mortal.start()
    recorder = open_recorder(location, create=False, ledger_id=LEDGER_ID)
    stored = list(recorder.iter_records())
    assert [record.index for record in stored] == list(range(size))
    assert recorder.head() == (size, stored[-1].leaf_hash)
    recorder.close()
