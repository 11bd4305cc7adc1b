"""Who may call what: one row an RPC, and nothing for a method without a row.

A row gives access, never authority: whether an act is lawful is decided by its signatures and the rules.
Decisions on applications, vouchers, claims, redemptions and clawbacks admit every officer, so that it is a
rule that refuses the wrong one (rule I12).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Caller(StrEnum):
    """As what somebody calls; officers have their office, participants what they may become."""

    KEY_ADMINISTRATOR = "KEY_ADMINISTRATOR"
    CLERK = "CLERK"
    REVIEWER = "REVIEWER"
    APPROVER = "APPROVER"
    PAYER = "PAYER"
    AUDITOR = "AUDITOR"
    OPERATOR = "OPERATOR"
    BENEFICIARY = "BENEFICIARY"
    PROVIDER = "PROVIDER"
    ANYONE = "ANYONE"


Row = frozenset[Caller]

PUBLIC: Row = frozenset({Caller.ANYONE})
OFFICERS: Row = frozenset(
    {
        Caller.KEY_ADMINISTRATOR,
        Caller.CLERK,
        Caller.REVIEWER,
        Caller.APPROVER,
        Caller.PAYER,
        Caller.AUDITOR,
        Caller.OPERATOR,
    }
)
PARTICIPANTS: Row = frozenset({Caller.BENEFICIARY, Caller.PROVIDER})
EVERY_ROLE: Row = OFFICERS | PARTICIPANTS
KEY_OFFICE: Row = frozenset({Caller.KEY_ADMINISTRATOR, Caller.OPERATOR})
CLERK: Row = frozenset({Caller.CLERK})
CASE_OFFICE: Row = frozenset({Caller.CLERK, Caller.APPROVER})
BENEFICIARY: Row = frozenset({Caller.BENEFICIARY})
PROVIDER: Row = frozenset({Caller.PROVIDER})
NOBODY: Row = frozenset()

ACCESS: Mapping[str, Row] = {
    "/ledger.v1.RegistryService/AppointOfficer": KEY_OFFICE,
    "/ledger.v1.RegistryService/RegisterKey": KEY_OFFICE,
    "/ledger.v1.RegistryService/RetireKey": KEY_OFFICE,
    "/ledger.v1.RegistryService/RevokeKey": EVERY_ROLE,
    "/ledger.v1.RegistryService/RegisterCertificate": KEY_OFFICE,
    "/ledger.v1.RegistryService/RegisterParticipant": CLERK,
    "/ledger.v1.RegistryService/AdmitProvider": CASE_OFFICE,
    "/ledger.v1.RegistryService/RegisterDevices": frozenset({Caller.PROVIDER, Caller.CLERK}),
    "/ledger.v1.RegistryService/ListParticipants": EVERY_ROLE,
    "/ledger.v1.RegistryService/ListDevices": EVERY_ROLE,
    "/ledger.v1.RegistryService/ChangeProviderStanding": CASE_OFFICE,
    "/ledger.v1.RegistryService/DeclareHolding": CLERK,
    "/ledger.v1.RegistryService/CorrectRevocation": KEY_OFFICE,
    "/ledger.v1.RegistryService/ErasePersonalData": CLERK,
    "/ledger.v1.RegistryService/ListHoldings": EVERY_ROLE,
    "/ledger.v1.ProgrammeService/OpenProgramme": CASE_OFFICE,
    "/ledger.v1.ProgrammeService/PublishPolicy": CASE_OFFICE,
    "/ledger.v1.ProgrammeService/ListProgrammes": EVERY_ROLE,
    "/ledger.v1.ProgrammeService/PublishCalendar": CASE_OFFICE,
    "/ledger.v1.ProgrammeService/AllocateFunds": CASE_OFFICE,
    "/ledger.v1.ProgrammeService/ListCalendars": EVERY_ROLE,
    "/ledger.v1.ApplicationService/RegisterContract": PARTICIPANTS,
    "/ledger.v1.ApplicationService/SubmitApplication": BENEFICIARY,
    "/ledger.v1.ApplicationService/ListContracts": EVERY_ROLE,
    "/ledger.v1.ApplicationService/ListApplications": EVERY_ROLE,
    "/ledger.v1.ApplicationService/DeclareOutsideSupport": OFFICERS,
    "/ledger.v1.ApplicationService/RegisterAcceptance": BENEFICIARY,
    "/ledger.v1.ApplicationService/SubmitAwardApplication": BENEFICIARY,
    "/ledger.v1.ApplicationService/ReturnApplication": OFFICERS,
    "/ledger.v1.ApplicationService/ResubmitApplication": BENEFICIARY,
    "/ledger.v1.ApplicationService/CheckApplication": OFFICERS,
    "/ledger.v1.ApplicationService/ReviewApplication": OFFICERS,
    "/ledger.v1.ApplicationService/PubliciseApplication": OFFICERS,
    "/ledger.v1.ApplicationService/RecordObjection": OFFICERS,
    "/ledger.v1.ApplicationService/DecideObjection": OFFICERS,
    "/ledger.v1.ApplicationService/RejectApplication": OFFICERS,
    "/ledger.v1.ApplicationService/WithdrawApplication": BENEFICIARY,
    "/ledger.v1.ApplicationService/GetApplication": EVERY_ROLE,
    "/ledger.v1.VoucherService/IssueVoucher": OFFICERS,
    "/ledger.v1.VoucherService/ExpireVoucher": OFFICERS,
    "/ledger.v1.VoucherService/GetVoucher": EVERY_ROLE,
    "/ledger.v1.VoucherService/ListVouchers": EVERY_ROLE,
    "/ledger.v1.VoucherService/HoldVoucher": OFFICERS,
    "/ledger.v1.VoucherService/ReleaseHold": OFFICERS,
    "/ledger.v1.VoucherService/RevokeVoucher": OFFICERS,
    "/ledger.v1.ClaimService/SubmitClaim": PROVIDER,
    "/ledger.v1.ClaimService/SubmitClaims": PROVIDER,
    "/ledger.v1.ClaimService/GetClaim": EVERY_ROLE,
    "/ledger.v1.ClaimService/ListClaims": EVERY_ROLE,
    "/ledger.v1.ClaimService/SubmitServiceClaim": PROVIDER,
    "/ledger.v1.ClaimService/Reconfirm": OFFICERS,
    "/ledger.v1.ClaimService/SetClaimsAside": OFFICERS,
    "/ledger.v1.RedemptionService/RegisterInvoice": PROVIDER,
    "/ledger.v1.RedemptionService/RegisterPayment": BENEFICIARY,
    "/ledger.v1.RedemptionService/RequestRedemption": BENEFICIARY,
    "/ledger.v1.RedemptionService/VerifyRedemption": OFFICERS,
    "/ledger.v1.RedemptionService/ApproveRedemption": OFFICERS,
    "/ledger.v1.RedemptionService/OrderPayment": OFFICERS,
    "/ledger.v1.RedemptionService/ConfirmPayment": OFFICERS,
    "/ledger.v1.RedemptionService/FailPayment": OFFICERS,
    "/ledger.v1.RedemptionService/GetRedemption": EVERY_ROLE,
    "/ledger.v1.RedemptionService/ListRedemptions": EVERY_ROLE,
    "/ledger.v1.RedemptionService/ListEvidence": EVERY_ROLE,
    "/ledger.v1.RedemptionService/CancelInvoice": OFFICERS,
    "/ledger.v1.RedemptionService/OpenClawback": OFFICERS,
    "/ledger.v1.RedemptionService/NotifyClawback": OFFICERS,
    "/ledger.v1.RedemptionService/AppealClawback": BENEFICIARY,
    "/ledger.v1.RedemptionService/DetermineClawback": OFFICERS,
    "/ledger.v1.RedemptionService/ReceiveRepayment": OFFICERS,
    "/ledger.v1.RedemptionService/ImposeFine": OFFICERS,
    "/ledger.v1.RedemptionService/WriteOffRecoverable": OFFICERS,
    "/ledger.v1.RedemptionService/GetClawback": EVERY_ROLE,
    "/ledger.v1.RedemptionService/ListClawbacks": EVERY_ROLE,
    "/ledger.v1.LogService/GetLedger": PUBLIC,
    "/ledger.v1.LogService/GetCheckpoint": PUBLIC,
    "/ledger.v1.LogService/GetTile": PUBLIC,
    # Both proofs follow from public tiles, and witnesses have no role.
    "/ledger.v1.LogService/GetInclusionProof": PUBLIC,
    "/ledger.v1.LogService/GetConsistencyProof": PUBLIC,
    "/ledger.v1.LogService/ListEntries": EVERY_ROLE,
    "/ledger.v1.LogService/GetReceipt": EVERY_ROLE,
    "/ledger.v1.SubscriptionService/Subscribe": EVERY_ROLE,
    "/ledger.v1.OperationService/SetClock": frozenset({Caller.OPERATOR}),
    "/grpc.health.v1.Health/Check": PUBLIC,
    "/grpc.health.v1.Health/List": PUBLIC,
    "/grpc.health.v1.Health/Watch": PUBLIC,
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": PUBLIC,
}


ENTRIES = "/ledger.v1.LogService/ListEntries"
"""The one method that an operator may open to anyone."""


def admitted_to(method: str, *, open_entries: bool = False) -> Row:
    """Who may call the method; nobody if it has no row."""
    return PUBLIC if open_entries and method == ENTRIES else ACCESS.get(method, NOBODY)
