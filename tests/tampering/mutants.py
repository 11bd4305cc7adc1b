"""Every way to spoil an export, each with what the audit has to say of it.

A mutant is named by one text, from which it can be made again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from ledger.proof.tiles import TILE_WIDTH, TilePath, encode_bundle
from tampering.export_files import CHECKPOINT, Export, built, chained

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHORTER = ("cut", "deleted", "spliced")
"""What may leave fewer rows than the checkpoint names."""


@dataclass(frozen=True)
class Expected:
    """What an audit must give: the first index that it names (`index`, one of `bracket`), or only that it finds."""

    bracket: tuple[int, int] | None = None
    may_be_incomplete: bool = False


@dataclass(frozen=True)
class Mutant:
    """A spoiled export."""

    name: str
    export: Export
    expected: Expected


class Mutants:
    """All mutants of one export; `other` is a second log of the same size or larger, to splice from."""

    def __init__(self, export: Export, other: Export) -> None:
        self.export = export
        self.other = other

    @cached_property
    def places(self) -> list[tuple[str, int]]:
        """Every byte of every file."""
        return [
            (path, offset)
            for path in sorted(self.export.files)
            for offset in range(len(self.export.files[path]))
        ]

    @property
    def byte_count(self) -> int:
        """How many single-byte mutants there are: eight bits, zero and 255 for each byte."""
        return len(self.places) * 10

    def byte(self, number: int) -> Mutant | None:
        """The single-byte mutant of that number; None where the byte has that value already."""
        place, way = divmod(number, 10)
        path, offset = self.places[place]
        data = bytearray(self.export.files[path])
        before = data[offset]
        data[offset] = before ^ 1 << way if way < 8 else (0, 255)[way - 8]
        if data[offset] == before:
            return None
        name = f"byte {number}: {path}[{offset}] {before:02x} -> {data[offset]:02x}"
        return Mutant(name, self.export.changed(path, bytes(data)), self._at(path, offset))

    def _at(self, path: str, offset: int) -> Expected:
        """A byte of an entry is found at the entry, one of a level-0 tile at its leaf, others anywhere."""
        if path == CHECKPOINT:
            return Expected()
        tile = TilePath.parse(path)
        if tile.level == 0:
            index = tile.index * TILE_WIDTH + offset // 32
            return Expected((index, index))
        if tile.level is not None:
            return Expected((0, len(self.export.entries)))
        index = tile.index * TILE_WIDTH
        for entry in self.export.entries[index:]:
            if offset < len(entry) + 2:
                break
            offset -= len(entry) + 2
            index += 1
        return Expected((index, index))

    def files(self) -> Iterator[Mutant]:
        """Each file absent, empty, cut in half, one byte short, one byte long, doubled, and as another file."""
        for path, data in sorted(self.export.files.items()):
            yield Mutant(f"{path} absent", self.export.changed(path, None), Expected(may_be_incomplete=True))
            ways = {
                "empty": b"",
                "half": data[: len(data) // 2],
                "one byte short": data[:-1],
                "one byte long": data + b"\0",
                "doubled": data + data,
                "zeroed": bytes(len(data)),
            }
            for way, spoiled in ways.items():
                yield Mutant(f"{path} {way}", self.export.changed(path, spoiled), Expected())
        paths = sorted(self.export.files)
        for path, following in pairwise(paths):
            data = self.export.files[following]
            yield Mutant(f"{path} is {following}", self.export.changed(path, data), Expected())

    def rows(self) -> Iterator[Mutant]:
        """Rows deleted, doubled, swapped, spliced and cut, below the old tiles and below fitting ones."""
        entries, count = self.export.entries, len(self.export.entries)
        for index in range(count):
            ways = {
                "deleted": (*entries[:index], *entries[index + 1 :]),
                "doubled": (*entries[: index + 1], *entries[index:]),
                "spliced": (*entries[:index], *self.other.entries[index:count]),
            }
            if index + 1 < count:
                ways["swapped"] = (
                    *entries[:index],
                    entries[index + 1],
                    entries[index],
                    *entries[index + 2 :],
                )
            if index:
                ways["cut"] = entries[:index]
            for way, rows in ways.items():
                if rows[:count] == entries:
                    continue
                first = index + 1 if way == "doubled" else index
                yield Mutant(
                    f"row {index} {way}, old tiles", self._below_old_tiles(rows), self._row(first, way)
                )
                fitting = built(rows[:count], self.export.note)
                yield Mutant(f"row {index} {way}, new tiles", fitting, self._bracket(first, way))

    def _row(self, first: int, way: str) -> Expected:
        last = len(self.export.entries) - 1
        return Expected((min(first, last), min(first, last)), may_be_incomplete=way in _SHORTER)

    def _bracket(self, first: int, way: str) -> Expected:
        """Where no original hash of the leaf survives, the one before it may be blamed."""
        return Expected((max(first - 1, 0), first), may_be_incomplete=way in _SHORTER)

    def _below_old_tiles(self, rows: tuple[bytes, ...]) -> Export:
        export = self.export
        for path in export.files:
            if not path.startswith("tile/entries/"):
                continue
            tile = TilePath.parse(path)
            held = rows[tile.index * TILE_WIDTH :][: tile.width]
            export = export.changed(path, encode_bundle(held) if held else b"")
        return export

    def rechained(self) -> Iterator[tuple[int, tuple[bytes, ...]]]:
        """Histories in which one event says something else and all after it fit: index and entries."""
        entries = self.export.entries
        for index in range(len(entries)):
            changed = bytearray(entries[index])
            changed[len(changed) // 2] ^= 1
            spoiled = (*entries[:index], bytes(changed), *entries[index + 1 :])
            yield index, chained(spoiled, index + 1)
