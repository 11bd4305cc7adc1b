"""The store of a witness: durable, replaced by compare-and-swap, never back, one process a folder."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ledger.errors import ExitCode
from ledger_witness.records import FILE, PLAIN, RULES, Record, RecordMoved, Records, RecordsUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

A = Record(origin="a.example", size=5, root=b"\1" * 32, timestamp_s=10, note=b"note a")
B = replace(A, size=9, root=b"\2" * 32, timestamp_s=11, note=b"note b")


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    """A new store."""
    with closing(Records(tmp_path / "w")) as store:
        yield store


def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    """Each cosigner and origin for itself; sizes up to the largest."""
    largest = replace(A, origin="b.example", size=2**64 - 1)
    with closing(Records(tmp_path)) as store:
        store.swap(PLAIN, None, A)
        store.swap(RULES, None, largest)
    with closing(Records(tmp_path)) as store:
        assert store.read(PLAIN, "a.example") == A
        assert store.read(RULES, "a.example") is None
        assert store.read(RULES, "b.example") == largest


def test_only_what_was_read_is_replaced(records: Records) -> None:
    """A first record once; a later one only in place of the one that was judged."""
    records.swap(PLAIN, None, A)
    for before in (None, replace(A, size=4), replace(A, root=bytes(32))):
        with pytest.raises(RecordMoved):
            records.swap(PLAIN, before, B)
    records.swap(PLAIN, A, B)
    with pytest.raises(RecordMoved):
        records.swap(PLAIN, A, replace(A, size=7))
    assert records.read(PLAIN, "a.example") == B


def test_it_never_goes_back_whoever_asks(records: Records, tmp_path: Path) -> None:
    """A smaller size, another root of the same size, and forgetting are refused by the file itself."""
    records.swap(PLAIN, None, B)
    for back in (A, replace(B, root=bytes(32))):
        with pytest.raises(RecordsUnavailable, match="never goes back"):
            records.swap(PLAIN, B, back)
    with closing(sqlite3.connect(tmp_path / "w" / FILE)) as other:
        with pytest.raises(sqlite3.IntegrityError):
            other.execute("UPDATE cosigned SET size = ?", (bytes(8),))
        with pytest.raises(sqlite3.IntegrityError):
            other.execute("DELETE FROM cosigned")
    assert records.read(PLAIN, "a.example") == B


def test_the_same_size_may_be_stored_again_with_a_later_time(records: Records) -> None:
    """A log asks again when nothing is new."""
    records.swap(PLAIN, None, B)
    later = replace(B, timestamp_s=99, note=b"again")
    records.swap(PLAIN, B, later)
    assert records.read(PLAIN, "a.example") == later


def test_of_many_at_once_one_is_first(records: Records) -> None:
    """The others learn it."""
    records.swap(PLAIN, None, A)
    barrier = threading.Barrier(8)
    won: list[int] = []

    def swap(number: int) -> None:
        barrier.wait(10)
        try:
            records.swap(PLAIN, A, replace(B, size=10 + number))
        except RecordMoved:
            return
        won.append(10 + number)

    threads = [threading.Thread(target=swap, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    found = records.read(PLAIN, "a.example")
    assert found is not None
    assert [found.size] == won


def test_a_second_process_on_the_folder_is_refused(records: Records, tmp_path: Path) -> None:
    """Exit code 7 and a next step; the folder is free after closing."""
    with pytest.raises(RecordsUnavailable) as caught:
        Records(tmp_path / "w")
    assert (caught.value.exit_code, "Stop it first" in caught.value.hint) == (ExitCode.UNAVAILABLE, True)
    records.close()
    Records(tmp_path / "w").close()


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    """Nothing is signed from nothing."""
    (tmp_path / FILE).write_bytes(b"no database" * 100)
    for _ in range(2):
        with pytest.raises(RecordsUnavailable, match="cannot be opened"):
            Records(tmp_path)


def test_what_cannot_be_written_is_told(records: Records, tmp_path: Path) -> None:
    """A file that another process holds: the caller must not give a signature out."""
    records._connection.execute("PRAGMA busy_timeout = 1")
    with closing(sqlite3.connect(tmp_path / "w" / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RecordsUnavailable, match="cannot be written"):
            records.swap(PLAIN, None, A)
        other.execute("ROLLBACK")
    assert records.read(PLAIN, "a.example") is None
