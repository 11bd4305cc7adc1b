"""Chain and tree: headers at every position, the tree's root, and hash tiles.

It works on bytes alone, needs no parser, and tells which leaf is wrong where a hash that names it
survives. It must not know what an event says.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ledger.errors import MalformedError
from ledger.proof.merkle import Frontier
from ledger.proof.tiles import TILE_WIDTH, TilePath, decode_tile
from ledger_audit.errors import BrokenBundleError, CouldNotCheckError
from ledger_audit.tilewalk import TileBuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ledger_audit.findings import Findings

HEADER_SIZE = 43
_HASH_FIELD = b"\x12\x20"
ZERO_HASH = bytes(32)


def header(index: int, prev_leaf_hash: bytes) -> bytes:
    """Bytes 0-42 of the event at `index` (docs/reference/format.md, section 1)."""
    return b"\x09" + index.to_bytes(8, "little") + _HASH_FIELD + prev_leaf_hash


@dataclass(frozen=True, slots=True)
class _Leaf:
    """The newest leaf: what its bytes hash to and what the level-0 tile names, if there is one."""

    index: int
    computed: bytes
    tiled: bytes | None


class Bundle:
    """The entries of one bundle, put together from the batches in which they were scanned."""

    def __init__(self) -> None:
        self.start = -1
        self.entries: list[bytes] = []
        self.hashes: list[bytes] = []

    def add(self, start: int, entries: list[bytes], hashes: list[bytes]) -> None:
        """Add the next batch with its leaf hashes."""
        if self.start < 0:
            self.start = start
        self.entries += entries
        self.hashes += hashes


class ChainChecker:
    """Follows the chain and grows the tree, one chunk after the other, in memory logarithmic in its size."""

    def __init__(
        self, findings: Findings, *, load_tile: Callable[[TilePath], bytes] | None, sizes: Iterable[int] = ()
    ) -> None:
        self.frontier = Frontier()
        self.roots: dict[int, bytes] = {}
        """The recomputed roots at the sizes that were asked for."""
        self.tiles_absent = load_tile is None
        self._findings = findings
        self._load_tile = load_tile
        self._sizes = sorted(set(sizes), reverse=True)
        self._tiles = TileBuilder()
        self._last: _Leaf | None = None
        self._gap = False
        self._blamed: list[int] = []
        """The first leaf of each bundle that was found to be wrong, which explains the tiles above it."""
        self.broken = False
        """Whether entries were missing, so that the tree could not be grown."""

    def feed(self, start: int, entries: Sequence[bytes], hashes: list[bytes]) -> None:
        """Check the entries of one bundle, whose leaf hashes are given, against chain and tiles."""
        tiled = self._level_0(start, len(hashes))
        previous = self._last.computed if self._last else ZERO_HASH
        smooth = not self._gap and not self._pending() and (tiled is None or tiled == hashes)
        if smooth:
            index = start
            for entry, computed in zip(entries, hashes, strict=True):
                if entry[:HEADER_SIZE] != b"\x09" + index.to_bytes(8, "little") + _HASH_FIELD + previous:
                    smooth = False
                    break
                previous = computed
                index += 1
        if not smooth:
            self._examine(start, entries, hashes, tiled)
        self._last = _Leaf(start + len(hashes) - 1, hashes[-1], tiled[-1] if tiled else None)
        self._gap = False
        if self.broken:
            return
        self._extend(hashes)
        for path, data in self._tiles.add(hashes):
            self._compare_tile(path, data)

    def skip(self, broken: BrokenBundleError, hashes: list[bytes]) -> None:
        """Report a bundle that is no bundle, at the first entry that its tile does not name."""
        tiled = self._level_0(broken.start, broken.width) or []
        right = 0
        while right < min(len(hashes), len(tiled)) and hashes[right] == tiled[right]:
            right += 1
        wrong = broken.start + min(right, broken.width - 1)
        self._blame("entry_bundle", wrong, "a bundle of whole entries", broken.summary)
        self.leave_gap()

    def leave_gap(self) -> None:
        """Go on after entries that are missing: the chain begins anew, the tree ends."""
        self._gap = self.broken = True

    def finish(self, *, size: int, root: bytes) -> None:
        """Judge the last leaf, the partial tiles and the root that the checkpoint names."""
        computed = self.frontier.root()
        if self._last is not None and self._pending():
            if computed == root:
                self._blame("hash_tiles", self._last.index, self._last.computed, self._last.tiled)
            else:
                self._blame_bytes(self._last)
        for path, data in self._tiles.finish() if not self.broken else ():
            self._compare_tile(path, data)
        if self.frontier.size == size and computed != root:
            self._findings.add("tree_root", None, root, computed)

    def _extend(self, hashes: list[bytes]) -> None:
        position = 0
        while self._sizes and self._sizes[-1] <= self.frontier.size + len(hashes) - position:
            cut = position + self._sizes.pop() - self.frontier.size
            self.frontier.extend(hashes[position:cut])
            self.roots[self.frontier.size] = self.frontier.root()
            position = cut
        self.frontier.extend(hashes[position:] if position else hashes)

    def _pending(self) -> bool:
        last = self._last
        return last is not None and last.tiled is not None and last.tiled != last.computed

    def _level_0(self, start: int, width: int) -> list[bytes] | None:
        if self._load_tile is None or self.tiles_absent:
            return None
        path = TilePath(0, start // TILE_WIDTH, width)
        try:
            return decode_tile(self._load_tile(path), width=path.width)
        except CouldNotCheckError:
            self.tiles_absent = True
        except MalformedError as error:
            self._findings.add(
                "hash_tiles", start, f"{path.width} hashes", f"{path.render()}: {error.summary}"
            )
        return None

    def _compare_tile(self, path: TilePath, data: bytes) -> None:
        """Compare a tile above level 0; those of level 0 are compared leaf by leaf."""
        if path.level == 0 or self._load_tile is None or self.tiles_absent:
            return
        try:
            actual = self._load_tile(path)
        except CouldNotCheckError:
            self.tiles_absent = True
            return
        if actual != data:
            differing = next(
                (n for n in range(path.width) if actual[32 * n : 32 * n + 32] != data[32 * n : 32 * n + 32]),
                0,
            )
            height = 8 * (path.level or 0)
            first = path.index * TILE_WIDTH + differing << height
            below = bisect_left(self._blamed, first)
            if below < len(self._blamed) and self._blamed[below] < first + (1 << height):
                first = self._blamed[below]
            self._findings.add("hash_tiles", first, f"{path.render()} of the leaves", "another tile")

    def _examine(
        self, start: int, entries: Sequence[bytes], hashes: list[bytes], tiled: list[bytes] | None
    ) -> None:
        """Find out which leaf is at fault: its own bytes, the next one's header, or the tile."""
        last = self._last
        for offset, (entry, computed) in enumerate(zip(entries, hashes, strict=True)):
            index = start + offset
            named = entry[11:HEADER_SIZE]
            if entry[:11] != header(index, ZERO_HASH)[:11] or len(entry) < HEADER_SIZE:
                self._blame("header", index, header(index, ZERO_HASH)[:11], entry[:11], computed)
            if last is None or self._gap:
                if last is None and named != ZERO_HASH:
                    self._blame("chain", index, ZERO_HASH, named, computed)
            else:
                self._judge(last, named, computed)
            self._gap = False
            last = self._last = _Leaf(index, computed, tiled[offset] if tiled else None)

    def _judge(self, last: _Leaf, named: bytes, leaf_hash: bytes) -> None:
        """Compare the three names of one leaf: its bytes' hash, the tile's, and that in the next header."""
        if last.tiled is not None and last.tiled != last.computed:
            if named == last.computed:
                self._blame("hash_tiles", last.index, last.computed, last.tiled, last.computed)
            else:
                self._blame_bytes(last)
                if named != last.tiled:
                    self._blame("chain", last.index + 1, last.tiled, named, leaf_hash)
        elif named != last.computed:
            if last.tiled is None:
                self._blame("chain", last.index, named, last.computed, last.computed)
            else:
                self._blame("chain", last.index + 1, last.computed, named, leaf_hash)

    def _blame(self, check: str, index: int, *rest: Any) -> None:
        """Record a finding at a leaf."""
        if not self._blamed or self._blamed[-1] // TILE_WIDTH < index // TILE_WIDTH:
            self._blamed.append(index)
        self._findings.add(check, index, *rest)

    def _blame_bytes(self, leaf: _Leaf) -> None:
        self._blame("chain", leaf.index, leaf.tiled or b"", leaf.computed, leaf.computed)
