"""Builders of every statement: plain keyword arguments in, an unsigned protobuf message out.

Days are days since 1970-01-01 in +08:00, amounts fen, ids raw bytes. The header is left empty: signing
fills it. This package must not sign, send, look anything up or judge a value.
"""

from __future__ import annotations

from ledger.client.statements.contract import (
    application_submission,
    contract_registration,
    invoice_registration,
    payment_registration,
)
from ledger.client.statements.programme import (
    policy_parameters,
    policy_publication,
    programme_opening,
    voucher_grant,
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
    key_registration,
    key_retirement,
    key_revocation,
    officer_appointment,
    participant_registration,
    provider_admission,
)
from ledger.client.statements.shared import basis, subject

__all__ = [
    "application_submission",
    "basis",
    "certificate_registration",
    "contract_registration",
    "device_registration",
    "genesis",
    "invoice_registration",
    "key_registration",
    "key_retirement",
    "key_revocation",
    "officer_appointment",
    "participant_registration",
    "payment_confirmation",
    "payment_failure",
    "payment_order",
    "payment_registration",
    "policy_parameters",
    "policy_publication",
    "programme_opening",
    "provider_admission",
    "redemption_approval",
    "redemption_request",
    "redemption_verification",
    "subject",
    "voucher_grant",
]
