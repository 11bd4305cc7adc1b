"""Bugs to plant in the rules about queues, holds, doubts, support and money that is claimed back."""

# ruff: noqa: ARG005 - a planted function keeps the parameters of the one that it replaces

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ledger.domain import (
    applications,
    approvals,
    claim_frame,
    clawbacks,
    disputes,
    grants,
    handling,
    holds,
    payments,
    programmes,
    recoveries,
    redemptions,
    vouchers,
)
from ledger.domain.entities import Admission, ClaimStatus, Redemption, VoucherState
from ledger.domain.policy import Mode, Stacking
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from ledger.domain.commands import Refusals
    from ledger.domain.entities import Voucher
    from ledger.domain.journal import Draft, Posting
    from ledger.domain.state import State

    Plant = Callable[[pytest.MonkeyPatch], None]


# Holds.


def holds_keep_nothing_back(patch: pytest.MonkeyPatch) -> None:
    """A held voucher is used like any other."""
    patch.setattr(holds, "is_held", lambda state, voucher: False)


def clawbacks_hold_nothing(patch: pytest.MonkeyPatch) -> None:
    """Only offices hold."""
    patch.setattr(holds, "is_held", lambda state, voucher: bool(voucher.held_by))


def clawbacks_hold_their_own_voucher(patch: pytest.MonkeyPatch) -> None:
    """Every voucher of the beneficiary is held."""
    patch.setattr(
        holds,
        "is_held",
        lambda state, voucher: bool(voucher.held_by or state.clawed_vouchers.get(voucher.beneficiary_id)),
    )


def a_hold_stops_the_bank(patch: pytest.MonkeyPatch) -> None:
    """What was paid on a held voucher is not recorded."""
    patch.setattr(approvals, "_HELD_BACK", (*approvals._HELD_BACK, "payment-confirmation"))


def orders_go_out_of_held_vouchers(patch: pytest.MonkeyPatch) -> None:
    """A hold keeps back verification and approval only."""
    patch.setattr(approvals, "_HELD_BACK", approvals._HELD_BACK[:2])


def offices_share_a_hold(patch: pytest.MonkeyPatch) -> None:
    """The auditor's hold is taken for the clerk's."""
    patch.setattr(holds, "_signer_role", lambda state, recorded: Role.CLERK)


# Applications, queues, appropriations.


def handlers_grant(patch: pytest.MonkeyPatch) -> None:
    """Nobody remembers who checked and reviewed."""
    real = handling.moved

    def moved(application: Any, recorded: Any, **changes: Any) -> Any:
        changes.pop("handled_by", None)
        return real(application, recorded, **changes)

    patch.setattr(handling, "moved", moved)


def anything_is_granted(patch: pytest.MonkeyPatch) -> None:
    """A withdrawn application is granted like a publicised one."""
    patch.setattr(grants, "check_application", lambda *args: None)


def queues_are_not_granted(patch: pytest.MonkeyPatch) -> None:
    """What waits does not count towards the cap."""
    real = grants._queued

    def queued(state: State, *args: Any) -> Draft:
        draft = real(state, *args)
        granted, *links = draft.links
        before = state.heads[granted.kind].get(granted.entity)
        return replace(draft, links=(granted._replace(totals=before.totals if before else (0,)), *links))

    patch.setattr(grants, "_queued", queued)


def shares_are_rounded_up(patch: pytest.MonkeyPatch) -> None:
    """An allotment is a fen more than its floor."""
    real = grants._allotted
    patch.setattr(grants, "_allotted", lambda state, grant, face, day: real(state, grant, face + 1, day))


def allotted_under_the_policy_in_force(patch: pytest.MonkeyPatch) -> None:
    """A voucher gets the policy of the allocation instead of the grant's."""
    real = grants._add_voucher

    def add(state: State, recorded: Any, voucher_id: bytes, application: Any, policy: Any) -> None:
        real(state, recorded, voucher_id, application, state.policies[application.programme_id])

    patch.setattr(grants, "_add_voucher", add)


def exclusive_is_not(patch: pytest.MonkeyPatch) -> None:
    """Other public money does not refuse under EXCLUSIVE."""
    real = applications.check_contract_free

    def check(refusals: Refusals, state: State, contract: Any, programme_id: bytes, policy: Any) -> None:
        real(refusals, state, contract, programme_id, replace(policy, stacking=Stacking.NONE))

    for module in (applications, grants):
        patch.setattr(module, "check_contract_free", check)


