"""Which act each writing RPC records: one table, by full method name.

A method of this table takes an envelope and answers with a receipt; the writer does the rest. Who may call
it stands in the table of access.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger_server.methods import METHODS

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
    "/ledger.v1.ProgrammeService/OpenProgramme": "programme-opening",
    "/ledger.v1.ProgrammeService/PublishPolicy": "policy-publication",
    "/ledger.v1.ApplicationService/RegisterContract": "contract-registration",
    "/ledger.v1.ApplicationService/SubmitApplication": "application-submission",
    "/ledger.v1.VoucherService/IssueVoucher": "voucher-grant",
    "/ledger.v1.ClaimService/SubmitClaim": "usage-attestation",
    "/ledger.v1.ClaimService/SubmitClaims": "usage-attestation",
    "/ledger.v1.RedemptionService/RegisterInvoice": "invoice-registration",
    "/ledger.v1.RedemptionService/RegisterPayment": "payment-registration",
    "/ledger.v1.RedemptionService/RequestRedemption": "redemption-request",
    "/ledger.v1.RedemptionService/VerifyRedemption": "redemption-verification",
    "/ledger.v1.RedemptionService/ApproveRedemption": "redemption-approval",
    "/ledger.v1.RedemptionService/OrderPayment": "payment-order",
    "/ledger.v1.RedemptionService/ConfirmPayment": "payment-confirmation",
    "/ledger.v1.RedemptionService/FailPayment": "payment-failure",
}


def acts_by_request() -> dict[str, str]:
    """The act by the full name of the request message, as a handler knows it."""
    return {METHODS[method].input_type.full_name: act for method, act in ACTS.items()}
