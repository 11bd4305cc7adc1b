"""The registry of acts: for each its name, statement, event, who decides it and how it is folded.

Adding an act is adding a row here, a message in protos/ and a test. This module must not contain a rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ledger.domain import (
    affiliation,
    applications,
    approvals,
    attestation,
    claim_frame,
    claims,
    clawbacks,
    contracts,
    digests,
    disputes,
    events,
    evidence,
    grants,
    handling,
    holds,
    notices,
    officers,
    participants,
    payments,
    programmes,
    providers,
    quotas,
    recoveries,
    redemptions,
    service_claims,
    statements,
    vouchers,
)
from ledger.domain.commands import ExpireVoucher, PublishQuotas, ReportSuppressed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.domain.commands import Command
    from ledger.domain.journal import Draft, Recorded
    from ledger.domain.rejections import Rejection
    from ledger.domain.state import State

    Decide = Callable[[State, Command[Any]], "tuple[Draft, ...] | Rejection"]
    Fold = Callable[[State, Recorded], None]
    Follow = Callable[[State, Recorded], Iterator[Draft]]


class NoStatement:
    """The statement type of events that nobody asks for."""


PAYLOAD_TYPE = "application/vnd.voucher-ledger.{act}.v1+protobuf"


@dataclass(frozen=True, slots=True)
class Act:
    """One kind of act.

    `record` writes rows of the store, `follow_up` makes SYSTEM events, each on the state after the one
    before;    without `decide` it is no command, without `evolve` the links say all.
    """

    name: str
    statement: type
    event: type
    decide: Decide | None
    evolve: Fold | None
    record: Fold | None = None
    follow_up: Follow | None = None

    @property
    def payload_type(self) -> str:
        """DSSE payload type of the statement."""
        return PAYLOAD_TYPE.format(act=self.name)


ACTS: tuple[Act, ...] = (
    Act("genesis", statements.Genesis, events.LedgerOpened, officers.decide_genesis, officers.evolve_genesis),
    Act(
        "officer-appointment",
        statements.OfficerAppointment,
        events.OfficerAppointed,
        officers.decide_officer_appointment,
        officers.evolve_officer_appointed,
    ),
    Act(
        "key-registration",
        statements.KeyRegistration,
        events.KeyRegistered,
        officers.decide_key_registration,
        officers.evolve_key_registered,
    ),
    Act(
        "key-retirement",
        statements.KeyRetirement,
        events.KeyRetired,
        officers.decide_key_retirement,
        officers.evolve_key_retired,
    ),
    Act(
        "key-revocation",
        statements.KeyRevocation,
        events.KeyRevoked,
        officers.decide_key_revocation,
        officers.evolve_key_revoked,
    ),
    Act(
        "revocation-correction",
        statements.RevocationCorrection,
        events.RevocationCorrected,
        officers.decide_revocation_correction,
        officers.evolve_key_revoked,
    ),
    Act(
        "certificate-registration",
        statements.CertificateRegistration,
        events.CertificateRegistered,
        officers.decide_certificate_registration,
        officers.evolve_certificate_registered,
    ),
    Act(
        "participant-registration",
        statements.ParticipantRegistration,
        events.ParticipantRegistered,
        participants.decide_participant_registration,
        participants.evolve_participant_registered,
    ),
    Act(
        "personal-data-erasure",
        statements.PersonalDataErasure,
        events.PersonalDataErased,
        participants.decide_erasure,
        None,
    ),
    Act(
        "holding-declaration",
        statements.HoldingDeclaration,
        events.HoldingDeclared,
        affiliation.decide_holding,
        affiliation.evolve_holding_declared,
    ),
    Act(
        "provider-admission",
        statements.ProviderAdmission,
        events.ProviderAdmitted,
        providers.decide_provider_admission,
        providers.evolve_provider_admitted,
    ),
    Act(
        "provider-standing",
        statements.ProviderStandingChange,
        events.ProviderStandingChanged,
        providers.decide_standing,
        providers.evolve_standing_changed,
    ),
    Act(
        "device-registration",
        statements.DeviceRegistration,
        events.DevicesRegistered,
        providers.decide_device_registration,
        providers.evolve_devices_registered,
    ),
    Act(
        "programme-opening",
        statements.ProgrammeOpening,
        events.ProgrammeOpened,
        programmes.decide_programme_opening,
        programmes.evolve_programme_opened,
    ),
    Act(
        "policy-publication",
        statements.PolicyPublication,
        events.PolicyPublished,
        programmes.decide_policy_publication,
        programmes.evolve_policy_published,
    ),
    Act(
        "calendar-publication",
        statements.CalendarPublication,
        events.CalendarPublished,
        notices.decide_calendar,
        notices.evolve_calendar_published,
    ),
    Act(
        "contract-registration",
        statements.ContractRegistration,
        events.ContractRegistered,
        contracts.decide_contract_registration,
        contracts.evolve_contract_registered,
    ),
    Act(
        "outside-support",
        statements.OutsideSupportDeclaration,
        events.OutsideSupportDeclared,
        contracts.decide_outside_support,
        None,
    ),
    Act(
        "invoice-registration",
        statements.InvoiceRegistration,
        events.InvoiceRegistered,
        evidence.decide_invoice_registration,
        None,
        record=evidence.record_evidence,
    ),
    Act(
        "payment-registration",
        statements.PaymentRegistration,
        events.PaymentRegistered,
        evidence.decide_payment_registration,
        None,
        record=evidence.record_evidence,
    ),
    Act(
        "acceptance-registration",
        statements.AcceptanceRegistration,
        events.AcceptanceRegistered,
        evidence.decide_acceptance,
        None,
        record=evidence.record_acceptance,
    ),
    Act(
        "invoice-cancellation",
        statements.InvoiceCancellation,
        events.InvoiceCancelled,
        evidence.decide_cancellation,
        None,
        record=evidence.record_cancellation,
    ),
    Act(
        "application-submission",
        statements.ApplicationSubmission,
        events.ApplicationSubmitted,
        applications.decide_application,
        applications.evolve_application_submitted,
    ),
    Act(
        "award-application",
        statements.AwardApplication,
        events.AwardApplied,
        applications.decide_award_application,
        applications.evolve_award_applied,
    ),
    Act(
        "application-return",
        statements.ApplicationReturn,
        events.ApplicationReturned,
        handling.decide_return,
        handling.evolve_handled,
    ),
    Act(
        "application-resubmission",
        statements.ApplicationResubmission,
        events.ApplicationResubmitted,
        handling.decide_resubmission,
        handling.evolve_handled,
    ),
    Act(
        "application-check",
        statements.ApplicationCheck,
        events.ApplicationChecked,
        handling.decide_check,
        handling.evolve_handled,
    ),
    Act(
        "application-review",
        statements.ApplicationReview,
        events.ApplicationReviewed,
        handling.decide_review,
        handling.evolve_handled,
    ),
    Act(
        "application-publication",
        statements.ApplicationPublication,
        events.ApplicationPublicised,
        notices.decide_publication,
        notices.evolve_application_publicised,
    ),
    Act(
        "objection-record",
        statements.ObjectionRecord,
        events.ObjectionRecorded,
        notices.decide_objection,
        notices.evolve_objection_recorded,
    ),
    Act(
        "objection-decision",
        statements.ObjectionDecision,
        events.ObjectionDecided,
        notices.decide_objection_decision,
        notices.evolve_objection_decided,
    ),
    Act(
        "application-rejection",
        statements.ApplicationRejection,
        events.ApplicationRejected,
        handling.decide_rejection,
        handling.evolve_handled,
    ),
    Act(
        "application-withdrawal",
        statements.ApplicationWithdrawal,
        events.ApplicationWithdrawn,
        handling.decide_withdrawal,
        handling.evolve_handled,
    ),
    Act(
        "voucher-grant",
        statements.VoucherGrant,
        events.VoucherIssued,
        grants.decide_grant,
        grants.evolve_voucher_issued,
    ),
    Act(
        "fund-allocation",
        statements.FundAllocation,
        events.FundsAllocated,
        grants.decide_allocation,
        None,
        follow_up=grants.allot,
    ),
    Act(
        "voucher-hold",
        statements.VoucherHold,
        events.VoucherHeld,
        holds.decide_hold,
        holds.evolve_voucher_held,
    ),
    Act(
        "hold-release",
        statements.HoldRelease,
        events.HoldReleased,
        holds.decide_hold_release,
        holds.evolve_hold_released,
    ),
    Act(
        "voucher-revocation",
        statements.VoucherRevocation,
        events.VoucherRevoked,
        vouchers.decide_revocation,
        vouchers.evolve_voucher_revoked,
    ),
    Act(
        "usage-attestation",
        attestation.UsageAttestation,
        events.ClaimAccepted,
        claims.decide_claim,
        claims.evolve_claim_accepted,
        record=claims.record_claim,
    ),
    Act(
        "service-attestation",
        attestation.ServiceAttestation,
        events.ServiceClaimAccepted,
        service_claims.decide_service_claim,
        quotas.count_claim,
        record=service_claims.record_service_claim,
    ),
    Act(
        "reconfirmation",
        statements.Reconfirmation,
        events.Reconfirmed,
        disputes.decide_reconfirmation,
        disputes.evolve_reconfirmed,
        record=disputes.record_reconfirmed,
    ),
    Act(
        "claim-setting-aside",
        statements.ClaimSettingAside,
        events.ClaimsSetAside,
        disputes.decide_setting_aside,
        None,
        record=disputes.record_set_aside,
    ),
    Act(
        "redemption-request",
        statements.RedemptionRequest,
        events.RedemptionRequested,
        redemptions.decide_request,
        redemptions.evolve_redemption_requested,
        record=redemptions.record_redemption_request,
    ),
    Act(
        "redemption-verification",
        statements.RedemptionVerification,
        events.RedemptionVerified,
        approvals.decide_verification,
        approvals.evolve_redemption_verified,
    ),
    Act(
        "redemption-approval",
        statements.RedemptionApproval,
        events.RedemptionApproved,
        approvals.decide_approval,
        approvals.evolve_redemption_approved,
    ),
    Act(
        "payment-order",
        statements.PaymentOrder,
        events.PaymentOrdered,
        payments.decide_order,
        payments.evolve_payment_ordered,
    ),
    Act(
        "payment-confirmation",
        statements.PaymentConfirmation,
        events.PaymentConfirmed,
        payments.decide_confirmation,
        payments.evolve_payment_confirmed,
        follow_up=payments.close_if_done,
    ),
    Act(
        "payment-failure",
        statements.PaymentFailure,
        events.PaymentFailed,
        payments.decide_failure,
        payments.evolve_payment_failed,
    ),
    Act(
        "clawback-opening",
        statements.ClawbackOpening,
        events.ClawbackOpened,
        clawbacks.decide_opening,
        clawbacks.evolve_clawback_opened,
    ),
    Act(
        "clawback-notice",
        statements.ClawbackNotice,
        events.ClawbackNotified,
        clawbacks.decide_notice,
        clawbacks.evolve_clawback_notified,
    ),
    Act(
        "clawback-appeal",
        statements.ClawbackAppeal,
        events.ClawbackAppealed,
        clawbacks.decide_appeal,
        clawbacks.evolve_clawback_appealed,
    ),
    Act(
        "clawback-determination",
        statements.ClawbackDetermination,
        events.ClawbackDetermined,
        clawbacks.decide_determination,
        clawbacks.evolve_clawback_determined,
    ),
    Act(
        "repayment-receipt",
        statements.RepaymentReceipt,
        events.RepaymentReceived,
        recoveries.decide_repayment,
        recoveries.evolve_recovery,
    ),
    Act("fine", statements.Fine, events.FineImposed, recoveries.decide_fine, recoveries.evolve_recovery),
    Act(
        "write-off",
        statements.WriteOff,
        events.RecoverableWrittenOff,
        recoveries.decide_write_off,
        recoveries.evolve_recovery,
    ),
)

SYSTEM_ACTS: tuple[Act, ...] = (
    Act(
        "voucher-expiry",
        ExpireVoucher,
        events.VoucherExpired,
        vouchers.decide_expiry,
        vouchers.evolve_voucher_expired,
    ),
    Act("voucher-closing", NoStatement, events.VoucherClosed, None, vouchers.evolve_voucher_closed),
    Act("grant-queueing", NoStatement, events.GrantQueued, None, grants.evolve_grant_queued),
    Act("voucher-allotment", NoStatement, events.VoucherAllotted, None, grants.evolve_voucher_allotted),
    Act(
        "claim-refusal",
        NoStatement,
        events.ClaimRefused,
        None,
        quotas.count_claim,
        record=claim_frame.record_refused_claim,
    ),
    Act(
        "quota-publication",
        PublishQuotas,
        events.QuotasPublished,
        quotas.decide_quotas,
        quotas.evolve_quotas_published,
    ),
    Act("state-digest", NoStatement, events.StateDigested, None, digests.evolve_state_digested),
    Act("suppression-report", ReportSuppressed, events.RefusalsSuppressed, quotas.decide_suppressed, None),
)
