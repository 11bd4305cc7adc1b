"""A client that keeps so many calls in flight, and one that follows the log.

Requests are bytes made beforehand and answers are kept as bytes, so that the client costs the shared
machine little. This module must not make or check claims.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ledger.client.channel import open_aio_channel
from ledger.v1 import subscription_service_pb2 as pb
from ledger.v1.subscription_service_pb2_grpc import SubscriptionServiceStub

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from grpc import aio

    from ledger.client.identity import Identity

CALL_S = 60.0


def connect(identity: Identity, port: int) -> aio.Channel:
    """A channel under the identity's certificate to a server of this machine."""
    return open_aio_channel(replace(identity, server=f"127.0.0.1:{port}"))


@dataclass(frozen=True, slots=True)
class Answers:
    """What the calls brought, in order of arrival, and how long all of them took."""

    seconds: float
    responses: list[bytes]


async def call_all(
    channel: aio.Channel, method: str, requests: Sequence[bytes], *, in_flight: int
) -> Answers:
    """Make every call, `in_flight` at any time."""
    call: Any = channel.unary_unary(method)
    waiting = deque(requests)
    responses: list[bytes] = []

    async def work() -> None:
        while waiting:
            responses.append(await call(waiting.popleft(), timeout=CALL_S))

    began_s = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(in_flight)))
    return Answers(time.perf_counter() - began_s, responses)


@dataclass(slots=True)
class Follower:
    """A subscriber from the start of the log: what it got when, as (size of the log, monotonic ns)."""

    channel: aio.Channel
    receipts: list[tuple[int, int]] = field(default_factory=list)
    size: int = 0
    _grown: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Follow for ever."""
        stub: Any = SubscriptionServiceStub(self.channel)
        messages: AsyncIterator[pb.SubscribeResponse] = stub.Subscribe(pb.SubscribeRequest())
        async for message in messages:
            if message.HasField("records"):
                self._take(message)

    def _take(self, message: pb.SubscribeResponse) -> None:
        arrived_ns = time.monotonic_ns()
        records = message.records.records
        if records[0].index != self.size:
            raise RuntimeError(f"the subscriber lacks event {self.size}")
        self.size = records[-1].index + 1
        self.receipts.append((self.size, arrived_ns))
        self._grown.set()

    async def until(self, size: int) -> None:
        """Return when the first `size` events are there."""
        while self.size < size:
            self._grown.clear()
            await self._grown.wait()


def delays_ms(commits: Sequence[tuple[int, int]], receipts: Sequence[tuple[int, int]]) -> list[float]:
    """For each commit (size after it, ns) the time until a receipt covers it, ms; both ascending."""
    delays = []
    position = 0
    for size, committed_ns in commits:
        while position < len(receipts) and receipts[position][0] < size:
            position += 1
        if position == len(receipts):
            break
        delays.append((receipts[position][1] - committed_ns) / 1e6)
    return delays
