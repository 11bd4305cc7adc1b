"""SubscriptionService: the event stream as messages."""
# ruff: noqa: N802 - methods are named as in the service

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from ledger.app import subscriptions as items
from ledger.app.outcomes import Refused
from ledger.domain.rejections import Reason, Rejection
from ledger.v1 import subscription_service_pb2 as pb
from ledger.v1.subscription_service_pb2_grpc import SubscriptionServiceServicer
from ledger_server import filters
from ledger_server.limits import MAX_SUBSCRIBERS
from ledger_server.status import malformed, refuse

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Mapping

    from grpc import aio

    from ledger_server.port import LedgerPort
    from ledger_server.telemetry import Metrics

    Context = aio.ServicerContext[Any, Any]

_PLAIN: Mapping[type[items.Item], str] = {
    items.Confirmed: "confirmed",
    items.Progress: "progress",
    items.CaughtUp: "caught_up",
    items.FellBehind: "fell_behind",
    items.Goodbye: "goodbye",
}
_TOO_MANY = Refused(reason=Reason.OVERLOADED, message="there are too many subscribers")


class SubscriptionServicer(SubscriptionServiceServicer):
    """Streams events to other services."""

    def __init__(self, *, ledger: LedgerPort, metrics: Metrics, stopping: asyncio.Event) -> None:
        self._ledger = ledger
        self._metrics = metrics
        self._stopping = stopping
        self._count = 0

    async def Subscribe(
        self, request: pb.SubscribeRequest, context: Context
    ) -> AsyncIterator[pb.SubscribeResponse]:
        """Follows the log from a cursor, for ever."""
        wrong = filters.problems(request.filter)
        if wrong:
            await refuse(context, malformed("the filter has values that are not allowed"), violations=wrong)
        after = await items.check_cursor(self._ledger, _position(request))
        if isinstance(after, Rejection):
            refused = Refused(reason=after.reason, message=after.message)
            await refuse(context, refused, violations=[("after", after.message)])
        if self._count >= MAX_SUBSCRIBERS:
            await refuse(context, _TOO_MANY)
        match = filters.matcher(request.filter, lambda: self._ledger.state)
        self._count += 1
        self._metrics.subscribers.inc()
        try:
            following = items.subscribe(self._ledger, after, match=match, stop=self._stopping)
            async with aclosing(following):
                async for item in following:
                    if isinstance(item, items.Records):
                        self._metrics.delivered.inc(len(item.records))
                    yield _message(item)
        finally:
            self._count -= 1
            self._metrics.subscribers.dec()


def _position(request: pb.SubscribeRequest) -> items.Position | None:
    if not request.HasField("after"):
        return None
    cursor = request.after
    index = cursor.index if cursor.HasField("index") else None
    return items.Position(index, cursor.leaf_hash, cursor.epoch)


def _message(item: items.Item) -> pb.SubscribeResponse:
    at = item.position
    position = pb.Cursor(index=at.index, leaf_hash=at.leaf_hash, epoch=at.epoch)
    match item:
        case items.Records():
            records = [pb.RecordedEvent(index=index, event=event) for index, event in item.records]
            return pb.SubscribeResponse(position=position, records=pb.Records(records=records))
        case items.CheckpointPublished():
            published = pb.CheckpointPublished(checkpoint=item.note)
            return pb.SubscribeResponse(position=position, checkpoint_published=published)
    message = pb.SubscribeResponse(position=position)
    getattr(message, _PLAIN[type(item)]).SetInParent()
    return message
