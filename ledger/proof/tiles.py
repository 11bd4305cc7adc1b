"""C2SP tlog-tiles: paths, hash tiles and entry bundles, and tree nodes read out of tiles.

Tiles have height 8. It must not open files or sockets: tiles come from and go to the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ledger.errors import MalformedError
from ledger.proof.hashing import HASH_SIZE
from ledger.proof.merkle import tree_root_of_tile
from ledger.proof.strict import MAX_UINT64, parse_decimal

TILE_HEIGHT = 8
TILE_WIDTH = 256
MAX_TILE_LEVEL = 63
MAX_ENTRY_SIZE = 65_535
_LENGTH_BYTES = 2
_INDEX = re.compile(r"(?:x[0-9]{3}/){0,6}[0-9]{3}")


@dataclass(frozen=True, slots=True)
class TilePath:
    """Names a hash tile, or an entry bundle where `level` is None; `width` 256 is a full one."""

    level: int | None
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        if self.level is not None and not 0 <= self.level <= MAX_TILE_LEVEL:
            raise MalformedError(f"a tile level is not between 0 and {MAX_TILE_LEVEL}")
        if not 0 <= self.index <= MAX_UINT64:
            raise MalformedError("a tile index is out of range")
        if not 1 <= self.width <= TILE_WIDTH:
            raise MalformedError(f"a tile width is not between 1 and {TILE_WIDTH}")

    @property
    def is_full(self) -> bool:
        """Whether the tile holds 256 hashes or entries, and so never changes again."""
        return self.width == TILE_WIDTH

    def render(self) -> str:
        """The path below the log's prefix, such as `tile/0/x001/x234/067.p/8` (C2SP tlog-tiles)."""
        level = "entries" if self.level is None else str(self.level)
        suffix = "" if self.is_full else f".p/{self.width}"
        return f"tile/{level}/{_render_index(self.index)}{suffix}"

    @classmethod
    def parse(cls, path: str) -> TilePath:
        """The tile that `render` names so, or MalformedError for any other spelling (C2SP tlog-tiles)."""
        prefix, _, rest = path.partition("/")
        level_text, _, rest = rest.partition("/")
        index_text, dot, width_text = rest.partition(".p/")
        if prefix != "tile" or not _INDEX.fullmatch(index_text):
            raise MalformedError("not a tile path")
        level = (
            None
            if level_text == "entries"
            else parse_decimal(level_text, what="a tile level", maximum=MAX_TILE_LEVEL)
        )
        width = parse_decimal(width_text, what="a tile width", maximum=TILE_WIDTH - 1) if dot else TILE_WIDTH
        parsed = cls(level, int(index_text.replace("x", "").replace("/", "")), width)
        if parsed.render() != path:
            raise MalformedError("not a canonical tile path")
        return parsed


LoadTile = Callable[[TilePath], bytes]
"""Gives the bytes of a hash tile of exactly the width that the path names."""


def tile_at(*, level: int, index: int, size: int) -> TilePath:
    """The tile of that level and index as it is in the tree of `size` leaves, full or partial.

    Raises ValueError if that tree has no such tile.
    """
    width = min(TILE_WIDTH, (size >> TILE_HEIGHT * level) - index * TILE_WIDTH)
    if width < 1 or index < 0:
        raise ValueError("the tree has no such tile")
    return TilePath(level, index, width)


def bundle_at(*, index: int, size: int) -> TilePath:
    """The entry bundle `index` as it is in the tree of `size` leaves, or ValueError."""
    return TilePath(None, index, tile_at(level=0, index=index, size=size).width)


def tiles_for_growth(*, old_size: int, new_size: int) -> list[TilePath]:
    """Every hash tile that differs between the two trees, level by level, left to right.

    Entry bundles are those of level 0. Raises ValueError unless 0 <= old_size <= new_size
    (C2SP tlog-tiles, "Partial Tiles").
    """
    if not 0 <= old_size <= new_size:
        raise ValueError("a tree does not shrink")
    grown = []
    level = 0
    while new_size >> TILE_HEIGHT * level:
        old_count, new_count = old_size >> TILE_HEIGHT * level, new_size >> TILE_HEIGHT * level
        if old_count < new_count:
            first, last = old_count // TILE_WIDTH, (new_count - 1) // TILE_WIDTH
            grown += [tile_at(level=level, index=index, size=new_size) for index in range(first, last + 1)]
        level += 1
    return grown


