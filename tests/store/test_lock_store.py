"""The locked checkpoint: made once, replaced only by compare-and-swap, never smaller, on every adapter."""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from store_harness import BreaksOnce

from ledger.store.errors import CommitUnknown, LockExists, LockMoved, LockRegression, StoreForeign
from ledger.store.location import StoreLocation
from ledger.store.lock_store import Locked, LockStore, MemoryLockStore
from ledger.store.postgresql_lock import PostgresLockStore
from ledger.store.sqlite_lock import SQLiteLockStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST = Locked(
    ledger_id=b"l" * 16,
    origin="ledger.example/e0",
    size=1,
    root_hash=b"r" * 32,
    leaf_hash=b"h" * 32,
    note=b"note 1",
    frontier=b"f" * 32,
)
SECOND = replace(FIRST, size=9, root_hash=b"s" * 32, leaf_hash=b"i" * 32, note=b"note 9", frontier=b"g" * 64)


@pytest.fixture
def lock_path(tmp_path: Path) -> Path:
    """The file of the SQLite adapter."""
    return tmp_path / "lock.db"


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, lock_path: Path) -> Iterator[LockStore]:
    """An empty lock store of each adapter."""
    built: LockStore
    if request.param == "memory":
        built = MemoryLockStore()
    elif request.param == "sqlite":
        built = SQLiteLockStore(lock_path)
    else:
        server = request.getfixturevalue("postgres")
        built = PostgresLockStore(StoreLocation.parse(server.url(schema=f"t{secrets.token_hex(8)}")))
    yield built
    built.close()


def test_an_empty_store_has_no_lock_and_swaps_nothing(store: LockStore) -> None:
    """Reading finds nothing and makes nothing; a swap without a lock loses."""
    assert store.read() is None
    with pytest.raises(LockMoved):
        store.swap(FIRST, SECOND)
    assert store.read() is None


def test_a_lock_is_made_once(store: LockStore) -> None:
    """A second creation is refused, also with the same value, and changes nothing."""
    store.create(FIRST)
    assert store.read() == FIRST
    for again in (FIRST, SECOND):
        with pytest.raises(LockExists):
            store.create(again)
    assert store.read() == FIRST


def test_a_swap_replaces_the_expected_lock(store: LockStore) -> None:
    """Every field is replaced; the note of an unchanged tree may be replaced as well."""
    store.create(FIRST)
    store.swap(FIRST, SECOND)
    assert store.read() == SECOND
    renewed = replace(SECOND, note=b"note 9, signed again")
    store.swap(SECOND, renewed)
    assert store.read() == renewed


@pytest.mark.parametrize("field", ["size", "root_hash", "leaf_hash", "note", "frontier"])
def test_a_swap_that_expects_another_lock_loses(store: LockStore, field: str) -> None:
    """Every field of the expected lock counts."""
    store.create(SECOND)
    other: Any = {"size": 8, "root_hash": b"x" * 32, "leaf_hash": b"x" * 32, "note": b"x", "frontier": b"x"}
    expected = replace(SECOND, **{field: other[field]})
    with pytest.raises(LockMoved):
        store.swap(expected, replace(SECOND, size=10, note=b"late"))
    assert store.read() == SECOND


@pytest.mark.parametrize(
    "change",
    [
        {"size": 8},
        {"root_hash": b"x" * 32},
        {"leaf_hash": b"x" * 32},
        {"origin": "ledger.example/e1", "size": 10},
        {"ledger_id": b"x" * 16, "size": 10},
    ],
    ids=["smaller", "other-root", "other-leaf", "other-origin", "other-ledger"],
)
def test_a_regression_is_refused(store: LockStore, change: dict[str, Any]) -> None:
    """No smaller tree, no second tree of one size, no other log."""
    store.create(SECOND)
    with pytest.raises(LockRegression):
        store.swap(SECOND, replace(SECOND, **change))
    assert store.read() == SECOND


def test_of_two_stores_on_one_file_the_second_swap_loses(lock_path: Path) -> None:
    """Two checkpointers that expect the same lock: one wins, the other must destroy its signature."""
    with closing(SQLiteLockStore(lock_path)) as one, closing(SQLiteLockStore(lock_path)) as other:
        one.create(FIRST)
        assert other.read() == FIRST
        other.swap(FIRST, SECOND)
        with pytest.raises(LockMoved):
            one.swap(FIRST, replace(SECOND, note=b"mine"))
        assert one.read() == SECOND
        with pytest.raises(LockExists):
            other.create(FIRST)


def test_the_lock_is_found_by_a_new_store(lock_path: Path) -> None:
    """The file outlives its store and commits with synchronous=FULL in WAL mode."""
    with closing(SQLiteLockStore(lock_path)) as store:
        store.create(FIRST)
        store.swap(FIRST, SECOND)
        assert store._connection is not None
        assert store._connection.query("PRAGMA synchronous") == [(2,)]
        assert store._connection.query("PRAGMA journal_mode") == [("wal",)]
    with closing(SQLiteLockStore(lock_path)) as store:
        assert store.read() == SECOND


@pytest.mark.parametrize("persisted", [False, True])
def test_a_failed_commit_is_decided_by_reading(lock_path: Path, persisted: bool) -> None:
    """After an unknown outcome the stored lock is the old or the new one, and swapping goes on from it."""
    with closing(SQLiteLockStore(lock_path)) as store:
        store.create(FIRST)
        assert store._connection is not None
        broken = BreaksOnce(store._connection.raw, persisted=persisted)
        cast("Any", store._connection)._sqlite_conn = broken
        with pytest.raises(CommitUnknown):
            store.swap(FIRST, SECOND)
        found = store.read()
        assert found == (SECOND if persisted else FIRST)
        assert found is not None
        store.swap(found, replace(SECOND, size=20))
        assert store.read() == replace(SECOND, size=20)


def test_a_file_of_another_program_is_refused(lock_path: Path) -> None:
    """A foreign database is neither read nor written."""
    with closing(sqlite3.connect(lock_path)) as foreign:
        foreign.execute("CREATE TABLE accounts (id INTEGER)")
        foreign.commit()
    with closing(SQLiteLockStore(lock_path)) as store:
        with pytest.raises(StoreForeign):
            store.read()
        with pytest.raises(StoreForeign):
            store.create(FIRST)


@pytest.mark.parametrize("statement", ["UPDATE locked SET size = 1", "DELETE FROM locked"])
def test_triggers_refuse_a_regression_to_any_program(lock_path: Path, statement: str) -> None:
    """The file itself refuses a smaller size and a removal."""
    with closing(SQLiteLockStore(lock_path)) as store:
        store.create(SECOND)
    with (
        closing(sqlite3.connect(lock_path)) as intruder,
        pytest.raises(sqlite3.IntegrityError, match="never"),
    ):
        intruder.execute(statement)
