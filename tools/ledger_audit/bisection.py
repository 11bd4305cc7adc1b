"""Where two logs, or two auditors of one log, part: found by bisection of their chained digests.

A digest covers all of history before it, so the first that differs is found in as many steps as the log has
binary digits. Nothing here judges who is right.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Protocol

from ledger.errors import UsageError
from ledger.proof.hashing import leaf_hash
from ledger_audit.digests import MASK
from ledger_audit.errors import CouldNotCheckError
from ledger_audit.replay import tree_size
from ledger_audit.scan import parse_again
from ledger_audit.sources import read_entry

if TYPE_CHECKING:
    from ledger_audit.digest_file import DigestFile
    from ledger_audit.sources import Source

STRETCH = MASK + 1


class Side(Protocol):
    """One of the two: its size, its genesis, and its digests."""

    size: int
    genesis: bytes

    def at(self, index: int) -> bytes:
        """The digest at a leaf that has to be one, empty if it is none."""

    def between(self, start: int, stop: int) -> list[tuple[int, bytes]]:
        """The digests at leaves [start, stop), in order."""

    def leaves(self, start: int, stop: int) -> list[bytes] | None:
        """The leaf hashes [start, stop), None where only digests are known."""


class LogSide:
    """A log, whose digests are those that it records."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.size = tree_size(source)
        if not self.size:
            raise CouldNotCheckError("the log is empty")
        self.genesis = leaf_hash(read_entry(source, index=0, size=self.size))

    def at(self, index: int) -> bytes:
        """The digest that the event records."""
        return _recorded(read_entry(self._source, index=index, size=self.size))

    def between(self, start: int, stop: int) -> list[tuple[int, bytes]]:
        """The recorded digests of a stretch."""
        found = ((index, _recorded(entry)) for index, entry in enumerate(self._entries(start, stop), start))
        return [(index, digest) for index, digest in found if digest]

    def leaves(self, start: int, stop: int) -> list[bytes] | None:
        """The leaf hashes of a stretch."""
        return [leaf_hash(entry) for entry in self._entries(start, stop)]

    def _entries(self, start: int, stop: int) -> list[bytes]:
        if stop == start + 1:
            return [read_entry(self._source, index=start, size=self.size)]
        first = start - start % 256
        entries: list[bytes] = []
        for _, chunk in self._source.chunks(start=first, stop=stop, size=self.size):
            entries += chunk
        return entries[start - first : stop - first]


class FileSide:
    """What an auditor computed."""

    def __init__(self, file: DigestFile) -> None:
        self._indexes = [index for index, _ in file.digests]
        self._digests = file.digests
        self.size = file.tree_size
        self.genesis = file.genesis_leaf_hash

    def at(self, index: int) -> bytes:
        """The digest computed there."""
        place = bisect_left(self._indexes, index)
        known = place < len(self._indexes) and self._indexes[place] == index
        return self._digests[place][1] if known else b""

    def between(self, start: int, stop: int) -> list[tuple[int, bytes]]:
        """The computed digests of a stretch."""
        return list(self._digests[bisect_left(self._indexes, start) : bisect_left(self._indexes, stop)])

    def leaves(self, start: int, stop: int) -> None:
        """Unknown."""
        del start, stop


@dataclass(frozen=True, slots=True)
class Parting:
    """Where two sides part: leaves [first, last] hold the cause; digests at `last`, and the first leaf."""

    first: int
    last: int
    digest_a: bytes
    digest_b: bytes
    leaf: int | None

    def to_json(self) -> dict[str, Any]:
        """The values as they are printed."""
        return {
            "first": self.first,
            "last": self.last,
            "digest_a": self.digest_a.hex(),
            "digest_b": self.digest_b.hex(),
            "first_leaf": self.leaf,
        }


def find_parting(a: Side, b: Side) -> tuple[Parting | None, int]:
    """The first stretch in which two sides differ, or None; and how many leaves the comparison covers.

    Two logs are compared by leaf hashes, each of which covers all leaves before it; where one side is what an
    auditor computed, digests are. Raises UsageError for two ledgers without even their genesis in common.
    """
    if a.genesis != b.genesis:
        raise UsageError("these are two ledgers: their first events differ")
    common = min(a.size, b.size)
    low, high = 0, common // STRETCH
    while low < high:
        middle = (low + high) // 2
        if _same(a, b, middle * STRETCH + MASK):
            low = middle + 1
        else:
            high = middle
    start, stop = low * STRETCH, min((low + 1) * STRETCH, common)
    leaves_a, leaves_b = a.leaves(start, stop), b.leaves(start, stop)
    if leaves_a is None or leaves_b is None:
        return _by_digests(a, b, start, stop)
    pairs = enumerate(zip(leaves_a, leaves_b, strict=True), start)
    leaf = next((index for index, (one, other) in pairs if one != other), None)
    if leaf is None:
        return None, stop
    known = [dict(side.between(leaf, stop)) for side in (a, b)]
    last = min((index for index in known[0] if index in known[1]), default=leaf)
    return Parting(leaf, last, known[0].get(last, b""), known[1].get(last, b""), leaf), leaf


def _same(a: Side, b: Side, mark: int) -> bool:
    leaves_a, leaves_b = a.leaves(mark, mark + 1), b.leaves(mark, mark + 1)
    if leaves_a is not None and leaves_b is not None:
        return leaves_a == leaves_b
    return a.at(mark) == b.at(mark) != b""


def _by_digests(a: Side, b: Side, start: int, stop: int) -> tuple[Parting | None, int]:
    """Walk the digests of the stretch that bisection left."""
    known = [side.between(start, stop) for side in (a, b)]
    for pair in zip_longest(*known):
        if pair[0] != pair[1]:
            last = min(index for index, _ in filter(None, pair))
            mine, theirs = (dict(digests).get(last, b"") for digests in known)
            return Parting(start, last, mine, theirs, None), start
        start = pair[0][0] + 1
    return None, start


def _recorded(entry: bytes) -> bytes:
    event, _ = parse_again(entry)
    return event.state_digested.digest if event is not None and event.HasField("state_digested") else b""
