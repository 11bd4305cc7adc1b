"""Builders for clawbacks: opening, notice, appeal, determination, and the money that comes back.

Up to the determination the `subject` is the clawback's newest leaf, afterwards the determination's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import clawback_pb2

if TYPE_CHECKING:
    from ledger.domain.vocabulary import ClawbackCause
    from ledger.v1 import quantities_pb2


def clawback_opening(
    *,
    basis: quantities_pb2.DecisionBasis,
    clawback_id: bytes,
    redemption_id: bytes,
    subject: quantities_pb2.SubjectReference,
    cause: ClawbackCause,
) -> clawback_pb2.ClawbackOpening:
    """Opens a clawback of a paid redemption, whose second approval is `subject`; signed by a clerk."""
    return clawback_pb2.ClawbackOpening(
        basis=basis,
        clawback_id=clawback_id,
        redemption_id=redemption_id,
        subject=subject,
        cause=clawback_pb2.ClawbackCause.ValueType(cause),
    )


def clawback_notice(
    *,
    basis: quantities_pb2.DecisionBasis,
    clawback_id: bytes,
    subject: quantities_pb2.SubjectReference,
    document_digest: bytes,
) -> clawback_pb2.ClawbackNotice:
    """Notifies the beneficiary by a document, SHA-256; signed by a clerk."""
    return clawback_pb2.ClawbackNotice(
        basis=basis, clawback_id=clawback_id, subject=subject, document_digest=document_digest
    )


def clawback_appeal(
    *, clawback_id: bytes, subject: quantities_pb2.SubjectReference, document_digest: bytes
) -> clawback_pb2.ClawbackAppeal:
    """Appeals by a document, SHA-256; signed by the redemption's beneficiary."""
    return clawback_pb2.ClawbackAppeal(
        clawback_id=clawback_id, subject=subject, document_digest=document_digest
    )


def clawback_determination(
    *,
    basis: quantities_pb2.DecisionBasis,
    clawback_id: bytes,
    subject: quantities_pb2.SubjectReference,
    amount_fen: int,
) -> clawback_pb2.ClawbackDetermination:
    """Determines what is to be paid back, as the ledger recomputes it today; signed by a reviewer."""
    return clawback_pb2.ClawbackDetermination(
        basis=basis, clawback_id=clawback_id, subject=subject, amount_fen=amount_fen
    )


def repayment_receipt(
    *,
    basis: quantities_pb2.DecisionBasis,
    clawback_id: bytes,
    subject: quantities_pb2.SubjectReference,
    amount_fen: int,
    reference_fingerprint: bytes,
    received_day: int,
) -> clawback_pb2.RepaymentReceipt:
    """Confirms that money came back on a day; signed by the payer."""
    return clawback_pb2.RepaymentReceipt(
        basis=basis,
        clawback_id=clawback_id,
        subject=subject,
        amount_fen=amount_fen,
        reference_fingerprint=reference_fingerprint,
        received_day=received_day,
    )


def fine(
    *,
    basis: quantities_pb2.DecisionBasis,
    clawback_id: bytes,
    subject: quantities_pb2.SubjectReference,
    amount_fen: int,
) -> clawback_pb2.Fine:
    """Imposes a fine; signed by a reviewer. All fines together are 10 to 50 % of the amount determined."""
    return clawback_pb2.Fine(basis=basis, clawback_id=clawback_id, subject=subject, amount_fen=amount_fen)


def write_off(
    *,
    basis: quantities_pb2.DecisionBasis,
    clawback_id: bytes,
    subject: quantities_pb2.SubjectReference,
    amount_fen: int,
) -> clawback_pb2.WriteOff:
    """Gives up all that is outstanding; signed by a clerk and an approver."""
    return clawback_pb2.WriteOff(basis=basis, clawback_id=clawback_id, subject=subject, amount_fen=amount_fen)
