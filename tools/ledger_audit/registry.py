"""Which rules judge which event type: the closed table of rules version 1.

It must not hold rules itself. `claim_accepted` is judged by `rules_claim`, which `fold` calls
directly because it is most of any ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from ledger_audit import (
    rules_application,
    rules_contract,
    rules_genesis,
    rules_keys,
    rules_participant,
    rules_payment,
    rules_programme,
    rules_redemption,
    rules_refusal,
    rules_verification,
    rules_voucher,
)
from ledger_audit.frame import Act

if TYPE_CHECKING:
    from ledger_audit.fold import Fold

Rule = Callable[["Fold", Act], None]

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "ledger_opened": rules_genesis.ledger_opened,
        "officer_appointed": rules_genesis.officer_appointed,
        "key_registered": rules_keys.key_registered,
        "key_retired": rules_keys.key_retired,
        "key_revoked": rules_keys.key_revoked,
        "certificate_registered": rules_keys.certificate_registered,
        "participant_registered": rules_participant.participant_registered,
        "provider_admitted": rules_participant.provider_admitted,
        "devices_registered": rules_participant.devices_registered,
        "programme_opened": rules_programme.programme_opened,
        "policy_published": rules_programme.policy_published,
        "contract_registered": rules_contract.contract_registered,
        "invoice_registered": rules_contract.invoice_registered,
        "payment_registered": rules_contract.payment_registered,
        "application_submitted": rules_application.application_submitted,
        "voucher_issued": rules_voucher.voucher_issued,
        "voucher_expired": rules_voucher.voucher_expired,
        "voucher_closed": rules_voucher.voucher_closed,
        "claim_accepted": rules_refusal.claim_without_statement,
        "claim_refused": rules_refusal.claim_refused,
        "redemption_requested": rules_redemption.redemption_requested,
        "redemption_verified": rules_verification.redemption_verified,
        "redemption_approved": rules_verification.redemption_approved,
        "payment_ordered": rules_payment.payment_ordered,
        "payment_confirmed": rules_payment.payment_confirmed,
        "payment_failed": rules_payment.payment_failed,
    }
)
