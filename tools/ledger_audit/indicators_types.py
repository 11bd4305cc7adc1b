"""What indicators are: their names, their thresholds, a record of one, and who looks for it.

It must not look for anything.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, Self

from ledger.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ledger_audit.fold import Fold
    from ledger_audit.state import State
    from ledger_audit.watch import Seen

MOST_INDEXES = 20
"""Leaves that one record names at most."""
_MOST_DIGITS = 18


class Indicator(StrEnum):
    """What may be worth a look."""

    SPLIT_CONTRACTS = "SPLIT_CONTRACTS"
    AT_THE_CAP = "AT_THE_CAP"
    HIGH_PRICE = "HIGH_PRICE"
    IDLE_DEVICE = "IDLE_DEVICE"
    LATE_ADMISSION = "LATE_ADMISSION"
    NEAR_AFFILIATION = "NEAR_AFFILIATION"
    LAST_DAY_USAGE = "LAST_DAY_USAGE"
    SHARED_PAYEE = "SHARED_PAYEE"
    CANCELLED_INVOICE = "CANCELLED_INVOICE"
    SEQUENCE_GAP = "SEQUENCE_GAP"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where indicators begin; `_bp` are basis points."""

    split_days: int = 30
    cap_distance_bp: int = 100
    price_ratio_bp: int = 15_000
    allocated_bp: int = 9_500
    active_bp: int = 500
    holding_bp: int = 2_000
    payee_applicants: int = 2
    alert_indicators: int = 4

    def to_json(self) -> dict[str, int]:
        """By name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def changed(self, text: str) -> Self:
        """These with one changed, given as NAME=VALUE; UsageError for another form, name or number."""
        name, sign, value = text.partition("=")
        names = [field.name for field in fields(self)]
        if not sign or name not in names:
            raise UsageError(f"no threshold {text!r}", hint=f"NAME=VALUE; names: {', '.join(names)}")
        if not (value.isascii() and value.isdecimal()) or len(value) > _MOST_DIGITS:
            raise UsageError(f"threshold {name}: {value!r} is no number", hint="a whole number from 0")
        return replace(self, **{name: int(value)})


THRESHOLDS_OF: Mapping[Indicator, tuple[str, ...]] = MappingProxyType(
    {
        Indicator.SPLIT_CONTRACTS: ("split_days",),
        Indicator.AT_THE_CAP: ("cap_distance_bp",),
        Indicator.HIGH_PRICE: ("price_ratio_bp",),
        Indicator.IDLE_DEVICE: ("allocated_bp", "active_bp"),
        Indicator.NEAR_AFFILIATION: ("holding_bp",),
        Indicator.SHARED_PAYEE: ("payee_applicants",),
    }
)
"""The thresholds that each indicator uses; the others use none."""


@dataclass(frozen=True, slots=True)
class Record:
    """One lead: whom it concerns, the leaves that say so, and the values behind it.

    The ending of a value's name is its unit: `_fen`, `_bp`, `_day` (since 1970), none for counts and text.
    """

    indicator: Indicator
    applicant: bytes
    indexes: tuple[int, ...]
    values: Mapping[str, int | str]

    @classmethod
    def of(cls, indicator: Indicator, applicant: bytes, leaves: Iterable[int], **values: int | str) -> Self:
        """A record that names each leaf once, the first ones where there are many."""
        return cls(indicator, applicant, tuple(sorted(set(leaves))[:MOST_INDEXES]), values)


class Detector(Protocol):
    """Somebody who looks for one indicator, once over the log."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The event types that it is shown."""

    def see(self, fold: Fold, seen: Seen) -> None:
        """Take in an event that the fold has judged."""

    def finish(self, state: State) -> Iterator[Record]:
        """What was found, given the state after the last event."""
