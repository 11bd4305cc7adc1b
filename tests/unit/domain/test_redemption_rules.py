"""Requests and verifications: base, amount, evidence and disputed claims (I3, I4, I5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.domain.registrar import at, ident, terms, yuan
from unit.domain.scribe import Line
from unit.domain.town import LATER, Town, small_town, with_voucher

from ledger.domain.attestation import PricedModel
from ledger.domain.journal import ContractTotals, Head, LinkKind
from ledger.domain.policy import Origin, OriginRate, Stacking
from ledger.domain.rejections import Reason

MILLION = 100_000_000


def uses(town: Town, amount: int, **changes: Any) -> Any:
    """A request `r` on voucher `v` with claim `u` and parts of evidence `e`."""
    return replace(
        town.redeem("r", "v", ["u"], invoices={"i-e": amount}, payments={"p-e": amount}), **changes
    )


# Base and amount.


@pytest.mark.parametrize(
    ("metered", "invoiced", "paid", "base"),
    [(1, 2, 3, 1), (3, 1, 2, 1), (2, 3, 1, 1), (9, 8, 8, 8)],
    ids=["claims", "invoices", "payments", "contract"],
)
def test_base_is_the_least_of_all_evidence(metered: int, invoiced: int, paid: int, base: int) -> None:
    """The contract, the claims, the invoices and the payments named each limit the base."""
    town = with_voucher()
    town.ok(town.metered("u", "v", metered * MILLION))
    request = town.redeem(
        "r", "v", ["u"], invoices={"i-e": invoiced * MILLION}, payments={"p-e": paid * MILLION}
    )
    assert town.ok(request).payload.base_fen == base * MILLION


def test_bases_of_earlier_redemptions_reduce_the_contract() -> None:
    """Eight of nine metered millions are left by the contract, in two redemptions of five and three."""
    town = with_voucher()
    town.ok(town.invoice("i-more", "c", "1_000_000"))
    town.ok(town.payment("p-more", "c", "1_000_000"))
    town.redeemed("r1", "v", "5_000_000")
    town.ok(town.metered("u2", "v", "4_000_000"))
    more = {"e": 3 * MILLION, "more": MILLION}
    request = town.redeem(
        "r2",
        "v",
        ["u2"],
        invoices={f"i-{k}": v for k, v in more.items()},
        payments={f"p-{k}": v for k, v in more.items()},
    )
    assert town.ok(request).payload.base_fen == 3 * MILLION


def test_the_voucher_limits_the_amount() -> None:
    """With a cap below the entitlement the second redemption gets the rest of the face, the third nothing."""
    town = with_voucher(terms(cap="1_000_000"))
    assert town.redeemed("r1", "v", "1_500_000").payload.amount_fen == yuan("750_000")
    assert town.redeemed("r2", "v", "1_500_000").payload.amount_fen == yuan("250_000")
    town.ok(town.metered("u", "v", "1_500_000"))
    assert town.reason(uses(town, MILLION)) == Reason.FACE_EXCEEDED


def test_a_request_without_claims_is_worth_nothing() -> None:
    """The claims named limit the base: none is a base of 0."""
    town = with_voucher()
    assert town.reason(uses(town, MILLION, claim_ids=())) == Reason.FACE_EXCEEDED


def test_face_exceeded_by_a_base_that_floors_to_nothing() -> None:
    """One fen at 50 % is no fen."""
    town = with_voucher()
    town.ok(town.metered("u", "v", 1))
    assert town.reason(uses(town, 1)) == Reason.FACE_EXCEEDED


def test_rates_by_origin_use_the_origin_of_the_devices() -> None:
    """At redemption the parts are the claims' amounts by device origin, floored once."""
    rates = (
        OriginRate(origin=Origin.DOMESTIC, rate_bp=3_000),
        OriginRate(origin=Origin.FOREIGN, rate_bp=2_000),
    )
    town = with_voucher(terms(rate_bp_by_origin=rates))
    town.ok(town.devices("cloud", 1, first=9, vendor="huawei", model="910B", origin=Origin.DOMESTIC))
    model = PricedModel(vendor="huawei", model="910B", origin=Origin.DOMESTIC, unit_price_fen=333)
    start = at("2026-03-01")
    town.ok(town.claim("u1", "v", Line(9, start, start + 3_600_000), model=model))
    town.ok(town.metered("u2", "v", 668))
    request = town.redeem("r", "v", ["u1", "u2"], invoices={"i-e": 1_001}, payments={"p-e": 1_001})
    assert town.ok(request).payload.amount_fen == (3_000 * 333 + 2_000 * 668) // 10_000


