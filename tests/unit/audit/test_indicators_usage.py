"""Indicators in usage and payments: each is found at its threshold and not before."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from support.house import DAY_MS, FIRST_DAY, HOUR_MS, MODEL, PRICE_FEN, House, accepted, digest, policy
from unit.audit.leads import found, two_firms

from ledger.client.signing import new_id
from ledger.client.statements import redemption
from ledger.domain.days import day_from_civil, start_ms
from ledger_audit.indicators_text import sentence
from ledger_audit.indicators_types import Indicator
from ledger_audit.indicators_usage import Numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

FEBRUARY, MARCH = (start_ms(day_from_civil(2026, month, 1)) for month in (2, 3))
MONTH_HOURS = 28 * 24


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A provider with devices and two firms; programmes are the test's own."""
    with two_firms(tmp_path) as made:
        yield made


# Usage.


@pytest.mark.parametrize(("price_fen", "expected"), [(3_001, True), (3_000, False)])
def test_a_price_far_above_the_median(house: House, price_fen: int, *, expected: bool) -> None:
    """Over 1.5 times; a contract's price counts once, whether it or its claims name the model."""
    house.programme()
    for name, price in (("a", 2_000), ("b", 2_000), ("dear", price_fen)):
        house.contract(name, "acme", amount_fen=500_000, prices={MODEL[1]: price})
    accepted(house.voucher("v", "lab", amount_fen=500_000))
    first_ms = house.now_ms
    house.wait(days=2)
    for hour in range(3):
        accepted(
            house.claim(
                "v", [(house.devices["cloud"][0], first_ms + hour * HOUR_MS, first_ms + (hour + 1) * HOUR_MS)]
            )
        )
    records = found(house, Indicator.HIGH_PRICE)
    assert bool(records) is expected
    if expected:
        assert (records[0].applicant, records[0].values["prices"]) == (house.ids["acme"], 4)
        assert sentence(records[0]) == "H800 costs 30.01 a card-hour; the median of 4 prices is 20.00"


def test_the_median_of_two_prices_is_their_mean(house: House) -> None:
    """1,000 and 3,001 fen: more than 1.5 times 2,000.5."""
    for name, price in (("a", 1_000), ("b", 3_001)):
        house.contract(name, "acme", amount_fen=500_000, prices={MODEL[1]: price})
    assert [record.values["price_fen"] for record in found(house, Indicator.HIGH_PRICE)] == [3_001]
    assert found(house, Indicator.HIGH_PRICE, price_ratio_bp=15_002) == []


def metered(house: House, voucher: str, lines: Sequence[tuple[int, int, int, int]], **changes: Any) -> int:
    """A claim of (device, start ms, end ms, active ms) lines; its leaf."""
    devices = house.devices["cloud"]
    said = house.attestation(voucher, [(devices[n], start, end) for n, start, end, _ in lines], **changes)
    said.lines.active_ms.extend(active_ms for *_, active_ms in lines)
    said.total_active_ms = sum(said.lines.active_ms)
    chain = (house.ids["cloud"], said.voucher_id)
    house.heads[chain] = (said.sequence, b"")
    envelope = house.envelope("usage-attestation", said, "cloud")
    return accepted(house.submit_envelope("usage-attestation", envelope, "cloud")).index


def worked(house: House, *, hours: int, active_ms: int) -> None:
    """A voucher, and a device that is allocated so many hours of February, claimed in March."""
    house.programme()
    accepted(house.voucher("v", "acme", amount_fen=9_000_000))
    house.at(MARCH + DAY_MS)
    metered(house, "v", [(0, FEBRUARY, FEBRUARY + hours * HOUR_MS, active_ms)])


@pytest.mark.parametrize(
    ("hours", "active_hours", "expected"),
    [(MONTH_HOURS, 33, True), (MONTH_HOURS, 34, False), (639, 0, True), (638, 0, False)],
)
def test_a_device_that_is_allocated_and_idle(
    house: House, hours: int, active_hours: int, *, expected: bool
) -> None:
    """Over 95 % of the month, under 5 % of that active."""
    worked(house, hours=hours, active_ms=active_hours * HOUR_MS)
    records = found(house, Indicator.IDLE_DEVICE)
    assert bool(records) is expected
    if expected:
        assert (records[0].applicant, records[0].values["month"]) == (house.ids["acme"], "2026-02")
    assert bool(found(house, Indicator.IDLE_DEVICE, active_bp=10_001, allocated_bp=0))


