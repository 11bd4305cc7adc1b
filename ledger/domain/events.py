"""What happened: the payload of every event, in the past tense.

An event says only what the ledger derived; what people stated is in their signed statements. Field names
are those of the protobuf messages. This module must not decide anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.rejections import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerOpened:
    """The ledger was opened: index 0, the only event whose authority is not an earlier leaf."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerAppointed:
    """An officer was appointed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRegistered:
    """A key was registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRetired:
    """A key was retired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRevoked:
    """A key was revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRegistered:
    """A certificate was registered; it replaces the owner's earlier one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantRegistered:
    """A participant was registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAdmitted:
    """A provider was admitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesRegistered:
    """Devices were registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeOpened:
    """A programme was opened and its appropriation posted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPublished:
    """A policy version is in force from this leaf on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractRegistered:
    """A contract was registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRegistered:
    """An invoice was registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRegistered:
    """A payment was registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationSubmitted:
    """An application was submitted."""

    startup: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherIssued:
    """A voucher was issued, bound to its provider and contract, and its face encumbered."""

    face_fen: int
    valid_from_day: int
    valid_until_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherExpired:
    """A voucher expired and what was unused went back to the appropriation."""

    voucher_id: bytes
    released_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherClosed:
    """Nothing is left on a voucher and all is paid."""

    voucher_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimAccepted:
    """A claim was accepted: its usage counts, its devices are occupied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRefused:
    """A validly signed claim was refused by the ledger's state; the claim id is spent."""

    claim_id: bytes
    voucher_id: bytes
    provider_id: bytes
    payload_digest: bytes
    reason: Reason
    conflicting_index: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionRequested:
    """A redemption was requested; its evidence is consumed."""

    base_fen: int
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionVerified:
    """A redemption was verified."""

    base_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionApproved:
    """A redemption was approved; the second approval obligates the money."""

    approvals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOrdered:
    """A payment was ordered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentConfirmed:
    """A payment was made and disbursed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFailed:
    """A payment failed; it may be ordered again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderStandingChanged:
    """The standing of a provider changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingDeclared:
    """A holding was declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationCorrected:
    """A revocation was corrected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalDataErased:
    """Personal data was erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarPublished:
    """A calendar is in force from this leaf on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FundsAllocated:
    """Money was allocated to the queue; one VoucherAllotted follows for each grant of it, in order."""

    queued_fen: int
    available_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherAllotted:
    """A queued grant got its share; with a face of 0 no voucher is issued."""

    voucher_id: bytes
    face_fen: int
    valid_from_day: int
    valid_until_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantQueued:
    """A grant waits for the allocation of its window (PRO_RATA)."""

    entitlement_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideSupportDeclared:
    """Other public money was declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceCancelled:
    """An invoice was red-lettered or is void."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceRegistered:
    """An acceptance paper was registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardApplied:
    """An award was applied for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationReturned:
    """An application was returned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationResubmitted:
    """A returned application was submitted again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationChecked:
    """An application was formally checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationReviewed:
    """An application was reviewed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationPublicised:
    """The public notice of an application started."""

    last_notice_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionRecorded:
    """An objection was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionDecided:
    """An objection was decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRejected:
    """An application was rejected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationWithdrawn:
    """An application was withdrawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherHeld:
    """A voucher was held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldReleased:
    """A hold ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherRevoked:
    """A voucher was revoked and what was unused went back to the appropriation."""

    released_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceClaimAccepted:
    """A claim for a model service or a corpus was accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconfirmed:
    """What was in doubt was confirmed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsSetAside:
    """Disputed claims were set aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClawbackOpened:
    """A clawback was opened.

    The beneficiary's other vouchers are held until it is repaid or written off.
    """

    entitlement_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClawbackNotified:
    """The beneficiary was notified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClawbackAppealed:
    """The beneficiary appealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClawbackDetermined:
    """What is to be paid back was determined."""

    entitlement_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RepaymentReceived:
    """A repayment was received."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FineImposed:
    """A fine was imposed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverableWrittenOff:
    """What was outstanding was written off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotasPublished:
    """The server's daily quotas from this leaf on; a day is a day in China Standard Time."""

    refusals_per_day: int
    claims_per_day: int
    bytes_per_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalsSuppressed:
    """Statements of a participant that were over a quota on one day, and so are not in the record."""

    participant_id: bytes
    day: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StateDigested:
    """The state after all events before this one, digested."""

    digest: bytes