def grown_tiles(
    *, old_size: int, leaf_hashes: Sequence[bytes], load_tile: LoadTile
) -> Iterator[tuple[TilePath, bytes]]:
    """The tiles of `tiles_for_growth` with their bytes, after `leaf_hashes` were appended.

    `load_tile` is asked only for the partial tiles of the tree of `old_size`.
    """
    row = list(leaf_hashes)
    level = 0
    while row:
        old_count = old_size >> TILE_HEIGHT * level
        index, old_width = divmod(old_count, TILE_WIDTH)
        if old_width:
            row = decode_tile(load_tile(TilePath(level, index, old_width)), width=old_width) + row
        above = []
        for start in range(0, len(row), TILE_WIDTH):
            hashes = row[start : start + TILE_WIDTH]
            yield TilePath(level, index, len(hashes)), b"".join(hashes)
            index += 1
            if len(hashes) == TILE_WIDTH:
                above.append(tree_root_of_tile(hashes))
        row = above
        level += 1


def decode_tile(data: bytes, *, width: int) -> list[bytes]:
    """The `width` hashes of a tile, or MalformedError for another length (C2SP tlog-tiles)."""
    if not 1 <= width <= TILE_WIDTH or len(data) != HASH_SIZE * width:
        raise MalformedError(f"a hash tile of width {width} has {len(data)} bytes")
    return [data[offset : offset + HASH_SIZE] for offset in range(0, len(data), HASH_SIZE)]


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """1 to 256 entries, each after its length as 2 bytes big-endian, or ValueError (C2SP tlog-tiles)."""
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_SIZE:
            raise ValueError(f"an entry is longer than {MAX_ENTRY_SIZE} bytes")
        parts += [len(entry).to_bytes(_LENGTH_BYTES, "big"), entry]
    if not 1 <= len(parts) // 2 <= TILE_WIDTH:
        raise ValueError(f"a bundle holds between 1 and {TILE_WIDTH} entries")
    return b"".join(parts)


def decode_bundle(data: bytes, *, width: int) -> list[bytes]:
    """The `width` entries of a bundle; MalformedError for more, fewer or a cut one (C2SP tlog-tiles)."""
    entries: list[bytes] = []
    offset = 0
    while offset < len(data) and len(entries) < width:
        start = offset + _LENGTH_BYTES
        offset = start + int.from_bytes(data[offset:start], "big")
        entries.append(data[start:offset])
    if offset != len(data) or len(entries) != width or not 1 <= width <= TILE_WIDTH:
        raise MalformedError(f"an entry bundle does not hold exactly {width} entries")
    return entries


class TileNodes:
    """A `merkle.ReadNode` over the tiles of one tree of `size` leaves.

    Tiles are loaded once and kept as long as this object lives: make one for each proof. What it
    returns is only as good as the tiles; a proof made from it is still to be verified.
    """

    def __init__(self, *, size: int, load_tile: LoadTile) -> None:
        self._size = size
        self._load_tile = load_tile
        self._tiles: dict[TilePath, list[bytes]] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """The hash of the complete subtree (level, index), or ValueError if the tree lacks it."""
        if level < 0 or not 0 <= index < self._size >> level:
            raise ValueError("the tree has no such node")
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile_index, offset = divmod(index << height, TILE_WIDTH)
        path = tile_at(level=tile_level, index=tile_index, size=self._size)
        hashes = self._tiles.get(path)
        if hashes is None:
            hashes = self._tiles[path] = decode_tile(self._load_tile(path), width=path.width)
        return tree_root_of_tile(hashes[offset : offset + (1 << height)])


def _render_index(index: int) -> str:
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    return "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
