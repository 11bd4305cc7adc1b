"""The acts: one name, one statement and one RPC for each thing that people sign.

This table is what makes a payload type, and what finds the RPC for an envelope. It must not sign or send.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ledger.errors import MalformedError
from ledger.v1 import (
    application_service_pb2 as application_api,
)
from ledger.v1 import (
    claim_pb2,
    claim_service_pb2,
    contract_pb2,
    genesis_pb2,
    programme_pb2,
    programme_service_pb2,
    redemption_pb2,
    registry_pb2,
    voucher_pb2,
    voucher_service_pb2,
)
from ledger.v1 import redemption_service_pb2 as redemption_api
from ledger.v1 import registry_service_pb2 as registry_api

if TYPE_CHECKING:
    from google.protobuf.message import Message

Statement: TypeAlias = (
    genesis_pb2.Genesis
    | registry_pb2.OfficerAppointment
    | registry_pb2.KeyRegistration
    | registry_pb2.KeyRetirement
    | registry_pb2.KeyRevocation
    | registry_pb2.CertificateRegistration
    | registry_pb2.ParticipantRegistration
    | registry_pb2.ProviderAdmission
    | registry_pb2.DeviceRegistration
    | programme_pb2.ProgrammeOpening
    | programme_pb2.PolicyPublication
    | contract_pb2.ContractRegistration
    | contract_pb2.InvoiceRegistration
    | contract_pb2.PaymentRegistration
    | voucher_pb2.ApplicationSubmission
    | voucher_pb2.VoucherGrant
    | claim_pb2.UsageAttestation
    | redemption_pb2.RedemptionRequest
    | redemption_pb2.RedemptionVerification
    | redemption_pb2.RedemptionApproval
    | redemption_pb2.PaymentOrder
    | redemption_pb2.PaymentConfirmation
    | redemption_pb2.PaymentFailure
)

_TYPE_PREFIX = "application/vnd.voucher-ledger."
_TYPE_SUFFIX = ".v1+protobuf"
_SERVICES = "ledger.v1"


@dataclass(frozen=True, slots=True)
class Act:
    """One act: its name, the statement that is signed, and the RPC that takes the envelope."""

    name: str
    statement: type[Statement]
    rpc: str = ""
    request: type[Message] | None = None
    response: type[Message] | None = None

    @property
    def payload_type(self) -> str:
        """The DSSE payload type of the statement."""
        return f"{_TYPE_PREFIX}{self.name}{_TYPE_SUFFIX}"

    @property
    def path(self) -> str:
        """The gRPC path of the RPC; empty for the genesis, which no server takes."""
        return f"/{_SERVICES}.{self.rpc}" if self.rpc else ""


def _act(name: str, statement: type[Statement], service: str, method: str, module: object) -> Act:
    return Act(
        name,
        statement,
        f"{service}/{method}",
        getattr(module, f"{method}Request"),
        getattr(module, f"{method}Response"),
    )


ACTS: tuple[Act, ...] = (
    Act("genesis", genesis_pb2.Genesis),
    _act(
        "officer-appointment",
        registry_pb2.OfficerAppointment,
        "RegistryService",
        "AppointOfficer",
        registry_api,
    ),
    _act("key-registration", registry_pb2.KeyRegistration, "RegistryService", "RegisterKey", registry_api),
    _act("key-retirement", registry_pb2.KeyRetirement, "RegistryService", "RetireKey", registry_api),
    _act("key-revocation", registry_pb2.KeyRevocation, "RegistryService", "RevokeKey", registry_api),
    _act(
        "certificate-registration",
        registry_pb2.CertificateRegistration,
        "RegistryService",
        "RegisterCertificate",
        registry_api,
    ),
    _act(
        "participant-registration",
        registry_pb2.ParticipantRegistration,
        "RegistryService",
        "RegisterParticipant",
        registry_api,
    ),
    _act(
        "provider-admission", registry_pb2.ProviderAdmission, "RegistryService", "AdmitProvider", registry_api
    ),
    _act(
        "device-registration",
        registry_pb2.DeviceRegistration,
        "RegistryService",
        "RegisterDevices",
        registry_api,
    ),
    _act(
        "programme-opening",
        programme_pb2.ProgrammeOpening,
        "ProgrammeService",
        "OpenProgramme",
        programme_service_pb2,
    ),
    _act(
        "policy-publication",
        programme_pb2.PolicyPublication,
        "ProgrammeService",
        "PublishPolicy",
        programme_service_pb2,
    ),
    _act(
        "contract-registration",
        contract_pb2.ContractRegistration,
        "ApplicationService",
        "RegisterContract",
        application_api,
    ),
    _act(
        "invoice-registration",
        contract_pb2.InvoiceRegistration,
        "RedemptionService",
        "RegisterInvoice",
        redemption_api,
    ),
    _act(
        "payment-registration",
        contract_pb2.PaymentRegistration,
        "RedemptionService",
        "RegisterPayment",
        redemption_api,
    ),
    _act(
        "application-submission",
        voucher_pb2.ApplicationSubmission,
        "ApplicationService",
        "SubmitApplication",
        application_api,
    ),
    _act("voucher-grant", voucher_pb2.VoucherGrant, "VoucherService", "IssueVoucher", voucher_service_pb2),
    _act("usage-attestation", claim_pb2.UsageAttestation, "ClaimService", "SubmitClaim", claim_service_pb2),
    _act(
        "redemption-request",
        redemption_pb2.RedemptionRequest,
        "RedemptionService",
        "RequestRedemption",
        redemption_api,
    ),
    _act(
        "redemption-verification",
        redemption_pb2.RedemptionVerification,
        "RedemptionService",
        "VerifyRedemption",
        redemption_api,
    ),
    _act(
        "redemption-approval",
        redemption_pb2.RedemptionApproval,
        "RedemptionService",
        "ApproveRedemption",
        redemption_api,
    ),
    _act("payment-order", redemption_pb2.PaymentOrder, "RedemptionService", "OrderPayment", redemption_api),
    _act(
        "payment-confirmation",
        redemption_pb2.PaymentConfirmation,
        "RedemptionService",
        "ConfirmPayment",
        redemption_api,
    ),
    _act(
        "payment-failure", redemption_pb2.PaymentFailure, "RedemptionService", "FailPayment", redemption_api
    ),
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
