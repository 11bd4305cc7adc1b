"""Rules of usage claims: parties, time, devices, prices and overlaps (I6, I8, I19)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.domain.registrar import at, digest, ident, terms
from unit.domain.scribe import Line
from unit.domain.town import LATER, Town, small_town, with_voucher
from unit.domain.world import Logged

from ledger.domain.attestation import PricedModel
from ledger.domain.journal import LinkKind
from ledger.domain.policy import Origin
from ledger.domain.rejections import Reason, Rejection

HOUR = 3_600_000
NOON = at("2026-03-02T12:00")


def hours(device: int, start: int, end: int) -> Line:
    """A line of whole hours of 2 March, counted from 00:00."""
    midnight = at("2026-03-02")
    return Line(device, midnight + start * HOUR, midnight + end * HOUR)


def town_with_prices() -> Town:
    """A voucher on a contract that prices an H800 at 20.00."""
    town = small_town()
    town.ok(town.contract("c", "8_000_000", prices={"H800": 2_000}))
    town.award("v", "c")
    town.now_ms = at(LATER)
    return town


# I6.


def test_back_to_back_intervals_do_not_overlap() -> None:
    """[10, 12) then [12, 13) and [9, 10) are accepted; [11, 13) names the claim that is there."""
    town = with_voucher()
    first = town.ok(town.claim("u1", "v", hours(0, 10, 12)))
    assert town.conflict(town.claim("u2", "v", hours(0, 11, 13))) == (Reason.DEVICE_OVERLAP, first.index)
    assert town.reason(town.claim("u3", "v", hours(0, 12, 13))) is None
    assert town.reason(town.claim("u4", "v", hours(0, 9, 10))) is None


@pytest.mark.parametrize(
    ("start", "end"),
    [(9, 11), (11, 13), (10, 12), (9, 13), (0, 24)],
    ids=["before", "after", "same", "over", "all"],
)
def test_device_overlap(start: int, end: int) -> None:
    """However two intervals meet, the second is refused; on another device it is accepted."""
    town = with_voucher()
    town.ok(town.claim("u1", "v", hours(0, 10, 12)))
    assert town.reason(town.claim("u2", "v", hours(0, start, end))) == Reason.DEVICE_OVERLAP
    assert town.reason(town.claim("u3", "v", hours(1, start, end))) is None


def test_a_gap_between_two_claims_may_be_filled_later() -> None:
    """Claims arrive in any order; a millisecond over the gap's edge is an overlap with either neighbour."""
    town = with_voucher()
    left = town.ok(town.claim("u1", "v", hours(0, 2, 4)))
    right = town.ok(town.claim("u2", "v", hours(0, 8, 10)))
    gap = hours(0, 4, 8)
    early, late = replace(gap, start_ms=gap.start_ms - 1), replace(gap, end_ms=gap.end_ms + 1)
    assert town.conflict(town.claim("u3", "v", early)) == (Reason.DEVICE_OVERLAP, left.index)
    assert town.conflict(town.claim("u4", "v", late)) == (Reason.DEVICE_OVERLAP, right.index)
    assert town.reason(town.claim("u5", "v", gap)) is None
    assert town.reason(town.claim("u6", "v", hours(0, 5, 6))) == Reason.DEVICE_OVERLAP


@pytest.mark.parametrize("second", [(9, 10), (12, 13), (6, 7)], ids=["before", "after", "apart"])
def test_back_to_back_claims_of_one_batch_are_accepted(second: tuple[int, int]) -> None:
    """Two claims that touch or do not meet are accepted in one batch as they would be one by one."""
    town = with_voucher()
    town.ok(town.claim("u0", "v", hours(0, 20, 21)))
    answers = town.send(town.claim("u1", "v", hours(0, 10, 12)), town.claim("u2", "v", hours(0, *second)))
    assert [type(answer) for answer in answers] == [Logged, Logged]


def test_an_overlap_inside_a_batch_is_seen() -> None:
    """The second of two overlapping claims in one batch is refused and names the first."""
    town = with_voucher()
    first, second = town.send(
        town.claim("u1", "v", hours(0, 10, 12)), town.claim("u2", "v", hours(0, 11, 13))
    )
    assert isinstance(first, Logged)
    assert isinstance(second, Rejection)
    assert (second.reason, second.conflicting_index) == (Reason.DEVICE_OVERLAP, first.index)


