"""The checkpoints that this auditor verified before, in a folder of the auditor's own, one for each log key.

A log that is not a continuation of what was remembered is a finding, and both notes are kept. Nothing from a
log is trusted for being here: the notes are opened under the caller's keys each time.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.errors import MalformedError
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.note import Note
from ledger_audit.errors import CouldNotCheckError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SUFFIX = ".checkpoint"
KEPT = 64
"""Verified checkpoints of one log that are kept; a conflict is kept for ever."""


class Remembered:
    """Verified checkpoints by log below `folder`, which is made when something is remembered.

    A log is named by its verifier key: many ledgers for development share one origin.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, vkey: str) -> Path:
        """The folder of a log."""
        return self._folder / sha256(vkey.encode()).hexdigest()

    def notes(self, vkey: str) -> list[bytes]:
        """The notes remembered of a log, by ascending size; unreadable ones are CouldNotCheckError."""
        try:
            paths = sorted(self.place(vkey).glob(f"*{_SUFFIX}"), key=lambda path: (len(path.name), path.name))
            return [path.read_bytes() for path in paths]
        except OSError as error:
            raise CouldNotCheckError(f"the remembered checkpoints cannot be read: {error.strerror}") from None

    def remember(self, vkey: str, note: bytes) -> None:
        """Keep a checkpoint that was verified; the oldest make room."""
        head = Checkpoint.parse(Note.parse(note).text)
        with self._held(vkey) as place:
            _replace(place / f"{head.size}{_SUFFIX}", note)
            sizes = sorted(int(path.name.removesuffix(_SUFFIX)) for path in place.glob(f"*{_SUFFIX}"))
            for size in sizes[:-KEPT]:
                (place / f"{size}{_SUFFIX}").unlink(missing_ok=True)

    def keep_conflict(self, vkey: str, remembered: bytes, seen: bytes) -> tuple[Path, Path]:
        """Write two notes that cannot both be of one log side by side; their paths."""
        name = f"conflict-{sha256(remembered + seen).hexdigest()[:16]}"
        with self._held(vkey) as place:
            paths = place / f"{name}.remembered", place / f"{name}.seen"
            for path, note in zip(paths, (remembered, seen), strict=True):
                _replace(path, note)
        return paths

    @contextmanager
    def _held(self, vkey: str) -> Iterator[Path]:
        """The folder of a log, held against other audits."""
        place = self.place(vkey)
        try:
            place.mkdir(parents=True, exist_ok=True)
            with (place / "lock").open("wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield place
        except OSError as error:
            raise CouldNotCheckError(
                f"a checkpoint could not be remembered: {error.strerror}", hint="See --state and --no-state."
            ) from None


def size_of(note: bytes) -> int:
    """The size that a remembered note names; MalformedError for what is none."""
    return Checkpoint.parse(Note.parse(note).text).size


def newest_within(notes: list[bytes], size: int) -> tuple[bytes | None, bytes | None]:
    """The largest note of at most `size` leaves, and the smallest of more; what is no note is left out."""
    within: bytes | None = None
    for note in notes:
        try:
            found = size_of(note)
        except MalformedError:
            continue
        if found > size:
            return within, note
        within = note
    return within, None


def _replace(path: Path, data: bytes) -> None:
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