def test_activity_that_nobody_attests_is_not_looked_at(house: House) -> None:
    """The column is optional."""
    house.programme()
    accepted(house.voucher("v", "acme", amount_fen=9_000_000))
    house.at(MARCH + DAY_MS)
    accepted(house.claim("v", [(house.devices["cloud"][0], FEBRUARY, MARCH)]))
    assert found(house, Indicator.IDLE_DEVICE) == []


def test_a_line_over_months_is_divided(house: House) -> None:
    """From mid January to mid March only February is full; January and March keep their parts."""
    house.programme()
    accepted(house.voucher("v", "acme", amount_fen=9_000_000))
    house.at(MARCH + 20 * DAY_MS)
    start, stop = FEBRUARY - 10 * DAY_MS, MARCH + 10 * DAY_MS
    index = metered(house, "v", [(1, start, stop, 7)])
    (record,) = found(house, Indicator.IDLE_DEVICE)
    assert (record.values["month"], record.values["allocated_bp"], record.indexes) == (
        "2026-02",
        10_000,
        (index,),
    )
    months = [r.values["month"] for r in found(house, Indicator.IDLE_DEVICE, allocated_bp=3_000)]
    assert sorted(map(str, months)) == ["2026-01", "2026-02", "2026-03"]


def test_a_claim_that_is_replaced_counts_no_longer(house: House) -> None:
    """What replaces it does: the device was active after all."""
    worked(house, hours=MONTH_HOURS, active_ms=0)
    old = house.ledger.size - 1
    assert len(found(house, Indicator.IDLE_DEVICE)) == 1
    line = (0, FEBRUARY, MARCH, 100 * HOUR_MS)
    metered(house, "v", [line], superseded_index=old, superseding_reason=1)
    assert found(house, Indicator.IDLE_DEVICE) == []


def test_usage_that_ends_on_a_last_day(house: House) -> None:
    """Of the contract, which is ten days long, or of a voucher that is valid for a month."""
    house.programme(policy(validity_months=1))
    for name, days in (("short", 10), ("long", 300)):
        house.contract(f"contract of {name}", "acme", amount_fen=500_000, days=days)
        accepted(house.apply(f"for {name}", "acme", f"contract of {name}"), house.grant(name, f"for {name}"))
    house.wait(days=60)
    until = {"short": start_ms(FIRST_DAY + 11), "long": start_ms(house.found("long").valid_until_day)}
    first, second, third = house.devices["cloud"]
    for name, device in (("short", first), ("long", second)):
        end = until[name] - DAY_MS
        accepted(house.claim(name, [(device, end - HOUR_MS, end)]))
    assert found(house, Indicator.LAST_DAY_USAGE) == []
    for end in (until["long"], until["long"] - DAY_MS + 1):
        accepted(house.claim("long", [(third, end - HOUR_MS, end)]))
    accepted(house.claim("short", [(first, until["short"] - HOUR_MS, until["short"])]))
    by_bound = {record.values["bound"]: record for record in found(house, Indicator.LAST_DAY_USAGE)}
    assert {bound: record.values["claims"] for bound, record in by_bound.items()} == {
        "contract": 1,
        "voucher": 2,
    }
    assert sentence(by_bound["contract"]) == ("1 claims end on 2026-01-15, the last day of the contract")
    assert by_bound["contract"].indexes == (house.ledger.size - 1,)


def test_numbers_that_are_missing(house: House) -> None:
    """Gaps, one that is filled later, and how many of the voucher's claims were refused."""
    house.programme()
    accepted(house.voucher("v", "acme", amount_fen=500_000))
    first_ms = house.now_ms
    house.wait(days=2)
    device = house.devices["cloud"][0]
    leaves = {}
    for hour, number in enumerate((2, 6, 4, 9)):
        line = (device, first_ms + hour * HOUR_MS, first_ms + (hour + 1) * HOUR_MS)
        leaves[number] = accepted(house.claim("v", [line], sequence=number)).index
    house.claim("v", [line], sequence=10)
    (record,) = found(house, Indicator.SEQUENCE_GAP)
    assert record.values["numbers"] == "1, 3, 5, 7-8"
    assert (record.values["missing"], record.values["refused"]) == ("5", 1)
    assert record.indexes == tuple(sorted(leaves.values()))