def test_stacking_ceiling_at_redemption() -> None:
    """Public money redeemed elsewhere on the contract leaves no room at the request."""
    town = small_town(terms(rate_bp=6_000))
    ceiling = terms(rate_bp=1_000, stacking=Stacking.CEILING, stacking_ceiling_bp=6_000)
    town.open_programme(ceiling, label="next", year=2027)
    town.ok(town.contract("c", "1_000"))
    assert town.award("w", "c", programme="next") == yuan("100")
    assert town.award("v", "c") == yuan("600")
    town.evidence("e", "c", "1_000")
    town.evidence("f", "c", "1_000")
    town.now_ms = at(LATER)
    town.redeemed("r1", "v", "900")
    partly = town.redeemed("r2", "w", "500", evidence="f")
    assert partly.payload.amount_fen == yuan("50")
    town.redeemed("r3", "v", "100")
    town.ok(town.metered("u4", "w", "500"))
    late = town.redeem("r4", "w", ["u4"], invoices={"i-f": 50_000}, payments={"p-f": 50_000})
    assert town.reason(late) == Reason.STACKING_CEILING
    # At the verification the other redemptions leave 600 - 600 = 0.
    assert town.reason(town.verify("r2")) == Reason.FACE_EXCEEDED


def test_outside_support_under_exclusive() -> None:
    """Outside support refuses the request as STACKING_EXCLUSIVE and the verification as FACE_EXCEEDED."""
    town = with_voucher(terms(stacking=Stacking.EXCLUSIVE))
    town.redeemed("r1", "v", "1_000_000")
    heads = town.state.heads[LinkKind.CONTRACT].base
    head = heads[ident("c")]
    heads[ident("c")] = Head(head.leaf_index, ContractTotals(head.totals[0], 1))
    town.ok(town.metered("u", "v", "1_000_000"))
    assert town.reason(uses(town, MILLION)) == Reason.STACKING_EXCLUSIVE
    assert town.reason(town.verify("r1")) == Reason.FACE_EXCEEDED


@pytest.mark.parametrize(("paid", "reason"), [("500_000.00", None), ("499_999.99", Reason.MIN_SPEND)])
def test_min_spend(paid: str, reason: Reason | None) -> None:
    """The payments named reach the least amount."""
    town = with_voucher(terms(min_spend_fen=yuan("500_000")))
    town.ok(town.metered("u", "v", "1_000_000"))
    assert town.reason(uses(town, yuan(paid))) == reason


def test_min_spend_counts_earlier_redemptions() -> None:
    """After a first redemption of enough payments a small second one is taken."""
    town = with_voucher(terms(min_spend_fen=yuan("500_000")))
    town.redeemed("r1", "v", "500_000")
    assert town.redeemed("r2", "v", "100").payload.amount_fen == yuan("50")


# Evidence and claims.


def test_a_claim_is_redeemed_once() -> None:
    """A claim that a redemption uses is DUPLICATE_EVIDENCE and names that redemption."""
    town = with_voucher()
    first = town.redeemed("r1", "v", "1_000_000", claim="u")
    assert town.conflict(uses(town, MILLION)) == (Reason.DUPLICATE_EVIDENCE, first.index)


def test_duplicate_evidence_of_another_contract() -> None:
    """Invoices and payments are of the voucher's contract."""
    town = with_voucher()
    town.ok(town.contract("d", "1_000"))
    leaf = town.ok(town.invoice("i-d", "d", "1_000")).index
    town.ok(town.metered("u", "v", "1_000"))
    request = town.redeem("r", "v", ["u"], invoices={"i-d": 1_000}, payments={"p-e": 1_000})
    assert town.conflict(request) == (Reason.DUPLICATE_EVIDENCE, leaf)


def test_an_invoice_is_no_payment() -> None:
    """Evidence of the other kind is STATE_CONFLICT."""
    town = with_voucher()
    town.ok(town.metered("u", "v", "1_000"))
    request = town.redeem("r", "v", ["u"], invoices={"p-e": 1_000}, payments={"i-e": 1_000})
    assert town.reason(request) == Reason.STATE_CONFLICT


