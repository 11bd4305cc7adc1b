"""The facts of the naive model, its calendar and the order of its reasons; no code of the ledger is used."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
ORDER = (
    "CONTRACT_BOUND",
    "MIN_CONTRACT",
    "MIN_SPEND",
    "STACKING_EXCLUSIVE",
    "STACKING_CEILING",
    "CAP_EXHAUSTED",
    "NAMED_APPROVAL_REQUIRED",
    "BUDGET_EXHAUSTED",
    "VOUCHER_HELD",
    "VOUCHER_EXPIRED",
    "OUTSIDE_CONTRACT",
    "OUTSIDE_VALIDITY",
    "KEY_REVOKED",
    "DEVICE_OVERLAP",
    "CAPACITY_EXCEEDED",
    "PRICE_MISMATCH",
    "DUPLICATE_EVIDENCE",
    "FACE_EXCEEDED",
    "SEPARATION_OF_DUTY",
    "STATE_CONFLICT",
)


def day_of(ms: int) -> date:
    """The day in +08:00."""
    return date(1970, 1, 1) + timedelta(days=(ms + 8 * HOUR_MS) // DAY_MS)


def start_of(day: date) -> int:
    """The first instant of a day in +08:00, ms."""
    return (day - date(1970, 1, 1)).days * DAY_MS - 8 * HOUR_MS


def months_later(day: date, months: int) -> date:
    """The same day some months later, or the month's last."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def share(rate_bp: int, amount: int) -> int:
    """The floor of a rate of an amount."""
    return floor(Fraction(rate_bp, 10_000) * amount)


@dataclass(frozen=True)
class Terms:
    """A policy version; without an appropriation of its own the one in force stays."""

    rate_bp: int
    startup_rate_bp: int
    cap: int
    hard_cap: int
    ceiling_bp: int | None = None
    exclusive: bool = False
    min_contract: int = 0
    min_spend: int = 0
    validity_months: int = 2
    startup_months: int = 0
    shared: bool = False
    ex_post: bool = False
    appropriation: int | None = None


@dataclass(frozen=True)
class Contract:
    """A contract with the days that it covers."""

    name: str
    beneficiary: str
    amount: int
    first: date
    last: date
    price: int


@dataclass
class Application:
    """An application and how far it has come."""

    name: str
    programme: str
    contract: Contract
    startup: bool
    publicised: bool = False
    ended: bool = False


@dataclass(frozen=True)
class Waiting:
    """A grant that waits, or waited, for its share."""

    name: str
    application: Application
    terms: Terms
    entitlement: int


@dataclass(frozen=True)
class Voucher:
    """An issued voucher."""

    name: str
    application: Application
    terms: Terms
    face: int
    issued: date

    @property
    def beneficiary(self) -> str:
        """Whose it is."""
        return self.application.contract.beneficiary


@dataclass(frozen=True)
class Line:
    """One line of usage."""

    device: int
    start: int
    end: int
    allocated: int
    amount: int


@dataclass(frozen=True)
class Claim:
    """An accepted claim."""

    name: str
    voucher: Voucher
    key: str
    lines: tuple[Line, ...]
    recorded: int
    replaces: Claim | None = None

    @property
    def amount(self) -> int:
        """Sum of its lines."""
        return sum(line.amount for line in self.lines)


@dataclass
class Signed:
    """An officer's signature that a redemption rests on."""

    officer: str
    person: str
    at: int
    confirmed: bool = False


@dataclass
class Redemption:
    """A redemption and what happened to it."""

    name: str
    voucher: Voucher
    claims: tuple[Claim, ...]
    invoice: tuple[str, int]
    payment: tuple[str, int]
    instalments: tuple[int, ...]
    base: int
    requested: int
    amount: int
    reviewer: Signed | None = None
    approvers: list[Signed] = field(default_factory=list)
    payers: list[Signed] = field(default_factory=list)
    order_open: bool = False
    paid: list[int] = field(default_factory=list)

    def parts(self) -> list[int]:
        """Amounts of the instalments."""
        parts = [share(bp, self.amount) for bp in self.instalments]
        parts[-1] = self.amount - sum(parts[:-1])
        return parts

    def signatures(self) -> list[Signed]:
        """All that it rests on."""
        return [*([self.reviewer] if self.reviewer else []), *self.approvers, *self.payers]

    @property
    def done(self) -> bool:
        """Whether every instalment is paid."""
        return len(self.paid) == len(self.instalments)


@dataclass
class Clawback:
    """Money of a redemption that is claimed back."""

    name: str
    redemption: Redemption
    notified: bool = False
    appealed: bool = False
    determined: int | None = None
    repaid: int = 0
    written_off: int = 0
    fines: list[int] = field(default_factory=list)

    @property
    def outstanding(self) -> int:
        """What is still owed."""
        return (self.determined or 0) - self.repaid - self.written_off

    @property
    def open(self) -> bool:
        """Whether it holds anything."""
        return self.determined is None or self.outstanding > 0


@dataclass
class Verdict:
    """What the model says: every reason against it, an amount where one follows, and what to remember."""

    reasons: set[str]
    amount: int | None = None
    keep: Callable[[], None] = lambda: None

    @property
    def first(self) -> str | None:
        """The reason that must be given."""
        return min(self.reasons, key=ORDER.index) if self.reasons else None
