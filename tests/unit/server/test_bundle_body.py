"""An entry bundle as a body: the same bytes as the encoded bundle, in pieces, whatever part is asked for."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from ledger.proof.tiles import encode_bundle
from ledger_server.bundle_body import KEPT_BYTES, BundleBody

if TYPE_CHECKING:
    from ledger.app.record_pieces import RecordSource

MAX_EVENT = 60_000


@dataclass
class Entries:
    """Entries in memory that count how they are read."""

    data: list[bytes]
    reads: list[tuple[int, int]] = field(default_factory=list)

    async def read(self, start: int, limit: int) -> list[tuple[int, str, bytes]]:
        """As a ledger reads."""
        self.reads.append((start, limit))
        return [(start + n, "", data) for n, data in enumerate(self.data[start : start + limit])]


def made(sizes: list[int]) -> Entries:
    """Entries of these sizes."""
    chance = random.Random(7)
    return Entries([chance.randbytes(size) for size in sizes])


async def part(body: BundleBody, start: int, stop: int) -> list[bytes]:
    """The pieces of a part."""
    return [piece async for piece in body.chunks(start, stop)]


@pytest.mark.parametrize(
    "sizes", [[1], [0, 0, 5], [900] * 256, [MAX_EVENT] * 256, [1, MAX_EVENT] * 20, [KEPT_BYTES // 9] * 9]
)
def test_all_of_it_and_any_part(sizes: list[int]) -> None:
    """Length and bytes are those of the encoded bundle; no piece is much larger than a page."""
    entries = made(sizes)
    expected = encode_bundle(entries.data)

    async def test() -> None:
        body = await BundleBody(cast("RecordSource", entries), first=0, width=len(sizes)).measure()
        assert body.length == len(expected)
        pieces = await part(body, 0, body.length)
        assert b"".join(pieces) == expected
        assert max(map(len, pieces)) <= KEPT_BYTES + MAX_EVENT
        chance = random.Random(3)
        for _ in range(20):
            start = chance.randrange(body.length)
            stop = chance.randrange(start + 1, body.length + 1)
            assert b"".join(await part(body, start, stop)) == expected[start:stop]

    asyncio.run(test())


def test_a_small_bundle_is_read_once_and_a_large_one_is_not_held() -> None:
    """Between being measured and sent."""
    small, large = made([900] * 256), made([MAX_EVENT] * 256)

    async def test() -> None:
        for entries, again in ((small, False), (large, True)):
            body = await BundleBody(cast("RecordSource", entries), first=0, width=256).measure()
            reads = len(entries.reads)
            await part(body, 0, body.length)
            assert (len(entries.reads) > reads) is again
            assert sum(map(len, body._kept)) <= KEPT_BYTES

    asyncio.run(test())


def test_a_bundle_in_the_middle_begins_with_its_first_entry() -> None:
    """And ends with its last, though there are more."""
    entries = made(list(range(600)))

    async def test() -> None:
        body = await BundleBody(cast("RecordSource", entries), first=256, width=100).measure()
        assert b"".join(await part(body, 0, body.length)) == encode_bundle(entries.data[256:356])

    asyncio.run(test())
