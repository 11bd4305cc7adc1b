"""Facts that grow without bound: rows that the store keeps and the state only borrows for a batch."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class ClaimStatus(IntEnum):
    """Where a claim stands."""

    ACCEPTED = 1
    REFUSED = 2
    SUPERSEDED = 3
    RECONFIRMED = 4
    SET_ASIDE = 5


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
    ACCEPTANCE = 3


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