def test_numbers_in_order_have_no_gap(house: House) -> None:
    """However many."""
    house.programme()
    accepted(house.voucher("v", "acme", amount_fen=500_000))
    first_ms = house.now_ms
    house.wait(days=2)
    for hour in range(3):
        line = (house.devices["cloud"][0], first_ms + hour * HOUR_MS, first_ms + (hour + 1) * HOUR_MS)
        accepted(house.claim("v", [line]))
    assert found(house, Indicator.SEQUENCE_GAP) == []


@pytest.mark.parametrize("seed", range(20))
def test_gaps_are_what_a_set_would_say(seed: int) -> None:
    """Numbers in any order, some of them twice."""
    drawn = random.Random(seed)
    numbers, used = Numbers(), set[int]()
    for leaf in range(60):
        number = drawn.randrange(1, 50)
        numbers.take(number, leaf)
        used.add(number)
        missing = {n for start, (stop, _) in numbers.gaps.items() for n in range(start, stop + 1)}
        assert missing == set(range(1, max(used))) - used
        assert numbers.starts == sorted(numbers.gaps)


# Money.


def paid(house: House, voucher: str, buyer: str, *, tag: bytes = b"", settle: bool = True) -> int:
    """A voucher that is used and redeemed under a payee tag, perhaps paid; the leaf of the request."""
    accepted(house.voucher(voucher, buyer, amount_fen=200_000))
    first_ms = house.now_ms
    house.wait(days=3)
    accepted(house.claim(voucher, [(house.devices["cloud"][0], first_ms, first_ms + 10 * HOUR_MS)]))
    house.evidence(f"contract of {voucher}", amount_fen=10 * PRICE_FEN, buyer=buyer)
    name = f"r {voucher}"
    house.ids[name] = new_id()
    statement = redemption.redemption_request(
        redemption_id=house.ids[name],
        voucher_id=house.ids[voucher],
        claim_ids=house.unredeemed(voucher),
        invoices={digest(f"invoice contract of {voucher} "): 10 * PRICE_FEN},
        payments={digest(f"payment contract of {voucher} "): 10 * PRICE_FEN},
        payee_commitment=digest(f"account of {voucher}"),
        payee_tag=tag,
    )
    index = house.must("redemption-request", statement, buyer).index
    if settle:
        house.settle(name)
    return index


def test_one_account_behind_two_applicants(house: House) -> None:
    """Each of them has a record that names both requests; one applicant may be paid twice."""
    house.programme()
    tag = digest("one account")
    requests = [
        paid(house, f"v{number}", buyer, tag=tag, settle=False)
        for number, buyer in enumerate(("acme", "acme", "lab"))
    ]
    paid(house, "v3", "lab", tag=digest("another account"), settle=False)
    paid(house, "v4", "acme", settle=False)
    records = found(house, Indicator.SHARED_PAYEE)
    assert {record.applicant for record in records} == {house.ids["acme"], house.ids["lab"]}
    assert {record.indexes for record in records} == {(requests[0], requests[2])}
    assert found(house, Indicator.SHARED_PAYEE, payee_applicants=3) == []


def test_an_invoice_that_is_cancelled_after_it_was_paid(house: House) -> None:
    """Until a clawback looks at it; one that was closed before does not."""
    house.programme()
    request = paid(house, "v", "acme")
    assert found(house, Indicator.CANCELLED_INVOICE) == []
    accepted(house.claw_back("early", "r v"), house.notify("early"), house.determine("early"))
    accepted(house.cancel("contract of v"))
    (record,) = found(house, Indicator.CANCELLED_INVOICE)
    assert record.indexes == (request, house.ledger.size - 1)
    assert sentence(record) == (
        "an invoice is red-lettered since 200.00 of it was redeemed and 100.00 paid; nothing is claimed back"
    )
    accepted(house.claw_back("late", "r v"))
    assert found(house, Indicator.CANCELLED_INVOICE) == []


def test_an_invoice_that_is_cancelled_before_the_payment(house: House) -> None:
    """Nothing was paid."""
    house.programme()
    paid(house, "v", "acme", settle=False)
    accepted(house.cancel("contract of v"))
    assert found(house, Indicator.CANCELLED_INVOICE) == []
