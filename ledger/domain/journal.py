"""What an event carries beside its payload: postings, premises and links.

A link is the newest event of an entity with its totals, so that an entity's history is a walk. This module
must not know which event changes what; the modules that decide say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple


class Account(IntEnum):
    """Accounts of a programme; debit is positive, credit negative."""

    APPROPRIATION = 1
    AVAILABLE = 2
    ENCUMBERED = 3
    OBLIGATED = 4
    DISBURSED = 5
    RECOVERABLE = 6
    RECOVERY_DUE = 7
    RECOVERED = 8
    WRITTEN_OFF = 9
    FINES_DUE = 10
    FINES = 11


class PremiseKind(IntEnum):
    """Kind of the fact that a premise names."""

    KEY = 1
    POLICY = 2
    ADMISSION = 3
    CONTRACT = 4
    APPLICATION = 5
    VOUCHER = 6
    REDEMPTION = 7
    VERIFICATION = 8
    APPROVAL = 9
    ORDER = 10
    PARTICIPANT = 11
    CALENDAR = 12
    OBJECTION = 13
    NOTICE = 14
    CLAWBACK = 15
    GRANT = 16


class LinkKind(IntEnum):
    """Kind of the entity that a link belongs to."""

    PROGRAMME = 1
    BENEFICIARY_YEAR = 2
    VOUCHER = 3
    CONTRACT = 4
    INVOICE = 5
    PAYMENT = 6
    DEVICE = 7
    KEY = 8
    POLICY = 9
    PARTICIPANT = 10
    APPLICATION = 11
    CLAIM = 12
    REDEMPTION = 13
    CLAWBACK = 14


class Posting(NamedTuple):
    """One side of a double entry, fen."""

    account: Account
    programme_id: bytes
    amount_fen: int


class Premise(NamedTuple):
    """A leaf that an event relies on."""

    kind: PremiseKind
    leaf_index: int


class Link(NamedTuple):
    """An entity's newest event: `prev` is the one before, `totals` stand after this event."""

    kind: LinkKind
    entity: bytes
    prev: int | None
    totals: tuple[int, ...] = ()
    device: int | None = None


class Head(NamedTuple):
    """Newest leaf of an entity and its totals there."""

    leaf_index: int
    totals: tuple[int, ...] = ()


class ProgrammeTotals(NamedTuple):
    """Totals of a programme, fen, in link order (rule I1)."""

    available_fen: int
    encumbered_fen: int
    obligated_fen: int
    disbursed_fen: int
    recoverable_fen: int
    recovered_fen: int
    fines_fen: int


class VoucherTotals(NamedTuple):
    """Totals of a voucher in link order: fen, and device-ms for what is metered."""

    face_fen: int
    metered_ms: int
    redeemed_fen: int
    paid_fen: int
    released_fen: int

    @property
    def rest_fen(self) -> int:
        """What may still be redeemed, fen."""
        return self.face_fen - self.redeemed_fen - self.released_fen


class ContractTotals(NamedTuple):
    """Totals of a contract in link order, fen (rule I4)."""

    public_money_fen: int
    outside_support_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event as decided, before it has an index.

    `actor` is None for SYSTEM; `effective_ms` None means the time of recording; `completes` names the
    leaves whose first envelope this event repeats.
    """

    payload: object
    stream_id: str
    actor: bytes | None
    premises: tuple[Premise, ...]
    links: tuple[Link, ...]
    postings: tuple[Posting, ...] = ()
    effective_ms: int | None = None
    completes: tuple[int, ...] = ()
    signed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event with its place in the ledger, as the fold takes it.

    `statement` is None for SYSTEM events, `size_bytes` the length of the stored event.
    """

    index: int
    leaf_hash: bytes
    recorded_ms: int
    stream_id: str
    stream_version: int
    payload: Any
    statement: Any
    links: tuple[Link, ...]
    size_bytes: int = 0


def transfer(programme_id: bytes, *, debit: Account, credit: Account, amount_fen: int) -> tuple[Posting, ...]:
    """A double entry, or nothing for an amount of 0 (rule I15)."""
    if amount_fen == 0:
        return ()
    return Posting(debit, programme_id, amount_fen), Posting(credit, programme_id, -amount_fen)
