"""An export as its files in memory: taken apart into entries, put together again, written out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ledger.proof.checkpoint import Checkpoint
from ledger.proof.hashing import leaf_hash
from ledger.proof.merkle import Frontier
from ledger.proof.note import Note
from ledger.proof.tiles import TILE_WIDTH, bundle_at, decode_bundle, encode_bundle, grown_tiles

if TYPE_CHECKING:
    from pathlib import Path

CHECKPOINT = "checkpoint"
ZERO_HASH = bytes(32)


@dataclass(frozen=True)
class Export:
    """The files of an export by path, and the entries that they held when it was loaded."""

    files: dict[str, bytes]
    entries: tuple[bytes, ...]

    @property
    def note(self) -> bytes:
        """The signed checkpoint."""
        return self.files[CHECKPOINT]

    @property
    def head(self) -> Checkpoint:
        """What the checkpoint says."""
        return Checkpoint.parse(Note.parse(self.note).text)

    def changed(self, path: str, data: bytes | None) -> Export:
        """The same with another file, or without it."""
        files = {name: held for name, held in self.files.items() if name != path}
        return replace(self, files=files if data is None else {**files, path: data})

    def write(self, directory: Path, *, before: Export | None = None) -> None:
        """Write the files; with `before` only those that differ from what lies there."""
        held = {} if before is None else before.files
        for path in held.keys() - self.files.keys():
            (directory / path).unlink()
        for path, data in self.files.items():
            if held.get(path) != data:
                (directory / path).parent.mkdir(parents=True, exist_ok=True)
                (directory / path).write_bytes(data)


def load(directory: Path) -> Export:
    """The export in a directory."""
    files = {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }
    size = Checkpoint.parse(Note.parse(files[CHECKPOINT]).text).size
    entries: list[bytes] = []
    for index in range(-(-size // TILE_WIDTH)):
        path = bundle_at(index=index, size=size)
        entries += decode_bundle(files[path.render()], width=path.width)
    return Export(files, tuple(entries))


def built(entries: tuple[bytes, ...], note: bytes) -> Export:
    """An export of these entries with tiles that fit them, under any note."""
    hashes = [leaf_hash(entry) for entry in entries]
    tiles = grown_tiles(old_size=0, leaf_hashes=hashes, load_tile=lambda _: b"")
    files = {path.render(): data for path, data in tiles}
    for index in range(-(-len(entries) // TILE_WIDTH)):
        path = bundle_at(index=index, size=len(entries))
        first = index * TILE_WIDTH
        files[path.render()] = encode_bundle(entries[first : first + path.width])
    return Export({**files, CHECKPOINT: note}, entries)


def chained(entries: tuple[bytes, ...], start: int) -> tuple[bytes, ...]:
    """The entries from `start` on with headers that fit those before them."""
    made = list(entries)
    previous = leaf_hash(made[start - 1]) if start else ZERO_HASH
    for index in range(start, len(made)):
        made[index] = b"\x09" + index.to_bytes(8, "little") + b"\x12\x20" + previous + made[index][43:]
        previous = leaf_hash(made[index])
    return tuple(made)


def root_of(entries: tuple[bytes, ...]) -> bytes:
    """The root over the entries."""
    frontier = Frontier()
    frontier.extend([leaf_hash(entry) for entry in entries])
    return frontier.root()
