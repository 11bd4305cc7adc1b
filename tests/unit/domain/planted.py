"""Bugs to plant in the rules about grants, usage, redemptions and payments."""

# ruff: noqa: ARG005 - a planted function keeps the parameters of the one that it replaces

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ledger.domain import (
    applications,
    approvals,
    authority,
    claims,
    disputes,
    entitlement,
    grants,
    journal,
    payments,
    redemptions,
    vouchers,
)
from ledger.domain.days import add_months, start_ms
from ledger.domain.entities import Redemption, VoucherState
from ledger.domain.journal import Link, LinkKind, Posting
from ledger.domain.redemptions import Worth
from ledger.domain.rejections import Reason
from ledger.domain.state import State
from ledger.domain.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from ledger.domain.commands import Refusals

    Plant = Callable[[pytest.MonkeyPatch], None]


def ceil_for_floor(patch: pytest.MonkeyPatch) -> None:
    """Entitlements are rounded up."""
    patch.setattr(
        entitlement, "entitlement_fen", lambda *, rate_bp, base_fen: -(-rate_bp * base_fen // 10_000)
    )


def cap_off_by_one(patch: pytest.MonkeyPatch) -> None:
    """A fen more than the cap is granted."""
    real = entitlement.cap_fen
    patch.setattr(entitlement, "cap_fen", lambda *args, **more: real(*args, **more) + 1)


def everybody_is_young(patch: pytest.MonkeyPatch) -> None:
    """Any enterprise is a start-up."""
    patch.setattr(applications, "is_startup", lambda policy, participant, *, day: True)


def closed_interval_end(patch: pytest.MonkeyPatch) -> None:
    """Intervals that touch are taken to overlap."""
    real = claims.overlapping
    patch.setattr(
        claims,
        "overlapping",
        lambda state, device, start, end, **more: real(state, device, start - 1, end + 1, **more),
    )


def overlaps_not_checked(patch: pytest.MonkeyPatch) -> None:
    """Nothing that was accepted before occupies a device."""
    patch.setattr(claims, "overlapping", lambda *args, **more: None)


def stored_intervals_are_not_fetched(patch: pytest.MonkeyPatch) -> None:
    """The store is never asked who occupies a device."""

    def needed(state: State, statement: Any) -> list[tuple[bytes, int]]:
        return []

    patch.setattr("ledger.domain.needs.intervals_needed", needed)


def wrong_policy_version(patch: pytest.MonkeyPatch) -> None:
    """A redemption is computed under the policy in force instead of the voucher's."""
    real = redemptions.entitled

    def entitled(state: State, voucher: Any, *args: Any, **more: Any) -> Worth:
        current = replace(voucher, policy=state.policies[voucher.programme_id])
        return real(state, current, *args, **more)

    patch.setattr(redemptions, "entitled", entitled)


def skipped_release(patch: pytest.MonkeyPatch) -> None:
    """An expiry says that it released money and does not."""
    real = vouchers.release
    patch.setattr(vouchers, "release", lambda state, voucher, amount: real(state, voucher, 0))


def released_twice(patch: pytest.MonkeyPatch) -> None:
    """What a verification of an expired voucher gives back is given back twice."""
    real = vouchers.release
    patch.setattr(approvals, "release", lambda state, voucher, amount: real(state, voucher, 2 * amount))


def released_without_posting(patch: pytest.MonkeyPatch) -> None:
    """The totals of a release move, its postings are forgotten."""
    real = vouchers.release
    patch.setattr(vouchers, "release", lambda *args: (real(*args)[0], ()))


def expiry_a_day_early(patch: pytest.MonkeyPatch) -> None:
    """A voucher may expire on its last day."""
    patch.setattr(vouchers, "start_ms", lambda day: start_ms(day - 1))


def validity_of_one_month_more(patch: pytest.MonkeyPatch) -> None:
    """A voucher lives a month longer than its policy says."""
    patch.setattr(grants, "add_months", lambda day, months: add_months(day, months + 1))


def amount_not_checked(patch: pytest.MonkeyPatch) -> None:
    """A verification repeats the requested amount without looking at the day's facts."""
    patch.setattr(
        approvals,
        "recompute",
        lambda state, redemption, facts: Worth(redemption.base_fen, redemption.amount_fen, ()),
    )


def evidence_not_checked(patch: pytest.MonkeyPatch) -> None:
    """Evidence of any contract is used without end."""
    patch.setattr(redemptions, "_check_evidence", lambda *args: None)


def min_spend_not_checked(patch: pytest.MonkeyPatch) -> None:
    """Too small payments are enough."""
    patch.setattr(redemptions, "_check_min_spend", lambda *args: None)


def disputes_ignored(patch: pytest.MonkeyPatch) -> None:
    """A revoked key disputes nothing."""
    for module in (disputes, redemptions):
        patch.setattr(module, "is_disputed", lambda state, claim: False)


def separation_by_key_only(patch: pytest.MonkeyPatch) -> None:
    """One person with two keys signs twice."""
    real = approvals._check_separation

    def check(refusals: Refusals, command: Any, redemption: Redemption, *args: Any) -> None:
        keys = tuple(signing._replace(person_tag=b"") for signing in redemption.decided_by)
        real(refusals, command, replace(redemption, decided_by=keys), *args)

    patch.setattr(approvals, "_check_separation", check)


def payer_not_separated(patch: pytest.MonkeyPatch) -> None:
    """Who approved may pay."""
    real = approvals._check_separation

    def check(refusals: Refusals, command: Any, redemption: Redemption, officers: Any, role: Role) -> None:
        if role != Role.PAYER:
            real(refusals, command, redemption, officers, role)

    patch.setattr(approvals, "_check_separation", check)


def revoked_keys_sign(patch: pytest.MonkeyPatch) -> None:
    """Revocation stops nobody."""

    def check(refusals: Refusals, command: Any, *parties: bytes) -> None:
        for key, party in zip(command.keys, parties, strict=True):
            if key is None or key.owner_id != party:
                refusals.add(Reason.NOT_AUTHORISED, "another party")

    patch.setattr(authority, "check_parties", check)


def last_instalment_is_a_floor(patch: pytest.MonkeyPatch) -> None:
    """The last instalment does not take the rest."""
    patch.setattr(
        Redemption,
        "instalments_fen",
        lambda self: tuple(bp * self.amount_fen // 10_000 for bp in self.instalments_bp),
    )


def unbalanced_posting(patch: pytest.MonkeyPatch) -> None:
    """A fen is lost between debit and credit."""
    real = journal.transfer

    def transfer(*args: Any, **more: Any) -> tuple[Posting, ...]:
        debit, credit = real(*args, **more)
        return debit, credit._replace(amount_fen=credit.amount_fen + 1)

    patch.setattr(vouchers, "transfer", transfer)


def broken_link(patch: pytest.MonkeyPatch) -> None:
    """Links do not name the event before."""
    patch.setattr(State, "link", lambda self, kind, entity, totals=(): Link(kind, entity, None, totals))


def expired_contract_stays_bound(patch: pytest.MonkeyPatch) -> None:
    """A contract is bound for ever."""
    real = applications.check_contract_free

    def check(refusals: Refusals, state: State, contract: Any, programme_id: bytes, policy: Any) -> None:
        real(refusals, state, contract, programme_id, policy)
        bound = state.vouchers.get(
            state.voucher_on.get((programme_id, contract.registration.contract_id)) or b""
        )
        if bound is not None and bound.state == VoucherState.EXPIRED:
            refusals.add(Reason.CONTRACT_BOUND, "bound")

    for module in (applications, grants):
        patch.setattr(module, "check_contract_free", check)


def money_of_a_contract_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Public money on a contract is not counted."""
    real = vouchers.contract_links
    for module in (vouchers, grants):
        patch.setattr(
            module, "contract_links", lambda state, contract_id, change: real(state, contract_id, 0)
        )


def never_closed(patch: pytest.MonkeyPatch) -> None:
    """A voucher that is paid in full stays open."""
    patch.setattr(payments, "closing", lambda state, voucher: None)


def closed_at_any_payment(patch: pytest.MonkeyPatch) -> None:
    """A voucher closes at any payment."""
    real = vouchers.closing

    def closing(state: State, voucher: Any) -> object:
        head = state.heads[LinkKind.VOUCHER]
        before = head[voucher.voucher_id]
        face = before.totals[0]
        head[voucher.voucher_id] = before._replace(totals=(face, before.totals[1], face, face, 0))
        draft = real(state, replace(voucher, state=VoucherState.ACTIVE))
        head[voucher.voucher_id] = before
        return draft

    patch.setattr(payments, "closing", closing)


def superseded_claims_stay(patch: pytest.MonkeyPatch) -> None:
    """A replaced claim still occupies its devices."""
    patch.setattr(claims, "record_superseded", lambda state, recorded: None)


PLANTED: tuple[Plant, ...] = (
    ceil_for_floor,
    cap_off_by_one,
    everybody_is_young,
    closed_interval_end,
    overlaps_not_checked,
    stored_intervals_are_not_fetched,
    wrong_policy_version,
    skipped_release,
    released_twice,
    released_without_posting,
    expiry_a_day_early,
    validity_of_one_month_more,
    amount_not_checked,
    evidence_not_checked,
    min_spend_not_checked,
    disputes_ignored,
    separation_by_key_only,
    payer_not_separated,
    revoked_keys_sign,
    last_instalment_is_a_floor,
    unbalanced_posting,
    broken_link,
    expired_contract_stays_bound,
    money_of_a_contract_forgotten,
    never_closed,
    closed_at_any_payment,
    superseded_claims_stay,
)
