"""Following the log: what a subscriber gets, in order, from its cursor on.

Every item has a position to go on from. Records are read from the ledger in pages and never queued for a
subscriber, so that a slow one costs no memory. Nothing here knows how items travel.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.app.record_pieces import PieceReader
from ledger.domain.rejections import Reason, Rejection
from ledger.proof.hashing import leaf_hash

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
    from typing import Any

    from ledger.app.record_pieces import RawRecord, RecordSource

FELL_BEHIND_EVENTS: Final = 10_000
PROGRESS_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Position:
    """A place in one history: the last leaf that was seen, none before the first."""

    index: int | None
    leaf_hash: bytes
    epoch: int

    @property
    def next_index(self) -> int:
        """The leaf that comes next."""
        return 0 if self.index is None else self.index + 1


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The subscription stands."""

    position: Position


@dataclass(frozen=True, slots=True)
class Records:
    """Events, ascending, as (index, stored bytes); those between that are missing were filtered out."""

    position: Position
    records: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """The filter admits nothing up to the position."""

    position: Position


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """All that was durable has been sent; live from here."""

    position: Position


@dataclass(frozen=True, slots=True)
class FellBehind:
    """The subscriber was too slow and is served from the store again."""

    position: Position


@dataclass(frozen=True, slots=True)
class CheckpointPublished:
    """A checkpoint was published that covers nothing beyond the position."""

    position: Position
    note: bytes


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The server stops."""

    position: Position


Item = Confirmed | Records | Progress | CaughtUp | FellBehind | CheckpointPublished | Goodbye


async def check_cursor(source: RecordSource, after: Position | None) -> Position | Rejection:
    """The position to go on from, or CURSOR_MISMATCH saying in what the cursor is of another history."""
    if after is None:
        return Position(None, b"", source.epoch)
    if after.epoch != source.epoch:
        return _mismatch(f"the cursor is of epoch {after.epoch}, this log is in epoch {source.epoch}")
    if after.index is None:
        return after if not after.leaf_hash else _mismatch("the cursor has a leaf hash and no index")
    if after.index >= source.size:
        return _mismatch(f"the cursor's leaf {after.index} is beyond this log of {source.size} events")
    if await source.leaf_hash(after.index) != after.leaf_hash:
        return _mismatch(f"the cursor's leaf {after.index} has another hash in this log")
    return after


def _mismatch(message: str) -> Rejection:
    return Rejection(Reason.CURSOR_MISMATCH, message)


class _Wakeups:
    """Waits for new events, a new checkpoint or the stop, keeping what has not happened for the next time."""

    def __init__(self, source: RecordSource, stop: asyncio.Event) -> None:
        self._source = source
        self._stop = stop
        self._tasks: dict[str, asyncio.Task[object]] = {}

    async def wait(self, *, size: int, announced_size: int, timeout_s: float | None) -> None:
        """Return at more than `size` events, a checkpoint above `announced_size`, the stop or the end."""
        self._start("events", lambda: self._source.wait_beyond(size))
        self._start("checkpoint", lambda: self._source.wait_checkpoint(announced_size))
        self._start("stop", self._stop.wait)
        done, _ = await asyncio.wait(
            self._tasks.values(), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
        )
        for name, task in list(self._tasks.items()):
            if task in done:
                del self._tasks[name]
                task.result()

    def _start(self, name: str, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
        if name not in self._tasks:
            self._tasks[name] = asyncio.ensure_future(work())

    async def close(self) -> None:
        """Give up waiting."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


async def subscribe(
    source: RecordSource,
    after: Position,
    *,
    match: Callable[[str, bytes], bool] | None,
    stop: asyncio.Event,
    progress_s: float = PROGRESS_S,
) -> AsyncGenerator[Item, None]:
    """Every event after the checked cursor that `match` admits, once, in order, only when durable.

    `match(type_name, data)` is asked once an event; None admits all. A live subscriber that gets nothing
    hears of its progress every `progress_s` seconds while the log grows. Ends with Goodbye when `stop` is
    set.
    """
    follower = _Follower(source, after, match, progress_s=progress_s)
    wakeups = _Wakeups(source, stop)
    try:
        yield Confirmed(after)
        while not stop.is_set():
            item = await follower.next_item()
            if item is not None:
                yield item
                continue
            await wakeups.wait(
                size=follower.position.next_index,
                announced_size=follower.announced_size,
                timeout_s=follower.silent_for_s(),
            )
        yield Goodbye(follower.position)
    finally:
        await wakeups.close()


class _Follower:
    """Where one subscription stands and what it says next."""

    def __init__(
        self,
        source: RecordSource,
        after: Position,
        match: Callable[[str, bytes], bool] | None,
        *,
        progress_s: float,
    ) -> None:
        self._source = source
        self._match = match
        self._reader = PieceReader(source, after.next_index)
        self._caught_up = False
        self._progress_s = progress_s
        self._clock_s = asyncio.get_running_loop().time
        self._said_at_s = self._clock_s()
        self._said = after
        self.position = after
        self.announced_size = 0

    def silent_for_s(self) -> float | None:
        """How long nothing need be said although the position moved; None where it did not."""
        if self.position is self._said:
            return None
        return max(0.0, self._said_at_s + self._progress_s - self._clock_s())

    async def next_item(self) -> Item | None:
        """What to say now, or None when there is nothing to say yet."""
        item = self._notice() or await self._advance()
        if item is not None:
            self._said, self._said_at_s = self.position, self._clock_s()
        return item

    def _notice(self) -> Item | None:
        """News that are no events."""
        checkpoint = self._source.checkpoint()
        if checkpoint and self.announced_size < checkpoint.size <= self.position.next_index:
            self.announced_size = checkpoint.size
            return CheckpointPublished(self.position, checkpoint.note)
        if self._caught_up and self._source.size - self.position.next_index > FELL_BEHIND_EVENTS:
            self._caught_up = False
            return FellBehind(self.position)
        return None

    async def _advance(self) -> Item | None:
        size = self._source.size
        while self.position.next_index < size:
            records = self._judge(await self._reader.piece(size))
            if records is not None:
                return records
            if not self._caught_up:
                return Progress(self.position)
            await asyncio.sleep(0)
        if not self._caught_up:
            self._caught_up = True
            return CaughtUp(self.position)
        return Progress(self.position) if self.silent_for_s() == 0 else None

    def _judge(self, piece: Sequence[RawRecord]) -> Records | None:
        """Move on over the piece; what of it is wanted, if anything."""
        index, _, data = piece[-1]
        self.position = Position(index, leaf_hash(data), self.position.epoch)
        match = self._match
        if match is None:
            wanted = tuple([(index, data) for index, _, data in piece])
        else:
            wanted = tuple([(index, data) for index, name, data in piece if match(name, data)])
        return Records(self.position, wanted) if wanted else None