def revoked_contract_stays_bound(patch: pytest.MonkeyPatch) -> None:
    """The contract of a revoked voucher is not free."""
    real = applications.check_contract_free

    def check(refusals: Refusals, state: State, contract: Any, programme_id: bytes, policy: Any) -> None:
        real(refusals, state, contract, programme_id, policy)
        place = (programme_id, contract.registration.contract_id)
        bound = state.vouchers.get(state.voucher_on.get(place) or b"")
        if bound is not None and bound.state == VoucherState.REVOKED:
            refusals.add(Reason.CONTRACT_BOUND, "bound")

    for module in (applications, grants):
        patch.setattr(module, "check_contract_free", check)


def changed_appropriations_are_not_posted(patch: pytest.MonkeyPatch) -> None:
    """The totals move, the books do not."""
    real = programmes._appropriated

    def appropriated(programme_id: bytes, change_fen: int) -> tuple[Posting, ...]:
        return real(programme_id, change_fen) if change_fen > 9_999 else ()

    patch.setattr(programmes, "_appropriated", appropriated)


def usage_before_the_voucher(patch: pytest.MonkeyPatch) -> None:
    """Every voucher takes usage as if EX_POST."""
    _mode(patch, Mode.EX_POST)


def no_usage_before_the_voucher(patch: pytest.MonkeyPatch) -> None:
    """EX_POST is ignored."""
    _mode(patch, Mode.QUOTA)


def _mode(patch: pytest.MonkeyPatch, mode: Mode) -> None:
    real = claim_frame._check_time

    def check(refusals: Refusals, command: Any, contract: Any, voucher: Voucher, used_ms: Any) -> None:
        parameters = replace(voucher.policy.parameters, mode=mode)
        changed = replace(voucher, policy=replace(voucher.policy, parameters=parameters))
        real(refusals, command, contract, changed, used_ms)

    patch.setattr(claim_frame, "_check_time", check)


def everybody_is_suspended(patch: pytest.MonkeyPatch) -> None:
    """An admitted provider is taken for a suspended one."""
    patch.setattr(Admission, "barred_between", lambda self, first, last: True)
    patch.setattr(Admission, "suspended_at", lambda self, ms: True)


# Evidence and support.


def cancelled_invoices_count(patch: pytest.MonkeyPatch) -> None:
    """A red-lettered invoice is worth what it was."""
    patch.setattr(redemptions, "valid_fen", lambda facts, invoices: sum(amount for _, amount in invoices))


def support_ignored_at_the_grant(patch: pytest.MonkeyPatch) -> None:
    """No ceiling binds a grant."""
    patch.setattr(grants, "_stacking_rooms", lambda *args: [])


def support_ignored_at_the_redemption(patch: pytest.MonkeyPatch) -> None:
    """No ceiling binds a request or a verification."""
    patch.setattr(redemptions, "_stacking_rooms", lambda *args: [])


def own_money_counts_against_itself(patch: pytest.MonkeyPatch) -> None:
    """At its verification a redemption is taken for another of the contract."""
    real = redemptions._stacking_rooms

    def rooms(refusals: Any, state: State, voucher: Voucher, redemption: Redemption | None) -> list[int]:
        own = None if redemption is None else replace(redemption, clawed_back_fen=redemption.amount_fen)
        return real(refusals, state, voucher, own)

    patch.setattr(redemptions, "_stacking_rooms", rooms)


# Doubts.


def reconfirmed_claims_count_nothing(patch: pytest.MonkeyPatch) -> None:
    """A reconfirmation changes nothing."""
    patch.setattr(disputes, "COUNTING", (ClaimStatus.ACCEPTED,))


def claims_set_aside_are_redeemed(patch: pytest.MonkeyPatch) -> None:
    """A request may name them."""
    patch.setattr(redemptions, "COUNTING", tuple(ClaimStatus))


def suspensions_ignored(patch: pytest.MonkeyPatch) -> None:
    """A stolen officer's key stops nothing."""
    patch.setattr(approvals, "check_not_suspended", lambda *args: None)


