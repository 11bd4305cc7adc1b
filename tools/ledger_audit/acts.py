"""The closed registries of format version 1: event types, their acts, statement classes and premise kinds.

It must not judge anything. The table is that of docs/reference/format.md, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from ledger.v1 import (
    claim_pb2,
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
    Act("certificate_registered", "certificate-registration", registry_pb2.CertificateRegistration),
    Act("participant_registered", "participant-registration", registry_pb2.ParticipantRegistration),
    Act("provider_admitted", "provider-admission", registry_pb2.ProviderAdmission),
    Act("devices_registered", "device-registration", registry_pb2.DeviceRegistration),
    Act("programme_opened", "programme-opening", programme_pb2.ProgrammeOpening),
    Act("policy_published", "policy-publication", programme_pb2.PolicyPublication),
    Act("contract_registered", "contract-registration", contract_pb2.ContractRegistration),
    Act("invoice_registered", "invoice-registration", contract_pb2.InvoiceRegistration),
    Act("payment_registered", "payment-registration", contract_pb2.PaymentRegistration),
    Act("application_submitted", "application-submission", voucher_pb2.ApplicationSubmission),
    Act("voucher_issued", "voucher-grant", voucher_pb2.VoucherGrant),
    Act("voucher_expired", "", None),
    Act("voucher_closed", "", None),
    Act("claim_accepted", "usage-attestation", claim_pb2.UsageAttestation),
    Act("claim_refused", "", None),
    Act("redemption_requested", "redemption-request", redemption_pb2.RedemptionRequest),
    Act("redemption_verified", "redemption-verification", redemption_pb2.RedemptionVerification),
    Act("redemption_approved", "redemption-approval", redemption_pb2.RedemptionApproval),
    Act("payment_ordered", "payment-order", redemption_pb2.PaymentOrder),
    Act("payment_confirmed", "payment-confirmation", redemption_pb2.PaymentConfirmation),
    Act("payment_failed", "payment-failure", redemption_pb2.PaymentFailure),
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
