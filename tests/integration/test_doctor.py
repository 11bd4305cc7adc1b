"""The doctor: a sound folder is healthy, and whatever is changed behind the server's back is named."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest
from support import everything
from support.house import House

from ledger.app.application import LedgerApplication
from ledger.app.bootstrap import decode_record, new_store
from ledger.app.rebuilding import rebuild
from ledger.store.location import StoreLocation
from ledger.store.schema import DERIVED_TABLES
from ledger.store.sqlite_lock import SQLiteLockStore
from ledger_server.directory import LedgerDirectory
from ledger_server.doctor import Doctor, Examined, Health

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a year in which everything happens, closed."""
    house = House.open(tmp_path_factory.mktemp("year") / "ledger")
    everything.play(house)
    house.run(house.ledger.close())
    return house.made.directory.root


@pytest.fixture
def folder(year: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    return shutil.copytree(year, tmp_path / "copy")


def examine(folder: Path) -> dict[str, Examined]:
    return {check.name: check for check in Doctor(LedgerDirectory(folder)).examine()}


def edit(folder: Path, statement: str, *values: object) -> None:
    """Change the store with its triggers gone and put back."""
    with sqlite3.connect(LedgerDirectory(folder).store) as connection:
        kept = connection.execute("SELECT name, sql FROM sqlite_master WHERE type='trigger'").fetchall()
        for name, _ in kept:
            connection.execute(f"DROP TRIGGER {name}")
        assert connection.execute(statement, values).rowcount > 0
        for _, sql in kept:
            connection.execute(sql)
    connection.close()


def test_a_sound_folder_is_healthy(year: Path) -> None:
    """Every derived table of a year of everything is what its records give."""
    checks = examine(year)
    assert {name: check.faults for name, check in checks.items() if check.faults} == {}
    assert {check.health for check in checks.values()} <= {Health.PASSED, Health.WARNING}


def test_a_rebuilt_store_is_the_same(year: Path, tmp_path: Path) -> None:
    """Records, derived tables and state of the copy are those of the original."""
    place = LedgerDirectory(year)
    ledger_id = bytes.fromhex(place.read_config().ledger_id)
    locked = SQLiteLockStore(place.lock).read()
    assert locked is not None
    with (
        LedgerApplication(StoreLocation.sqlite(place.store), decode=decode_record) as old,
        new_store(StoreLocation.sqlite(tmp_path / "new.db"), ledger_id=ledger_id) as new,
    ):
        folded = rebuild(old.recorder.iter_records(), new.recorder, locked=locked)
        assert (folded.size, folded.head) == tuple(old.recorder.head()) == tuple(new.recorder.head())
        assert list(new.recorder.iter_records()) == list(old.recorder.iter_records())
        for table in DERIVED_TABLES:
            assert new.recorder.scan(table, limit=10**6) == old.recorder.scan(table, limit=10**6)


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        ("UPDATE stored_events SET topic = 'voucher_closed' WHERE rowid = 12", "records"),
        ("UPDATE stored_events SET originator_id = 'voucher/x' WHERE rowid = 12", "records"),
        ("UPDATE stored_events SET originator_version = 77 WHERE rowid = 12", "records"),
        ("UPDATE stored_events SET leaf_hash = zeroblob(32) WHERE rowid = 12", "records"),
        ("UPDATE stored_events SET state = CAST(state || x'00' AS BLOB) WHERE rowid = 12", "records"),
        ("UPDATE claim SET amount_fen = amount_fen + 1", "derived_tables"),
        ("DELETE FROM claim", "derived_tables"),
        ("UPDATE evidence SET consumed_fen = 0 WHERE consumed_fen > 0", "derived_tables"),
        ("DELETE FROM device_interval", "derived_tables"),
        ("INSERT INTO unique_key VALUES (1, x'00', 3)", "derived_tables"),
        ("DELETE FROM request WHERE leaf_index = 20", "derived_tables"),
        ("UPDATE request SET digest = zeroblob(32) WHERE leaf_index = 20", "derived_tables"),
        ("UPDATE tile SET data = zeroblob(length(data)) WHERE level = 0", "derived_tables"),
        ("DELETE FROM tile WHERE level = 0", "derived_tables"),
        ("UPDATE ledger_head SET size = size + 1", "database"),
        ("DELETE FROM stored_events WHERE rowid = (SELECT max(rowid) FROM stored_events)", "database"),
    ],
)
def test_an_edited_store_is_named(folder: Path, statement: str, check: str) -> None:
    """Each column, derived row and the head: the check that is meant for it fails."""
    edit(folder, statement)
    checks = examine(folder)
    assert checks[check].health is Health.FAILED
    if check == "records":
        assert next(fault.index for fault in checks[check].faults) == 11


def test_every_wrong_record_is_named(folder: Path) -> None:
    """Two damaged rows give two faults with their indexes."""
    edit(folder, "UPDATE stored_events SET state = CAST(x'00' || state AS BLOB) WHERE rowid IN (6, 31)")
    assert [fault.index for fault in examine(folder)["records"].faults] == [5, 30]


def test_a_changed_history_with_all_columns_is_told_by_the_lock(folder: Path) -> None:
    """Where somebody also corrects the columns, the locked checkpoint names it."""
    edit(folder, "UPDATE stored_events SET leaf_hash = randomblob(32) WHERE rowid = 12")
    assert examine(folder)["lock"].health is Health.FAILED


def test_a_dropped_trigger_is_named(folder: Path) -> None:
    """The tables' own guards are part of the store."""
    with sqlite3.connect(LedgerDirectory(folder).store) as connection:
        connection.execute("DROP TRIGGER stored_events_refuses_update")
    connection.close()
    assert examine(folder)["database"].health is Health.FAILED


def test_damaged_pages_are_named(folder: Path) -> None:
    """A page of the file is overwritten."""
    path = LedgerDirectory(folder).store
    with path.open("r+b") as stream:
        stream.seek(4096 * 5)
        stream.write(b"\xff" * 4096)
    checks = examine(folder)
    assert Health.FAILED in {check.health for check in checks.values()}


def test_keys_that_others_may_read_and_a_missing_lock(folder: Path) -> None:
    """The log key's mode; without the lock nothing else may be said to be right."""
    place = LedgerDirectory(folder)
    place.log_key.chmod(0o644)
    assert examine(folder)["log_key"].health is Health.FAILED
    place.lock.unlink()
    checks = examine(folder)
    assert checks["lock"].health is Health.FAILED
    assert checks["records"].health is Health.SKIPPED


def test_beside_a_server_derived_tables_are_left_out(folder: Path) -> None:
    """Who holds the folder may be writing."""
    with LedgerDirectory(folder).claim_for_writing():
        checks = examine(folder)
    assert checks["records"].health is Health.PASSED
    assert checks["derived_tables"].health is Health.SKIPPED
