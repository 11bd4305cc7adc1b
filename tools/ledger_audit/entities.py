"""What the fold remembers of people, devices, programmes, contracts and their evidence.

It must not decide anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.v1 import contract_pb2, programme_pb2
    from ledger_audit.dossiers import Grant

NEVER_MS = 1 << 63
NEVER_DAY = 1 << 31

ROOT, OFFICER, PARTY = "root", "officer", "party"


@dataclass(slots=True, eq=False)
class Place:
    """The newest leaf of an entity of which nothing else need be known."""

    last: int | None = None


@dataclass(slots=True, eq=False)
class Key:
    """A registered key and whose it is."""

    key_id: bytes
    index: int
    holder: str
    owner: bytes
    person: bytes
    number: int
    until_ms: int = NEVER_MS
    revoked: bool = False
    invalid_since_ms: int = NEVER_MS
    last: int | None = None

    def is_doubtful(self, signed_ms: int) -> bool:
        """Whether what it signed at this time is in doubt because the key is revoked from then or earlier."""
        return self.revoked and self.invalid_since_ms <= signed_ms


@dataclass(slots=True, eq=False)
class Officer:
    """An officer with the one role."""

    officer_id: bytes
    bureau_id: bytes
    role: int
    person: bytes


@dataclass(slots=True, eq=False)
class Today:
    """What a participant did on the day that ends at `end_ms`, for the quotas."""

    end_ms: int = -NEVER_MS
    claims: int = 0
    refusals: int = 0
    size: int = 0


@dataclass(slots=True, eq=False)
class Participant:
    """A participant; `admission` is the newest admission of an admitted provider."""

    participant_id: bytes
    index: int
    kind: int
    registered_day: int
    admission: int | None = None
    admitted_from_day: int = 0
    items: dict[str, int] = field(default_factory=dict)
    """First day on which each item is listed."""
    suspensions: list[tuple[int, int]] = field(default_factory=list)
    """Days [from, until) without admission; `NEVER_DAY` ends an open one. A removal is the last."""
    removed: bool = False
    applied: bool = False
    today: Today = field(default_factory=Today)

    def is_suspended(self, day: int) -> bool:
        """Whether it is suspended or removed on a day."""
        return any(from_day <= day < until_day for from_day, until_day in self.suspensions)

    @property
    def has_open_suspension(self) -> bool:
        """Whether a suspension waits for its end."""
        return bool(self.suspensions) and self.suspensions[-1][1] == NEVER_DAY and not self.removed


@dataclass(slots=True, eq=False)
class Device:
    """A device; `last_end_ms` is not before the end of any accepted interval on it."""

    number: int
    owner: bytes
    model: tuple[str, str, int]
    last: int
    device_ms: int = 0
    last_end_ms: int = -NEVER_MS


@dataclass(slots=True, eq=False)
class Calendar:
    """The working days of a year, one character a day."""

    index: int
    version: int
    working_days: str


@dataclass(slots=True, eq=False)
class Policy:
    """A policy version and the leaf that put it in force."""

    index: int
    version: int
    parameters: programme_pb2.PolicyParameters
    excluded: frozenset[str]
    rates: dict[int, int]


@dataclass(slots=True, eq=False)
class Programme:
    """A programme, its accounts as the posting table moves them, its policy and its waiting grants."""

    programme_id: bytes
    bureau_id: bytes
    instrument: int
    fiscal_year: int
    appropriation: int
    available: int
    encumbered: int = 0
    obligated: int = 0
    disbursed: int = 0
    recoverable: int = 0
    recovered: int = 0
    fines: int = 0
    policy: Policy | None = None
    queue: list[Grant] = field(default_factory=list)
    last: int | None = None
    policy_last: int | None = None

    def totals(self) -> tuple[int, ...]:
        """The totals of its link, in their order."""
        return (
            self.available,
            self.encumbered,
            self.obligated,
            self.disbursed,
            self.recoverable,
            self.recovered,
            self.fines,
        )

    @property
    def committed(self) -> int:
        """Money that is encumbered, obligated or disbursed."""
        return self.encumbered + self.obligated + self.disbursed


@dataclass(slots=True, eq=False)
class BeneficiaryYear:
    """Faces less released, and queued entitlements, of one beneficiary in one programme."""

    granted: int = 0
    last: int | None = None


@dataclass(slots=True, eq=False)
class Contract:
    """A contract, the public money on it, and the amounts of its redemptions less what was clawed back."""

    contract_id: bytes
    index: int
    terms: contract_pb2.ContractRegistration
    prices: dict[str, int]
    public_money: int = 0
    outside_support: int = 0
    redeemed: int = 0
    live: set[bytes] = field(default_factory=set)
    """Programmes that have a queued grant or a live voucher on it."""
    last: int | None = None

    def totals(self) -> tuple[int, ...]:
        """The totals of its link, in their order."""
        return (self.public_money, self.outside_support)
