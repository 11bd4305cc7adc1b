"""Indicators: each is found at its threshold and not before, on ledgers that keep every rule."""

from __future__ import annotations

import json
import random
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from support import everything
from support.auditing import MemorySource, trust_of
from support.house import DAY_MS, FIRST_DAY, HOUR_MS, MODEL, PRICE_FEN, House, accepted, digest, policy

from ledger.client.signing import new_id
from ledger.client.statements import redemption
from ledger.domain.days import day_from_civil, start_ms
from ledger.errors import UsageError
from ledger_audit.indicators import look
from ledger_audit.indicators_text import sentence
from ledger_audit.indicators_types import Indicator, Record, Thresholds
from ledger_audit.indicators_usage import Numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ledger_audit.indicators import Leads

FEBRUARY, MARCH = (start_ms(day_from_civil(2026, month, 1)) for month in (2, 3))
MONTH_HOURS = 28 * 24


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A provider with devices and two firms; programmes are the test's own."""
    with closing(House.open(tmp_path / "ledger", in_memory=True)) as made:
        made.provider(devices=3)
        for name in ("acme", "lab"):
            made.party(name)
        yield made


def leads(house: House, **thresholds: int) -> Leads:
    """What is found in all that the house holds, which keeps every rule."""
    found = look(MemorySource(*house.entries()), thresholds=Thresholds(**thresholds))
    assert (found.checked.scope, found.checked.result) == ("rules", "ok")
    return found


def found(house: House, indicator: Indicator, **thresholds: int) -> list[Record]:
    """The records of one indicator."""
    records = leads(house, **thresholds).records
    return [record for record in records if record.indicator is indicator]


def applied(house: House, name: str, amount_fen: int, buyer: str = "acme", **terms: Any) -> None:
    """A contract and an application on it."""
    house.contract(name, buyer, amount_fen=amount_fen, **terms)
    accepted(house.apply(f"for {name}", buyer, name))


# Contracts and parties.


@pytest.mark.parametrize(
    ("amounts", "days", "expected"),
    [
        ((400_000, 300_000), 30, True),
        ((400_000, 300_000), 31, False),
        ((400_000, 200_002), 0, True),
        ((400_000, 200_000), 0, False),
        ((600_002, 300_000), 0, False),
        ((600_000, 300_000), 0, True),
    ],
)
def test_contracts_that_only_together_pass_a_cap(
    house: House, amounts: tuple[int, int], days: int, *, expected: bool
) -> None:
    """Worth 50 % each, against a cap of 3,000.00: what one alone passes is not split."""
    house.programme(policy(cap_fen=300_000, hard_cap_fen=0))
    applied(house, "one", amounts[0], signed_day=FIRST_DAY - 100 + days)
    house.contract("two", "acme", amount_fen=amounts[1], signed_day=FIRST_DAY - 100)
    records = found(house, Indicator.SPLIT_CONTRACTS)
    assert bool(records) is expected
    if expected:
        (record,) = records
        assert (record.applicant, len(record.indexes)) == (house.ids["acme"], 2)
        assert record.values["days"] == days
        assert (record.values["limit"], record.values["limit_fen"]) == ("cap", 300_000)
        assert record.values["measured_fen"] == sum(amounts) // 2


def test_contracts_that_only_together_reach_a_minimum(house: House) -> None:
    """Both below it, their sum not; the beneficiary applied with another one."""
    house.programme(policy(min_contract_fen=500_000))
    applied(house, "large", 800_000, signed_day=FIRST_DAY - 200)
    for name, amount_fen in (("one", 300_000), ("two", 200_000), ("three", 199_999)):
        house.contract(name, "acme", amount_fen=amount_fen)
    house.contract("other", "lab", amount_fen=300_000)
    (record,) = found(house, Indicator.SPLIT_CONTRACTS)
    assert (record.values["limit"], record.values["measured_fen"]) == ("minimum", 500_000)
    assert sentence(record) == (
        "two contracts with one provider, 3,000.00 and 2,000.00, were signed 0 days apart:"
        " 5,000.00 together against the minimum of 5,000.00, which neither passes alone"
    )


def test_contracts_with_different_providers_are_not_split(house: House) -> None:
    """It is about one pair of parties."""
    house.provider("other", devices=0)
    house.programme(policy(cap_fen=300_000, hard_cap_fen=0))
    applied(house, "one", 400_000)
    house.contract("two", "acme", "other", amount_fen=400_000)
    assert found(house, Indicator.SPLIT_CONTRACTS) == []


@pytest.mark.parametrize(
    ("amount_fen", "expected"),
    [
        (600_000, True),
        (606_000, True),
        (606_002, False),
        (594_000, True),
        (593_998, False),
        (2_000_000, True),
    ],
)
def test_an_amount_that_exhausts_a_cap(house: House, amount_fen: int, *, expected: bool) -> None:
    """A contract worth 1 % more or less than the cap, or the cap of a named approval."""
    house.programme(policy(cap_fen=300_000, hard_cap_fen=1_000_000))
    applied(house, "one", amount_fen)
    assert bool(found(house, Indicator.AT_THE_CAP)) is expected
    assert bool(found(house, Indicator.AT_THE_CAP, cap_distance_bp=0)) is (amount_fen in {600_000, 2_000_000})


