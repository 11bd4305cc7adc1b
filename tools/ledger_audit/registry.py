"""Which rules judge which event type: the closed table of rules version 1.

It must not hold rules itself. `claim_accepted` is judged by `rules_claim`, which `fold` calls
directly because it is most of any ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from ledger_audit import (
    digests,
    rules_admission,
    rules_allocation,
    rules_application,
    rules_clawback,
    rules_contract,
    rules_evidence,
    rules_genesis,
    rules_grant,
    rules_handling,
    rules_holding,
    rules_keys,
    rules_notice,
    rules_participant,
    rules_payment,
    rules_programme,
    rules_quota,
    rules_recovery,
    rules_redemption,
    rules_refusal,
    rules_service_claim,
    rules_settlement,
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
        "revocation_corrected": rules_keys.revocation_corrected,
        "certificate_registered": rules_keys.certificate_registered,
        "participant_registered": rules_participant.participant_registered,
        "provider_admitted": rules_admission.provider_admitted,
        "provider_standing_changed": rules_admission.provider_standing_changed,
        "holding_declared": rules_holding.holding_declared,
        "personal_data_erased": rules_participant.personal_data_erased,
        "devices_registered": rules_participant.devices_registered,
        "programme_opened": rules_programme.programme_opened,
        "policy_published": rules_programme.policy_published,
        "calendar_published": rules_programme.calendar_published,
        "funds_allocated": rules_allocation.funds_allocated,
        "voucher_allotted": rules_allocation.voucher_allotted,
        "contract_registered": rules_contract.contract_registered,
        "invoice_registered": rules_evidence.invoice_registered,
        "payment_registered": rules_evidence.payment_registered,
        "acceptance_registered": rules_evidence.acceptance_registered,
        "invoice_cancelled": rules_evidence.invoice_cancelled,
        "outside_support_declared": rules_contract.outside_support_declared,
        "application_submitted": rules_application.application_submitted,
        "award_applied": rules_application.award_applied,
        "application_returned": rules_handling.application_returned,
        "application_resubmitted": rules_handling.application_resubmitted,
        "application_checked": rules_handling.application_checked,
        "application_reviewed": rules_handling.application_reviewed,
        "application_publicised": rules_notice.application_publicised,
        "objection_recorded": rules_notice.objection_recorded,
        "objection_decided": rules_notice.objection_decided,
        "application_rejected": rules_handling.application_rejected,
        "application_withdrawn": rules_handling.application_withdrawn,
        "voucher_issued": rules_grant.voucher_issued,
        "grant_queued": rules_grant.grant_queued,
        "voucher_held": rules_voucher.voucher_held,
        "hold_released": rules_voucher.hold_released,
        "voucher_revoked": rules_voucher.voucher_revoked,
        "voucher_expired": rules_voucher.voucher_expired,
        "voucher_closed": rules_voucher.voucher_closed,
        "claim_accepted": rules_refusal.claim_without_statement,
        "service_claim_accepted": rules_service_claim.service_claim_accepted,
        "claims_set_aside": rules_settlement.claims_set_aside,
        "reconfirmed": rules_settlement.reconfirmed,
        "claim_refused": rules_refusal.claim_refused,
        "redemption_requested": rules_redemption.redemption_requested,
        "redemption_verified": rules_verification.redemption_verified,
        "redemption_approved": rules_verification.redemption_approved,
        "payment_ordered": rules_payment.payment_ordered,
        "payment_confirmed": rules_payment.payment_confirmed,
        "payment_failed": rules_payment.payment_failed,
        "clawback_opened": rules_clawback.clawback_opened,
        "clawback_notified": rules_clawback.clawback_notified,
        "clawback_appealed": rules_clawback.clawback_appealed,
        "clawback_determined": rules_clawback.clawback_determined,
        "repayment_received": rules_recovery.repayment_received,
        "fine_imposed": rules_recovery.fine_imposed,
        "recoverable_written_off": rules_recovery.recoverable_written_off,
        "state_digested": digests.state_digested,
        "quotas_published": rules_quota.quotas_published,
        "refusals_suppressed": rules_quota.refusals_suppressed,
    }
)
