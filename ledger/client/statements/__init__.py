"""Builders of every statement: plain keyword arguments in, an unsigned protobuf message out.

Days are days since 1970-01-01 in +08:00, amounts fen, ids raw bytes. The header is left empty: signing
fills it. This package must not sign, send, look anything up or judge a value.
"""

from __future__ import annotations

from ledger.client.statements.application import (
    application_check,
    application_publication,
    application_rejection,
    application_resubmission,
    application_return,
    application_review,
    application_submission,
    application_withdrawal,
    award_application,
    objection_decision,
    objection_record,
)
from ledger.client.statements.claim import (
    claim_setting_aside,
    reconfirmation,
    service_attestation,
)
from ledger.client.statements.clawback import (
    clawback_appeal,
    clawback_determination,
    clawback_notice,
    clawback_opening,
    fine,
    repayment_receipt,
    write_off,
)
from ledger.client.statements.contract import (
    acceptance_registration,
    contract_registration,
    invoice_cancellation,
    invoice_registration,
    outside_support_declaration,
    payment_registration,
)
from ledger.client.statements.programme import (
    calendar_publication,
    fund_allocation,
    policy_parameters,
    policy_publication,
    programme_opening,
)
from ledger.client.statements.redemption import (
    payment_confirmation,
    payment_failure,
    payment_order,
    redemption_approval,
    redemption_request,
    redemption_verification,
)
from ledger.client.statements.registry import (
    certificate_registration,
    device_registration,
    genesis,
    holding_declaration,
    key_registration,
    key_retirement,
    key_revocation,
    officer_appointment,
    participant_registration,
    personal_data_erasure,
    provider_admission,
    provider_standing_change,
    revocation_correction,
)
from ledger.client.statements.shared import (
    basis,
    subject,
)
from ledger.client.statements.voucher import (
    hold_release,
    voucher_grant,
    voucher_hold,
    voucher_revocation,
)

__all__ = [
    "acceptance_registration",
    "application_check",
    "application_publication",
    "application_rejection",
    "application_resubmission",
    "application_return",
    "application_review",
    "application_submission",
    "application_withdrawal",
    "award_application",
    "basis",
    "calendar_publication",
    "certificate_registration",
    "claim_setting_aside",
    "clawback_appeal",
    "clawback_determination",
    "clawback_notice",
    "clawback_opening",
    "contract_registration",
    "device_registration",
    "fine",
    "fund_allocation",
    "genesis",
    "hold_release",
    "holding_declaration",
    "invoice_cancellation",
    "invoice_registration",
    "key_registration",
    "key_retirement",
    "key_revocation",
    "objection_decision",
    "objection_record",
    "officer_appointment",
    "outside_support_declaration",
    "participant_registration",
    "payment_confirmation",
    "payment_failure",
    "payment_order",
    "payment_registration",
    "personal_data_erasure",
    "policy_parameters",
    "policy_publication",
    "programme_opening",
    "provider_admission",
    "provider_standing_change",
    "reconfirmation",
    "redemption_approval",
    "redemption_request",
    "redemption_verification",
    "repayment_receipt",
    "revocation_correction",
    "service_attestation",
    "subject",
    "voucher_grant",
    "voucher_hold",
    "voucher_revocation",
    "write_off",
]