@pytest.mark.parametrize(("signed_day", "expected"), [(FIRST_DAY - 11, True), (FIRST_DAY - 10, False)])
def test_a_provider_that_was_admitted_later(house: House, signed_day: int, *, expected: bool) -> None:
    """Than the contract was signed."""
    house.programme()
    applied(house, "one", 100_000, signed_day=signed_day)
    records = found(house, Indicator.LATE_ADMISSION)
    assert bool(records) is expected
    if expected:
        assert sentence(records[0]) == (
            "the contract was signed on 2025-12-25, its provider is admitted from 2025-12-26 on"
        )
        assert len(records[0].indexes) == 3


@pytest.mark.parametrize(
    ("holdings", "share_bp"),
    [
        ([("acme", "cloud", 2_000)], 2_000),
        ([("cloud", "acme", 2_499)], 2_499),
        ([("acme", "cloud", 1_999)], None),
        ([("acme", "sub", 2_600), ("sub", "cloud", 2_400)], 2_400),
        ([("holder", "acme", 2_100), ("holder", "cloud", 5_000)], 2_100),
        ([("acme", "sub", 9_000), ("sub", "cloud", 1_200), ("acme", "cloud", 1_100)], 2_300),
        ([("lab", "cloud", 2_400)], None),
    ],
)
def test_holdings_just_below_control(
    house: House, holdings: Sequence[tuple[str, str, int]], share_bp: int | None
) -> None:
    """Direct, through a group, by a third holder, or together."""
    house.programme()
    for owner, owned, bp in holdings:
        accepted(house.holding(owner, owned, bp))
    applied(house, "one", 100_000)
    records = found(house, Indicator.NEAR_AFFILIATION)
    assert [record.values["share_bp"] for record in records] == ([] if share_bp is None else [share_bp])
    if records:
        assert len(records[0].indexes) == 1 + len(holdings)
        assert found(house, Indicator.NEAR_AFFILIATION, holding_bp=2_500) == []


def test_holdings_that_grow_after_the_application(house: House) -> None:
    """The rules look at the application; the indicator looks again at the end."""
    house.programme()
    applied(house, "one", 100_000)
    accepted(house.holding("acme", "cloud", 6_000))
    (record,) = found(house, Indicator.NEAR_AFFILIATION)
    assert record.values["share_bp"] == 6_000


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


# The report.


def test_four_different_indicators_on_one_applicant_raise_an_alert(house: House) -> None:
    """Records of one kind count once; others with fewer kinds raise none."""
    house.programme(policy(cap_fen=300_000, hard_cap_fen=0))
    for name, signed_day in (("one", FIRST_DAY - 30), ("two", FIRST_DAY - 20)):
        house.contract(name, "acme", amount_fen=600_000, signed_day=signed_day)
        accepted(house.apply(f"for {name}", "acme", name))
    applied(house, "other", 600_000, "lab", signed_day=FIRST_DAY - 30)
    assert leads(house).alerts == ()
    accepted(house.holding("acme", "cloud", 2_400))
    (alert,) = leads(house).alerts
    assert alert.applicant == house.ids["acme"]
    assert alert.indicators == (
        Indicator.SPLIT_CONTRACTS,
        Indicator.AT_THE_CAP,
        Indicator.LATE_ADMISSION,
        Indicator.NEAR_AFFILIATION,
    )
    assert alert.records > 4
    assert leads(house, alert_indicators=5).alerts == ()
    assert len(leads(house, alert_indicators=2).alerts) == 2


def test_a_whole_year_as_json(house: House, tmp_path: Path) -> None:
    """Every event type there is: the report is one JSON object without numbers of money."""
    with closing(House.open(tmp_path / "year", in_memory=True)) as year:
        everything.play(year)
        result = look(MemorySource(*year.entries()), trust=trust_of(year))
    value = json.loads(json.dumps(result.to_json()))
    assert value["verification"] == {"scope": "whole", "result": "ok", "findings": 0}
    assert value["thresholds"] == Thresholds().to_json()
    assert sum(value["counts"].values()) == len(value["records"])
    for record in value["records"]:
        assert set(record) == {"indicator", "applicant", "indexes", "sentence", "values", "thresholds"}
        assert all(isinstance(v, str) for name, v in record["values"].items() if name.endswith("_fen"))
        assert max(record["indexes"]) < value["tree_size"]
    house.programme()
    assert leads(house).to_json()["records"] == []


def test_what_the_audit_finds_meanwhile_decides_the_exit_code(house: House) -> None:
    """A byte that is not the signed one: with trust that is a finding of the tree, without it nothing here."""
    house.programme()
    applied(house, "one", 100_000)
    source = MemorySource(*house.entries())
    entry = source.entries[-1]
    changed = source.changed(len(source.entries) - 1, entry[:-1] + bytes([entry[-1] ^ 1]))
    result = look(changed, trust=trust_of(house))
    assert (result.checked.result, int(result.checked.exit_code)) == ("findings", 3)
    assert look(source, trust=trust_of(house)).checked.exit_code == 0


@pytest.mark.parametrize(
    "text",
    ["split_days", "days=3", "split_days=", "split_days=-1", "split_days=1.5", "split_days=" + "9" * 30],
)
def test_thresholds_are_names_and_whole_numbers(text: str) -> None:
    """All else is refused, and says what is allowed."""
    with pytest.raises(UsageError):
        Thresholds().changed(text)


def test_a_threshold_may_be_changed() -> None:
    """One at a time."""
    assert Thresholds().changed("split_days=7").changed("active_bp=0") == Thresholds(
        split_days=7, active_bp=0
    )
