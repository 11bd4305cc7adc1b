"""Logs in the C2SP tlog-tiles layout, wherever their files are, and the files of a directory.

Sources give bytes and judge none of them but for whole entry bundles. A file is read up to the largest size
that it may have: what is longer is cut after one byte more, and so does not parse, here as there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from ledger.errors import MalformedError
from ledger.proof.hashing import HASH_SIZE
from ledger.proof.note import MAX_NOTE_SIZE
from ledger.proof.tiles import MAX_ENTRY_SIZE, TILE_WIDTH, TilePath, bundle_at, decode_bundle
from ledger_audit.errors import AbsentError, BrokenBundleError
from ledger_audit.files import read_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Chunk = tuple[int, list[bytes]]
"""The index of the first entry, and the entries of one bundle."""

CHECKPOINT = "checkpoint"
_LENGTH_BYTES = 2
_HINT = "Export the log again; an export goes on where it stopped."


class TileSource(ABC):
    """The source over named files; a partial tile that is gone is looked for in the full one."""

    directory: Path | None = None

    @abstractmethod
    def read(self, name: str, *, limit: int) -> bytes:
        """The content of a file, or of a longer one the first `limit` + 1 bytes.

        Raises AbsentError where there is no such file, CouldNotCheckError where it cannot be read.
        """

    def checkpoint(self) -> bytes:
        """The file `checkpoint`."""
        return self.read(CHECKPOINT, limit=MAX_NOTE_SIZE)

    def chunks(self, *, start: int, stop: int, size: int) -> Iterator[Chunk]:
        """One chunk a bundle file, of the first and the last one what was asked for."""
        for bundle in range(start // TILE_WIDTH, -(-stop // TILE_WIDTH)):
            first = bundle * TILE_WIDTH
            entries = self._bundle(bundle_at(index=bundle, size=size), first)
            skipped = max(0, start - first)
            yield first + skipped, entries[skipped : stop - first]

    @abstractmethod
    def close(self) -> None:
        """Release what is open."""

    def tile(self, path: TilePath) -> bytes:
        """The file of the tile, or the beginning of the full one."""
        try:
            return self.read(path.render(), limit=size_limit(path))
        except AbsentError:
            if path.is_full:
                raise
            data = self._full(path)
        if data is None:
            raise AbsentError(f"there is no {path.render()}")
        return data[: HASH_SIZE * path.width]

    def _bundle(self, path: TilePath, first: int) -> list[bytes]:
        try:
            return read_bundle(self.read(path.render(), limit=size_limit(path)), path=path, start=first)
        except AbsentError:
            if path.is_full:
                raise
            data = self._full(path)
        if data is None:
            raise AbsentError(f"there is no {path.render()}")
        try:
            return read_bundle(data, path=TilePath(None, path.index), start=first)[: path.width]
        except BrokenBundleError as error:
            raise BrokenBundleError(
                error.summary, start=first, width=path.width, entries=error.entries[: path.width]
            ) from None

    def _full(self, path: TilePath) -> bytes | None:
        full = TilePath(path.level, path.index)
        try:
            return self.read(full.render(), limit=size_limit(full))
        except AbsentError:
            return None


class ExportSource(TileSource):
    """A C2SP tlog-tiles directory."""

    def __init__(self, directory: Path) -> None:
        self.directory: Path = directory

    def read(self, name: str, *, limit: int) -> bytes:
        """The file of that name."""
        return read_file(self.directory / name, limit=limit, name=name, hint=_HINT)

    def close(self) -> None:
        """Nothing is open."""


def size_limit(path: TilePath) -> int:
    """The most bytes that a tile or bundle of this width can have."""
    each = HASH_SIZE if path.level is not None else _LENGTH_BYTES + MAX_ENTRY_SIZE
    return each * path.width


def read_bundle(data: bytes, *, path: TilePath, start: int) -> list[bytes]:
    """The entries of a bundle file; BrokenBundleError with those that could be cut out of it."""
    try:
        return decode_bundle(data, width=path.width)
    except MalformedError as error:
        entries: list[bytes] = []
        offset = 0
        while offset < len(data) and len(entries) < path.width:
            end = offset + 2 + int.from_bytes(data[offset : offset + 2], "big")
            entries.append(data[offset + 2 : end])
            offset = end
        raise BrokenBundleError(error.summary, start=start, width=path.width, entries=entries) from None
