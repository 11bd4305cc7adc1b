"""Statements about claims after they were made."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.statements.shared import DecisionBasis, StatementHeader


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconfirmation:
    """Confirms again what a revoked key put in doubt: disputed claims, suspended redemptions.

    Signed by two approvers.
    """

    header: StatementHeader
    basis: DecisionBasis
    claim_ids: tuple[bytes, ...]
    redemption_ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimSettingAside:
    """Settles disputed claims: they count nothing for good. Signed by a clerk."""

    header: StatementHeader
    basis: DecisionBasis
    claim_ids: tuple[bytes, ...]
