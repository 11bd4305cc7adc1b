"""Indicators: each is found at its threshold and not before, on ledgers that keep every rule."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from support import everything
from support.auditing import MemorySource, trust_of
from support.house import FIRST_DAY, House, accepted, policy
from unit.audit.leads import applied, found, leads, two_firms

from ledger.errors import UsageError
from ledger_audit.indicators import look
from ledger_audit.indicators_text import sentence
from ledger_audit.indicators_types import Indicator, Thresholds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A provider with devices and two firms; programmes are the test's own."""
    with two_firms(tmp_path) as made:
        yield made


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
