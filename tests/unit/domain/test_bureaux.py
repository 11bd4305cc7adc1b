"""Several bureaux in one ledger: each decides about its own programmes, the rest belongs to all (I12)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from unit.domain.registrar import ident, terms, yuan
from unit.domain.town import Town, with_voucher

from ledger.domain.policy import Instrument
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Callable

OTHERS = {
    "clerk-x": Role.CLERK,
    "reviewer-x": Role.REVIEWER,
    "approver-x": Role.APPROVER,
    "approver-y": Role.APPROVER,
    "payer-x": Role.PAYER,
}


def two_bureaux() -> Town:
    """Voucher `v` of our bureau with a requested redemption `r`; officers and programme `far` of the other."""
    town = with_voucher()
    for label, role in OTHERS.items():
        town.ok(town.appoint(label, role, bureau="other"))
    opening = town.programme("far", "1_000", by=("clerk-x", "approver-x"))
    town.ok(town.in_bureau(opening, "clerk-x", "approver-x"))
    policy = town.policy(terms(), programme="far")
    town.ok(town.in_bureau(policy, "clerk-x", "approver-x"))
    town.redeemed("r", "v", "1_000")
    return town


def test_each_bureau_has_its_programme_of_an_instrument_and_year() -> None:
    """The same instrument and year in another bureau is another programme; a second one is not."""
    town = two_bureaux()
    assert town.state.programmes[ident("far")].bureau_id == ident("other")
    again = town.in_bureau(town.programme("far2"), "clerk-x", "approver-x")
    assert town.conflict(again) == (Reason.STATE_CONFLICT, town.state.programmes[ident("far")].index)


def test_a_beneficiary_has_a_cap_in_each_programme() -> None:
    """Both bureaux grant on different contracts, each under its own policy."""
    town = two_bureaux()
    town.ok(town.contract("d", "1_000"))
    town.ok(town.apply("a", "d", programme="far"))
    for make, by in (
        (lambda: town.check("a"), ("clerk-x",)),
        (lambda: town.review("a"), ("reviewer-x",)),
        (lambda: town.publicise("a"), ("clerk-x",)),
    ):
        assert town.reason(make()) == Reason.NOT_AUTHORISED
        town.ok(town.in_bureau(make(), *by))
    grant = town.grant("w", "a")
    assert town.reason(grant) == Reason.NOT_AUTHORISED
    assert town.ok(town.in_bureau(grant, "approver-x")).payload.face_fen == 50_000
    assert town.totals_of("far") == (50_000, 50_000, 0, 0)


@pytest.mark.parametrize(
    ("make", "by"),
    [
        (lambda town: town.policy(terms()), ("clerk-x", "approver-x")),
        (lambda town: town.hold("v"), ("clerk-x",)),
        (lambda town: town.revoke_voucher("v"), ("clerk-x", "approver-x")),
        (lambda town: town.verify("r"), ("reviewer-x",)),
    ],
    ids=["policy", "hold", "revocation", "verification"],
)
def test_decisions_about_our_programme_are_ours(make: Callable[[Town], Any], by: tuple[str, ...]) -> None:
    """Officers of the other bureau are NOT_AUTHORISED, in their own name and in ours."""
    town = two_bureaux()
    for bureau in ("other", "bureau"):
        foreign = town.in_bureau(make(town), *by, bureau=bureau)
        assert town.reason(foreign) == Reason.NOT_AUTHORISED
    assert town.reason(make(town)) is None


def test_approval_order_and_payment_are_ours() -> None:
    """Step by step: the other bureau's officer is NOT_AUTHORISED, ours goes on."""
    town = two_bureaux()
    town.ok(town.verify("r"))
    for label in ("approver-1", "approver-2"):
        approval = town.approve("r", by=label)
        assert town.reason(town.in_bureau(approval, "approver-x")) == Reason.NOT_AUTHORISED
        town.ok(approval)
    for statement in (lambda: town.order("r"), lambda: town.pay("r")):
        assert town.reason(town.in_bureau(statement(), "payer-x")) == Reason.NOT_AUTHORISED
        town.ok(statement())
    assert town.voucher_totals("v")[3] == yuan("500")


def test_officers_of_two_bureaux_do_not_decide_together() -> None:
    """Clerk and approver belong to the bureau that the basis names."""
    town = two_bureaux()
    for by in (("clerk", "approver-x"), ("clerk-x", "approver-1")):
        statement = town.revoke_voucher("v")
        assert town.reason(replace(statement, header=town.header(*by))) == Reason.NOT_AUTHORISED


def test_what_belongs_to_no_programme_is_everybody_s() -> None:
    """Participants, admissions, holdings, calendars, outside support, cancellations, erasures."""
    town = two_bureaux()
    clerk, both = ("clerk-x",), ("clerk-x", "approver-x")
    town.beneficiary("beta")
    for statement, by in (
        (town.participant("gamma"), clerk),
        (town.holding("a", "b", 1), clerk),
        (town.outside("c", 1), clerk),
        (town.cancel("i-e"), clerk),
        (town.erase("acme"), clerk),
        (town.admit("beta"), both),
        (town.calendar(2026, "1" * 365), both),
    ):
        assert town.reason(town.in_bureau(statement, *by)) is None


def test_evidence_and_devices_are_ledger_wide() -> None:
    """What our programme consumed, the other one's cannot; one contract may have a voucher of each."""
    town = two_bureaux()
    town.ok(town.apply("a", "c", programme="far"))
    town.ok(town.in_bureau(town.check("a"), "clerk-x"))
    town.ok(town.in_bureau(town.review("a"), "reviewer-x"))
    town.ok(town.in_bureau(town.publicise("a"), "clerk-x"))
    town.ok(town.in_bureau(town.grant("w", "a"), "approver-x"))
    town.now_ms += 86_400_000 * 9
    assert town.state.contract_totals(ident("c")).public_money_fen == yuan("4_000_000") + yuan("1_000")
    town.ok(town.metered("u", "w", "1_000"))
    rest = yuan("8_000_000") - yuan("1_000")
    ask = town.redeem("s", "w", ["u"], invoices={"i-e": rest + 1}, payments={"p-e": 1_000})
    assert town.reason(ask) == Reason.DUPLICATE_EVIDENCE


def test_instruments_of_a_bureau_are_apart() -> None:
    """MODEL and GPU_TRAINING of one bureau and year are two programmes."""
    town = two_bureaux()
    opening = town.programme("far-model", "1_000", instrument=Instrument.MODEL)
    assert town.reason(town.in_bureau(opening, "clerk-x", "approver-x")) is None
