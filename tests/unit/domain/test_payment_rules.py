"""From verification to payment: separation of duty, subjects, orders and instalments (I10, I12)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.domain.registrar import at, digest, ident, key_id
from unit.domain.town import Town, with_voucher

from ledger.domain.entities import RedemptionState
from ledger.domain.journal import LinkKind
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import Role

MILLION = 100_000_000


def uses(town: Town, amount: int, **changes: Any) -> Any:
    """A request `r` on voucher `v` with claim `u` and parts of evidence `e`."""
    return replace(
        town.redeem("r", "v", ["u"], invoices={"i-e": amount}, payments={"p-e": amount}), **changes
    )


# Separation of duty and subjects.


def verified() -> Town:
    """A verified redemption `r`, and officers who are second offices of known persons."""
    town = with_voucher()
    town.redeemed("r", "v", "1_000_000")
    for label, role, person in (
        ("approver-r", Role.APPROVER, "reviewer"),
        ("approver-1b", Role.APPROVER, "approver-1"),
        ("payer-r", Role.PAYER, "reviewer"),
        ("payer-2", Role.PAYER, "approver-2"),
        ("payer-x", Role.PAYER, "somebody"),
    ):
        town.ok(town.appoint(label, role, person=person))
    town.ok(town.verify("r"))
    return town


@pytest.mark.parametrize("by", ["reviewer", "clerk", "payer", "approver-r", "acme"])
def test_who_may_not_approve(by: str) -> None:
    """Another role, and the reviewer's person in an approver's office, are SEPARATION_OF_DUTY."""
    town = verified()
    assert town.reason(town.approve("r", by=by)) == Reason.SEPARATION_OF_DUTY


@pytest.mark.parametrize("by", ["approver-1", "approver-1b"], ids=["same key", "same person"])
def test_the_second_approver_is_another_person(by: str) -> None:
    """Neither the first approver's key nor another key of that person approves again."""
    town = verified()
    town.ok(town.approve("r", by="approver-1"))
    assert town.reason(town.approve("r", by=by)) == Reason.SEPARATION_OF_DUTY
    assert town.reason(town.approve("r", by="approver-2")) is None


@pytest.mark.parametrize("by", ["reviewer", "approver-1", "payer-r", "payer-2"])
def test_who_may_not_order(by: str) -> None:
    """The payer has the role and is neither the reviewer nor an approver."""
    town = verified()
    town.ok(town.approve("r", by="approver-1"))
    town.ok(town.approve("r", by="approver-2"))
    assert town.reason(town.order("r", by=by)) == Reason.SEPARATION_OF_DUTY


def test_only_a_reviewer_verifies() -> None:
    """Another role is SEPARATION_OF_DUTY; another bureau NOT_AUTHORISED."""
    town = with_voucher()
    town.redeemed("r", "v", "1_000_000")
    assert town.reason(town.verify("r", by="approver-1")) == Reason.SEPARATION_OF_DUTY
    town.ok(town.appoint("reviewer-x", Role.REVIEWER, bureau="other"))
    foreign = replace(town.verify("r", by="reviewer-x"), basis=town.basis(Role.REVIEWER, "other"))
    assert town.reason(foreign) == Reason.NOT_AUTHORISED


def test_another_payer_may_confirm() -> None:
    """Confirmation and failure are a payer's, not the same payer's."""
    town = verified()
    town.ok(town.approve("r", by="approver-1"))
    town.ok(town.approve("r", by="approver-2"))
    town.ok(town.order("r", by="payer"))
    assert town.reason(town.pay("r", by="payer-r")) == Reason.SEPARATION_OF_DUTY
    assert town.reason(town.pay("r", by="payer-x")) is None


