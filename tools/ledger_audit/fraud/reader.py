"""A log as a search for proofs sees it: leaves by index, opened and kept, and which entries hold some bytes.

It must not verify anything: what comes of a search is judged before it is given away.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from ledger.errors import LedgerError
from ledger_audit.errors import BrokenBundleError, CouldNotCheckError
from ledger_audit.fraud.leaves import Leaf, NotShown, open_leaf
from ledger_audit.sources import Source, read_entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_KEPT = 4096
MAX_HITS = 1000
"""Entries found for one needle; what occurs in more is no mark of one thing."""


class Reader:
    """The log of a source up to a size. What of it cannot be read is as if it were not there."""

    def __init__(self, source: Source, size: int) -> None:
        self.source = source
        self.size = size
        self.unreadable = ""
        """Why some part could not be read; empty while all could."""
        self._entries: OrderedDict[int, bytes] = OrderedDict()

    def entry(self, index: int) -> bytes:
        """The stored bytes; NotShown where the log has no such leaf or it cannot be read."""
        if not 0 <= index < self.size:
            raise NotShown(f"the log has no leaf {index}")
        if index not in self._entries:
            try:
                self._entries[index] = read_entry(self.source, index=index, size=self.size)
            except LedgerError as error:
                self.unreadable = error.summary
                raise NotShown(f"leaf {index} cannot be read: {error.summary}") from None
            if len(self._entries) > _KEPT:
                self._entries.popitem(last=False)
        return self._entries[index]

    def leaf(self, index: int) -> Leaf:
        """The opened leaf, or NotShown."""
        return open_leaf(index, self.entry(index))

    def leaf_if(self, index: int | None) -> Leaf | None:
        """The opened leaf; None without an index, or where it cannot be read."""
        if index is None:
            return None
        try:
            return self.leaf(index)
        except NotShown:
            return None

    def find(self, needles: Iterable[bytes]) -> dict[bytes, list[int]]:
        """The indexes of the entries that hold each of these bytes, in one pass over the log."""
        hits: dict[bytes, list[int]] = {needle: [] for needle in needles}
        for index, entry in self._all():
            for needle, found in hits.items():
                if needle in entry and len(found) < MAX_HITS:
                    found.append(index)
        return hits

    def _all(self) -> Iterator[tuple[int, bytes]]:
        """Every entry; a bundle that is none is left out, and what follows something absent."""
        position = 0
        while position < self.size:
            try:
                for start, entries in self.source.chunks(start=position, stop=self.size, size=self.size):
                    yield from enumerate(entries, start)
                    position = start + len(entries)
            except BrokenBundleError as error:
                self.unreadable, position = error.summary, error.start + error.width
            except CouldNotCheckError as error:
                self.unreadable = error.summary
                return
