"""The leaf hashes of a log, 32 bytes a leaf, in a file: those of the pass that is under way, and older ones.

Whatever is read a second time is compared with them, so that a source cannot show one thing to the tree and
another to the rules. It must not compute a hash of a leaf.
"""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Self

from ledger.proof.hashing import HASH_SIZE
from ledger.proof.merkle import Frontier
from ledger_audit.errors import CouldNotCheckError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_UNKNOWN = bytes(HASH_SIZE)
_PIECE = 1 << 15
"""Hashes that are read at once."""
_MAX_INDEX = 1 << 58
"""What a file's offset can hold."""


class LeafHashes:
    """Leaf hashes by index over an open file; those that were never written are unknown."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def temporary(cls) -> Self:
        """An empty one, whose file goes when it is closed."""
        with tempfile.TemporaryFile(prefix="ledger-audit-") as file:
            return cls(os.dup(file.fileno()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def put(self, start: int, hashes: Sequence[bytes]) -> None:
        """Keep the hashes of the leaves from `start` on. Raises CouldNotCheckError where the disk is full."""
        data = b"".join(hashes)
        try:
            written = os.pwrite(self._descriptor, data, start * HASH_SIZE)
        except OSError as error:
            raise CouldNotCheckError(f"no room for temporary files: {error.strerror}") from None
        if written != len(data):
            raise CouldNotCheckError("no room for temporary files")

    def get(self, index: int) -> bytes | None:
        """The hash of a leaf, None where it is unknown."""
        if not 0 <= index < _MAX_INDEX:
            return None
        found = os.pread(self._descriptor, HASH_SIZE, index * HASH_SIZE)
        return found if len(found) == HASH_SIZE and found != _UNKNOWN else None

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """The hashes of leaves [start, stop), joined, some at a time; it ends early where the file does."""
        while start < stop:
            count = min(_PIECE, stop - start)
            data = os.pread(self._descriptor, count * HASH_SIZE, start * HASH_SIZE)
            whole = len(data) - len(data) % HASH_SIZE
            if whole:
                yield data[:whole]
            if whole < count * HASH_SIZE:
                return
            start += count

    def root(self, size: int) -> bytes | None:
        """The root of the tree of the first `size` leaves, None where too few are known."""
        frontier = Frontier()
        for piece in self.pieces(0, size):
            frontier.extend(
                [piece[offset : offset + HASH_SIZE] for offset in range(0, len(piece), HASH_SIZE)]
            )
        return frontier.root() if frontier.size == size else None


def first_difference(one: LeafHashes, other: LeafHashes, *, stop: int) -> int | None:
    """The first of the leaves before `stop` whose hashes differ, None where all that both have are equal."""
    index = 0
    for ours, theirs in zip(one.pieces(0, stop), other.pieces(0, stop), strict=False):
        if ours != theirs:
            for offset in range(0, min(len(ours), len(theirs)), HASH_SIZE):
                if ours[offset : offset + HASH_SIZE] != theirs[offset : offset + HASH_SIZE]:
                    return index + offset // HASH_SIZE
        index += len(ours) // HASH_SIZE
    return None