def test_an_overlap_with_the_store_is_seen_behind_one_of_the_batch() -> None:
    """A claim of the batch that touches does not hide a stored one that overlaps."""
    town = with_voucher()
    stored = town.ok(town.claim("u0", "v", hours(0, 8, 10)))
    _, second = town.send(town.claim("u1", "v", hours(0, 12, 13)), town.claim("u2", "v", hours(0, 9, 12)))
    assert isinstance(second, Rejection)
    assert (second.reason, second.conflicting_index) == (Reason.DEVICE_OVERLAP, stored.index)


def test_two_lines_of_one_claim_may_not_overlap() -> None:
    """Lines on one device are half-open too, and checked among themselves."""
    town = with_voucher()
    assert town.reason(town.claim("u1", "v", hours(0, 1, 3), hours(0, 2, 4))) == Reason.DEVICE_OVERLAP
    assert town.reason(town.claim("u2", "v", hours(0, 2, 4), hours(0, 1, 2), hours(1, 2, 4))) is None


def test_overlaps_are_ledger_wide() -> None:
    """A device that one voucher used is occupied for every other voucher."""
    town = with_voucher()
    town.ok(town.contract("d", "1_000_000"))
    town.award("w", "d")
    town.ok(town.claim("u1", "v", hours(0, 10, 12)))
    town.now_ms = at("2026-08-01")
    day = at("2026-07-01")
    town.ok(town.claim("u2", "v", Line(1, day, day + HOUR)))
    assert town.reason(town.claim("u3", "w", Line(1, day, day + HOUR))) == Reason.DEVICE_OVERLAP


def test_a_disputed_claim_still_occupies_its_device() -> None:
    """Revoking the key of a claim does not free the device."""
    town = with_voucher()
    town.ok(town.register_key("cloud", "cloud/2"))
    town.ok(town.claim("u1", "v", hours(0, 10, 12)))
    town.ok(town.revoke("cloud", 0))
    again = town.claim("u2", "v", hours(0, 10, 12), by="cloud/2")
    assert town.reason(again) == Reason.DEVICE_OVERLAP


# I19: time.


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [
        ("2026-02-01T00:00", "2026-02-01T01:00", None),
        ("2026-01-31T23:59", "2026-02-01T01:00", Reason.OUTSIDE_CONTRACT),
        ("2026-04-30T23:00", "2026-05-01T00:00", None),
        ("2026-04-30T23:00", "2026-05-01T00:01", Reason.OUTSIDE_CONTRACT),
    ],
    ids=["first", "before", "last", "after"],
)
def test_usage_lies_in_the_days_of_the_contract(start: str, end: str, reason: Reason | None) -> None:
    """`from_day` from its start, `to_day` to its end."""
    town = small_town()
    town.ok(town.contract("c", "1_000_000", days=("2026-02-01", "2026-04-30")))
    town.award("v", "c")
    town.now_ms = at(LATER)
    assert town.reason(town.claim("u", "v", Line(0, at(start), at(end)))) == reason


def test_usage_lies_in_the_validity_of_the_voucher() -> None:
    """From 00:00 of the day of issue to `validity_months` later, end exclusive, and not after the clock."""
    town = small_town(terms(validity_months=2))
    town.ok(town.contract("c", "1_000_000", days=("2026-01-01", "2027-12-31")))
    town.award("v", "c")
    first, last = at("2026-01-05"), at("2026-03-05")
    town.now_ms = last + HOUR
    assert town.reason(town.claim("u1", "v", Line(0, first - 1, first + 1))) == Reason.OUTSIDE_VALIDITY
    assert town.reason(town.claim("u2", "v", Line(0, first, first + 1))) is None
    assert town.reason(town.claim("u3", "v", Line(0, last - 2, last + 1))) == Reason.OUTSIDE_VALIDITY
    assert town.reason(town.claim("u4", "v", Line(0, last - 2, last))) is None