def test_claims_of_another_voucher_and_refused_ones() -> None:
    """Neither can be redeemed beside a good one: STATE_CONFLICT."""
    town = with_voucher()
    town.ok(town.metered("u", "v", "1_000"))
    town.ok(town.contract("d", "1_000"))
    town.award("w", "d")
    town.now_ms = at("2026-08-01")
    day = at("2026-07-01")
    town.ok(town.claim("u-w", "w", Line(0, day, day + 3_600_000)))
    assert town.reason(town.claim("u-bad", "v", Line(0, day, day + 1))) == Reason.DEVICE_OVERLAP
    for claim in ("u-w", "u-bad"):
        request = uses(town, 1_000, claim_ids=(ident("u"), ident(claim)))
        assert town.reason(request) == Reason.STATE_CONFLICT


def test_what_does_not_exist_comes_before_everything() -> None:
    """A missing voucher, claim or invoice is STATE_CONFLICT though the signer is a stranger."""
    town = with_voucher()
    town.ok(town.metered("u", "v", "1_000"))
    header = town.header("stranger")
    for change in ({"voucher_id": ident("x")}, {"claim_ids": (ident("x"),)}):
        assert town.reason(uses(town, 1, header=header, **change)) == Reason.STATE_CONFLICT
    lost = town.redeem("r", "v", ["u"], invoices={"i-x": 1}, payments={"p-e": 1}, by="stranger")
    assert town.reason(lost) == Reason.STATE_CONFLICT
    assert town.reason(uses(town, 1, header=header)) == Reason.KEY_UNKNOWN


@pytest.mark.parametrize(
    "changes",
    [
        {"claim_ids": (ident("u"), ident("u"))},
        {"instalments_bp": (5_000, 4_999)},
        {"instalments_bp": (10_000, 0)},
        {"instalments_bp": (1_000,) * 13},
        {"payee_commitment": b""},
        {"redemption_id": b""},
    ],
    ids=str,
)
def test_a_request_out_of_shape_is_malformed(changes: dict[str, Any]) -> None:
    """Claims once, instalments of 10,000 in at most twelve parts."""
    town = with_voucher()
    town.ok(town.metered("u", "v", "1_000"))
    assert town.reason(uses(town, 1_000, **changes)) == Reason.MALFORMED


@pytest.mark.parametrize("amount", [0, -1])
def test_evidence_is_used_by_amounts_above_zero(amount: int) -> None:
    """No evidence is named for nothing."""
    town = with_voucher()
    town.ok(town.metered("u", "v", "1_000"))
    assert town.reason(uses(town, amount)) == Reason.MALFORMED


def test_evidence_is_named_once_in_a_request() -> None:
    """The same invoice twice in one request is malformed."""
    town = with_voucher()
    town.ok(town.metered("u", "v", "1_000"))
    request = uses(town, 1_000)
    assert town.reason(replace(request, invoices=request.invoices * 2)) == Reason.MALFORMED


def test_a_redemption_belongs_to_the_beneficiary() -> None:
    """The provider cannot ask; an id is used once."""
    town = with_voucher()
    town.redeemed("r", "v", "1_000")
    town.ok(town.metered("u", "v", "1_000"))
    assert town.reason(uses(town, 1_000)) == Reason.STATE_CONFLICT
    other = town.redeem("s", "v", ["u"], invoices={"i-e": 9}, payments={"p-e": 9}, by="cloud")
    assert town.reason(other) == Reason.NOT_AUTHORISED


def test_an_expired_voucher_takes_no_request() -> None:
    """VOUCHER_EXPIRED after the expiry, STATE_CONFLICT after the closing."""
    town = with_voucher()
    town.ok(town.metered("u", "v", "1_000"))
    town.now_ms = at("2027-02-01")
    town.ok(town.expire("v"))
    assert town.reason(uses(town, 100_000)) == Reason.VOUCHER_EXPIRED


def test_a_closed_voucher_takes_no_request() -> None:
    """Everything is paid: a further claim cannot be redeemed."""
    town = with_voucher(terms(cap="1_000"))
    town.ok(town.metered("u", "v", "1_000"))
    town.redeemed("r1", "v", "2_000")
    town.settle("r1")
    # FACE_EXCEEDED comes before STATE_CONFLICT.
    assert town.reason(uses(town, 100_000)) == Reason.FACE_EXCEEDED


