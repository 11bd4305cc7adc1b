"""An entry bundle as an HTTP body: read from the ledger while it is sent, never held whole if it is large."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.app.record_pieces import PIECE_BYTES, PieceReader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ledger.app.record_pieces import RecordSource

KEPT_BYTES: Final = PIECE_BYTES
"""A bundle up to this size is kept from being measured until it is sent; a larger one is read twice."""

_LENGTH_BYTES: Final = 2


class BundleBody:
    """Entries [first, first + width), each after its length; a `web` Body."""

    def __init__(self, source: RecordSource, *, first: int, width: int) -> None:
        self._source = source
        self._first = first
        self._stop = first + width
        self._kept: list[bytes] = []
        self.length = 0

    async def measure(self) -> BundleBody:
        """Itself, once its length is known."""
        kept: list[bytes] = []
        async for piece in self._pieces():
            self.length += len(piece)
            kept = [*kept, piece] if self.length <= KEPT_BYTES else []
        self._kept = kept
        return self

    async def chunks(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes [start, stop) of the bundle."""
        position = 0
        async for piece in self._pieces():
            end = position + len(piece)
            if end > start:
                yield piece[max(start - position, 0) : stop - position]
            if end >= stop:
                return
            position = end

    async def _pieces(self) -> AsyncIterator[bytes]:
        for piece in self._kept:
            yield piece
        if self._kept:
            return
        reader = PieceReader(self._source, self._first)
        while reader.next_index < self._stop:
            records = await reader.piece(self._stop)
            parts = []
            for _, _, data in records:
                parts += [len(data).to_bytes(_LENGTH_BYTES, "big"), data]
            yield b"".join(parts)