def test_usage_ends_before_ledger_time() -> None:
    """Usage may end now, and under a SYSTEM clock up to the slack later."""
    town = with_voucher()
    now = town.now_ms
    assert town.reason(town.claim("u1", "v", Line(0, now - 5, now + 1))) == Reason.OUTSIDE_VALIDITY
    assert town.reason(town.claim("u2", "v", Line(0, now - 5, now))) is None
    town.slack_ms = 300_000
    assert town.reason(town.claim("u3", "v", Line(0, now, now + 300_001))) == Reason.OUTSIDE_VALIDITY
    assert town.reason(town.claim("u4", "v", Line(0, now, now + 300_000))) is None


def test_effective_time_is_the_end_of_the_latest_interval() -> None:
    """A claim's effective time is not the time of its recording."""
    town = with_voucher()
    event = town.ok(town.claim("u", "v", hours(0, 10, 12), hours(1, 1, 2)))
    assert event.draft.effective_ms == at("2026-03-02T12:00") != town.now_ms


# I8, I19: provider, devices, prices.


def test_provider_not_admitted_before_its_first_day() -> None:
    """Usage before the admission's first day is refused though the contract has been applied for."""
    town = small_town()
    town.provider("data", from_day="2026-02-01")
    town.ok(town.contract("c", "1_000_000", provider="data", days=("2026-02-01", "2026-12-31")))
    town.award("v", "c")
    town.now_ms = at(LATER)
    early = at("2026-02-01") - 1
    claim = town.claim("u", "v", Line(0, early, early + 2), provider="data")
    assert town.reason(claim) == Reason.PROVIDER_NOT_ADMITTED
    good = town.claim("u", "v", Line(0, early + 1, early + 2), provider="data")
    assert town.reason(replace(good, claim_id=ident("u2"))) is None


def test_device_unknown() -> None:
    """A device that nobody or another provider registered is DEVICE_UNKNOWN."""
    town = with_voucher()
    town.provider("data")
    assert town.reason(town.claim("u1", "v", hours(77, 1, 2))) == Reason.DEVICE_UNKNOWN
    foreign = town.claim("u2", "v", hours(0, 1, 2))
    other = town.claim("u3", "v", hours(0, 1, 2), provider="data")
    assert town.reason(replace(foreign, device_ids=other.device_ids)) == Reason.DEVICE_UNKNOWN


@pytest.mark.parametrize(
    "change",
    [{"vendor": "huawei"}, {"model": "A100"}, {"origin": Origin.DOMESTIC}],
    ids=lambda c: next(iter(c)),
)
def test_model_mismatch(change: dict[str, Any]) -> None:
    """Vendor, model and origin of a line are those of the registered device."""
    town = with_voucher()
    model = PricedModel(vendor="nvidia", model="H800", origin=Origin.FOREIGN, unit_price_fen=2_000)
    claim = town.claim("u", "v", hours(0, 1, 2), model=replace(model, **change))
    assert town.reason(claim) == Reason.MODEL_MISMATCH


def test_vendor_not_allowed() -> None:
    """The voucher's policy names other vendors."""
    town = with_voucher(terms(allowed_vendors=("huawei",)))
    assert town.reason(town.claim("u", "v", hours(0, 1, 2))) == Reason.VENDOR_NOT_ALLOWED


def test_vendors_are_those_of_the_frozen_policy() -> None:
    """A later policy that narrows the vendors does not touch an issued voucher."""
    town = with_voucher()
    town.ok(town.policy(terms(allowed_vendors=("huawei",))))
    assert town.reason(town.claim("u", "v", hours(0, 1, 2))) is None


@pytest.mark.parametrize(("price", "reason"), [(2_000, None), (1_999, Reason.PRICE_MISMATCH)])
def test_price_mismatch_with_the_contract(price: int, reason: Reason | None) -> None:
    """The unit price is the contract's, to the fen."""
    town = town_with_prices()
    assert town.reason(town.claim("u", "v", hours(0, 1, 2), price_fen=price)) == reason


def test_a_price_without_a_model_is_for_all_others() -> None:
    """The empty model's price holds for models that the contract does not name."""
    town = small_town()
    town.ok(town.contract("c", "8_000_000", prices={"A100": 900, "": 1_500}))
    town.award("v", "c")
    town.now_ms = at(LATER)
    assert town.reason(town.claim("u1", "v", hours(0, 1, 2), price_fen=900)) == Reason.PRICE_MISMATCH
    assert town.reason(town.claim("u2", "v", hours(0, 1, 2), price_fen=1_500)) is None