# Disputed claims.


def disputed(town: Town, *, since: int) -> None:
    """Revoke the provider's first key from `since` on, after a second one was registered."""
    town.ok(town.register_key("cloud", "cloud/2"))
    town.ok(town.revoke("cloud", since))


@pytest.mark.parametrize(("offset", "reason"), [(0, Reason.STATE_CONFLICT), (1, None)])
def test_a_disputed_claim_is_not_redeemed(offset: int, reason: Reason | None) -> None:
    """A key invalid since the claim's recording or earlier disputes it, a millisecond later does not."""
    town = with_voucher()
    town.ok(town.metered("u0", "v", "1_000"))
    recorded = town.now_ms
    disputed(town, since=recorded + offset)
    town.ok(town.metered("u1", "v", "1_000", by="cloud/2"))
    request = uses(town, 100_000, claim_ids=(ident("u0"), ident("u1")))
    assert town.reason(request) == reason


def test_only_disputed_claims_are_worth_nothing() -> None:
    """Where nothing else is named FACE_EXCEEDED comes before STATE_CONFLICT."""
    town = with_voucher()
    town.ok(town.metered("u", "v", "1_000"))
    disputed(town, since=town.now_ms)
    assert town.reason(uses(town, 100_000)) == Reason.FACE_EXCEEDED


def half_disputed() -> Town:
    """A redemption `r` of two claims of a million each, one of them disputed after the request."""
    town = with_voucher()
    town.ok(town.register_key("cloud", "cloud/2"))
    town.ok(town.metered("u1", "v", "1_000_000"))
    town.ok(town.metered("u2", "v", "1_000_000", by="cloud/2"))
    request = uses(town, 2 * MILLION, claim_ids=(ident("u1"), ident("u2")))
    assert town.ok(request).payload.amount_fen == MILLION
    town.ok(town.revoke("cloud", 0))
    return town


def test_a_verification_takes_the_amount_of_its_day() -> None:
    """A disputed claim counts nothing; the difference is the voucher's again."""
    town = half_disputed()
    assert town.reason(town.verify("r")) == Reason.STATE_CONFLICT
    event = town.ok(town.verify("r", MILLION // 2))
    assert [link.kind for link in event.draft.links] == [LinkKind.REDEMPTION, LinkKind.VOUCHER]
    assert town.voucher_totals("v")[2:] == (MILLION // 2, 0, 0)
    assert town.totals_of("gpu")[1] == 4 * MILLION


def test_a_verification_of_an_expired_voucher_releases_the_difference() -> None:
    """The difference goes back to the appropriation at once, by exactly that amount."""
    town = half_disputed()
    town.now_ms = at("2027-02-01")
    assert town.ok(town.expire("v")).payload.released_fen == 3 * MILLION
    event = town.ok(town.verify("r", MILLION // 2))
    assert [link.kind for link in event.draft.links] == [
        LinkKind.REDEMPTION,
        LinkKind.VOUCHER,
        LinkKind.PROGRAMME,
        LinkKind.BENEFICIARY_YEAR,
        LinkKind.CONTRACT,
    ]
    assert town.voucher_totals("v")[2:] == (MILLION // 2, 0, 3 * MILLION + MILLION // 2)
    assert town.totals_of("gpu") == (500 * MILLION - MILLION // 2, MILLION // 2, 0, 0)


def test_a_verification_of_nothing_is_face_exceeded() -> None:
    """All claims are disputed: nothing can be verified."""
    town = half_disputed()
    town.ok(town.revoke("cloud/2", 0))
    assert town.reason(town.verify("r", 0)) == Reason.FACE_EXCEEDED


def test_a_claim_disputed_after_verification_does_not_stop_the_payment() -> None:
    """From the verification on the amount stands."""
    town = with_voucher()
    town.redeemed("r", "v", "1_000_000")
    town.ok(town.verify("r"))
    town.ok(town.revoke("cloud", 0))
    town.ok(town.approve("r"))
    town.ok(town.approve("r", by="approver-2"))
    town.ok(town.order("r"))
    assert town.reason(town.pay("r")) is None


def test_a_verified_base_takes_the_new_value() -> None:
    """After a verification the base too is the one computed again: it limits later redemptions."""
    town = half_disputed()
    town.ok(town.verify("r", MILLION // 2))
    assert town.state.redemptions[ident("r")].base_fen == MILLION
