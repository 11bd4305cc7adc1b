"""The closing comparison: accounts as they were posted against vouchers, redemptions and contracts.

It must not judge single events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.rules_verification import APPROVALS

if TYPE_CHECKING:
    from ledger_audit.fold import Fold
    from ledger_audit.state import Programme, State

_ACCOUNTS = (
    ("available", event_pb2.ACCOUNT_AVAILABLE),
    ("encumbered", event_pb2.ACCOUNT_ENCUMBERED),
    ("obligated", event_pb2.ACCOUNT_OBLIGATED),
    ("disbursed", event_pb2.ACCOUNT_DISBURSED),
    ("appropriation", event_pb2.ACCOUNT_APPROPRIATION),
)


def tie_out(fold: Fold) -> None:
    """A finding for every account, beneficiary or contract whose total is not that of its vouchers."""
    state, index = fold.state, fold.size - 1
    for programme in state.programmes.values():
        expected = _from_vouchers(state, programme)
        for name, account in _ACCOUNTS:
            posted = fold.frame.balances.get((programme.programme_id, account), 0)
            if posted != expected[name]:
                fold.findings.add("tie_out", index, f"{name} {expected[name]}", f"posted {posted}")
    granted: dict[bytes, int] = {}
    public: dict[bytes, int] = {}
    for voucher in state.vouchers_by_number:
        left = voucher.face - voucher.released
        year_id = voucher.programme.programme_id + voucher.beneficiary_id
        granted[year_id] = granted.get(year_id, 0) + left
        contract_id = voucher.contract.contract_id
        public[contract_id] = public.get(contract_id, 0) + left
    for year_id, year in state.years.items():
        if year.granted != granted.get(year_id, 0):
            fold.findings.add("tie_out", index, f"granted {granted.get(year_id, 0)}", year.granted)
    for contract_id, contract in state.contracts.items():
        if contract.public_money != public.get(contract_id, 0):
            fold.findings.add(
                "tie_out", index, f"public money {public.get(contract_id, 0)}", contract.public_money
            )


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
