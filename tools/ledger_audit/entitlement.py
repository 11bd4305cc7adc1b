"""What a base is worth under a policy: rates, caps and ceilings.

Shared by the rules of vouchers and of redemptions; both are written in docs/reference/format.md,
section 4. It must not change any state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import programme_pb2
from ledger_audit.money import share_fen, weighted_share_fen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger_audit.entities import Contract, Policy


def rate_bp(policy: Policy, *, startup: bool) -> int:
    """The rate, for a start-up its own."""
    return policy.parameters.startup_rate_bp if startup else policy.parameters.rate_bp


def eligible_amount(contract: Contract, policy: Policy) -> int:
    """Contract amount less the excluded parts that the policy names, fen."""
    excluded = sum(part.amount_fen for part in contract.terms.excluded if part.item in policy.excluded)
    return contract.terms.amount_fen - excluded


def entitlement(policy: Policy, *, startup: bool, base_fen: int, parts: Iterable[tuple[int, int]]) -> int:
    """The floor of rate and base; with rates by origin weighted by (origin, fen) parts."""
    rate = rate_bp(policy, startup=startup)
    weighted = [(policy.rates.get(origin, policy.parameters.rate_bp), part) for origin, part in parts]
    if not policy.rates or not weighted:
        return share_fen(rate_bp=rate, amount_fen=base_fen)
    return weighted_share_fen(base_fen=base_fen, parts=weighted)


def cap_limit(policy: Policy, *, startup: bool, named_approval: bool) -> int:
    """The cap of one beneficiary and year, fen (I2)."""
    values = policy.parameters
    cap = values.startup_cap_fen if startup else values.cap_fen
    return max(cap, values.hard_cap_fen) if named_approval else cap


def ceiling(contract: Contract, policy: Policy, *, startup: bool) -> int | None:
    """Public money that the contract may carry under CEILING, less outside support, fen (I4)."""
    values = policy.parameters
    if values.stacking != programme_pb2.STACKING_CEILING:
        return None
    ceiling_bp = values.startup_stacking_ceiling_bp if startup else values.stacking_ceiling_bp
    whole = share_fen(rate_bp=ceiling_bp, amount_fen=contract.terms.amount_fen)
    return whole - contract.outside_support
