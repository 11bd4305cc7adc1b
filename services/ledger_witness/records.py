"""What a witness has cosigned, durable before it answers, and replaced by compare-and-swap alone.

An older copy of this file makes a witness sign what it must not: it is never restored. The file knows sizes,
hashes and bytes; it neither verifies nor signs.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from ledger.errors import ExitCode, LedgerError

if TYPE_CHECKING:
    from pathlib import Path

PLAIN, RULES = "plain", "rules"
"""The two cosigners: append-only, and recomputed."""

FILE: Final = "witness.db"
_LOCK_MS: Final = 5_000
# Sizes are 8 bytes, big endian: they may be above what SQLite's integers hold, and bytes compare alike.
_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS cosigned (cosigner TEXT NOT NULL, origin TEXT NOT NULL, size BLOB NOT NULL, "
    "root BLOB NOT NULL, timestamp_s INTEGER NOT NULL, note BLOB NOT NULL, "
    "PRIMARY KEY (cosigner, origin)) STRICT"
)
_NEVER_BACK: Final = (
    "CREATE TRIGGER IF NOT EXISTS cosigned_never_shrinks BEFORE UPDATE ON cosigned WHEN NEW.size < OLD.size "
    "OR (NEW.size = OLD.size AND NEW.root <> OLD.root) "
    "BEGIN SELECT RAISE(ABORT, 'a witness never goes back'); END"
)
_NEVER_GONE: Final = (
    "CREATE TRIGGER IF NOT EXISTS cosigned_stays BEFORE DELETE ON cosigned "
    "BEGIN SELECT RAISE(ABORT, 'a witness forgets nothing'); END"
)
_OPENING: Final = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", _TABLE, _NEVER_BACK, _NEVER_GONE)
_SELECT: Final = "SELECT size, root, timestamp_s, note FROM cosigned WHERE cosigner = ? AND origin = ?"
_INSERT: Final = "INSERT OR IGNORE INTO cosigned VALUES (?, ?, ?, ?, ?, ?) RETURNING 1"
_UPDATE: Final = (
    "UPDATE cosigned SET size = ?, root = ?, timestamp_s = ?, note = ? "
    "WHERE cosigner = ? AND origin = ? AND size = ? AND root = ? RETURNING 1"
)


class RecordMoved(LedgerError):
    """Another request was first: what is stored is not what was judged."""

    exit_code = ExitCode.UNAVAILABLE


class RecordsUnavailable(LedgerError):
    """The file of what was cosigned cannot be opened or written."""

    exit_code = ExitCode.UNAVAILABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The newest checkpoint of a log that a cosigner signed: the note holds its cosignatures."""

    origin: str
    size: int
    root: bytes
    timestamp_s: int
    note: bytes


class Records:
    """The records in a folder; one process has it open. Methods may be called from any thread."""

    def __init__(self, directory: Path) -> None:
        """Open or make the file. Raises RecordsUnavailable, also where another process has the folder."""
        self._guard = Lock()
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._held = (directory / "witness.lock").open("wb")
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._held.close()
            raise RecordsUnavailable(
                f"another witness has {directory} open",
                hint="Stop it first, or give this one its own folder.",
            ) from None
        except OSError as error:
            raise RecordsUnavailable(f"{directory} cannot be used: {error.strerror}") from None
        try:
            self._connection = sqlite3.connect(
                directory / FILE, isolation_level=None, check_same_thread=False, timeout=_LOCK_MS / 1_000
            )
            for statement in _OPENING:
                self._connection.execute(statement)
        except sqlite3.Error as error:
            self._held.close()
            raise RecordsUnavailable(f"{directory / FILE} cannot be opened: {error}") from None
        _sync_folder(directory)

    def read(self, cosigner: str, origin: str) -> Record | None:
        """The newest record of a log, or None if nothing of it was cosigned."""
        try:
            with self._guard:
                row = self._connection.execute(_SELECT, (cosigner, origin)).fetchone()
        except sqlite3.Error as error:
            raise RecordsUnavailable(f"what was cosigned cannot be read: {error}") from None
        if row is None:
            return None
        size, root, timestamp_s, note = row
        return Record(
            origin=origin, size=int.from_bytes(size, "big"), root=root, timestamp_s=timestamp_s, note=note
        )

    def swap(self, cosigner: str, before: Record | None, after: Record) -> None:
        """Replace `before` by `after` durably, or change nothing.

        Raises RecordMoved if another record is stored, RecordsUnavailable if the file cannot be written; then
        no signature over `after` may leave the process.
        """
        new = (_stored(after.size), after.root, after.timestamp_s, after.note)
        key = (cosigner, after.origin)
        try:
            with self._guard:
                if before is None:
                    done = self._connection.execute(_INSERT, (*key, *new)).fetchall()
                else:
                    done = self._connection.execute(
                        _UPDATE, (*new, *key, _stored(before.size), before.root)
                    ).fetchall()
        except sqlite3.Error as error:
            raise RecordsUnavailable(f"what is cosigned cannot be written: {error}") from None
        if not done:
            raise RecordMoved("another checkpoint was cosigned at the same time")

    def close(self) -> None:
        """Close the file and let the folder go."""
        with self._guard:
            self._connection.close()
            self._held.close()


def _stored(size: int) -> bytes:
    return size.to_bytes(8, "big")


def _sync_folder(directory: Path) -> None:
    """Make the file's name durable, too."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
