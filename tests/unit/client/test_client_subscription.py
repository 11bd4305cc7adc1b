"""Following the log: each event once, in order, over reconnections; forks and gaps are noticed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from unit.client.fake_ledger import FakeLog, serving

from ledger.client.errors import Unavailable
from ledger.client.subscription import Cursor, Subscription, make_filter
from ledger.errors import VerificationError
from ledger.proof.hashing import leaf_hash
from ledger.v1 import subscription_service_pb2 as api
from ledger.v1 import subscription_service_pb2_grpc as api_grpc

if TYPE_CHECKING:
    from collections.abc import Iterator

EPOCH = 3


class FakeStream(api_grpc.SubscriptionServiceServicer):
    """Serves a log; each connection ends as planned."""

    def __init__(self, size: int) -> None:
        self.log = FakeLog()
        for _ in range(size):
            self.log.append()
        self.cuts: list[int] = []
        self.requests: list[api.SubscribeRequest] = []
        self.overlap = 0
        self.progress_to: int | None = None
        self.goodbye = False

    def Subscribe(
        self, request: api.SubscribeRequest, context: grpc.ServicerContext
    ) -> Iterator[api.SubscribeResponse]:
        """Events after the cursor, two a message."""
        self.requests.append(request)
        start = request.after.index + 1 if request.HasField("after") else 0
        end = self.cuts.pop(0) if self.cuts else len(self.log.events)
        yield api.SubscribeResponse(position=self._cursor(start - 1), confirmed=api.Confirmed())
        for first in range(max(0, start - self.overlap), end, 2):
            indexes = range(first, min(first + 2, end))
            records = [api.RecordedEvent(index=index, event=self.log.events[index]) for index in indexes]
            yield api.SubscribeResponse(
                position=self._cursor(indexes[-1]), records=api.Records(records=records)
            )
        if self.progress_to is not None:
            yield api.SubscribeResponse(position=self._cursor(self.progress_to), progress=api.Progress())
        if end < len(self.log.events):
            if self.goodbye:
                yield api.SubscribeResponse(position=self._cursor(end - 1), goodbye=api.Goodbye())
                return
            context.abort(grpc.StatusCode.UNAVAILABLE, "cut")
        yield api.SubscribeResponse(position=self._cursor(end - 1), caught_up=api.CaughtUp())

    def _cursor(self, index: int) -> api.Cursor:
        if index < 0:
            return api.Cursor(epoch=EPOCH)
        return api.Cursor(index=index, leaf_hash=leaf_hash(self.log.events[index]), epoch=EPOCH)


def follow(stream: FakeStream, **values: Any) -> list[int]:
    """The indexes that a subscription yields until it has caught up."""
    with serving((api_grpc.add_SubscriptionServiceServicer_to_server, stream)) as channel:
        subscription = Subscription(channel=channel, until_caught_up=True, sleep=lambda _: None, **values)
        return [event.index for event in subscription]


def test_every_event_comes_once_over_reconnections() -> None:
    """Cut twice, once after a goodbye; the cursor names the last leaf, its hash and the epoch."""
    stream = FakeStream(9)
    stream.cuts = [4, 7]
    assert follow(stream) == list(range(9))
    assert not stream.requests[0].HasField("after")
    after = stream.requests[1].after
    assert (after.index, after.leaf_hash, after.epoch) == (3, leaf_hash(stream.log.events[3]), EPOCH)
    assert stream.requests[2].after.index == 6


def test_a_goodbye_is_followed_by_a_new_connection() -> None:
    """The server stopped in good order."""
    stream = FakeStream(5)
    stream.cuts, stream.goodbye = [2], True
    assert follow(stream) == list(range(5))


def test_events_that_come_again_are_dropped() -> None:
    """A server that repeats some does no harm."""
    stream = FakeStream(8)
    stream.cuts, stream.overlap = [5], 3
    assert follow(stream) == list(range(8))


def test_a_subscription_goes_on_after_a_cursor() -> None:
    """Exclusive."""
    stream = FakeStream(6)
    cursor = Cursor(3, leaf_hash(stream.log.events[3]), EPOCH)
    assert follow(stream, cursor=cursor) == [4, 5]


@pytest.mark.parametrize("cursor", [None, "wrong"])
def test_an_event_that_does_not_follow_is_an_error(cursor: str | None) -> None:
    """A changed event breaks the link of the next; a cursor of a fork breaks the first."""
    stream = FakeStream(4)
    if cursor is None:
        stream.log.events[1] = stream.log.events[1] + b"\x18\x01"
        with pytest.raises(VerificationError, match="leaf 2 does not follow"):
            follow(stream)
    else:
        with pytest.raises(VerificationError, match="leaf 2 does not follow"):
            follow(stream, cursor=Cursor(1, bytes(32), EPOCH))


def test_a_gap_is_an_error_where_nothing_is_filtered() -> None:
    """Also one that a progress message would cover."""
    stream = FakeStream(6)
    stream.cuts, stream.progress_to = [2, 6], 3
    original = list(stream.log.events)
    with serving((api_grpc.add_SubscriptionServiceServicer_to_server, stream)) as channel:
        subscription = Subscription(channel=channel, until_caught_up=True, sleep=lambda _: None)
        assert [event.index for event in subscription] == list(range(6))
    stream = FakeStream(6)
    stream.log.events = [*original[:2], *original[3:]]
    with pytest.raises(VerificationError, match="leaf 2"):
        follow(stream)


def test_with_a_filter_gaps_are_allowed_and_progress_moves_the_cursor() -> None:
    """A reconnection goes on behind what was passed over."""
    stream = FakeStream(6)
    stream.cuts, stream.progress_to = [2, 6], 3
    wanted = make_filter(event_types=["claim_accepted"])
    assert follow(stream, event_filter=wanted) == [0, 1, 4, 5]
    assert stream.requests[1].after.index == 3
    assert list(stream.requests[0].filter.event_types) == ["claim_accepted"]
    assert make_filter() is None


def test_after_too_many_failures_in_a_row_it_gives_up() -> None:
    """Waits double up to the longest."""
    waits: list[float] = []
    with grpc.insecure_channel("127.0.0.1:1") as channel:
        subscription = Subscription(
            channel=channel, attempts=4, first_wait_s=1.0, longest_wait_s=3.0, sleep=waits.append
        )
        with pytest.raises(Unavailable):
            list(subscription)
    assert waits == [1.0, 2.0, 3.0]


def test_the_cursor_moves_with_what_was_taken() -> None:
    """So that a caller can keep it and go on elsewhere."""
    stream = FakeStream(4)
    with serving((api_grpc.add_SubscriptionServiceServicer_to_server, stream)) as channel:
        subscription = Subscription(channel=channel, until_caught_up=True)
        iterator = iter(subscription)
        first = next(iterator)
        assert subscription.cursor == first.cursor
        resumed = Subscription(channel=channel, until_caught_up=True, cursor=replace(first.cursor))
        assert [event.index for event in resumed] == [1, 2, 3]
