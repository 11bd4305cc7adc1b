"""The closing comparison: accounts as they were posted against vouchers, redemptions and contracts.

It must not judge single events.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.rules_verification import APPROVALS

if TYPE_CHECKING:
    from ledger_audit.entities import Programme
    from ledger_audit.fold import Fold
    from ledger_audit.state import State

_ACCOUNTS = (
    ("available", event_pb2.ACCOUNT_AVAILABLE),
    ("encumbered", event_pb2.ACCOUNT_ENCUMBERED),
    ("obligated", event_pb2.ACCOUNT_OBLIGATED),
    ("disbursed", event_pb2.ACCOUNT_DISBURSED),
    ("appropriation", event_pb2.ACCOUNT_APPROPRIATION),
    ("recoverable", event_pb2.ACCOUNT_RECOVERABLE),
    ("recovery due", event_pb2.ACCOUNT_RECOVERY_DUE),
    ("recovered", event_pb2.ACCOUNT_RECOVERED),
    ("written off", event_pb2.ACCOUNT_WRITTEN_OFF),
    ("fines due", event_pb2.ACCOUNT_FINES_DUE),
    ("fines", event_pb2.ACCOUNT_FINES),
)


def tie_out(fold: Fold) -> None:
    """A finding for every account, beneficiary or contract whose total is not that of its dossiers."""
    state, index = fold.state, fold.size - 1
    for programme in state.programmes.values():
        expected = {**_from_vouchers(state, programme), **_from_clawbacks(state, programme)}
        for name, account in _ACCOUNTS:
            posted = fold.frame.balances.get((programme.programme_id, account), 0)
            if posted != expected[name]:
                fold.findings.add("tie_out", index, f"{name} {expected[name]}", f"posted {posted}")
    granted: dict[bytes, int] = defaultdict(int)
    public: dict[bytes, int] = defaultdict(int)
    redeemed: dict[bytes, int] = defaultdict(int)
    _sum_up(state, granted, public, redeemed)
    for year_id, year in state.years.items():
        if year.granted != granted[year_id]:
            fold.findings.add("tie_out", index, f"granted {granted[year_id]}", year.granted)
    for contract_id, contract in state.contracts.items():
        if contract.public_money != public[contract_id]:
            fold.findings.add("tie_out", index, f"public money {public[contract_id]}", contract.public_money)
        if contract.redeemed != redeemed[contract_id]:
            fold.findings.add("tie_out", index, f"redeemed {redeemed[contract_id]}", contract.redeemed)


def _sum_up(
    state: State, granted: dict[bytes, int], public: dict[bytes, int], redeemed: dict[bytes, int]
) -> None:
    """Money by beneficiary and year, and by contract: vouchers, queued grants, redemptions, clawbacks."""
    for voucher in state.vouchers_by_number:
        left = voucher.face - voucher.released
        granted[voucher.programme.programme_id + voucher.beneficiary_id] += left
        if voucher.contract is None:
            continue
        contract_id = voucher.contract.contract_id
        public[contract_id] += left
        for redemption in voucher.redemptions:
            public[contract_id] -= redemption.clawed_back
            redeemed[contract_id] += redemption.amount - redemption.clawed_back
    for programme in state.programmes.values():
        for grant in programme.queue:
            application = grant.application
            granted[programme.programme_id + application.beneficiary_id] += grant.entitlement
            if application.contract is not None:
                public[application.contract.contract_id] += grant.entitlement


def _from_vouchers(state: State, programme: Programme) -> dict[str, int]:
    vouchers = [voucher for voucher in state.vouchers_by_number if voucher.programme is programme]
    left = sum(voucher.face - voucher.released for voucher in vouchers)
    approved = sum(
        redemption.amount
        for voucher in vouchers
        for redemption in voucher.redemptions
        if len(redemption.approvals) >= APPROVALS
    )
    paid = sum(voucher.paid for voucher in vouchers)
    return {
        "available": programme.appropriation - left,
        "encumbered": left - approved,
        "obligated": approved - paid,
        "disbursed": paid,
        "appropriation": -programme.appropriation,
    }


def _from_clawbacks(state: State, programme: Programme) -> dict[str, int]:
    clawbacks = [
        clawback
        for clawback in state.clawbacks.values()
        if clawback.redemption.voucher.programme is programme
    ]
    determined = sum(clawback.determined for clawback in clawbacks)
    fines = sum(clawback.fines for clawback in clawbacks)
    return {
        "recoverable": sum(clawback.outstanding for clawback in clawbacks),
        "recovery due": -determined,
        "recovered": sum(clawback.repaid for clawback in clawbacks),
        "written off": sum(clawback.written_off for clawback in clawbacks),
        "fines due": fines,
        "fines": -fines,
    }
