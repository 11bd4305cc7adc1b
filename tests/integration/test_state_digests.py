"""State digests as the ledger writes them: where they are due, what they hold, and that nobody else notices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from audit_forge.digest import DIGEST, fill_digest, is_due
from support import everything
from support.auditing import assert_agreement
from support.house import DAY_MS, HOUR_MS, START_MS, House, accepted

from ledger.app.outcomes import Accepted, Refused
from ledger.store.errors import StoreUnavailable
from ledger.v1 import event_pb2
from ledger_audit.scan import parse_again

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EDGE = 4_095


class Read:
    """An event and its statement, as the naive digest takes a draft."""

    def __init__(self, entry: bytes) -> None:
        event, self.statement = parse_again(entry)
        assert event is not None
        self.event: event_pb2.Event = event
        self.kind = event.WhichOneof("payload")


def read(house: House) -> list[Read]:
    return [Read(entry) for entry in house.entries()[1]]


def check_naively(events: list[Read]) -> int:
    """Compare place and value of every digest with those made from all links; how many there are."""
    count = 0
    for index, found in enumerate(events):
        before_ms = events[index - 1].event.recorded_ms if index else found.event.recorded_ms
        due = is_due(index, found.event.recorded_ms, before_ms)
        assert due == (found.kind == DIGEST), index
        if due:
            wanted = event_pb2.Event()
            fill_digest(wanted, index, [(item.event, item) for item in events[:index]])
            assert wanted.state_digested.digest == found.event.state_digested.digest, index
            assert wanted.request_id == found.event.request_id
            count += 1
    return count


def test_the_digests_of_a_year_of_everything(house: House) -> None:
    """Each is what a naive reader makes of the links before it."""
    everything.play(house)
    assert check_naively(read(house)) > 10
    assert_agreement(house)


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[House]:
    """A house whose next event is at 4,094, with a payment that will close its voucher ordered."""
    house = House.open(tmp_path / "ledger")
    devices = house.provider()
    house.programme()
    house.party("acme")
    amount_fen = 4 * 100 * 2000
    accepted(house.voucher("v", "acme", amount_fen=amount_fen))
    house.at(START_MS + 30 * DAY_MS)
    accepted(house.claim("v", [(device, START_MS, START_MS + 100 * HOUR_MS) for device in devices]))
    house.evidence("contract of v", amount_fen=amount_fen, buyer="acme")
    accepted(house.redeem("r", "v", "acme", amount_fen=amount_fen))
    accepted(
        house.verify("r", "reviewer"),
        house.approve("r", "approver-1"),
        house.approve("r", "approver-2"),
        house.order("r", "payer"),
    )
    while house.ledger.size < EDGE - 1:
        accepted(house.calendar())
    assert house.ledger.size == EDGE - 1
    yield house
    house.close()


def test_a_request_of_two_events_across_the_edge(edge: House) -> None:
    """The digest stands between payment and closing; the request has two events, also when it is repeated."""
    sent: list[Any] = []
    send = edge.send

    def remember(act: str, *envelopes: Any, **options: Any) -> Any:
        sent.append((act, envelopes, options))
        return send(act, *envelopes, **options)

    edge.send = remember  # type: ignore[method-assign]
    paid = edge.pay("r", "payer")
    assert isinstance(paid, Accepted)
    assert edge.kinds()[EDGE - 1 :] == ["payment_confirmed", DIGEST, "voucher_closed"]
    assert (paid.index, paid.event_count, paid.repeated) == (EDGE - 1, 2, False)
    act, envelopes, options = sent[-1]
    (again,) = send(act, *envelopes, **options)
    assert isinstance(again, Accepted)
    assert (again.index, again.event_count, again.repeated) == (EDGE - 1, 2, True)
    assert edge.ledger.size == EDGE + 2
    assert read(edge)[EDGE + 1].event.ordinal == 1
    assert_agreement(edge)


def test_a_new_day_just_before_the_edge(edge: House) -> None:
    """Two digests in a row: one for the day, one for the place."""
    edge.wait(days=1)
    accepted(edge.calendar())
    assert edge.kinds()[EDGE - 1 :] == [DIGEST, DIGEST, "calendar_published"]
    assert check_naively(read(edge)) > 1
    assert_agreement(edge)


def test_a_failed_commit_at_the_edge_leaves_no_digest(edge: House) -> None:
    """The overlay goes with the batch; the next attempt makes the same digest."""
    accepted(edge.calendar())
    recorder: Any = edge.ledger._recorder
    real = recorder.insert_events

    def fail(*_: Any, **__: Any) -> None:
        recorder.insert_events = real
        raise StoreUnavailable("the disk is full")

    recorder.insert_events = fail
    assert isinstance(edge.calendar(), Refused)
    assert edge.ledger.size == EDGE
    accepted(edge.calendar())
    assert edge.kinds()[EDGE] == DIGEST
    assert_agreement(edge)


def test_a_restart_goes_on_from_the_same_state(edge: House) -> None:
    """What was touched before a restart is in the digest after it."""
    edge.reopen()
    accepted(edge.calendar(), edge.calendar())
    assert edge.kinds()[EDGE] == DIGEST
    assert_agreement(edge)
