"""The closed registries of format version 1: event types, their acts, statement classes and premise kinds.

It must not judge anything. The table is that of docs/reference/format.md, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from ledger.v1 import (
    application_pb2,
    claim_pb2,
    clawback_pb2,
    contract_pb2,
    genesis_pb2,
    programme_pb2,
    redemption_pb2,
    registry_pb2,
    voucher_pb2,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.message import Message


@dataclass(frozen=True, slots=True)
class Act:
    """An event type, its statement, and whether the statement carries a basis."""

    event: str
    act: str
    statement: type[Message] | None

    @property
    def payload_type(self) -> str:
        """The DSSE payload type of the statement, empty where the event keeps none."""
        return f"application/vnd.voucher-ledger.{self.act}.v1+protobuf" if self.act else ""


ACTS: tuple[Act, ...] = (
    Act("ledger_opened", "genesis", genesis_pb2.Genesis),
    Act("officer_appointed", "officer-appointment", registry_pb2.OfficerAppointment),
    Act("key_registered", "key-registration", registry_pb2.KeyRegistration),
    Act("key_retired", "key-retirement", registry_pb2.KeyRetirement),
    Act("key_revoked", "key-revocation", registry_pb2.KeyRevocation),
    Act("revocation_corrected", "revocation-correction", registry_pb2.RevocationCorrection),
    Act("certificate_registered", "certificate-registration", registry_pb2.CertificateRegistration),
    Act("participant_registered", "participant-registration", registry_pb2.ParticipantRegistration),
    Act("provider_admitted", "provider-admission", registry_pb2.ProviderAdmission),
    Act("provider_standing_changed", "provider-standing", registry_pb2.ProviderStandingChange),
    Act("holding_declared", "holding-declaration", registry_pb2.HoldingDeclaration),
    Act("personal_data_erased", "personal-data-erasure", registry_pb2.PersonalDataErasure),
    Act("devices_registered", "device-registration", registry_pb2.DeviceRegistration),
    Act("programme_opened", "programme-opening", programme_pb2.ProgrammeOpening),
    Act("policy_published", "policy-publication", programme_pb2.PolicyPublication),
    Act("calendar_published", "calendar-publication", programme_pb2.CalendarPublication),
    Act("funds_allocated", "fund-allocation", programme_pb2.FundAllocation),
    Act("voucher_allotted", "", None),
    Act("contract_registered", "contract-registration", contract_pb2.ContractRegistration),
    Act("invoice_registered", "invoice-registration", contract_pb2.InvoiceRegistration),
    Act("payment_registered", "payment-registration", contract_pb2.PaymentRegistration),
    Act("acceptance_registered", "acceptance-registration", contract_pb2.AcceptanceRegistration),
    Act("invoice_cancelled", "invoice-cancellation", contract_pb2.InvoiceCancellation),
    Act("outside_support_declared", "outside-support", contract_pb2.OutsideSupportDeclaration),
    Act("application_submitted", "application-submission", application_pb2.ApplicationSubmission),
    Act("award_applied", "award-application", application_pb2.AwardApplication),
    Act("application_returned", "application-return", application_pb2.ApplicationReturn),
    Act("application_resubmitted", "application-resubmission", application_pb2.ApplicationResubmission),
    Act("application_checked", "application-check", application_pb2.ApplicationCheck),
    Act("application_reviewed", "application-review", application_pb2.ApplicationReview),
    Act("application_publicised", "application-publication", application_pb2.ApplicationPublication),
    Act("objection_recorded", "objection-record", application_pb2.ObjectionRecord),
    Act("objection_decided", "objection-decision", application_pb2.ObjectionDecision),
    Act("application_rejected", "application-rejection", application_pb2.ApplicationRejection),
    Act("application_withdrawn", "application-withdrawal", application_pb2.ApplicationWithdrawal),
    Act("voucher_issued", "voucher-grant", voucher_pb2.VoucherGrant),
    Act("grant_queued", "voucher-grant", voucher_pb2.VoucherGrant),
    Act("voucher_held", "voucher-hold", voucher_pb2.VoucherHold),
    Act("hold_released", "hold-release", voucher_pb2.HoldRelease),
    Act("voucher_revoked", "voucher-revocation", voucher_pb2.VoucherRevocation),
    Act("voucher_expired", "", None),
    Act("voucher_closed", "", None),
    Act("claim_accepted", "usage-attestation", claim_pb2.UsageAttestation),
    Act("service_claim_accepted", "service-attestation", claim_pb2.ServiceAttestation),
    Act("claims_set_aside", "claim-setting-aside", claim_pb2.ClaimSettingAside),
    Act("reconfirmed", "reconfirmation", claim_pb2.Reconfirmation),
    Act("claim_refused", "", None),
    Act("redemption_requested", "redemption-request", redemption_pb2.RedemptionRequest),
    Act("redemption_verified", "redemption-verification", redemption_pb2.RedemptionVerification),
    Act("redemption_approved", "redemption-approval", redemption_pb2.RedemptionApproval),
    Act("payment_ordered", "payment-order", redemption_pb2.PaymentOrder),
    Act("payment_confirmed", "payment-confirmation", redemption_pb2.PaymentConfirmation),
    Act("payment_failed", "payment-failure", redemption_pb2.PaymentFailure),
    Act("clawback_opened", "clawback-opening", clawback_pb2.ClawbackOpening),
    Act("clawback_notified", "clawback-notice", clawback_pb2.ClawbackNotice),
    Act("clawback_appealed", "clawback-appeal", clawback_pb2.ClawbackAppeal),
    Act("clawback_determined", "clawback-determination", clawback_pb2.ClawbackDetermination),
    Act("repayment_received", "repayment-receipt", clawback_pb2.RepaymentReceipt),
    Act("fine_imposed", "fine", clawback_pb2.Fine),
    Act("recoverable_written_off", "write-off", clawback_pb2.WriteOff),
    Act("quotas_published", "", None),
    Act("refusals_suppressed", "", None),
    Act("state_digested", "", None),
)

BY_EVENT: Mapping[str, Act] = MappingProxyType({act.event: act for act in ACTS})
STATEMENTS: Mapping[str, type[Message]] = MappingProxyType(
    {act.payload_type: act.statement for act in ACTS if act.statement is not None}
)
PAE_PREFIXES: Mapping[str, bytes] = MappingProxyType(
    {name: b"DSSEv1 %d %b " % (len(name), name.encode("ascii")) for name in STATEMENTS}
)
"""The pre-authentication encoding of each payload type up to the payload's length."""

KEY_REGISTERING = frozenset({b"\x82\x02\x00", b"\x8a\x02\x00", b"\x92\x02\x00"})
"""Last three bytes of the events that register keys: fields 32, 33 and 34 holding an empty message."""
