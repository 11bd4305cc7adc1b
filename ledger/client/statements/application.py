"""Builders for applications on their way to a grant: check, review, public notice, objections.

The `subject` of a decision on an application is its newest leaf, of any event on its stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import application_pb2

if TYPE_CHECKING:
    from ledger.v1 import quantities_pb2


def application_submission(
    *, application_id: bytes, programme_id: bytes, contract_id: bytes
) -> application_pb2.ApplicationSubmission:
    """Applies for a voucher on a contract; signed by the contract's beneficiary."""
    return application_pb2.ApplicationSubmission(
        application_id=application_id, programme_id=programme_id, contract_id=contract_id
    )


def award_application(
    *,
    application_id: bytes,
    programme_id: bytes,
    beneficiary_id: bytes,
    platform: str,
    publication_digest: bytes,
) -> application_pb2.AwardApplication:
    """Applies for the award for a corpus opened on a public platform; signed by the beneficiary.

    `platform` is the platform's code, `publication_digest` SHA-256 of the published manifest of the corpus.
    """
    return application_pb2.AwardApplication(
        application_id=application_id,
        programme_id=programme_id,
        beneficiary_id=beneficiary_id,
        platform=platform,
        publication_digest=publication_digest,
    )


def application_return(
    *, basis: quantities_pb2.DecisionBasis, application_id: bytes, subject: quantities_pb2.SubjectReference
) -> application_pb2.ApplicationReturn:
    """Gives an application back for correction; signed by a clerk."""
    return application_pb2.ApplicationReturn(basis=basis, application_id=application_id, subject=subject)


def application_resubmission(
    *, application_id: bytes, subject: quantities_pb2.SubjectReference
) -> application_pb2.ApplicationResubmission:
    """Submits a returned application again; signed by the applicant."""
    return application_pb2.ApplicationResubmission(application_id=application_id, subject=subject)


def application_check(
    *, basis: quantities_pb2.DecisionBasis, application_id: bytes, subject: quantities_pb2.SubjectReference
) -> application_pb2.ApplicationCheck:
    """Confirms that an application is formally complete; signed by a clerk."""
    return application_pb2.ApplicationCheck(basis=basis, application_id=application_id, subject=subject)


def application_review(
    *,
    basis: quantities_pb2.DecisionBasis,
    application_id: bytes,
    subject: quantities_pb2.SubjectReference,
    proposed_fen: int = 0,
) -> application_pb2.ApplicationReview:
    """Approves the substance; signed by a reviewer. `proposed_fen` is the award, 0 for one on a contract."""
    return application_pb2.ApplicationReview(
        basis=basis, application_id=application_id, subject=subject, proposed_fen=proposed_fen
    )


def application_publication(
    *, basis: quantities_pb2.DecisionBasis, application_id: bytes, subject: quantities_pb2.SubjectReference
) -> application_pb2.ApplicationPublication:
    """Starts the public notice of a reviewed application; signed by a clerk."""
    return application_pb2.ApplicationPublication(basis=basis, application_id=application_id, subject=subject)


def objection_record(
    *, basis: quantities_pb2.DecisionBasis, objection_id: bytes, application_id: bytes
) -> application_pb2.ObjectionRecord:
    """Records an objection that somebody raised during the notice; signed by a clerk."""
    return application_pb2.ObjectionRecord(
        basis=basis, objection_id=objection_id, application_id=application_id
    )


def objection_decision(
    *,
    basis: quantities_pb2.DecisionBasis,
    objection_id: bytes,
    subject: quantities_pb2.SubjectReference,
    upheld: bool,
) -> application_pb2.ObjectionDecision:
    """Decides an objection, whose leaf is `subject`; signed by a reviewer. `upheld` ends the application."""
    return application_pb2.ObjectionDecision(
        basis=basis, objection_id=objection_id, subject=subject, upheld=upheld
    )


def application_rejection(
    *, basis: quantities_pb2.DecisionBasis, application_id: bytes, subject: quantities_pb2.SubjectReference
) -> application_pb2.ApplicationRejection:
    """Rejects an application; signed by a clerk."""
    return application_pb2.ApplicationRejection(basis=basis, application_id=application_id, subject=subject)


def application_withdrawal(
    *, application_id: bytes, subject: quantities_pb2.SubjectReference
) -> application_pb2.ApplicationWithdrawal:
    """Withdraws an application; signed by the applicant."""
    return application_pb2.ApplicationWithdrawal(application_id=application_id, subject=subject)
