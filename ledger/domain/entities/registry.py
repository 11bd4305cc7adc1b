"""The ledger itself, keys, officers, participants, providers and what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.days import start_ms

if TYPE_CHECKING:
    from ledger.domain.policy import Origin
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
    """A provider's admission: `items` are the service items with the first day on which each is listed.

    `suspensions` are periods [from day, until day); until is None while one is open.
    """

    index: int
    batch: int
    items: dict[str, int]
    from_day: int
    suspensions: tuple[tuple[int, int | None], ...] = ()
    removed_from_day: int | None = None

    def barred(self) -> tuple[tuple[int, int | None], ...]:
        """Periods in which the provider may not serve, [from day, until day)."""
        removed = self.removed_from_day
        return self.suspensions if removed is None else (*self.suspensions, (removed, None))

    def suspended_at(self, ms: int) -> bool:
        """Whether it is suspended or removed at that time."""
        return bool(self.barred()) and self.barred_between(ms, ms + 1)

    def barred_between(self, first_ms: int, last_ms: int) -> bool:
        """Whether a part of [first, last) lies in a period in which it may not serve."""
        return any(
            start_ms(first) < last_ms and (until is None or first_ms < start_ms(until))
            for first, until in self.barred()
        )


class Device(NamedTuple):
    """A registered device."""

    provider_id: bytes
    vendor: str
    model: str
    origin: Origin
    registered_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """How much of one entity another one holds, basis points (rule I9)."""

    owner_id: bytes
    owned_id: bytes
    share_bp: int
    as_of_day: int
    index: int


class Quotas(NamedTuple):
    """Daily quotas of one participant; these are in force until others are published."""

    refusals_per_day: int = 10_000
    claims_per_day: int = 1_000_000
    bytes_per_day: int = 1_000_000_000


class DayUse(NamedTuple):
    """What a participant used of its quotas on one day."""

    day: int
    refusals: int = 0
    claims: int = 0
    size_bytes: int = 0
