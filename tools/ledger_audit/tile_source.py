"""Logs in the C2SP tlog-tiles layout, wherever their files are, and the files of a directory.

Sources give bytes and judge none of them but for whole entry bundles.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from ledger.errors import MalformedError
from ledger.proof.tiles import TILE_WIDTH, TilePath, bundle_at, decode_bundle
from ledger_audit.errors import BrokenBundleError, CouldNotCheckError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Chunk = tuple[int, list[bytes]]
"""The index of the first entry, and the entries of one bundle."""


class AbsentError(CouldNotCheckError):
    """There is no such file."""


class TileSource(ABC):
    """A log as files; what differs is how one is read."""

    directory: Path | None

    @abstractmethod
    def read(self, name: str) -> bytes:
        """The file of that path below the log's prefix; AbsentError or CouldNotCheckError."""

    def checkpoint(self) -> bytes:
        """The file `checkpoint`."""
        return self.read("checkpoint")

    def chunks(self, *, start: int, stop: int, size: int) -> Iterator[Chunk]:
        """One chunk a bundle file. Raises BrokenBundleError for a file that is no such bundle."""
        for bundle in range(start // TILE_WIDTH, -(-stop // TILE_WIDTH)):
            path = bundle_at(index=bundle, size=size)
            first = bundle * TILE_WIDTH
            entries = read_bundle(self.read_wider(path), path=path, start=first)
            yield first, entries[: stop - first]

    def tile(self, path: TilePath) -> bytes:
        """The file of the tile, or the beginning of a fuller one."""
        return self.read_wider(path)

    def read_wider(self, path: TilePath) -> bytes:
        """The file of a tile or bundle, or what it would be, cut out of the full one."""
        try:
            return self.read(path.render())
        except AbsentError as absent:
            if path.is_full:
                raise
            try:
                data = self.read(TilePath(path.level, path.index).render())
            except AbsentError:
                raise absent from None
        if path.level is not None:
            return data[: 32 * path.width]
        entries = decode_bundle(data, width=TILE_WIDTH)[: path.width]
        return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)

    @abstractmethod
    def close(self) -> None:
        """Release what is open."""


class ExportSource(TileSource):
    """A C2SP tlog-tiles directory."""

    def __init__(self, directory: Path) -> None:
        self.directory: Path = directory

    def read(self, name: str) -> bytes:
        """The file below the directory."""
        try:
            return (self.directory / name).read_bytes()
        except OSError as error:
            kind = (
                AbsentError
                if isinstance(error, FileNotFoundError | NotADirectoryError)
                else CouldNotCheckError
            )
            raise kind(
                f"cannot read {name}: {error.strerror}",
                hint="Export the log again; an export goes on where it stopped.",
            ) from None

    def close(self) -> None:
        """Nothing is open."""


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
