"""Which act each writing RPC records: one table, by full method name.

A method of this table takes an envelope and answers with a receipt; the writer does the rest. Who may call
it stands in the table of access.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTS: Mapping[str, str] = {
    "/ledger.v1.RegistryService/AppointOfficer": "officer-appointment",
    "/ledger.v1.RegistryService/RegisterKey": "key-registration",
    "/ledger.v1.RegistryService/RetireKey": "key-retirement",
    "/ledger.v1.RegistryService/RevokeKey": "key-revocation",
    "/ledger.v1.RegistryService/RegisterCertificate": "certificate-registration",
    "/ledger.v1.RegistryService/RegisterParticipant": "participant-registration",
    "/ledger.v1.RegistryService/AdmitProvider": "provider-admission",
    "/ledger.v1.RegistryService/RegisterDevices": "device-registration",
    "/ledger.v1.RegistryService/ChangeProviderStanding": "provider-standing",
    "/ledger.v1.RegistryService/DeclareHolding": "holding-declaration",
    "/ledger.v1.RegistryService/CorrectRevocation": "revocation-correction",
    "/ledger.v1.RegistryService/ErasePersonalData": "personal-data-erasure",
    "/ledger.v1.ProgrammeService/OpenProgramme": "programme-opening",
    "/ledger.v1.ProgrammeService/PublishPolicy": "policy-publication",
    "/ledger.v1.ProgrammeService/PublishCalendar": "calendar-publication",
    "/ledger.v1.ProgrammeService/AllocateFunds": "fund-allocation",
    "/ledger.v1.ApplicationService/RegisterContract": "contract-registration",
    "/ledger.v1.ApplicationService/SubmitApplication": "application-submission",
    "/ledger.v1.ApplicationService/DeclareOutsideSupport": "outside-support",
    "/ledger.v1.ApplicationService/RegisterAcceptance": "acceptance-registration",
    "/ledger.v1.ApplicationService/SubmitAwardApplication": "award-application",
    "/ledger.v1.ApplicationService/ReturnApplication": "application-return",
    "/ledger.v1.ApplicationService/ResubmitApplication": "application-resubmission",
    "/ledger.v1.ApplicationService/CheckApplication": "application-check",
    "/ledger.v1.ApplicationService/ReviewApplication": "application-review",
    "/ledger.v1.ApplicationService/PubliciseApplication": "application-publication",
    "/ledger.v1.ApplicationService/RecordObjection": "objection-record",
    "/ledger.v1.ApplicationService/DecideObjection": "objection-decision",
    "/ledger.v1.ApplicationService/RejectApplication": "application-rejection",
    "/ledger.v1.ApplicationService/WithdrawApplication": "application-withdrawal",
    "/ledger.v1.VoucherService/IssueVoucher": "voucher-grant",
    "/ledger.v1.VoucherService/HoldVoucher": "voucher-hold",
    "/ledger.v1.VoucherService/ReleaseHold": "hold-release",
    "/ledger.v1.VoucherService/RevokeVoucher": "voucher-revocation",
    "/ledger.v1.ClaimService/SubmitClaim": "usage-attestation",
    "/ledger.v1.ClaimService/SubmitClaims": "usage-attestation",
    "/ledger.v1.ClaimService/SubmitServiceClaim": "service-attestation",
    "/ledger.v1.ClaimService/Reconfirm": "reconfirmation",
    "/ledger.v1.ClaimService/SetClaimsAside": "claim-setting-aside",
    "/ledger.v1.RedemptionService/RegisterInvoice": "invoice-registration",
    "/ledger.v1.RedemptionService/RegisterPayment": "payment-registration",
    "/ledger.v1.RedemptionService/RequestRedemption": "redemption-request",
    "/ledger.v1.RedemptionService/VerifyRedemption": "redemption-verification",
    "/ledger.v1.RedemptionService/ApproveRedemption": "redemption-approval",
    "/ledger.v1.RedemptionService/OrderPayment": "payment-order",
    "/ledger.v1.RedemptionService/ConfirmPayment": "payment-confirmation",
    "/ledger.v1.RedemptionService/FailPayment": "payment-failure",
    "/ledger.v1.RedemptionService/CancelInvoice": "invoice-cancellation",
    "/ledger.v1.RedemptionService/OpenClawback": "clawback-opening",
    "/ledger.v1.RedemptionService/NotifyClawback": "clawback-notice",
    "/ledger.v1.RedemptionService/AppealClawback": "clawback-appeal",
    "/ledger.v1.RedemptionService/DetermineClawback": "clawback-determination",
    "/ledger.v1.RedemptionService/ReceiveRepayment": "repayment-receipt",
    "/ledger.v1.RedemptionService/ImposeFine": "fine",
    "/ledger.v1.RedemptionService/WriteOffRecoverable": "write-off",
}
