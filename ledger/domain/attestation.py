"""Attestations: what a provider signs about its devices, a service or exchange about its deliveries.

Usage lines are columns, as in the protobuf message; this module must not know the ledger's state.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.policy import Origin
from ledger.domain.statements import StatementHeader
from ledger.domain.vocabulary import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedModel:
    """A model with its agreed price, to which devices refer."""

    vendor: str
    model: str
    origin: Origin
    unit_price_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageLines:
    """Device usage, column by column: every column that is present has one value a line.

    `node`, `cluster`, `job`, `active_ms` and `energy_wh` may be absent as a whole.
    """

    device: tuple[int, ...]
    node: tuple[int, ...]
    cluster: tuple[int, ...]
    job: tuple[int, ...]
    start_offset_ms: tuple[int, ...]
    duration_ms: tuple[int, ...]
    allocated_ms: tuple[int, ...]
    active_ms: tuple[int, ...]
    energy_wh: tuple[int, ...]
    amount_fen: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageAttestation:
    """A provider's signed account of device usage under one voucher."""

    header: StatementHeader
    claim_id: bytes
    programme_id: bytes
    provider_id: bytes
    voucher_id: bytes
    contract_digest: bytes
    beneficiary_id: bytes
    purpose: Purpose
    strings: tuple[str, ...]
    models: tuple[PricedModel, ...]
    device_ids: tuple[bytes, ...]
    device_models: tuple[int, ...]
    base_ms: int
    lines: UsageLines
    total_allocated_ms: int
    total_active_ms: int
    total_energy_wh: int
    total_amount_fen: int
    raw_log_digest: bytes
    raw_log_rows: int
    sequence: int
    previous_digest: bytes
    superseded_index: int | None = None
    superseding_reason: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLine:
    """What was delivered in [start, end): units and their amount."""

    unit: str
    quantity: int
    start_ms: int
    end_ms: int
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAttestation:
    """The signed account of a model service or a data exchange under one voucher."""

    header: StatementHeader
    claim_id: bytes
    programme_id: bytes
    provider_id: bytes
    voucher_id: bytes
    contract_digest: bytes
    beneficiary_id: bytes
    lines: tuple[ServiceLine, ...]
    total_amount_fen: int
    raw_log_digest: bytes
    raw_log_rows: int
    sequence: int
    previous_digest: bytes
    superseded_index: int | None = None
    superseding_reason: int
