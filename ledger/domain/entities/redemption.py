"""Redemptions and the clawbacks that may follow."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.quantities import BP_FULL

if TYPE_CHECKING:
    from ledger.domain.vocabulary import ClawbackCause


class RedemptionState(IntEnum):
    """Where a redemption stands."""

    REQUESTED = 1
    VERIFIED = 2
    APPROVED_ONCE = 3
    APPROVED = 4
    ORDERED = 5
    PAID = 6


class Signing(NamedTuple):
    """An officer's signature that a redemption rests on (rule I12).

    A cleared one was in doubt and reconfirmed: it stands whatever becomes of its key.
    """

    key_id: bytes
    person_tag: bytes
    signed_ms: int
    cleared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """A redemption; `decided_by` are the signatures of reviewer, both approvers and payers, in this order.

    `invoices` are (fingerprint, amount used).
    """

    redemption_id: bytes
    voucher_id: bytes
    claim_ids: tuple[bytes, ...]
    invoices: tuple[tuple[bytes, int], ...]
    payments_fen: int
    instalments_bp: tuple[int, ...]
    payee_commitment: bytes
    base_fen: int
    amount_fen: int
    index: int
    state: RedemptionState = RedemptionState.REQUESTED
    subject_index: int
    subject_hash: bytes
    verification_index: int | None = None
    first_approval_index: int | None = None
    second_approval_index: int | None = None
    second_approval_hash: bytes = b""
    decided_by: tuple[Signing, ...] = ()
    paid_count: int = 0
    attempt: int = 0
    clawed_back_fen: int = 0
    open_clawback: bool = False

    def instalments_fen(self) -> tuple[int, ...]:
        """Amounts of the instalments: floors, and the rest for the last."""
        parts = [bp * self.amount_fen // BP_FULL for bp in self.instalments_bp[:-1]]
        return (*parts, self.amount_fen - sum(parts))


class ClawbackState(IntEnum):
    """Where a clawback stands."""

    OPENED = 1
    NOTIFIED = 2
    APPEALED = 3
    DETERMINED = 4
    PARTLY_RECOVERED = 5
    RECOVERED = 6
    WRITTEN_OFF = 7
    CLOSED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Clawback:
    """Money of one paid redemption that is claimed back; fines are apart."""

    clawback_id: bytes
    redemption_id: bytes
    voucher_id: bytes
    beneficiary_id: bytes
    cause: ClawbackCause
    index: int
    subject_index: int
    subject_hash: bytes
    state: ClawbackState = ClawbackState.OPENED
    determined_fen: int = 0
    repaid_fen: int = 0
    written_off_fen: int = 0
    fines_fen: int = 0

    @property
    def outstanding_fen(self) -> int:
        """What is still to be paid back, fen."""
        return self.determined_fen - self.repaid_fen - self.written_off_fen
