"""A log as a search for proofs sees it: leaves by index, opened and kept, and which entries hold some bytes.

It must not verify anything: what comes of a search is judged before it is given away.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING

from ledger_audit.fraud.leaves import Leaf, NotShown, open_leaf
from ledger_audit.sources import Source, read_entry

if TYPE_CHECKING:
    from collections.abc import Iterable

_KEPT = 4096
MAX_HITS = 1000
"""Entries found for one needle; what occurs in more is no mark of one thing."""


class Reader:
    """The log of a source up to a size."""

    def __init__(self, source: Source, size: int) -> None:
        self.source = source
        self.size = size
        self._entries: OrderedDict[int, bytes] = OrderedDict()

    def entry(self, index: int) -> bytes:
        """The stored bytes; NotShown where the log has no such leaf."""
        if not 0 <= index < self.size:
            raise NotShown(f"the log has no leaf {index}")
        if index not in self._entries:
            self._entries[index] = read_entry(self.source, index=index, size=self.size)
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
        if not hits:
            return hits
        any_needle = re.compile(b"|".join(map(re.escape, hits)))
        for start, entries in self.source.chunks(start=0, stop=self.size, size=self.size):
            for index, entry in enumerate(entries, start):
                if any_needle.search(entry) is None:
                    continue
                for needle, found in hits.items():
                    if len(found) < MAX_HITS and needle in entry:
                        found.append(index)
        return hits
