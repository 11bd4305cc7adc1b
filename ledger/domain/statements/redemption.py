"""Redemptions, their approval and their payment."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.statements.shared import DecisionBasis, StatementHeader, SubjectReference


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceUse:
    """Use of a part of an invoice or payment."""

    fingerprint: bytes
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionRequest:
    """Asks to redeem usage under a voucher; signed by the beneficiary."""

    header: StatementHeader
    redemption_id: bytes
    voucher_id: bytes
    claim_ids: tuple[bytes, ...]
    invoices: tuple[EvidenceUse, ...]
    payments: tuple[EvidenceUse, ...]
    instalments_bp: tuple[int, ...]
    payee_commitment: bytes
    payee_tag: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionVerification:
    """Confirms a redemption after checking; signed by a reviewer."""

    header: StatementHeader
    basis: DecisionBasis
    redemption_id: bytes
    subject: SubjectReference
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionApproval:
    """Approves a verified redemption; signed by one approver, needed twice."""

    header: StatementHeader
    basis: DecisionBasis
    redemption_id: bytes
    subject: SubjectReference
    amount_fen: int
    payee_commitment: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOrder:
    """Orders the treasury to pay an instalment; signed by the payer."""

    header: StatementHeader
    basis: DecisionBasis
    redemption_id: bytes
    subject: SubjectReference
    instalment: int
    attempt: int
    amount_fen: int
    payee_commitment: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentConfirmation:
    """Confirms that an ordered payment was made; signed by the payer."""

    header: StatementHeader
    basis: DecisionBasis
    redemption_id: bytes
    subject: SubjectReference
    instalment: int
    amount_fen: int
    reference_fingerprint: bytes
    paid_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFailure:
    """Records that an ordered payment failed; signed by the payer."""

    header: StatementHeader
    basis: DecisionBasis
    redemption_id: bytes
    subject: SubjectReference
    instalment: int
    reference_fingerprint: bytes
