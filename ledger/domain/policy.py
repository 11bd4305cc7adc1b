"""The parameters of a programme as one immutable value in ledger units.

This module names the parameters and checks each one's range. It must not read files, know the shipped
profiles or decide anything by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from ledger.domain.days import MAX_NOTICE_DAYS
from ledger.domain.quantities import BP_FULL, INT64_MAX, check_range
from ledger.errors import MalformedError

MAX_MONTHS = 1_200
MAX_DAY = 2_932_896
MAX_NAMES = 64


class Instrument(IntEnum):
    """What a programme subsidises."""

    GPU_TRAINING = 1
    MODEL = 2
    CORPUS = 3


class Stacking(IntEnum):
    """Whether other public money may meet on one contract (rule I4)."""

    NONE = 1
    CEILING = 2
    EXCLUSIVE = 3


class Allocation(IntEnum):
    """What happens when demand exceeds the money: first come, or a share for everybody."""

    FCFS = 1
    PRO_RATA = 2


class Payee(IntEnum):
    """Who receives the payment."""

    APPLICANT = 1
    PROVIDER = 2


class Mode(IntEnum):
    """Whether the voucher comes before the usage (quota) or after it."""

    QUOTA = 1
    EX_POST = 2


class Origin(IntEnum):
    """Where an accelerator was made."""

    DOMESTIC = 1
    FOREIGN = 2


ORIGINS = tuple(origin.name for origin in Origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginRate:
    """A rate for accelerators of one origin, basis points."""

    origin: Origin
    rate_bp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyParameters:
    """All parameters of one policy version; amounts in fen, rates in basis points, days in +08:00.

    The values that follow others when a profile leaves them out (start-up rate, start-up cap, hard cap,
    start-up ceiling) have no default here, so that a changed cap cannot leave them behind unseen.
    Construction raises MalformedError naming the first parameter that is out of range or out of order.
    """

    appropriation_fen: int
    rate_bp: int
    startup_rate_bp: int
    cap_fen: int
    startup_cap_fen: int
    hard_cap_fen: int
    startup_stacking_ceiling_bp: int
    stacking_ceiling_bp: int = BP_FULL
    stacking: Stacking = Stacking.NONE
    min_contract_fen: int = 0
    min_spend_fen: int = 0
    startup_max_age_months: int = 0
    public_notice_days: int = 5
    validity_months: int = 12
    allocation: Allocation = Allocation.FCFS
    payee: Payee = Payee.APPLICANT
    mode: Mode = Mode.QUOTA
    allowed_vendors: tuple[str, ...] = ()
    rate_bp_by_origin: tuple[OriginRate, ...] = ()
    excluded_items: tuple[str, ...] = ()
    contract_not_before_day: int = 0
    requires_filing: bool = False
    requires_exchange: bool = False
    open_data_award_cap_fen: int = 0

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        for name, low, high in _RANGES:
            check_range(getattr(self, name), name=name, low=low, high=high)
        for name in ("allowed_vendors", "excluded_items"):
            _check_names(getattr(self, name), name=name)
        origins = [entry.origin for entry in self.rate_bp_by_origin]
        if origins != sorted(set(origins)):
            raise MalformedError(
                f"rate_bp_by_origin: {', '.join(origin.name for origin in origins)}",
                hint=f"allowed: each of {', '.join(ORIGINS)} at most once, in this order",
            )
        for entry in self.rate_bp_by_origin:
            check_range(entry.rate_bp, name=f"rate_bp_by_origin of {entry.origin.name}", low=0, high=BP_FULL)


_RANGES = (
    ("appropriation_fen", 0, INT64_MAX),
    ("rate_bp", 0, BP_FULL),
    ("startup_rate_bp", 0, BP_FULL),
    ("cap_fen", 0, INT64_MAX),
    ("startup_cap_fen", 0, INT64_MAX),
    ("hard_cap_fen", 0, INT64_MAX),
    ("stacking_ceiling_bp", 0, BP_FULL),
    ("startup_stacking_ceiling_bp", 0, BP_FULL),
    ("min_contract_fen", 0, INT64_MAX),
    ("min_spend_fen", 0, INT64_MAX),
    ("startup_max_age_months", 0, MAX_MONTHS),
    ("public_notice_days", 0, MAX_NOTICE_DAYS),
    ("validity_months", 1, MAX_MONTHS),
    ("contract_not_before_day", 0, MAX_DAY),
    ("open_data_award_cap_fen", 0, INT64_MAX),
)


def _check_names(names: tuple[str, ...], *, name: str) -> None:
    if len(names) > MAX_NAMES or len(set(names)) != len(names) or not all(names):
        raise MalformedError(
            f"{name}: empty, repeated or too many names", hint=f"allowed: up to {MAX_NAMES} different names"
        )
