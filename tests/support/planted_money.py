"""Bugs planted from usage to the clawback, each with a story that touches it."""

# ruff: noqa: ARG005 - a planted function keeps the parameters of the one that it replaces

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ledger.app import decisions
from ledger.domain import (
    approvals,
    claim_frame,
    claims,
    clawbacks,
    disputes,
    holds,
    payments,
    recoveries,
    redemptions,
)
from ledger.domain.entities import Clawback, Quotas
from ledger.domain.journal import Account, LinkKind, Premise, PremiseKind
from ledger.domain.policy import Stacking
from ledger.domain.vocabulary import Role
from support.house import DAY_MS, HOUR_MS, House, accepted, policy
from support.planting import USED_FEN, Plant, determined, ground, paid, requested, used

if TYPE_CHECKING:
    import pytest

ROOTS = ("root-1", "root-2")


# Claims.


def closed_for_half_open(patch: pytest.MonkeyPatch) -> None:
    """Intervals may share a millisecond."""
    real = claims.overlapping
    patch.setattr(
        claims,
        "overlapping",
        lambda state, device, start, end, **more: real(state, device, start + 1, end - 1, **more),
    )


def end_off_by_one(patch: pytest.MonkeyPatch) -> None:
    """Usage may end a millisecond after the voucher."""
    real = claim_frame._check_time
    patch.setattr(
        claim_frame,
        "_check_time",
        lambda refusals, command, contract, voucher, used_ms: real(
            refusals, command, contract, voucher, (used_ms[0], used_ms[1] - 1)
        ),
    )


def every_start_is_free(patch: pytest.MonkeyPatch) -> None:
    """Usage before the voucher counts as it does under EX_POST."""
    patch.setattr(claim_frame, "Mode", SimpleNamespace(QUOTA=None))


def wrong_premise(patch: pytest.MonkeyPatch) -> None:
    """A claim names the contract's leaf as the voucher's."""
    real = claims.claim_premises

    def premises(voucher: Any, contract: Any, admission: Any) -> tuple[Premise, ...]:
        _, *others = real(voucher, contract, admission)
        return Premise(PremiseKind.VOUCHER, contract.index), *others

    patch.setattr(claims, "claim_premises", premises)


def superseded_claims_count(patch: pytest.MonkeyPatch) -> None:
    """What a replaced claim metered is not taken back."""
    patch.setattr(claims, "freed_ms", lambda old: {})


def quotas_ignored(patch: pytest.MonkeyPatch) -> None:
    """Nobody is over a quota."""
    patch.setattr(decisions, "over_quota", lambda *args, **more: None)


def _granted(house: House, **parameters: Any) -> None:
    ground(house, **parameters)
    accepted(house.voucher("v", "acme", amount_fen=900_000))


def _hour(house: House, start_ms: int, length_ms: int = HOUR_MS) -> Any:
    return house.claim("v", [(house.devices["cloud"][0], start_ms, start_ms + length_ms)])


def touching(house: House) -> None:
    """Two claims that share a millisecond of a device."""
    _granted(house)
    first_ms = house.now_ms
    house.wait(days=1)
    accepted(_hour(house, first_ms), _hour(house, first_ms + HOUR_MS - 1))


def last_moment(house: House) -> None:
    """Usage up to the first millisecond after the voucher."""
    _granted(house, validity_months=1)
    until_ms = house.now_ms - house.now_ms % DAY_MS - 8 * HOUR_MS + 31 * DAY_MS
    house.wait(days=60)
    accepted(_hour(house, until_ms - HOUR_MS, HOUR_MS + 1))


def before_the_voucher(house: House) -> None:
    """Usage of the day before the grant."""
    ground(house)
    house.wait(days=2)
    accepted(house.voucher("v", "acme", amount_fen=900_000), _hour(house, house.now_ms - DAY_MS))


def simple_claim(house: House) -> None:
    """One claim."""
    _granted(house)
    used(house)


def corrected(house: House) -> None:
    """A claim is replaced by a shorter one."""
    _granted(house)
    wrong = used(house)
    line = (house.devices["cloud"][0], house.now_ms - 9 * DAY_MS, house.now_ms - 8 * DAY_MS)
    accepted(house.claim("v", [line], superseded_index=wrong.index, superseding_reason=1))


def over_quota(house: House) -> None:
    """Two claims on a day of which one is allowed."""
    _granted(house)
    first_ms = house.now_ms
    house.wait(days=1)
    house.limit(Quotas(claims_per_day=1))
    accepted(_hour(house, first_ms), _hour(house, first_ms + 2 * HOUR_MS))


# Redemptions.


def policy_in_force(patch: pytest.MonkeyPatch) -> None:
    """A redemption is computed under the policy in force instead of the voucher's."""
    real = redemptions.entitled
    patch.setattr(
        redemptions,
        "entitled",
        lambda state, voucher, *args, **more: real(
            state, replace(voucher, policy=state.policies[voucher.programme_id]), *args, **more
        ),
    )


