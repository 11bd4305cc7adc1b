"""Subscriptions over a stand-in for a ledger: order, resumption, filters, cursors and the end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from unit.server.server_harness import FakeLedger

from ledger.app.record_pieces import PIECE_BYTES, PIECE_RECORDS, PieceReader
from ledger.app.subscriptions import (
    FELL_BEHIND_EVENTS,
    CaughtUp,
    CheckpointPublished,
    Confirmed,
    FellBehind,
    Goodbye,
    Item,
    Position,
    Progress,
    Records,
    check_cursor,
    subscribe,
)
from ledger.domain.rejections import Reason, Rejection
from ledger.proof.hashing import leaf_hash

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

START = Position(None, b"", 0)


def run(test: Callable[[FakeLedger], Coroutine[Any, Any, None]]) -> None:
    """Run a test around an empty ledger, for ten seconds at most."""

    async def around() -> None:
        await test(FakeLedger())

    asyncio.run(asyncio.wait_for(around(), 10))


def following(
    ledger: FakeLedger,
    after: Position = START,
    *,
    match: Callable[[str, bytes], bool] | None = None,
    stop: asyncio.Event | None = None,
    progress_s: float = 60.0,
) -> AsyncIterator[Item]:
    """A subscription."""
    return subscribe(ledger, after, match=match, stop=stop or asyncio.Event(), progress_s=progress_s)


async def fill(ledger: FakeLedger, count: int, *, size: int = 8) -> None:
    """Append `count` events of `size` bytes."""
    first = ledger.size
    await ledger.append(*((f"type-{n % 2}", n.to_bytes(size, "big")) for n in range(first, first + count)))


async def until_caught_up(items: AsyncIterator[Item]) -> tuple[list[int], list[Item]]:
    """(indexes of the records, all items) up to CaughtUp."""
    seen: list[Item] = []
    async for item in items:
        seen.append(item)
        if isinstance(item, CaughtUp):
            break
    return [index for item in seen if isinstance(item, Records) for index, _ in item.records], seen


def test_every_event_comes_once_in_order_and_then_live() -> None:
    """First what is stored, then CaughtUp, then what is committed later."""

    async def test(ledger: FakeLedger) -> None:
        await fill(ledger, 1_500)
        items = following(ledger)
        indexes, seen = await until_caught_up(items)
        assert indexes == list(range(1_500))
        assert seen[0] == Confirmed(START)
        waiting = asyncio.ensure_future(anext(items))
        await asyncio.sleep(0)
        await fill(ledger, 2)
        live = await waiting
        assert isinstance(live, Records)
        assert [index for index, _ in live.records] == [1_500, 1_501]
        assert live.position == Position(1_501, leaf_hash(ledger.events[1_501][2]), 0)

    run(test)


def test_any_position_resumes_behind_itself() -> None:
    """Cut off after any item, the rest follows without gap or repetition."""

    async def test(ledger: FakeLedger) -> None:
        await fill(ledger, 400)
        _, seen = await until_caught_up(following(ledger, match=lambda name, _: name == "type-1"))
        for item in seen:
            after = await check_cursor(ledger, item.position)
            assert after == item.position
            rest, _ = await until_caught_up(following(ledger, item.position))
            assert rest == list(range(item.position.next_index, 400))

    run(test)


@pytest.mark.parametrize(
    ("cursor", "words"),
    [
        (Position(3, bytes(32), 0), "another hash"),
        (Position(3, b"", 0), "another hash"),
        (Position(10, bytes(32), 0), "beyond this log"),
        (Position(None, bytes(32), 0), "no index"),
        (Position(None, b"", 1), "epoch"),
        (Position(3, leaf_hash((3).to_bytes(8, "big")), 1), "epoch"),
    ],
)
def test_a_cursor_of_another_history_is_refused(cursor: Position, words: str) -> None:
    """Leaf hash, size and epoch are compared, and the refusal says which differs."""

    async def test(ledger: FakeLedger) -> None:
        await fill(ledger, 10)
        rejection = await check_cursor(ledger, cursor)
        assert isinstance(rejection, Rejection)
        assert rejection.reason == Reason.CURSOR_MISMATCH
        assert words in rejection.message

    run(test)


def test_without_a_cursor_it_starts_at_the_beginning() -> None:
    """Absent means from the start, in the present epoch."""

    async def test(ledger: FakeLedger) -> None:
        ledger.epoch = 4
        assert await check_cursor(ledger, None) == Position(None, b"", 4)

    run(test)


def test_a_filter_that_admits_nothing_still_tells_progress() -> None:
    """While catching up after every piece, live after the set time; positions can be resumed from."""

    async def test(ledger: FakeLedger) -> None:
        await fill(ledger, 100)
        items = following(ledger, match=lambda _, data: data == b"wanted", progress_s=0.01)
        indexes, seen = await until_caught_up(items)
        assert indexes == []
        assert isinstance(seen[1], Progress)
        assert seen[-1].position.index == 99
        await fill(ledger, 1)
        assert await anext(items) == Progress(Position(100, leaf_hash(ledger.events[100][2]), 0))
        await ledger.append(("type-0", b"wanted"))
        live = await anext(items)
        assert isinstance(live, Records)
        assert live.records == ((101, b"wanted"),)

    run(test)


def test_checkpoints_are_told_once_when_they_cover_what_was_seen() -> None:
    """A checkpoint's position covers it."""

    async def test(ledger: FakeLedger) -> None:
        await fill(ledger, 40)
        await ledger.sign()
        items = following(ledger)
        await until_caught_up(items) if isinstance(await anext(items), Confirmed) else None
        await fill(ledger, 1)
        assert isinstance(await anext(items), Records)
        waiting = asyncio.ensure_future(anext(items))
        await asyncio.sleep(0)
        await ledger.sign()
        assert await waiting == CheckpointPublished(
            Position(40, leaf_hash(ledger.events[40][2]), 0), b"note 41"
        )

    run(test)


