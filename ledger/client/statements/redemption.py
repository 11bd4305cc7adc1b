"""Builders for redemptions, from the request to the payment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import quantities_pb2, redemption_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def redemption_request(
    *,
    redemption_id: bytes,
    voucher_id: bytes,
    claim_ids: Sequence[bytes],
    invoices: Mapping[bytes, int],
    payments: Mapping[bytes, int],
    payee_commitment: bytes,
    instalments_bp: Sequence[int] = (),
    payee_tag: bytes = b"",
) -> redemption_pb2.RedemptionRequest:
    """Asks to redeem up to 500 claims; signed by the voucher's beneficiary.

    `invoices` and `payments` map a fingerprint to the amount used here, fen. `instalments_bp` sum to
    10,000; none is one payment. `payee_commitment` is the 32-byte commitment to the account, `payee_tag`
    32 bytes that are the same for the same account, or none.
    """
    return redemption_pb2.RedemptionRequest(
        redemption_id=redemption_id,
        voucher_id=voucher_id,
        claim_ids=claim_ids,
        invoices=_uses(invoices),
        payments=_uses(payments),
        instalments_bp=instalments_bp,
        payee_commitment=payee_commitment,
        payee_tag=payee_tag,
    )


def redemption_verification(
    *,
    basis: quantities_pb2.DecisionBasis,
    redemption_id: bytes,
    subject: quantities_pb2.SubjectReference,
    amount_fen: int,
) -> redemption_pb2.RedemptionVerification:
    """Confirms what the ledger recomputes today; signed by a reviewer. The subject is the request."""
    return redemption_pb2.RedemptionVerification(
        basis=basis, redemption_id=redemption_id, subject=subject, amount_fen=amount_fen
    )


def redemption_approval(
    *,
    basis: quantities_pb2.DecisionBasis,
    redemption_id: bytes,
    subject: quantities_pb2.SubjectReference,
    amount_fen: int,
    payee_commitment: bytes,
) -> redemption_pb2.RedemptionApproval:
    """Approves; signed by one approver, needed from two. The subject is the verification."""
    return redemption_pb2.RedemptionApproval(
        basis=basis,
        redemption_id=redemption_id,
        subject=subject,
        amount_fen=amount_fen,
        payee_commitment=payee_commitment,
    )


def payment_order(
    *,
    basis: quantities_pb2.DecisionBasis,
    redemption_id: bytes,
    subject: quantities_pb2.SubjectReference,
    instalment: int,
    attempt: int,
    amount_fen: int,
    payee_commitment: bytes,
) -> redemption_pb2.PaymentOrder:
    """Orders an instalment (from 1); signed by the payer. The subject is the second approval."""
    return redemption_pb2.PaymentOrder(
        basis=basis,
        redemption_id=redemption_id,
        subject=subject,
        instalment=instalment,
        attempt=attempt,
        amount_fen=amount_fen,
        payee_commitment=payee_commitment,
    )


def payment_confirmation(
    *,
    basis: quantities_pb2.DecisionBasis,
    redemption_id: bytes,
    subject: quantities_pb2.SubjectReference,
    instalment: int,
    amount_fen: int,
    reference_fingerprint: bytes,
    paid_day: int,
) -> redemption_pb2.PaymentConfirmation:
    """Confirms that an order was paid on a day; signed by the payer. The subject is the order."""
    return redemption_pb2.PaymentConfirmation(
        basis=basis,
        redemption_id=redemption_id,
        subject=subject,
        instalment=instalment,
        amount_fen=amount_fen,
        reference_fingerprint=reference_fingerprint,
        paid_day=paid_day,
    )


def payment_failure(
    *,
    basis: quantities_pb2.DecisionBasis,
    redemption_id: bytes,
    subject: quantities_pb2.SubjectReference,
    instalment: int,
    reference_fingerprint: bytes,
) -> redemption_pb2.PaymentFailure:
    """Records that an order failed; signed by the payer. The subject is the order."""
    return redemption_pb2.PaymentFailure(
        basis=basis,
        redemption_id=redemption_id,
        subject=subject,
        instalment=instalment,
        reference_fingerprint=reference_fingerprint,
    )


def _uses(amounts: Mapping[bytes, int]) -> list[redemption_pb2.EvidenceUse]:
    return [
        redemption_pb2.EvidenceUse(fingerprint=fingerprint, amount_fen=amount)
        for fingerprint, amount in amounts.items()
    ]
