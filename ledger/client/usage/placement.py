"""Choose device ordinals on each node for jobs whose file does not name them.

This module keeps intervals on one ordinal apart. It must not move, cut or drop an interval.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Ordinal:
    """One device of one node: its model once known, and its busy intervals, disjoint, in order."""

    model: str = ""
    intervals: list[tuple[int, int]] = field(default_factory=list)

    def fits(self, model: str, start_ms: int, end_ms: int) -> bool:
        if self.model not in {"", model}:
            return False
        place = bisect_left(self.intervals, (start_ms, end_ms))
        after = self.intervals[place][0] if place < len(self.intervals) else end_ms
        before = self.intervals[place - 1][1] if place else start_ms
        return before <= start_ms and end_ms <= after

    def occupy(self, start_ms: int, end_ms: int) -> None:
        place = bisect_left(self.intervals, (start_ms, end_ms))
        if place and self.intervals[place - 1][1] > start_ms:
            place -= 1
            start_ms, end_ms = self.intervals[place][0], max(end_ms, self.intervals[place][1])
        last = place
        while last < len(self.intervals) and self.intervals[last][0] < end_ms:
            end_ms = max(end_ms, self.intervals[last][1])
            last += 1
        self.intervals[place:last] = [(start_ms, end_ms)]


class Placement:
    """The ordinals in use on every node; known ones are recorded first, the rest chosen first fit."""

    def __init__(self) -> None:
        """Start with no node known."""
        self._nodes: defaultdict[str, list[_Ordinal]] = defaultdict(list)

    def record(self, *, node: str, ordinal: int, model: str, start_ms: int, end_ms: int) -> None:
        """Note that the file puts an interval on `ordinal`, even where that overlaps another."""
        known = self._at(node, ordinal)
        known.model = known.model or model
        known.occupy(start_ms, end_ms)

    def choose(self, *, node: str, model: str, start_ms: int, end_ms: int) -> int:
        """Take the lowest ordinal of `node` that is free over [start_ms, end_ms) and of no other model.

        Called in order of start, this needs no more ordinals than run at once.
        """
        ordinal = 0
        while not self._at(node, ordinal).fits(model, start_ms, end_ms):
            ordinal += 1
        self.record(node=node, ordinal=ordinal, model=model, start_ms=start_ms, end_ms=end_ms)
        return ordinal

    def _at(self, node: str, ordinal: int) -> _Ordinal:
        ordinals = self._nodes[node]
        while len(ordinals) <= ordinal:
            ordinals.append(_Ordinal())
        return ordinals[ordinal]