def test_a_decision_names_the_leaf_that_its_signer_saw() -> None:
    """An older leaf or another hash is STATE_CONFLICT at every step."""
    town = with_voucher()
    town.redeemed("r", "v", "1_000_000")
    old = town.verify("r").subject
    town.ok(town.verify("r"))
    assert town.reason(replace(town.approve("r"), subject=old)) == Reason.STATE_CONFLICT
    wrong = replace(town.approve("r").subject, leaf_hash=bytes(32))
    assert town.reason(replace(town.approve("r"), subject=wrong)) == Reason.STATE_CONFLICT
    assert town.reason(replace(town.approve("r"), subject=replace(old, leaf_index=None))) == Reason.MALFORMED


def test_both_approvals_have_the_verification_as_subject() -> None:
    """The second approver sees the same leaf as the first and completes its envelope."""
    town = verified()
    subject = town.approve("r").subject
    first = town.ok(town.approve("r", by="approver-1"))
    second = town.approve("r", by="approver-2")
    assert second.subject == subject
    event = town.ok(second)
    assert (event.draft.completes, event.payload.approvals) == ((first.index,), 2)
    assert town.totals_of("gpu")[1:3] == (4 * MILLION - MILLION // 2, MILLION // 2)


@pytest.mark.parametrize("field", ["amount", "payee"])
def test_an_approval_repeats_amount_and_payee(field: str) -> None:
    """Another amount or payee than verified is STATE_CONFLICT."""
    town = verified()
    good = town.approve("r")
    changed = {
        "amount": replace(good, amount_fen=good.amount_fen - 1),
        "payee": replace(good, payee_commitment=digest("other")),
    }
    assert town.reason(changed[field]) == Reason.STATE_CONFLICT


def test_no_step_is_taken_twice_or_out_of_turn() -> None:
    """Each step needs the state that the step before left."""
    town = with_voucher()
    town.redeemed("r", "v", "1_000_000")
    for early in (town.approve("r"), town.order("r"), town.pay("r"), town.fail("r")):
        assert town.reason(early) == Reason.STATE_CONFLICT
    town.ok(town.verify("r"))
    town.ok(town.appoint("reviewer-2", Role.REVIEWER))
    town.ok(town.appoint("approver-3", Role.APPROVER))
    assert town.reason(town.verify("r", by="reviewer-2")) == Reason.STATE_CONFLICT
    assert town.reason(town.order("r")) == Reason.STATE_CONFLICT
    town.ok(town.approve("r"))
    assert town.reason(town.order("r")) == Reason.STATE_CONFLICT
    town.ok(town.approve("r", by="approver-2"))
    assert town.reason(town.approve("r", by="approver-3")) == Reason.STATE_CONFLICT
    assert town.reason(town.pay("r")) == Reason.STATE_CONFLICT
    for missing in (town.verify("x"), town.approve("x"), town.order("x"), town.pay("x"), town.fail("x")):
        assert town.reason(missing) == Reason.STATE_CONFLICT


# Payment.


def approved(instalments: tuple[int, ...] = ()) -> Town:
    """An approved redemption `r` of 500,000.01."""
    town = with_voucher()
    town.redeemed("r", "v", "1_000_000.03", instalments=instalments)
    town.approve_twice("r")
    return town


def test_instalments_are_floors_and_the_last_takes_the_rest() -> None:
    """Thirds of 500,000.01 are paid one after another, to the fen."""
    town = with_voucher()
    town.redeemed("r", "v", "1_000_000.03", instalments=(3_333, 3_333, 3_334))
    paid = town.settle("r")
    assert paid == [16_664_999 + 1, 16_665_000, 50_000_001 - 2 * 16_665_000]
    assert town.state.redemptions[ident("r")].state == RedemptionState.PAID
    assert town.reason(town.order("r")) == Reason.STATE_CONFLICT


def test_instalments_are_ordered_in_turn() -> None:
    """Neither the second before the first, nor the first again."""
    town = approved((5_000, 5_000))
    assert town.reason(replace(town.order("r"), instalment=2)) == Reason.STATE_CONFLICT
    assert town.reason(replace(town.order("r"), instalment=0)) == Reason.MALFORMED
    town.ok(town.order("r"))
    town.ok(town.pay("r"))
    assert town.reason(town.order("r", instalment=1)) == Reason.STATE_CONFLICT
    assert town.reason(town.order("r")) is None


@pytest.mark.parametrize(
    "changes",
    [{"amount_fen": 1}, {"payee_commitment": bytes(32)}, {"attempt": 2}],
    ids=lambda c: next(iter(c)),
)
def test_an_order_is_the_due_one(changes: dict[str, Any]) -> None:
    """Amount, payee and attempt of an order follow from the ledger."""
    town = approved()
    assert town.reason(replace(town.order("r"), **changes)) == Reason.STATE_CONFLICT


def test_a_failed_payment_is_ordered_again_with_the_next_attempt() -> None:
    """A failure leaves the money obligated; attempts count for one instalment only."""
    town = approved((5_000, 5_000))
    obligated = town.totals_of("gpu")[2]
    first = town.ok(town.order("r"))
    assert town.reason(town.fail("r", instalment=2)) == Reason.STATE_CONFLICT
    town.ok(town.fail("r"))
    assert town.totals_of("gpu")[2] == obligated
    assert town.reason(town.fail("r")) == Reason.STATE_CONFLICT
    assert town.reason(first.recorded.statement) == Reason.STATE_CONFLICT
    again = town.order("r")
    assert again.attempt == 2
    town.ok(again)
    town.ok(town.pay("r"))
    assert town.order("r").attempt == 1
    assert town.reason(town.order("r")) is None


def test_a_payment_is_the_order_s() -> None:
    """Another amount is STATE_CONFLICT, a bad reference or day malformed; the subject is the order."""
    town = approved()
    before = town.pay("r")
    town.ok(town.order("r"))
    assert town.reason(before) == Reason.STATE_CONFLICT
    good = town.pay("r")
    assert town.reason(replace(good, amount_fen=good.amount_fen - 1)) == Reason.STATE_CONFLICT
    assert town.reason(replace(good, reference_fingerprint=b"")) == Reason.MALFORMED
    assert town.reason(replace(good, paid_day=-1)) == Reason.MALFORMED
    event = town.ok(good)
    assert event.draft.effective_ms == at("2026-06-01")
    assert town.voucher_totals("v")[3] == good.amount_fen


def test_a_voucher_closes_with_its_last_payment() -> None:
    """Face = redeemed = paid closes it in the same request; anything less does not."""
    town = with_voucher()
    town.redeemed("r1", "v", "3_000_000")
    town.redeemed("r2", "v", "5_000_000")
    town.approve_twice("r1")
    town.ok(town.order("r1"))
    assert town.ok(town.pay("r1")).followed_by == ()
    town.approve_twice("r2")
    town.ok(town.order("r2"))
    closing = town.ok(town.pay("r2")).followed_by
    assert [type(event.payload).__name__ for event in closing] == ["VoucherClosed"]
    assert closing[0].totals(LinkKind.VOUCHER)[0] == 4 * MILLION


def test_an_expired_voucher_is_paid_and_does_not_close() -> None:
    """Verification to payment go on after the expiry; EXPIRED is final."""
    town = with_voucher()
    town.redeemed("r", "v", "8_000_000")
    town.now_ms = at("2027-02-01")
    town.ok(town.expire("v"))
    town.approve_twice("r")
    town.ok(town.order("r"))
    assert town.ok(town.pay("r")).followed_by == ()


def test_an_officers_revoked_key_signs_no_more() -> None:
    """KEY_REVOKED from the revocation on, for a decision as for a claim."""
    town = approved()
    town.ok(town.revoke("payer", 0, by=("root-1", "root-3")))
    assert town.reason(town.order("r")) == Reason.KEY_REVOKED
    assert town.state.keys[key_id("payer")].invalid_since_ms == 0
