"""A log judged under a checkpoint that was had from elsewhere, in place of the newest one that it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger.proof.tiles import TilePath
    from ledger_audit.sources import Chunk, Source


class PinnedSource:
    """The same entries and tiles under `note`, which is verified like any other."""

    def __init__(self, source: Source, note: bytes) -> None:
        self._source = source
        self._note = note

    @property
    def directory(self) -> Path | None:
        """Where worker processes can read the same log themselves, if anywhere."""
        return self._source.directory

    def checkpoint(self) -> bytes:
        """The note."""
        return self._note

    def chunks(self, *, start: int, stop: int, size: int) -> Iterator[Chunk]:
        """Entries as the source gives them."""
        return self._source.chunks(start=start, stop=stop, size=size)

    def tile(self, path: TilePath) -> bytes:
        """A tile as the source gives it."""
        return self._source.tile(path)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)
