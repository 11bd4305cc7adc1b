"""The locked checkpoint: the one small record that decides what this log may sign next.

It lies outside the event store, in production in another failure domain, so that rolling the events back
does not roll it back. A lock store knows sizes, hashes and bytes; it neither signs nor parses a note.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from ledger.store.errors import LockExists, LockMoved, LockRegression


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """The newest checkpoint that may have been published: a signed note and what it was computed from.

    `frontier` holds the hashes that extend the tree beyond `size`; `leaf_hash` is that of the last record
    below `size` (zeros at 0).
    """

    ledger_id: bytes
    origin: str
    size: int
    root_hash: bytes
    leaf_hash: bytes
    note: bytes
    frontier: bytes


class LockStore(Protocol):
    """Keeps one `Locked` durably and replaces it only by compare-and-swap."""

    def create(self, locked: Locked) -> None:
        """Store the first checkpoint of an epoch; raises `LockExists` if there is one."""

    def read(self) -> Locked | None:
        """The locked checkpoint, or None if none was ever made here."""

    def swap(self, expected: Locked, new: Locked) -> None:
        """Replace `expected` by `new` durably, or change nothing.

        Raises `LockMoved` if another value is stored, `LockRegression` if `new` is smaller, of another
        ledger or origin, or another tree of the same size, and `CommitUnknown` if the commit failed: then
        `read()` decides, and a note that was not stored must never be published.
        """

    def close(self) -> None:
        """Release what is open."""


class MemoryLockStore:
    """A lock store for tests and demonstrations; it ends with the process."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._locked: Locked | None = None

    def create(self, locked: Locked) -> None:
        """Store the first checkpoint."""
        with self._guard:
            if self._locked is not None:
                raise exists(self._locked)
            self._locked = locked

    def read(self) -> Locked | None:
        """The locked checkpoint, if there is one."""
        return self._locked

    def swap(self, expected: Locked, new: Locked) -> None:
        """Replace `expected` by `new`."""
        check_successor(expected, new)
        with self._guard:
            if self._locked != expected:
                raise moved(expected)
            self._locked = new

    def close(self) -> None:
        """Nothing to release."""


def check_successor(expected: Locked, new: Locked) -> None:
    """Raise `LockRegression` unless signing `new` after `expected` keeps one growing tree."""
    if (new.ledger_id, new.origin) != (expected.ledger_id, expected.origin):
        raise LockRegression(
            f"a checkpoint of {new.origin} cannot follow one of {expected.origin}",
            hint="A new epoch has a lock of its own.",
        )
    if new.size < expected.size:
        raise LockRegression(
            f"the tree of size {expected.size} is locked; a checkpoint of size {new.size} would go back",
            hint="Records were lost: do not write, and restore the newest backup.",
        )
    same_tree = (new.root_hash, new.leaf_hash) == (expected.root_hash, expected.leaf_hash)
    if new.size == expected.size and not same_tree:
        raise LockRegression(
            f"there would be two trees of size {new.size}",
            hint="Records were changed: do not write, and compare with a backup.",
        )


def exists(locked: Locked) -> LockExists:
    """The error for a second creation."""
    return LockExists(
        f"a checkpoint of {locked.origin} is locked at size {locked.size}",
        hint="This ledger was initialised before; name another directory.",
    )


def moved(expected: Locked) -> LockMoved:
    """The error for a swap that lost."""
    return LockMoved(
        f"the locked checkpoint is no longer the one of size {expected.size}",
        hint="Another server signs for this ledger; stop this one and destroy its last signature.",
    )
