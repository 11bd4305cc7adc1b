"""The acts: one name, one statement and one RPC for each thing that people sign.

This table is what makes a payload type, and what finds the RPC for an envelope. It must not sign or send.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Final, TypeAlias

from ledger.errors import MalformedError
from ledger.v1 import (
    application_pb2,
    application_service_pb2,
    claim_pb2,
    claim_service_pb2,
    clawback_pb2,
    contract_pb2,
    genesis_pb2,
    programme_pb2,
    programme_service_pb2,
    redemption_pb2,
    redemption_service_pb2,
    registry_pb2,
    registry_service_pb2,
    voucher_pb2,
    voucher_service_pb2,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.message import Message

Statement: TypeAlias = (
    genesis_pb2.Genesis
    | registry_pb2.OfficerAppointment
    | registry_pb2.KeyRegistration
    | registry_pb2.KeyRetirement
    | registry_pb2.KeyRevocation
    | registry_pb2.RevocationCorrection
    | registry_pb2.CertificateRegistration
    | registry_pb2.ParticipantRegistration
    | registry_pb2.ProviderAdmission
    | registry_pb2.ProviderStandingChange
    | registry_pb2.HoldingDeclaration
    | registry_pb2.PersonalDataErasure
    | registry_pb2.DeviceRegistration
    | programme_pb2.ProgrammeOpening
    | programme_pb2.PolicyPublication
    | programme_pb2.CalendarPublication
    | programme_pb2.FundAllocation
    | contract_pb2.ContractRegistration
    | contract_pb2.AcceptanceRegistration
    | contract_pb2.OutsideSupportDeclaration
    | application_pb2.ApplicationSubmission
    | application_pb2.AwardApplication
    | application_pb2.ApplicationReturn
    | application_pb2.ApplicationResubmission
    | application_pb2.ApplicationCheck
    | application_pb2.ApplicationReview
    | application_pb2.ApplicationPublication
    | application_pb2.ObjectionRecord
    | application_pb2.ObjectionDecision
    | application_pb2.ApplicationRejection
    | application_pb2.ApplicationWithdrawal
    | voucher_pb2.VoucherGrant
    | voucher_pb2.VoucherHold
    | voucher_pb2.HoldRelease
    | voucher_pb2.VoucherRevocation
    | claim_pb2.UsageAttestation
    | claim_pb2.ServiceAttestation
    | claim_pb2.ClaimSettingAside
    | claim_pb2.Reconfirmation
    | contract_pb2.InvoiceRegistration
    | contract_pb2.PaymentRegistration
    | contract_pb2.InvoiceCancellation
    | redemption_pb2.RedemptionRequest
    | redemption_pb2.RedemptionVerification
    | redemption_pb2.RedemptionApproval
    | redemption_pb2.PaymentOrder
    | redemption_pb2.PaymentConfirmation
    | redemption_pb2.PaymentFailure
    | clawback_pb2.ClawbackOpening
    | clawback_pb2.ClawbackNotice
    | clawback_pb2.ClawbackAppeal
    | clawback_pb2.ClawbackDetermination
    | clawback_pb2.RepaymentReceipt
    | clawback_pb2.Fine
    | clawback_pb2.WriteOff
)

_TYPE_PREFIX: Final = "application/vnd.voucher-ledger."
_TYPE_SUFFIX: Final = ".v1+protobuf"
_PACKAGE: Final = "ledger.v1"
_SERVICES: Final[Mapping[str, ModuleType]] = MappingProxyType(
    {
        "ApplicationService": application_service_pb2,
        "ClaimService": claim_service_pb2,
        "ProgrammeService": programme_service_pb2,
        "RedemptionService": redemption_service_pb2,
        "RegistryService": registry_service_pb2,
        "VoucherService": voucher_service_pb2,
    }
)


@dataclass(frozen=True, slots=True)
class Act:
    """One act: its name, the statement that is signed, and the RPC, `Service/Method`, that takes it."""

    name: str
    statement: type[Statement]
    rpc: str = ""

    @property
    def payload_type(self) -> str:
        """The DSSE payload type of the statement."""
        return f"{_TYPE_PREFIX}{self.name}{_TYPE_SUFFIX}"

    @property
    def path(self) -> str:
        """The gRPC path of the RPC; empty for the genesis, which no server takes."""
        return f"/{_PACKAGE}.{self.rpc}" if self.rpc else ""

    @property
    def request(self) -> type[Message] | None:
        """The RPC's request, an envelope and a level of acknowledgement; None for the genesis."""
        return self._message("Request")

    @property
    def response(self) -> type[Message] | None:
        """The RPC's response, a receipt; None for the genesis."""
        return self._message("Response")

    def _message(self, suffix: str) -> type[Message] | None:
        if not self.rpc:
            return None
        service, method = self.rpc.split("/")
        message: type[Message] = getattr(_SERVICES[service], f"{method}{suffix}")
        return message


