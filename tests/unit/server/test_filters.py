"""Filters: what an event concerns, found from its links and the committed state."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ledger.domain.state import State
from ledger.v1 import claim_pb2, event_pb2, redemption_pb2
from ledger.v1.subscription_service_pb2 import SubscriptionFilter
from ledger_server.filters import EVENT_TYPES, matcher, problems
from ledger_server.limits import MAX_FILTER_VALUES

PROGRAMME, OTHER, VOUCHER, REDEMPTION, ACTOR, CLAWBACK = (bytes([n]) * 16 for n in range(1, 7))


def ledger_state() -> State:
    """One voucher of one programme with one redemption, which is clawed back."""
    state = State()
    state.vouchers[VOUCHER] = cast("Any", SimpleNamespace(programme_id=PROGRAMME))
    state.redemptions[REDEMPTION] = cast("Any", SimpleNamespace(voucher_id=VOUCHER))
    state.clawbacks[CLAWBACK] = cast("Any", SimpleNamespace(voucher_id=VOUCHER))
    state.commit()
    return state


REFUSED = event_pb2.Event(actor=ACTOR, claim_refused=claim_pb2.ClaimRefused(voucher_id=VOUCHER))
ORDERED = event_pb2.Event(
    actor=bytes(16),
    links=[event_pb2.Link(kind=event_pb2.LINK_KIND_REDEMPTION, entity=REDEMPTION)],
    payment_ordered=redemption_pb2.PaymentOrdered(),
)
UNRELATED = event_pb2.Event(
    actor=ACTOR, links=[event_pb2.Link(kind=event_pb2.LINK_KIND_PROGRAMME, entity=OTHER)]
)


@pytest.mark.parametrize(
    ("wanted", "admitted"),
    [
        (SubscriptionFilter(voucher_ids=[VOUCHER]), [True, True, False]),
        (SubscriptionFilter(programme_ids=[PROGRAMME]), [True, True, False]),
        (SubscriptionFilter(programme_ids=[OTHER, PROGRAMME]), [True, True, True]),
        (SubscriptionFilter(participant_ids=[ACTOR]), [True, False, True]),
        (SubscriptionFilter(participant_ids=[ACTOR], programme_ids=[PROGRAMME]), [True, False, False]),
        (SubscriptionFilter(event_types=["payment_ordered"], voucher_ids=[VOUCHER]), [False, True, False]),
    ],
)
def test_any_value_of_a_field_and_all_fields_have_to_admit(
    wanted: SubscriptionFilter, admitted: list[bool]
) -> None:
    """Vouchers are found through redemptions, programmes through vouchers."""
    match = matcher(wanted, ledger_state)
    assert match is not None
    names = ("claim_refused", "payment_ordered", "programme_opened")
    events = zip(names, (REFUSED, ORDERED, UNRELATED), strict=True)
    assert [match(name, event.SerializeToString()) for name, event in events] == admitted


def linked(payload: str, *links: tuple[int, bytes], stream_id: str = "") -> event_pb2.Event:
    """An event with (kind, entity) links."""
    event = event_pb2.Event(
        stream_id=stream_id,
        links=[event_pb2.Link(kind=cast("Any", kind), entity=entity) for kind, entity in links],
    )
    getattr(event, payload).SetInParent()
    return event


@pytest.mark.parametrize(
    ("event", "voucher", "other"),
    [
        (linked("clawback_notified", (event_pb2.LINK_KIND_CLAWBACK, CLAWBACK)), True, False),
        (linked("clawback_notified", (event_pb2.LINK_KIND_CLAWBACK, OTHER)), False, False),
        (linked("grant_queued", stream_id=f"voucher/{VOUCHER.hex()}"), True, False),
        (linked("grant_queued", stream_id=f"voucher/{OTHER.hex()}"), False, True),
        (linked("reconfirmed", (event_pb2.LINK_KIND_REDEMPTION, REDEMPTION)), True, False),
        (linked("reconfirmed", (event_pb2.LINK_KIND_CLAIM, ACTOR)), True, True),
        (linked("claims_set_aside", (event_pb2.LINK_KIND_CLAIM, ACTOR)), True, True),
    ],
    ids=lambda value: value.WhichOneof("payload") if isinstance(value, event_pb2.Event) else str(value),
)
def test_clawbacks_queued_grants_and_settlements_reach_who_follows_their_voucher(
    event: event_pb2.Event, *, voucher: bool, other: bool
) -> None:
    """What names claims alone may concern any voucher: nobody misses it."""
    name, data = event.WhichOneof("payload") or "", event.SerializeToString()
    for wanted, admitted in (
        (SubscriptionFilter(voucher_ids=[VOUCHER]), voucher),
        (SubscriptionFilter(voucher_ids=[OTHER]), other),
        (SubscriptionFilter(programme_ids=[PROGRAMME]), voucher),
    ):
        match = matcher(wanted, ledger_state)
        assert match is not None
        assert match(name, data) is admitted


def test_types_alone_are_judged_without_decoding() -> None:
    """Bytes that are no event do no harm; an empty filter asks nothing."""
    match = matcher(SubscriptionFilter(event_types=["claim_accepted"]), ledger_state)
    assert match is not None
    assert (match("claim_accepted", b"\xff"), match("claim_refused", b"\xff")) == (True, False)
    assert matcher(SubscriptionFilter(), ledger_state) is None


def test_values_that_are_not_allowed_are_named() -> None:
    """Unknown types, ids of another length, too many of anything."""
    assert problems(SubscriptionFilter(event_types=sorted(EVENT_TYPES))) == []
    wrong = SubscriptionFilter(
        event_types=["LedgerOpened"],
        programme_ids=[b"short"],
        voucher_ids=[VOUCHER] * (MAX_FILTER_VALUES + 1),
    )
    assert [field for field, _ in problems(wrong)] == [
        "filter.voucher_ids",
        "filter.programme_ids",
        "filter.event_types",
    ]
