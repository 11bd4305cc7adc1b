"""Money that is claimed back, and fines."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.statements.shared import DecisionBasis, StatementHeader, SubjectReference
from ledger.domain.vocabulary import ClawbackCause


@dataclass(frozen=True, slots=True, kw_only=True)
class ClawbackOpening:
    """Opens a clawback of a paid redemption; signed by a clerk."""

    header: StatementHeader
    basis: DecisionBasis
    clawback_id: bytes
    redemption_id: bytes
    subject: SubjectReference
    cause: ClawbackCause


@dataclass(frozen=True, slots=True, kw_only=True)
class ClawbackNotice:
    """Notifies the beneficiary of a clawback; signed by a clerk."""

    header: StatementHeader
    basis: DecisionBasis
    clawback_id: bytes
    subject: SubjectReference
    document_digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ClawbackAppeal:
    """Appeals against a clawback; signed by the beneficiary."""

    header: StatementHeader
    clawback_id: bytes
    subject: SubjectReference
    document_digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ClawbackDetermination:
    """Determines what is to be paid back; signed by a reviewer."""

    header: StatementHeader
    basis: DecisionBasis
    clawback_id: bytes
    subject: SubjectReference
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RepaymentReceipt:
    """Records a repayment; signed by the payer."""

    header: StatementHeader
    basis: DecisionBasis
    clawback_id: bytes
    subject: SubjectReference
    amount_fen: int
    reference_fingerprint: bytes
    received_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fine:
    """Imposes a fine, apart from the money that is paid back; signed by a reviewer."""

    header: StatementHeader
    basis: DecisionBasis
    clawback_id: bytes
    subject: SubjectReference
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff:
    """Gives up what is still to be paid back; signed by a clerk and an approver."""

    header: StatementHeader
    basis: DecisionBasis
    clawback_id: bytes
    subject: SubjectReference
    amount_fen: int