def suspensions_for_ever(patch: pytest.MonkeyPatch) -> None:
    """A reconfirmed redemption stays suspended."""
    real = disputes.is_suspended

    def never_cleared(state: State, item: Redemption) -> bool:
        signings = tuple(signing._replace(cleared=False) for signing in item.decided_by)
        return real(state, replace(item, decided_by=signings))

    patch.setattr(disputes, "is_suspended", never_cleared)


def orders_leave_no_signature(patch: pytest.MonkeyPatch) -> None:
    """A payer's revoked key never suspends."""
    real = approvals.signer_of
    patch.setattr(payments, "signer_of", lambda *args: real(*args)._replace(signed_ms=-1))


# Clawbacks.


def claimed_back_twice(patch: pytest.MonkeyPatch) -> None:
    """What an earlier clawback determined is determined again."""
    real = clawbacks.determinable_fen
    patch.setattr(
        clawbacks,
        "determinable_fen",
        lambda state, redemption, *more: real(state, redemption, *more) + redemption.clawed_back_fen,
    )


def claimed_back_money_stays_on_the_contract(patch: pytest.MonkeyPatch) -> None:
    """A determination does not lower the contract's public money."""
    real = vouchers.contract_links
    patch.setattr(clawbacks, "contract_links", lambda state, contract_id, change: real(state, contract_id, 0))


def repaid_clawbacks_hold_on(patch: pytest.MonkeyPatch) -> None:
    """The beneficiary's other vouchers stay held after the last repayment."""
    patch.setattr(recoveries, "end_clawback", lambda state, clawback: None)


def empty_clawbacks_hold_on(patch: pytest.MonkeyPatch) -> None:
    """A determination of nothing does not close."""
    patch.setattr(clawbacks, "end_clawback", lambda state, clawback: None)


def small_fines(patch: pytest.MonkeyPatch) -> None:
    """A fine of less than a tenth is possible."""
    patch.setattr(recoveries, "LEAST_FINE", 100)


def great_fines(patch: pytest.MonkeyPatch) -> None:
    """Fines of more than a half are possible."""
    patch.setattr(recoveries, "MOST_FINE", 1)


def fines_netted(patch: pytest.MonkeyPatch) -> None:
    """A fine is taken from what is recoverable."""
    real = recoveries._draft

    def draft(*args: Any, **more: Any) -> Draft:
        if "fines_fen" in more:
            more["recoverable_fen"] = -more["fines_fen"]
        return real(*args, **more)

    patch.setattr(recoveries, "_draft", draft)


# What an event says beside its payload.


def a_premise_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A grant does not name its notice."""
    real = grants._grant_premises
    patch.setattr(grants, "_grant_premises", lambda *args: real(*args)[:-1])


def links_in_another_order(patch: pytest.MonkeyPatch) -> None:
    """A release links the contract first."""
    real = vouchers.release

    def release(*args: Any) -> Any:
        links, postings = real(*args)
        return tuple(reversed(links)), postings

    patch.setattr(vouchers, "release", release)


PLANTED: tuple[Plant, ...] = (
    holds_keep_nothing_back,
    clawbacks_hold_nothing,
    clawbacks_hold_their_own_voucher,
    a_hold_stops_the_bank,
    orders_go_out_of_held_vouchers,
    offices_share_a_hold,
    handlers_grant,
    anything_is_granted,
    queues_are_not_granted,
    shares_are_rounded_up,
    allotted_under_the_policy_in_force,
    exclusive_is_not,
    revoked_contract_stays_bound,
    changed_appropriations_are_not_posted,
    usage_before_the_voucher,
    no_usage_before_the_voucher,
    everybody_is_suspended,
    cancelled_invoices_count,
    support_ignored_at_the_grant,
    support_ignored_at_the_redemption,
    own_money_counts_against_itself,
    reconfirmed_claims_count_nothing,
    claims_set_aside_are_redeemed,
    suspensions_ignored,
    suspensions_for_ever,
    orders_leave_no_signature,
    claimed_back_twice,
    claimed_back_money_stays_on_the_contract,
    repaid_clawbacks_hold_on,
    empty_clawbacks_hold_on,
    small_fines,
    great_fines,
    fines_netted,
    a_premise_is_forgotten,
    links_in_another_order,
)
