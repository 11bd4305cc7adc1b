"""Follow the log: every event once, in order, over as many connections as it takes.

Goes on after the last event that the caller took; without a filter it checks each event's link to the one
before. This module must not interpret events or keep the cursor on disk.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc

from ledger.client.errors import Unavailable, error_for, is_transient
from ledger.errors import VerificationError
from ledger.proof.hashing import HASH_SIZE, leaf_hash
from ledger.v1 import subscription_service_pb2 as api
from ledger.v1.subscription_service_pb2_grpc import SubscriptionServiceStub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_INDEX_START, _PREV_START, _PREV_END = 1, 11, 43


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in one history: the last leaf seen, its hash, and the epoch of the log."""

    index: int
    leaf_hash: bytes
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it is stored: leaf index, bytes, leaf hash, and the cursor to go on after it."""

    index: int
    data: bytes
    leaf_hash: bytes
    cursor: Cursor


@dataclass(slots=True, kw_only=True)
class Subscription:
    """An endless iterator over events after `cursor` (None: from the start) that `event_filter` admits.

    Reconnects while the server is unavailable, at most `attempts` times in a row, then raises Unavailable.
    RpcRefused with CURSOR_MISMATCH tells that the log has another history than the cursor's, and
    VerificationError that an event does not follow the one before. `until_caught_up` ends at the head.
    `cursor` moves with what was yielded and with what the filter passed over.
    """

    channel: grpc.Channel
    cursor: Cursor | None = None
    event_filter: api.SubscriptionFilter | None = None
    until_caught_up: bool = False
    attempts: int = 8
    first_wait_s: float = 0.2
    longest_wait_s: float = 10.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    caught_up: bool = field(default=False, init=False)

    def __iter__(self) -> Iterator[StoredEvent]:
        """Events in ascending order, each once."""
        failures = 0
        while True:
            try:
                for message in self._connect():
                    failures = 0
                    yield from self._events(message)
                    if message.WhichOneof("message") == "goodbye":
                        break
                    if self.caught_up and self.until_caught_up:
                        return
                failure = Unavailable("NOT_READY", "the server ended the subscription")
                cause: BaseException | None = None
            except grpc.RpcError as error:
                found = error_for(error)
                if not isinstance(found, Unavailable) or not _goes_on(found):
                    raise found from error
                failure, cause = found, error
            failures += 1
            if failures >= self.attempts:
                raise failure from cause
            wait = min(self.longest_wait_s, self.first_wait_s * 2.0 ** (failures - 1))
            self.sleep(max(wait, failure.retry_after_s or 0.0))

    def _connect(self) -> Iterator[api.SubscribeResponse]:
        self.caught_up = False
        request = api.SubscribeRequest()
        if self.cursor is not None:
            request.after.CopyFrom(_wire(self.cursor))
        if self.event_filter is not None:
            request.filter.CopyFrom(self.event_filter)
        return SubscriptionServiceStub(self.channel).Subscribe(request)

    def _events(self, message: api.SubscribeResponse) -> Iterator[StoredEvent]:
        kind = message.WhichOneof("message")
        epoch = message.position.epoch
        if kind == "records":
            for record in message.records.records:
                if self.cursor is not None and record.index <= self.cursor.index:
                    continue
                event = self._event(record, epoch)
                self.cursor = event.cursor
                yield event
        elif kind == "progress" and self.event_filter is not None and message.position.HasField("index"):
            self._pass_over(message.position)
        elif kind in {"caught_up", "fell_behind"}:
            self.caught_up = kind == "caught_up"

    def _event(self, record: api.RecordedEvent, epoch: int) -> StoredEvent:
        data = record.event
        if int.from_bytes(data[_INDEX_START : _INDEX_START + 8], "little") != record.index:
            raise VerificationError(f"leaf {record.index}: the event says that it is another leaf")
        if self.event_filter is None:
            self._check_link(record.index, data)
        digest = leaf_hash(data)
        return StoredEvent(record.index, data, digest, Cursor(record.index, digest, epoch))

    def _check_link(self, index: int, data: bytes) -> None:
        """The event follows the cursor without a gap and names its leaf hash (format, section 1)."""
        expected_index = 0 if self.cursor is None else self.cursor.index + 1
        expected_hash = bytes(HASH_SIZE) if self.cursor is None else self.cursor.leaf_hash
        if index != expected_index:
            raise VerificationError(f"leaf {index} came where leaf {expected_index} follows")
        if data[_PREV_START:_PREV_END] != expected_hash:
            raise VerificationError(
                f"leaf {index} does not follow the leaf before", hint="keep both: the log has been changed"
            )

    def _pass_over(self, position: api.Cursor) -> None:
        if self.cursor is None or position.index > self.cursor.index:
            self.cursor = Cursor(position.index, position.leaf_hash, position.epoch)


def _wire(cursor: Cursor) -> api.Cursor:
    return api.Cursor(index=cursor.index, leaf_hash=cursor.leaf_hash, epoch=cursor.epoch)


def _goes_on(failure: Unavailable) -> bool:
    """A stream that a network or a server cut is begun again; so is one that outlived its deadline."""
    return is_transient(failure.reason) or failure.reason in {"UNKNOWN", "CANCELLED", "DEADLINE_EXCEEDED"}


def make_filter(
    *,
    event_types: Sequence[str] = (),
    programme_ids: Sequence[bytes] = (),
    voucher_ids: Sequence[bytes] = (),
    participant_ids: Sequence[bytes] = (),
) -> api.SubscriptionFilter | None:
    """A filter: any value within a field, all fields together; None, which admits all, for no value."""
    if not (event_types or programme_ids or voucher_ids or participant_ids):
        return None
    return api.SubscriptionFilter(
        event_types=event_types,
        programme_ids=programme_ids,
        voucher_ids=voucher_ids,
        participant_ids=participant_ids,
    )
