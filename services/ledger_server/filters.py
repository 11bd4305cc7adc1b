"""Which events a subscriber wants, as a question about one event.

Programme and voucher are found from the event's stream and links and, where those name something bound to a
voucher, from the ledger's committed state. An event is decoded only where more than its type is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain.identifiers import ID_SIZE
from ledger.v1 import event_pb2
from ledger_server.limits import MAX_FILTER_VALUES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.domain.state import State
    from ledger.v1.subscription_service_pb2 import SubscriptionFilter

    Match = Callable[[str, bytes], bool]

EVENT_TYPES = frozenset(field.name for field in event_pb2.Event.DESCRIPTOR.oneofs_by_name["payload"].fields)

_SETTLING = frozenset({"claims_set_aside", "reconfirmed"})
_ID_FIELDS = ("programme_ids", "voucher_ids", "participant_ids")


def problems(wanted: SubscriptionFilter) -> list[tuple[str, str]]:
    """(field, what is wrong) of every value that is not allowed."""
    found = [
        (f"filter.{name}", f"at most {MAX_FILTER_VALUES} values")
        for name in ("event_types", *_ID_FIELDS)
        if len(getattr(wanted, name)) > MAX_FILTER_VALUES
    ]
    found += [
        (f"filter.{name}", f"an id has {ID_SIZE} bytes")
        for name in _ID_FIELDS
        if any(len(value) != ID_SIZE for value in getattr(wanted, name))
    ]
    if not EVENT_TYPES.issuperset(wanted.event_types):
        found.append(("filter.event_types", "a name is not one of the event's payload fields"))
    return found


def matcher(wanted: SubscriptionFilter, state: Callable[[], State]) -> Match | None:
    """The question that a valid filter asks of (type name, event bytes); None where it admits all."""
    types = frozenset(wanted.event_types)
    programmes = frozenset(wanted.programme_ids)
    vouchers = frozenset(wanted.voucher_ids)
    actors = frozenset(wanted.participant_ids)
    if not (programmes or vouchers or actors):
        return (lambda type_name, _: type_name in types) if types else None

    def match(type_name: str, data: bytes) -> bool:
        if types and type_name not in types:
            return False
        event = event_pb2.Event.FromString(data)
        if actors and event.actor not in actors:
            return False
        if settles_claims(event):
            return True
        if vouchers and vouchers.isdisjoint(vouchers_of(event, state())):
            return False
        return not programmes or not programmes.isdisjoint(programmes_of(event, state()))

    return match


def settles_claims(event: event_pb2.Event) -> bool:
    """Whether an event settles claims; only the store knows their vouchers, so every filter admits it."""
    return event.WhichOneof("payload") in _SETTLING and any(
        link.kind == event_pb2.LINK_KIND_CLAIM for link in event.links
    )


def vouchers_of(event: event_pb2.Event, state: State) -> Iterator[bytes]:
    """The vouchers that an event concerns; one that waits for an allocation is known by its stream alone."""
    stream, _, entity = event.stream_id.partition("/")
    if stream == "voucher":
        yield bytes.fromhex(entity)
    for link in event.links:
        if link.kind == event_pb2.LINK_KIND_VOUCHER:
            yield link.entity
        elif link.kind == event_pb2.LINK_KIND_REDEMPTION:
            redemption = state.redemptions.base.get(link.entity)
            if redemption is not None:
                yield redemption.voucher_id
        elif link.kind == event_pb2.LINK_KIND_CLAWBACK:
            clawback = state.clawbacks.base.get(link.entity)
            if clawback is not None:
                yield clawback.voucher_id
    if event.WhichOneof("payload") == "claim_refused":
        yield event.claim_refused.voucher_id


def programmes_of(event: event_pb2.Event, state: State) -> Iterator[bytes]:
    """The programmes that an event concerns."""
    for link in event.links:
        if link.kind in (event_pb2.LINK_KIND_PROGRAMME, event_pb2.LINK_KIND_POLICY):
            yield link.entity
        elif link.kind == event_pb2.LINK_KIND_APPLICATION:
            application = state.applications.base.get(link.entity)
            if application is not None:
                yield application.programme_id
    for voucher_id in vouchers_of(event, state):
        voucher = state.vouchers.base.get(voucher_id)
        if voucher is not None:
            yield voucher.programme_id
