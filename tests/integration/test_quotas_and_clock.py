"""What bounds the writer: daily quotas that are answered, counted and reported, and a clock that must be sane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.house import House
from support.house_base import DAY_MS, HOUR_MS, START_MS, accepted, refused

from ledger.app.clock import ClockError, SimulatedClock
from ledger.codec.events import decode_event
from ledger.domain.entities import Quotas
from ledger.domain.rejections import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger.app.ledger import Ledger

USED_MS = START_MS + HOUR_MS


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A ledger with a voucher, ten days after its issue."""
    house = House.open(tmp_path / "ledger")
    house.provider(devices=2)
    house.party("acme")
    house.programme()
    accepted(house.voucher("v", "acme", amount_fen=10_000_000))
    house.at(START_MS + 10 * DAY_MS)
    yield house
    house.close()


def _restart(house: House, quotas: Quotas) -> None:
    """Serve the ledger anew, as `voucherd serve` does with these quotas."""
    house.reopen()
    house.run(house.ledger.close())

    async def start() -> Ledger:
        return house.made.directory.open(clock=house.clock, quotas=quotas)

    house.ledger = house.run(start())


def _events(house: House, name: str) -> list[Any]:
    rows = house.run(house.ledger.read(0, house.ledger.size))
    return [decode_event(data).payload for _, kind, data in rows if kind == name]


def _claim(house: House, hour: int) -> Any:
    start = USED_MS + hour * HOUR_MS
    return house.claim("v", [(house.devices["cloud"][0], start, start + HOUR_MS)])


def test_a_server_with_other_quotas_says_so_in_the_record_once(house: House) -> None:
    """The SYSTEM act `quota-publication` follows a start with other quotas, and no start with the same."""
    quotas = Quotas(refusals_per_day=5, claims_per_day=7, bytes_per_day=100_000)
    _restart(house, quotas)
    accepted(_claim(house, 0))
    _restart(house, quotas)
    accepted(_claim(house, 1))
    (published,) = _events(house, "quotas_published")
    assert (published.refusals_per_day, published.claims_per_day, published.bytes_per_day) == tuple(quotas)
    assert house.ledger.state.quotas_in_force() == quotas


def test_claims_over_the_quota_are_answered_counted_and_reported_the_next_day(house: House) -> None:
    """Nothing of them is recorded but their number, by a `suppression-report`; the next day begins anew."""
    _restart(house, Quotas(refusals_per_day=5, claims_per_day=2, bytes_per_day=1_000_000))
    accepted(_claim(house, 0))
    accepted(_claim(house, 1))
    size = house.ledger.size
    assert [refused(_claim(house, hour)) for hour in (2, 3, 4)] == [Reason.QUOTA_EXCEEDED] * 3
    assert house.ledger.size == size
    house.wait(days=1)
    accepted(_claim(house, 5))
    (report,) = _events(house, "refusals_suppressed")
    assert (report.participant_id, report.count) == (house.ids["cloud"], 3)
    assert report.day == house.today - 1


def test_recorded_refusals_have_a_quota_of_their_own(house: House) -> None:
    """After it a refusal is answered with QUOTA_EXCEEDED, while lawful claims go on."""
    _restart(house, Quotas(refusals_per_day=1, claims_per_day=100, bytes_per_day=1_000_000))
    accepted(_claim(house, 0))
    assert refused(_claim(house, 0)) == Reason.DEVICE_OVERLAP
    assert refused(_claim(house, 0)) == Reason.QUOTA_EXCEEDED
    accepted(_claim(house, 1))
    assert len(_events(house, "claim_refused")) == 1


def test_a_clock_that_cannot_be_trusted_stops_writing_and_not_reading(house: House) -> None:
    """CLOCK_UNSAFE is the answer to the statement at hand, WRITING_STOPPED to those after it (rule I18)."""

    class Jumped(SimulatedClock):
        def now_ms(self, last_recorded_ms: int) -> int:
            raise ClockError(f"the clock has jumped away from {last_recorded_ms}")

    house.ledger.sequencer._clock = Jumped()
    assert refused(_claim(house, 0)) == Reason.CLOCK_UNSAFE
    assert refused(_claim(house, 1)) == Reason.WRITING_STOPPED
    assert not house.ledger.writable
    assert house.run(house.ledger.read(0, 1))