ACTS: Final[tuple[Act, ...]] = (
    Act("genesis", genesis_pb2.Genesis),
    Act("officer-appointment", registry_pb2.OfficerAppointment, "RegistryService/AppointOfficer"),
    Act("key-registration", registry_pb2.KeyRegistration, "RegistryService/RegisterKey"),
    Act("key-retirement", registry_pb2.KeyRetirement, "RegistryService/RetireKey"),
    Act("key-revocation", registry_pb2.KeyRevocation, "RegistryService/RevokeKey"),
    Act("revocation-correction", registry_pb2.RevocationCorrection, "RegistryService/CorrectRevocation"),
    Act(
        "certificate-registration",
        registry_pb2.CertificateRegistration,
        "RegistryService/RegisterCertificate",
    ),
    Act(
        "participant-registration",
        registry_pb2.ParticipantRegistration,
        "RegistryService/RegisterParticipant",
    ),
    Act("provider-admission", registry_pb2.ProviderAdmission, "RegistryService/AdmitProvider"),
    Act("provider-standing", registry_pb2.ProviderStandingChange, "RegistryService/ChangeProviderStanding"),
    Act("holding-declaration", registry_pb2.HoldingDeclaration, "RegistryService/DeclareHolding"),
    Act("personal-data-erasure", registry_pb2.PersonalDataErasure, "RegistryService/ErasePersonalData"),
    Act("device-registration", registry_pb2.DeviceRegistration, "RegistryService/RegisterDevices"),
    Act("programme-opening", programme_pb2.ProgrammeOpening, "ProgrammeService/OpenProgramme"),
    Act("policy-publication", programme_pb2.PolicyPublication, "ProgrammeService/PublishPolicy"),
    Act("calendar-publication", programme_pb2.CalendarPublication, "ProgrammeService/PublishCalendar"),
    Act("fund-allocation", programme_pb2.FundAllocation, "ProgrammeService/AllocateFunds"),
    Act("contract-registration", contract_pb2.ContractRegistration, "ApplicationService/RegisterContract"),
    Act(
        "acceptance-registration",
        contract_pb2.AcceptanceRegistration,
        "ApplicationService/RegisterAcceptance",
    ),
    Act(
        "outside-support", contract_pb2.OutsideSupportDeclaration, "ApplicationService/DeclareOutsideSupport"
    ),
    Act(
        "application-submission",
        application_pb2.ApplicationSubmission,
        "ApplicationService/SubmitApplication",
    ),
    Act("award-application", application_pb2.AwardApplication, "ApplicationService/SubmitAwardApplication"),
    Act("application-return", application_pb2.ApplicationReturn, "ApplicationService/ReturnApplication"),
    Act(
        "application-resubmission",
        application_pb2.ApplicationResubmission,
        "ApplicationService/ResubmitApplication",
    ),
    Act("application-check", application_pb2.ApplicationCheck, "ApplicationService/CheckApplication"),
    Act("application-review", application_pb2.ApplicationReview, "ApplicationService/ReviewApplication"),
    Act(
        "application-publication",
        application_pb2.ApplicationPublication,
        "ApplicationService/PubliciseApplication",
    ),
    Act("objection-record", application_pb2.ObjectionRecord, "ApplicationService/RecordObjection"),
    Act("objection-decision", application_pb2.ObjectionDecision, "ApplicationService/DecideObjection"),
    Act(
        "application-rejection", application_pb2.ApplicationRejection, "ApplicationService/RejectApplication"
    ),
    Act(
        "application-withdrawal",
        application_pb2.ApplicationWithdrawal,
        "ApplicationService/WithdrawApplication",
    ),
    Act("voucher-grant", voucher_pb2.VoucherGrant, "VoucherService/IssueVoucher"),
    Act("voucher-hold", voucher_pb2.VoucherHold, "VoucherService/HoldVoucher"),
    Act("hold-release", voucher_pb2.HoldRelease, "VoucherService/ReleaseHold"),
    Act("voucher-revocation", voucher_pb2.VoucherRevocation, "VoucherService/RevokeVoucher"),
    Act("usage-attestation", claim_pb2.UsageAttestation, "ClaimService/SubmitClaim"),
    Act("service-attestation", claim_pb2.ServiceAttestation, "ClaimService/SubmitServiceClaim"),
    Act("claim-setting-aside", claim_pb2.ClaimSettingAside, "ClaimService/SetClaimsAside"),
    Act("reconfirmation", claim_pb2.Reconfirmation, "ClaimService/Reconfirm"),
    Act("invoice-registration", contract_pb2.InvoiceRegistration, "RedemptionService/RegisterInvoice"),
    Act("payment-registration", contract_pb2.PaymentRegistration, "RedemptionService/RegisterPayment"),
    Act("invoice-cancellation", contract_pb2.InvoiceCancellation, "RedemptionService/CancelInvoice"),
    Act("redemption-request", redemption_pb2.RedemptionRequest, "RedemptionService/RequestRedemption"),
    Act(
        "redemption-verification", redemption_pb2.RedemptionVerification, "RedemptionService/VerifyRedemption"
    ),
    Act("redemption-approval", redemption_pb2.RedemptionApproval, "RedemptionService/ApproveRedemption"),
    Act("payment-order", redemption_pb2.PaymentOrder, "RedemptionService/OrderPayment"),
    Act("payment-confirmation", redemption_pb2.PaymentConfirmation, "RedemptionService/ConfirmPayment"),
    Act("payment-failure", redemption_pb2.PaymentFailure, "RedemptionService/FailPayment"),
    Act("clawback-opening", clawback_pb2.ClawbackOpening, "RedemptionService/OpenClawback"),
    Act("clawback-notice", clawback_pb2.ClawbackNotice, "RedemptionService/NotifyClawback"),
    Act("clawback-appeal", clawback_pb2.ClawbackAppeal, "RedemptionService/AppealClawback"),
    Act("clawback-determination", clawback_pb2.ClawbackDetermination, "RedemptionService/DetermineClawback"),
    Act("repayment-receipt", clawback_pb2.RepaymentReceipt, "RedemptionService/ReceiveRepayment"),
    Act("fine", clawback_pb2.Fine, "RedemptionService/ImposeFine"),
    Act("write-off", clawback_pb2.WriteOff, "RedemptionService/WriteOffRecoverable"),
)


def act_named(name: str) -> Act:
    """The act of that name, for example `usage-attestation`; MalformedError for any other."""
    for act in ACTS:
        if act.name == name:
            return act
    raise MalformedError(f"no act {name[:60]!a}", hint=f"allowed: {', '.join(act.name for act in ACTS)}")


def act_of(payload_type: str) -> Act:
    """The act of a DSSE payload type; MalformedError for one that is not in the table."""
    if payload_type.startswith(_TYPE_PREFIX) and payload_type.endswith(_TYPE_SUFFIX):
        return act_named(payload_type[len(_TYPE_PREFIX) : -len(_TYPE_SUFFIX)])
    raise MalformedError(
        f"payload type {payload_type[:80]!a} is not of this ledger",
        hint=f"allowed: {_TYPE_PREFIX}ACT{_TYPE_SUFFIX}",
    )


def payload_type(act: str) -> str:
    """The DSSE payload type of the act of that name; MalformedError for any other name."""
    return act_named(act).payload_type