def test_a_slow_reader_is_told_and_then_catches_up() -> None:
    """FellBehind, the records, CaughtUp: nothing is dropped."""

    async def test(ledger: FakeLedger) -> None:
        await fill(ledger, 1)
        items = following(ledger)
        await until_caught_up(items)
        await fill(ledger, FELL_BEHIND_EVENTS + 1)
        assert isinstance(await anext(items), FellBehind)
        indexes, _ = await until_caught_up(items)
        assert indexes == list(range(1, FELL_BEHIND_EVENTS + 2))

    run(test)


def test_it_ends_with_goodbye_even_while_it_waits() -> None:
    """The last item has the position to go on from, and nothing is left running."""

    async def test(ledger: FakeLedger) -> None:
        await fill(ledger, 3)
        stop, before = asyncio.Event(), asyncio.all_tasks()
        items = following(ledger, stop=stop)
        await until_caught_up(items)
        waiting = asyncio.ensure_future(anext(items))
        await asyncio.sleep(0)
        stop.set()
        assert await waiting == Goodbye(Position(2, leaf_hash(ledger.events[2][2]), 0))
        assert [item async for item in items] == []
        assert asyncio.all_tasks() == before

    run(test)


def test_messages_and_pages_stay_small() -> None:
    """Large events make small pieces: at most 256 KiB each, and what is read ahead follows."""

    async def test(ledger: FakeLedger) -> None:
        await fill(ledger, 100, size=60_000)
        _, seen = await until_caught_up(following(ledger))
        pieces = [item for item in seen if isinstance(item, Records)]
        sizes = [sum(len(data) for _, data in item.records) for item in pieces]
        assert max(sizes) <= PIECE_BYTES
        assert max(limit for _, limit in ledger.reads[1:]) <= PIECE_BYTES // 60_000 + 1

    run(test)


def test_a_piece_has_a_bounded_count_and_never_passes_the_stop() -> None:
    """Small events are counted, and `stop` is exclusive."""

    async def test(ledger: FakeLedger) -> None:
        await fill(ledger, 5_000)
        reader = PieceReader(ledger, 7)
        counts = []
        while reader.next_index < 4_000:
            counts.append(len(await reader.piece(4_000)))
        assert reader.next_index == 4_000
        assert max(counts) == PIECE_RECORDS

    run(test)