@pytest.mark.parametrize("off", [-1, 1])
def test_a_line_amount_is_the_floor(off: int) -> None:
    """1,000 ms at 20.00 an hour are 0.5555 fen: 0; one fen off is PRICE_MISMATCH."""
    town = with_voucher()
    line = replace(hours(0, 1, 2), allocated_ms=3_599_999)
    exact = 3_599_999 * 2_000 // HOUR
    assert exact == 1_999
    assert town.reason(town.claim("u1", "v", replace(line, amount_fen=exact + off))) == Reason.PRICE_MISMATCH
    assert town.reason(town.claim("u2", "v", replace(line, amount_fen=exact))) is None


def test_capacity_exceeded() -> None:
    """A device cannot be allocated for longer than its interval."""
    town = with_voucher()
    line = hours(0, 1, 2)
    more = replace(line, allocated_ms=HOUR + 1)
    assert town.reason(town.claim("u1", "v", more)) == Reason.CAPACITY_EXCEEDED
    assert town.reason(town.claim("u2", "v", replace(line, allocated_ms=HOUR))) is None


# I7 and the voucher's state.


@pytest.mark.parametrize("field", ["programme_id", "beneficiary_id"])
def test_a_claim_names_what_its_voucher_is_bound_to(field: str) -> None:
    """Another programme or beneficiary is STATE_CONFLICT."""
    town = with_voucher()
    claim = replace(town.claim("u", "v", hours(0, 1, 2)), **{field: ident("other")})  # type: ignore[arg-type]
    assert town.reason(claim) == Reason.STATE_CONFLICT


def test_a_claim_names_the_contract_and_provider_of_its_voucher() -> None:
    """Another contract digest or another admitted provider is STATE_CONFLICT."""
    town = with_voucher()
    town.provider("data")
    digest_of_other = replace(town.claim("u1", "v", hours(0, 1, 2)), contract_digest=digest("other"))
    assert town.reason(digest_of_other) == Reason.STATE_CONFLICT
    assert town.reason(town.claim("u2", "v", hours(0, 1, 2), provider="data")) == Reason.STATE_CONFLICT


def test_no_claim_without_a_voucher() -> None:
    """A voucher that does not exist is STATE_CONFLICT before every other reason, and is not recorded."""
    town = with_voucher()
    size = len(town.events)
    assert town.reason(town.claim("u", "nothing", hours(77, 1, 2), by="stranger")) == Reason.STATE_CONFLICT
    assert len(town.events) == size


def test_voucher_expired_follows_the_expiry_and_not_the_clock() -> None:
    """After the end of validity a claim on old usage is taken until the voucher is expired."""
    town = with_voucher(at_time="2027-02-01")
    assert town.reason(town.claim("u1", "v", hours(0, 1, 2))) is None
    town.ok(town.expire("v"))
    assert town.reason(town.claim("u2", "v", hours(0, 3, 4))) == Reason.VOUCHER_EXPIRED


def test_a_closed_voucher_takes_no_claim() -> None:
    """After everything is paid a claim is STATE_CONFLICT."""
    town = with_voucher()
    town.redeemed("r", "v", "8_000_000")
    town.settle("r")
    assert town.reason(town.claim("u2", "v", hours(0, 3, 4))) == Reason.STATE_CONFLICT


# I16: replacing an accepted claim.


def test_a_superseding_claim_takes_the_place_of_the_old_one() -> None:
    """Its totals replace the old ones, the old claim is linked, and its freed time can be used again."""
    town = with_voucher()
    old = town.ok(town.claim("u1", "v", hours(0, 10, 12), hours(1, 10, 12)))
    new = town.ok(town.claim("u2", "v", hours(0, 11, 12), superseding=old.index))
    assert [link.kind for link in new.draft.links] == [
        LinkKind.CLAIM,
        LinkKind.VOUCHER,
        LinkKind.CLAIM,
        LinkKind.DEVICE,
    ]
    assert (town.voucher_totals("v")[1], new.totals(LinkKind.DEVICE)) == (HOUR, (HOUR,))
    assert town.reason(town.claim("u3", "v", hours(0, 10, 11), hours(1, 10, 12))) is None
    assert town.conflict(town.claim("u4", "v", hours(0, 11, 12))) == (Reason.DEVICE_OVERLAP, new.index)


