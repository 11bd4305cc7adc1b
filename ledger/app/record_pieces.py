"""Reading the log onwards in pieces that fit a message, and what a ledger has to offer for that.

It holds one page at most and knows nothing of subscribers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

PIECE_BYTES: Final = 256 * 1_024
PIECE_RECORDS: Final = 512
RECORD_OVERHEAD_BYTES: Final = 24

_FIRST_LIMIT: Final = 32

RawRecord = tuple[int, str, bytes]


class Checkpoint(Protocol):
    """A signed checkpoint: its note and its size."""

    @property
    def note(self) -> bytes:
        """The signed note."""

    @property
    def size(self) -> int:
        """Number of leaves."""


class RecordSource(Protocol):
    """The part of a ledger that a subscription follows."""

    @property
    def epoch(self) -> int:
        """Number of the present epoch."""

    @property
    def size(self) -> int:
        """Number of durable events."""

    async def wait_beyond(self, size: int) -> int:
        """Return the durable size as soon as it is above `size`."""

    async def read(self, start: int, limit: int) -> Sequence[RawRecord]:
        """(index, type name, stored bytes) of at most `limit` durable events from `start` on."""

    def checkpoint(self) -> Checkpoint | None:
        """The newest published checkpoint."""

    async def wait_checkpoint(self, size: int) -> Checkpoint:
        """The next published checkpoint of more than `size` leaves."""

    async def leaf_hash(self, index: int) -> bytes:
        """Leaf hash of a durable event."""


class PieceReader:
    """Reads on from an index in pieces of at most 256 KiB and 512 records, but at least one record.

    It asks for about as many records as lately filled a piece, so that one page is what it holds.
    """

    def __init__(self, source: RecordSource, next_index: int) -> None:
        self._source = source
        self._limit = _FIRST_LIMIT
        self._page: Sequence[RawRecord] = ()
        self._used = 0
        self.next_index = next_index

    async def piece(self, stop: int) -> Sequence[RawRecord]:
        """The next records before `stop`, which must be durable and beyond `next_index`."""
        if self._used == len(self._page):
            limit = min(self._limit, stop - self.next_index)
            self._page = await self._source.read(self.next_index, limit)
            self._used = 0
            if not self._page or self._page[0][0] != self.next_index:
                raise RuntimeError(f"the ledger gave no event {self.next_index}")
        count, size = self._fill(stop)
        piece = self._page[self._used : self._used + count]
        self._used += count
        self.next_index += count
        fitting = PIECE_BYTES * count // size
        self._limit = max(1, min(PIECE_RECORDS, 2 * self._limit, fitting))
        return piece

    def _fill(self, stop: int) -> tuple[int, int]:
        """How many of the page's records make the next piece, and their bytes."""
        count = size = 0
        for position in range(self._used, len(self._page)):
            index, _, data = self._page[position]
            grown = size + len(data) + RECORD_OVERHEAD_BYTES
            if index >= stop or (count and grown > PIECE_BYTES):
                break
            count, size = count + 1, grown
        return count, size