def red_letter_counts(patch: pytest.MonkeyPatch) -> None:
    """A cancelled invoice is worth what it was."""
    patch.setattr(
        redemptions, "valid_fen", lambda facts, invoices: sum(amount_fen for _, amount_fen in invoices)
    )


def disputed_counts(patch: pytest.MonkeyPatch) -> None:
    """A claim by a stolen key is worth what it was."""
    patch.setattr(redemptions, "counts", lambda state, claim: True)


def support_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Redemptions leave no room to other public money."""
    patch.setattr(redemptions, "_stacking_rooms", lambda *args: [])


def evidence_without_end(patch: pytest.MonkeyPatch) -> None:
    """Invoices and payments are used again."""
    patch.setattr(redemptions, "_check_evidence", lambda *args: None)


def released_twice(patch: pytest.MonkeyPatch) -> None:
    """What a verification of an ended voucher gives back is given back twice."""
    real = approvals.release
    patch.setattr(approvals, "release", lambda state, voucher, amount: real(state, voucher, 2 * amount))


def anybody_approves(patch: pytest.MonkeyPatch) -> None:
    """One approver approves twice."""
    patch.setattr(approvals, "_check_separation", lambda *args: None)


def suspension_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A stolen reviewer's key stops nothing."""
    patch.setattr(approvals, "check_not_suspended", lambda *args: None)


def anything_is_reconfirmed(patch: pytest.MonkeyPatch) -> None:
    """Claims that nobody doubts are confirmed again."""
    patch.setattr(disputes, "_check_claims", lambda *args, **more: None)


def never_closed(patch: pytest.MonkeyPatch) -> None:
    """A voucher that is paid in full stays open."""
    patch.setattr(payments, "closing", lambda state, voucher: None)


def cut_policy(house: House) -> None:
    """The rate falls between grant and request."""
    _granted(house)
    house.publish(policy(rate_bp=1000))
    requested(house)


def cancelled(house: House) -> None:
    """An invoice is red-lettered between request and verification, another one stands."""
    _granted(house)
    used(house, label="a")
    requested(house, label="b")
    accepted(house.cancel("contract of v", "b"), house.verify("r"))


def doubted(house: House) -> None:
    """Of two claims one turns out to be by a stolen key before the verification."""
    _granted(house)
    house.add_key("cloud", "stolen")
    since_ms = house.now_ms
    used(house, label="a")
    used(house, device=1, label="b", key="stolen")
    house.evidence("contract of v", amount_fen=2 * USED_FEN, buyer="acme", label="both")
    accepted(house.redeem("r", "v", "acme", amount_fen=2 * USED_FEN, label="both"))
    accepted(house.revoke("stolen", since_ms=since_ms), house.verify("r"))


def little_room(house: House) -> None:
    """Support is declared between grant and request, so that little room is left."""
    ground(house, stacking=Stacking.CEILING, stacking_ceiling_bp=5000)
    accepted(house.voucher("v", "acme", amount_fen=100_000), house.support("contract of v", 40_000))
    requested(house)


def used_again(house: House) -> None:
    """One invoice for two redemptions."""
    _granted(house)
    requested(house, label="a")
    used(house, device=1, label="b")
    accepted(house.redeem("s", "v", "acme", amount_fen=USED_FEN, label="a"))


def ended(house: House) -> None:
    """A voucher is revoked, then of two claims of a redemption one turns out to be stolen."""
    _granted(house)
    house.add_key("cloud", "stolen")
    since_ms = house.now_ms
    used(house, label="a")
    used(house, device=1, label="b", key="stolen")
    house.evidence("contract of v", amount_fen=2 * USED_FEN, buyer="acme", label="both")
    accepted(house.redeem("r", "v", "acme", amount_fen=2 * USED_FEN, label="both"))
    accepted(house.revoke_voucher("v"), house.revoke("stolen", since_ms=since_ms), house.verify("r"))


def approved_twice(house: House) -> None:
    """Both approvals are by one approver."""
    _granted(house)
    requested(house)
    accepted(house.verify("r"), house.approve("r", "approver-1"), house.approve("r", "approver-1"))


def corrupt(house: House) -> None:
    """The reviewer's key is revoked before the order."""
    _granted(house)
    since_ms = house.now_ms
    house.officer("reviewer-2", Role.REVIEWER)
    requested(house)
    accepted(house.verify("r", "reviewer-2"), house.approve("r", "approver-1"))
    accepted(house.revoke("reviewer-2", since_ms=since_ms, by=ROOTS), house.approve("r", "approver-2"))


def undoubted(house: House) -> None:
    """Two approvers confirm a claim that is in no doubt."""
    _granted(house)
    used(house)
    accepted(house.reconfirm(claims=house.unredeemed("v")))


def set_aside_unseen(house: House) -> None:
    """A clerk sets a claim aside that is in no doubt."""
    _granted(house)
    used(house)
    accepted(house.set_aside(house.unredeemed("v")))


def used_up(house: House) -> None:
    """All of a voucher is paid."""
    ground(house)
    accepted(house.voucher("v", "acme", amount_fen=USED_FEN))
    paid(house)


