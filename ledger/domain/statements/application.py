"""Applications, their handling and objections."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.statements.shared import DecisionBasis, StatementHeader, SubjectReference


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationSubmission:
    """Applies for a voucher on a contract; signed by the beneficiary."""

    header: StatementHeader
    application_id: bytes
    programme_id: bytes
    contract_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardApplication:
    """Applies for the award for a corpus that was opened on a public platform.

    Signed by the beneficiary.
    """

    header: StatementHeader
    application_id: bytes
    programme_id: bytes
    beneficiary_id: bytes
    platform: str
    publication_digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationReturn:
    """Gives an application back for correction; signed by a clerk."""

    header: StatementHeader
    basis: DecisionBasis
    application_id: bytes
    subject: SubjectReference


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationResubmission:
    """Submits a returned application again; signed by the beneficiary."""

    header: StatementHeader
    application_id: bytes
    subject: SubjectReference


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationCheck:
    """Confirms that an application is formally complete; signed by a clerk."""

    header: StatementHeader
    basis: DecisionBasis
    application_id: bytes
    subject: SubjectReference


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationReview:
    """Approves the substance of an application; signed by a reviewer."""

    header: StatementHeader
    basis: DecisionBasis
    application_id: bytes
    subject: SubjectReference
    proposed_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationPublication:
    """Starts the public notice of an application; signed by a clerk."""

    header: StatementHeader
    basis: DecisionBasis
    application_id: bytes
    subject: SubjectReference


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionRecord:
    """Records an objection that somebody raised during the notice; signed by a clerk."""

    header: StatementHeader
    basis: DecisionBasis
    objection_id: bytes
    application_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionDecision:
    """Decides an objection; signed by a reviewer."""

    header: StatementHeader
    basis: DecisionBasis
    objection_id: bytes
    subject: SubjectReference
    upheld: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRejection:
    """Rejects an application; signed by a clerk."""

    header: StatementHeader
    basis: DecisionBasis
    application_id: bytes
    subject: SubjectReference


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationWithdrawal:
    """Withdraws an application; signed by the beneficiary."""

    header: StatementHeader
    application_id: bytes
    subject: SubjectReference
