"""Grants, holds and revocations of vouchers."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.statements.shared import DecisionBasis, StatementHeader, SubjectReference


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherGrant:
    """Grants an application and issues the voucher; signed by one approver."""

    header: StatementHeader
    basis: DecisionBasis
    voucher_id: bytes
    application_id: bytes
    subject: SubjectReference
    named_approval: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherHold:
    """Holds a voucher; signed by a clerk or an auditor. Each office holds for itself."""

    header: StatementHeader
    basis: DecisionBasis
    voucher_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRelease:
    """Ends the hold of the signer's office; signed by a clerk or an auditor."""

    header: StatementHeader
    basis: DecisionBasis
    voucher_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherRevocation:
    """Revokes a voucher; signed by a clerk and an approver."""

    header: StatementHeader
    basis: DecisionBasis
    voucher_id: bytes
    subject: SubjectReference
