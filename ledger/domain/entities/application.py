"""Contracts and the applications on them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.domain.entities.programme import Policy
    from ledger.domain.statements import ContractRegistration


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A registered contract."""

    registration: ContractRegistration
    index: int
    unit_prices_fen: dict[str, int]

    def price_fen(self, model: str) -> int | None:
        """Agreed price of a card-hour, fen; None where the contract prices other models only."""
        return self.unit_prices_fen.get(model, self.unit_prices_fen.get(""))


class ApplicationState(IntEnum):
    """Where an application stands."""

    SUBMITTED = 1
    GRANTED = 2
    RETURNED = 3
    CHECKED = 4
    REVIEWED = 5
    PUBLICISED = 6
    REJECTED = 7
    WITHDRAWN = 8
    QUEUED = 9
    UNFUNDED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application on one contract, or for an open-data award without one.

    `handled_by` are the person tags of the clerk who checked and the reviewer who reviewed it last.
    """

    application_id: bytes
    programme_id: bytes
    contract_id: bytes
    beneficiary_id: bytes
    startup: bool
    index: int
    subject_index: int
    subject_hash: bytes
    state: ApplicationState = ApplicationState.SUBMITTED
    award: bool = False
    proposed_fen: int = 0
    last_notice_day: int | None = None
    notice_index: int | None = None
    objection_ids: tuple[bytes, ...] = ()
    open_objections: int = 0
    handled_by: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """An objection against an application."""

    objection_id: bytes
    application_id: bytes
    index: int
    leaf_hash: bytes
    decided: bool = False
    upheld: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedGrant:
    """A grant that waits for the allocation of its window, with the policy in force when it was made."""

    voucher_id: bytes
    application_id: bytes
    entitlement_fen: int
    policy: Policy
    index: int
