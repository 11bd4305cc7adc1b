"""The entities that the ledger's state consists of, as immutable values.

Totals are not here but in the link heads (`state.State.heads`); facts that grow without bound are rows
(`Claim`, `Evidence`, `Interval`) that the store keeps. This module must not decide anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.quantities import BP_FULL

if TYPE_CHECKING:
    from ledger.domain.policy import Instrument, Origin, PolicyParameters
    from ledger.domain.statements import ContractRegistration
    from ledger.domain.vocabulary import Clock, ParticipantKind, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerInfo:
    """What the genesis fixed for ever."""

    ledger_id: bytes
    origin: str
    clock: Clock
    root_threshold: int
    root_persons: dict[bytes, bytes]
    bureau_ids: frozenset[bytes]
    genesis_leaf_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A registered key; `owner_id` is empty for a root."""

    key_id: bytes
    algorithm: str
    public_key: bytes
    owner_id: bytes
    registered_index: int
    until_ms: int | None = None
    invalid_since_ms: int | None = None

    def active_at(self, recorded_ms: int) -> bool:
        """Whether it may sign an event that is recorded now (rule I20)."""
        return self.invalid_since_ms is None and (self.until_ms is None or recorded_ms <= self.until_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """An officer of a bureau."""

    officer_id: bytes
    bureau_id: bytes
    role: Role
    person_tag: bytes
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """A registered participant."""

    participant_id: bytes
    kind: ParticipantKind
    credit_code: str
    person_tag: bytes
    registered_day: int
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A provider's admission."""

    index: int
    batch: int
    items: tuple[str, ...]
    from_day: int


class Device(NamedTuple):
    """A registered device."""

    provider_id: bytes
    vendor: str
    model: str
    origin: Origin
    registered_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """A programme of one bureau, instrument and fiscal year."""

    programme_id: bytes
    bureau_id: bytes
    instrument: Instrument
    fiscal_year: int
    appropriation_fen: int
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy version and the leaf that put it in force."""

    index: int
    version: int
    parameters: PolicyParameters


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application on one contract."""

    application_id: bytes
    programme_id: bytes
    contract_id: bytes
    beneficiary_id: bytes
    startup: bool
    index: int
    subject_index: int
    subject_hash: bytes
    state: ApplicationState = ApplicationState.SUBMITTED


class VoucherState(IntEnum):
    """Where a voucher stands."""

    ACTIVE = 1
    EXPIRED = 2
    CLOSED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """An issued voucher, bound to one provider and one contract (rule I7)."""

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
    state: VoucherState = VoucherState.ACTIVE
    redemption_ids: tuple[bytes, ...] = ()


class RedemptionState(IntEnum):
    """Where a redemption stands."""

    REQUESTED = 1
    VERIFIED = 2
    APPROVED_ONCE = 3
    APPROVED = 4
    ORDERED = 5
    PAID = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """A redemption; `decided_by` holds (key id, person tag) of reviewer, approvers and payer (rule I12)."""

    redemption_id: bytes
    voucher_id: bytes
    claim_ids: tuple[bytes, ...]
    invoices_fen: int
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
    decided_by: tuple[tuple[bytes, bytes], ...] = ()
    paid_count: int = 0
    attempt: int = 0

    def instalments_fen(self) -> tuple[int, ...]:
        """Amounts of the instalments: floors, and the rest for the last."""
        parts = [bp * self.amount_fen // BP_FULL for bp in self.instalments_bp[:-1]]
        return (*parts, self.amount_fen - sum(parts))


class ClaimStatus(IntEnum):
    """Where a claim stands."""

    ACCEPTED = 1
    REFUSED = 2
    SUPERSEDED = 3


class Claim(NamedTuple):
    """A claim as a row; `redemption_id` is empty while no redemption uses it."""

    claim_id: bytes
    leaf_index: int
    last_index: int
    status: int
    voucher_id: bytes
    provider_id: bytes
    key_id: bytes
    recorded_ms: int
    amount_fen: int
    domestic_fen: int
    device_ms: int
    sequence: int
    redemption_id: bytes


class EvidenceKind(IntEnum):
    """What an evidence is."""

    INVOICE = 1
    PAYMENT = 2


class Evidence(NamedTuple):
    """An invoice or a payment as a row (rule I5)."""

    fingerprint: bytes
    kind: int
    leaf_index: int
    last_index: int
    contract_id: bytes
    amount_fen: int
    consumed_fen: int
    status: int


class Interval(NamedTuple):
    """Time during which a device is occupied, [start, end), as a row (rule I6)."""

    device_id: bytes
    start_ms: int
    end_ms: int
    leaf_index: int


class UniqueKind(IntEnum):
    """Kinds of keys that may be used once."""

    SEQUENCE = 1


class UniqueKey(NamedTuple):
    """A key that was used, as a row."""

    kind: int
    key: bytes
    leaf_index: int
