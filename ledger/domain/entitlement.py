"""How much: bases, rates, caps and stacking room as plain arithmetic on fen (rules I2, I3, I4).

Every amount is floored once, after every cap that the law calls "not more than". This module must not read
the ledger's state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain.policy import Origin, Stacking
from ledger.domain.quantities import BP_FULL, entitlement_fen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.domain.policy import PolicyParameters
    from ledger.domain.statements import ContractRegistration


def rate_bp(policy: PolicyParameters, *, startup: bool) -> int:
    """Rate in basis points."""
    return policy.startup_rate_bp if startup else policy.rate_bp


def cap_fen(policy: PolicyParameters, *, startup: bool, named_approval: bool = False) -> int:
    """Limit of a beneficiary-year, fen; a named approval opens the hard cap (rule I2)."""
    cap = policy.startup_cap_fen if startup else policy.cap_fen
    return max(cap, policy.hard_cap_fen) if named_approval else cap


def excluded_fen(policy: PolicyParameters, contract: ContractRegistration) -> int:
    """Parts of a contract that the policy excludes, fen."""
    return sum(part.amount_fen for part in contract.excluded if part.item in policy.excluded_items)


def entitled_fen(
    policy: PolicyParameters, *, startup: bool, base_fen: int, parts_fen: Mapping[Origin, int]
) -> int:
    """Entitlement on a base, fen: one rate, or rates by origin weighted by parts and floored once."""
    rate = rate_bp(policy, startup=startup)
    total = sum(parts_fen.values())
    if not policy.rate_bp_by_origin or total == 0:
        return entitlement_fen(rate_bp=rate, base_fen=base_fen)
    rates = {entry.origin: entry.rate_bp for entry in policy.rate_bp_by_origin}
    weighted = sum(rates.get(origin, policy.rate_bp) * part for origin, part in parts_fen.items())
    return base_fen * weighted // (BP_FULL * total)


def contract_parts_fen(contract: ContractRegistration) -> dict[Origin, int]:
    """Parts of a contract by origin, fen; empty where it has none."""
    return {part.origin: part.amount_fen for part in contract.origin_amounts}


def stacking_ceiling_fen(policy: PolicyParameters, *, startup: bool, contract_fen: int) -> int | None:
    """Most public money on a contract, fen; None = not limited (rule I4)."""
    if policy.stacking != Stacking.CEILING:
        return None
    ceiling = policy.startup_stacking_ceiling_bp if startup else policy.stacking_ceiling_bp
    return entitlement_fen(rate_bp=ceiling, base_fen=contract_fen)
