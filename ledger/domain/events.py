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
