"""EX_POST: contract and usage first, then voucher, claim and redemption in one window (I19)."""

from __future__ import annotations

import pytest
from unit.domain.registrar import at, terms, yuan
from unit.domain.scribe import Line
from unit.domain.town import Town, small_town

from ledger.domain.policy import Mode
from ledger.domain.rejections import Reason

HOUR = 3_600_000


def granted_in_june(mode: Mode = Mode.EX_POST) -> Town:
    """A voucher of June with two months of validity on a contract of the whole year; evidence is there."""
    town = small_town(terms(mode=mode, validity_months=2))
    town.ok(town.contract("c", "8_000_000"))
    town.evidence("e", "c", "8_000_000")
    town.now_ms = at("2026-06-10T09:00")
    town.award("v", "c")
    return town


def using(town: Town, label: str, start: int, end: int) -> Reason | None:
    """A claim of [start, end); the reason of its refusal, or None."""
    return town.reason(town.claim(label, "v", Line(0, start, end)))


@pytest.mark.parametrize(("mode", "reason"), [(Mode.EX_POST, None), (Mode.QUOTA, Reason.OUTSIDE_VALIDITY)])
def test_usage_before_the_voucher_is_accepted_ex_post(mode: Mode, reason: Reason | None) -> None:
    """Under EX_POST the start of validity does not bind usage; under QUOTA it does."""
    town = granted_in_june(mode)
    start = at("2026-02-01")
    assert using(town, "u", start, start + HOUR) == reason


def test_usage_ex_post_lies_in_the_contract_and_before_the_end_of_validity() -> None:
    """The contract's first day and the end of validity still bind it."""
    town = granted_in_june()
    first, last = at("2026-01-05"), at("2026-08-10")
    assert using(town, "u1", first - 1, first + 1) == Reason.OUTSIDE_CONTRACT
    assert using(town, "u2", first, first + 1) is None
    town.now_ms = at("2026-08-20")
    assert using(town, "u3", last - 2, last + 1) == Reason.OUTSIDE_VALIDITY
    assert using(town, "u4", last - 2, last) is None


def test_usage_ex_post_lies_in_the_admission() -> None:
    """A provider admitted later has no usage before."""
    town = small_town(terms(mode=Mode.EX_POST))
    town.provider("data", from_day="2026-03-01")
    town.ok(town.contract("c", "1_000", provider="data", days=("2026-03-01", "2026-12-31")))
    town.now_ms = at("2026-06-10")
    town.award("v", "c")
    early = at("2026-03-01") - 1
    claim = town.claim("u", "v", Line(0, early, early + 2), provider="data")
    assert town.reason(claim) == Reason.PROVIDER_NOT_ADMITTED


def test_a_window_ex_post_from_grant_to_payment() -> None:
    """Usage of January and February, granted, claimed, redeemed and paid in June: half of 5 million."""
    town = granted_in_june()
    town.ok(town.devices("cloud", 496, first=4))
    start = at("2026-01-05")
    lines = [Line(number, start, start + 500 * HOUR) for number in range(500)]
    town.ok(town.claim("u", "v", *lines))
    fen = yuan("8_000_000")
    request = town.ok(town.redeem("r", "v", ["u"], invoices={"i-e": fen}, payments={"p-e": fen}))
    assert (request.payload.base_fen, request.payload.amount_fen) == (yuan("5_000_000"), yuan("2_500_000"))
    assert town.settle("r") == [yuan("2_500_000")]


def test_the_mode_is_frozen_in_the_voucher() -> None:
    """A later policy does not open or close the time before a voucher."""
    start = at("2026-02-01")
    for mode, other, reason in (
        (Mode.EX_POST, Mode.QUOTA, None),
        (Mode.QUOTA, Mode.EX_POST, Reason.OUTSIDE_VALIDITY),
    ):
        town = granted_in_june(mode)
        town.ok(town.policy(terms(mode=other)))
        assert using(town, "u", start, start + HOUR) == reason