# Clawbacks.


def others_not_held(patch: pytest.MonkeyPatch) -> None:
    """An open clawback holds no other voucher."""
    patch.setattr(holds, "is_held", lambda state, voucher: bool(voucher.held_by))


def money_stays_public(patch: pytest.MonkeyPatch) -> None:
    """What is clawed back stays in the public money of its contract."""
    patch.setattr(
        clawbacks,
        "contract_links",
        lambda state, contract_id, change_fen: (
            state.link(LinkKind.CONTRACT, contract_id, state.contract_totals(contract_id)),
        ),
    )


def earlier_clawbacks_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A second clawback asks for everything again."""
    real = clawbacks.determinable_fen

    def determinable_fen(state: Any, redemption: Any, facts: Any, cause: Any) -> int:
        return real(state, replace(redemption, clawed_back_fen=0), facts, cause)

    patch.setattr(clawbacks, "determinable_fen", determinable_fen)
    patch.setattr("ledger.app.ledger.determinable_fen", determinable_fen)


def any_fine(patch: pytest.MonkeyPatch) -> None:
    """A fine may be as much as what was determined."""
    patch.setattr(recoveries, "MOST_FINE", 1)


def little_fine(patch: pytest.MonkeyPatch) -> None:
    """A fine may be a twentieth of what was determined."""
    patch.setattr(recoveries, "LEAST_FINE", 20)


def netted_fine(patch: pytest.MonkeyPatch) -> None:
    """A fine is taken off what is to be paid back."""
    real = recoveries._draft

    def draft(*args: Any, debit: Account, credit: Account, **changes: int) -> Any:
        if debit == Account.FINES_DUE:
            credit = Account.RECOVERABLE
            changes["recoverable_fen"] = -changes["fines_fen"]
        return real(*args, debit=debit, credit=credit, **changes)

    patch.setattr(recoveries, "_draft", draft)


def repaid_too_much(patch: pytest.MonkeyPatch) -> None:
    """More than what is outstanding comes back."""
    real = Clawback.outstanding_fen.fget
    patch.setattr(Clawback, "outstanding_fen", property(lambda self: real(self) + 1))


def clawback_of_another(house: House) -> None:
    """Usage of a voucher while a clawback of another one is open."""
    _granted(house)
    accepted(house.voucher("w", "acme", amount_fen=900_000))
    paid(house)
    accepted(house.claw_back("back", "r"))
    used(house, "w", device=1)


def clawed_back(house: House) -> None:
    """A payment is determined to be paid back."""
    _granted(house)
    determined(house)


def clawed_back_twice(house: House) -> None:
    """The same payment is looked at again after it came back."""
    _granted(house)
    determined(house)
    accepted(house.repay("back", house.clawback("back").determined_fen))
    accepted(house.claw_back("again", "r"), house.notify("again"), house.determine("again"))


def fined(house: House, share: float = 0.2) -> None:
    """A fine is imposed."""
    _granted(house)
    determined(house)
    accepted(house.fine("back", int(house.clawback("back").determined_fen * share)))


def fined_much(house: House) -> None:
    """A fine of six tenths."""
    fined(house, 0.6)


def fined_little(house: House) -> None:
    """A fine of a twentieth."""
    fined(house, 0.05)


def repaid(house: House) -> None:
    """A repayment of a fen more than what is outstanding."""
    _granted(house)
    determined(house)
    accepted(house.repay("back", house.clawback("back").determined_fen + 1))


MONEY_PLANTS: tuple[Plant, ...] = (
    Plant(closed_for_half_open, touching, "i6_overlap"),
    Plant(end_off_by_one, last_moment, "claim_window"),
    Plant(every_start_is_free, before_the_voucher, "claim_window"),
    Plant(wrong_premise, simple_claim, "premises"),
    Plant(superseded_claims_count, corrected, "links"),
    Plant(quotas_ignored, over_quota, "quota"),
    Plant(policy_in_force, cut_policy, "i3_entitlement"),
    Plant(red_letter_counts, cancelled, "i3_entitlement"),
    Plant(disputed_counts, doubted, "i3_entitlement"),
    Plant(support_forgotten, little_room, "i3_entitlement"),
    Plant(evidence_without_end, used_again, "i5_evidence"),
    Plant(released_twice, ended, "postings"),
    Plant(anybody_approves, approved_twice, "i12_separation"),
    Plant(suspension_forgotten, corrupt, "suspension"),
    Plant(anything_is_reconfirmed, undoubted, "settlement"),
    Plant(anything_is_reconfirmed, set_aside_unseen, "settlement"),
    Plant(never_closed, used_up, "closing"),
    Plant(others_not_held, clawback_of_another, "hold"),
    Plant(money_stays_public, clawed_back, "links"),
    Plant(earlier_clawbacks_forgotten, clawed_back_twice, "clawback"),
    Plant(any_fine, fined_much, "fine"),
    Plant(little_fine, fined_little, "fine"),
    Plant(netted_fine, fined, "postings"),
    Plant(repaid_too_much, repaid, "recovery"),
)