def test_time_freed_in_a_batch_is_free_for_the_next_claim_of_it() -> None:
    """A superseding claim and a claim on the time that it frees are accepted in one batch."""
    town = with_voucher()
    town.ok(town.claim("u0", "v", hours(0, 6, 8)))
    old = town.ok(town.claim("u1", "v", hours(0, 10, 12)))
    answers = town.send(
        town.claim("u2", "v", hours(0, 11, 12), superseding=old.index),
        town.claim("u3", "v", hours(0, 8, 11)),
        town.claim("u4", "v", hours(0, 7, 8)),
    )
    assert [getattr(answer, "reason", None) for answer in answers] == [None, None, Reason.DEVICE_OVERLAP]


@pytest.mark.parametrize("lines", [[(8, 11)], [(9, 10), (12, 13)], [(9, 13)]], ids=str)
def test_a_superseding_claim_still_meets_other_claims(lines: list[tuple[int, int]]) -> None:
    """Only the old claim's intervals are free; the neighbours before and after it are not."""
    town = with_voucher()
    town.ok(town.claim("before", "v", hours(0, 7, 9)))
    town.ok(town.claim("after", "v", hours(0, 13, 15)))
    old = town.ok(town.claim("u1", "v", hours(0, 9, 10), hours(0, 11, 13)))
    new = town.claim("u2", "v", *(hours(0, *pair) for pair in lines), superseding=old.index)
    expected = Reason.DEVICE_OVERLAP if lines[0][0] < 9 else None
    assert town.reason(new) == expected


def test_only_an_accepted_unredeemed_claim_of_the_voucher_is_superseded() -> None:
    """No other leaf, no superseded or redeemed claim, none of another voucher: STATE_CONFLICT."""
    town = with_voucher()
    town.ok(town.contract("d", "1_000_000"))
    town.award("w", "d")
    town.now_ms = at("2026-08-01")
    redeemed = town.ok(town.metered("u0", "v", "1_000"))
    uses = {"i-e": 100_000}, {"p-e": 100_000}
    town.ok(town.redeem("r", "v", ["u0"], invoices=uses[0], payments=uses[1]))
    old = town.ok(town.claim("u1", "v", hours(1, 1, 2)))
    town.ok(town.claim("u2", "v", hours(1, 1, 3), superseding=old.index))
    day = at("2026-07-01")
    other = town.ok(town.claim("u3", "w", Line(1, day, day + HOUR)))
    for number, index in enumerate((0, 99_999, redeemed.index, old.index, other.index)):
        claim = town.claim(f"x{number}", "v", hours(2, number, number + 1), superseding=index)
        assert town.reason(claim) == Reason.STATE_CONFLICT


def test_a_superseded_claim_is_not_redeemed() -> None:
    """It counts nothing any more: STATE_CONFLICT beside a good claim."""
    town = with_voucher()
    old = town.ok(town.metered("u1", "v", "1_000"))
    town.ok(town.claim("u2", "v", hours(1, 1, 3), superseding=old.index))
    request = town.redeem("r", "v", ["u1", "u2"], invoices={"i-e": 100_000}, payments={"p-e": 100_000})
    assert town.reason(request) == Reason.STATE_CONFLICT


# Signatures.


def test_a_claim_is_signed_by_its_provider() -> None:
    """Another participant's key is NOT_AUTHORISED, an unknown one KEY_UNKNOWN, a revoked one KEY_REVOKED."""
    town = with_voucher()
    assert town.reason(town.claim("u", "v", hours(0, 1, 2), by="acme")) == Reason.NOT_AUTHORISED
    assert town.reason(town.claim("u", "v", hours(0, 1, 2), by="stranger")) == Reason.KEY_UNKNOWN
    town.signatures_hold = False
    assert town.reason(town.claim("u", "v", hours(0, 1, 2))) == Reason.BAD_SIGNATURE
    town.signatures_hold = True
    town.ok(town.revoke("cloud", town.now_ms))
    assert town.reason(town.claim("u", "v", hours(0, 1, 2))) == Reason.KEY_REVOKED
