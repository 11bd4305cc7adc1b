"""Vouchers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.domain.entities.programme import Policy
    from ledger.domain.vocabulary import Role


class VoucherState(IntEnum):
    """Where a voucher stands."""

    ACTIVE = 1
    EXPIRED = 2
    CLOSED = 3
    REVOKED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """An issued voucher, bound to one provider and one contract (rule I7); one for an award has neither."""

    voucher_id: bytes
    programme_id: bytes
    application_id: bytes
    beneficiary_id: bytes
    provider_id: bytes
    contract_id: bytes
    contract_digest: bytes
    startup: bool
    policy: Policy
    valid_from_day: int
    valid_until_day: int
    index: int
    issue_hash: bytes
    state: VoucherState = VoucherState.ACTIVE
    held_by: frozenset[Role] = frozenset()
    redemption_ids: tuple[bytes, ...] = ()

    @property
    def award(self) -> bool:
        """Whether it pays an open-data award."""
        return not self.contract_id
