"""The hash tiles of a tree, made while its leaf hashes stream by.

Memory is one tile a level. It must not read or write files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.proof.merkle import tree_root_of_tile
from ledger.proof.tiles import TILE_WIDTH, TilePath

if TYPE_CHECKING:
    from collections.abc import Iterator


class TileBuilder:
    """Takes leaf hashes a bundle at a time and gives each tile as soon as it is complete."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, list[bytes]]] = []

    def add(self, hashes: list[bytes]) -> Iterator[tuple[TilePath, bytes]]:
        """The full tiles that these hashes complete; at most 256 hashes, which must not pass a tile's end."""
        level = 0
        row = hashes
        while row:
            if level == len(self._rows):
                self._rows.append((0, []))
            index, waiting = self._rows[level]
            waiting = waiting + row
            row = []
            if len(waiting) > TILE_WIDTH:
                raise ValueError("hashes pass the end of their tile")
            if len(waiting) == TILE_WIDTH:
                yield TilePath(level, index), b"".join(waiting)
                row = [tree_root_of_tile(waiting)]
                index, waiting = index + 1, []
            self._rows[level] = (index, waiting)
            level += 1

    def finish(self) -> Iterator[tuple[TilePath, bytes]]:
        """The partial tiles of the right edge."""
        for level, (index, waiting) in enumerate(self._rows):
            if waiting:
                yield TilePath(level, index, len(waiting)), b"".join(waiting)
