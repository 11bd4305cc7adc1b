"""Builders for vouchers: the grant, the holds of two offices, the revocation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import voucher_pb2

if TYPE_CHECKING:
    from ledger.v1 import quantities_pb2


def voucher_grant(
    *,
    basis: quantities_pb2.DecisionBasis,
    voucher_id: bytes,
    application_id: bytes,
    subject: quantities_pb2.SubjectReference,
    named_approval: bool = False,
) -> voucher_pb2.VoucherGrant:
    """Grants an application, whose newest leaf is `subject`; signed by one approver."""
    return voucher_pb2.VoucherGrant(
        basis=basis,
        voucher_id=voucher_id,
        application_id=application_id,
        subject=subject,
        named_approval=named_approval,
    )


def voucher_hold(*, basis: quantities_pb2.DecisionBasis, voucher_id: bytes) -> voucher_pb2.VoucherHold:
    """Holds a voucher for the signer's office; signed by a clerk or an auditor."""
    return voucher_pb2.VoucherHold(basis=basis, voucher_id=voucher_id)


def hold_release(*, basis: quantities_pb2.DecisionBasis, voucher_id: bytes) -> voucher_pb2.HoldRelease:
    """Ends the hold of the signer's office; signed by a clerk or an auditor."""
    return voucher_pb2.HoldRelease(basis=basis, voucher_id=voucher_id)


def voucher_revocation(
    *, basis: quantities_pb2.DecisionBasis, voucher_id: bytes, subject: quantities_pb2.SubjectReference
) -> voucher_pb2.VoucherRevocation:
    """Revokes a voucher, whose issue is `subject`; signed by a clerk and an approver."""
    return voucher_pb2.VoucherRevocation(basis=basis, voucher_id=voucher_id, subject=subject)
