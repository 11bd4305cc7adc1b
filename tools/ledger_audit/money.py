"""The arithmetic that rules share: the two floors, days, months and the credit code.

Integers only. It must not know any message.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from datetime import date

MS_PER_HOUR = 3_600_000
MS_PER_DAY = 86_400_000
ZONE_MS = 28_800_000
BP = 10_000
_EPOCH = date(1970, 1, 1).toordinal()

_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_VALUES = {character: value for value, character in enumerate(_CREDIT_ALPHABET)}
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_CREDIT_LENGTH = 18
_MAX_DAY = date.max.toordinal() - _EPOCH


def line_amount_fen(*, allocated_ms: int, unit_price_fen: int) -> int:
    """floor(allocated_ms x unit price / 3,600,000), fen."""
    return allocated_ms * unit_price_fen // MS_PER_HOUR


def share_fen(*, rate_bp: int, amount_fen: int) -> int:
    """floor(rate x amount / 10,000), fen."""
    return rate_bp * amount_fen // BP


def weighted_share_fen(*, base_fen: int, parts: list[tuple[int, int]]) -> int:
    """floor(base x sum(rate x part) / (10,000 x sum(part))) of (rate in basis points, part in fen).

    Zero where the parts sum to nothing.
    """
    whole_fen = sum(part for _, part in parts)
    if whole_fen <= 0:
        return 0
    return base_fen * sum(rate_bp * part for rate_bp, part in parts) // (BP * whole_fen)


def day_start_ms(day: int) -> int:
    """The first instant of a day in China Standard Time."""
    return day * MS_PER_DAY - ZONE_MS


def day_of_ms(instant_ms: int) -> int:
    """The day in China Standard Time that contains the instant."""
    return (instant_ms + ZONE_MS) // MS_PER_DAY


def year_of_day(day: int) -> tuple[int, int]:
    """The year of a day, and how many days of it come before; year 0 for a day past the year 9999."""
    if not -_EPOCH < day <= _MAX_DAY:
        return 0, 0
    year = date.fromordinal(day + _EPOCH).year
    return year, day + _EPOCH - date(year, 1, 1).toordinal()


def days_in_year(year: int) -> int:
    """365 or 366."""
    return 366 if isleap(year) else 365


def add_months(day: int, months: int) -> int:
    """The same day of the month some months later, clipped to that month's end.

    A result past the year 9999 is the last day that there is.
    """
    if not -_EPOCH < day <= _MAX_DAY:
        return day
    start = date.fromordinal(day + _EPOCH)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        return _MAX_DAY
    clipped = min(start.day, monthrange(year, month + 1)[1])
    return date(year, month + 1, clipped).toordinal() - _EPOCH


def is_credit_code(code: str) -> bool:
    """Whether a unified social credit code passes GB 32100 and its organisation code GB 11714."""
    if len(code) != _CREDIT_LENGTH or any(character not in _CREDIT_VALUES for character in code):
        return False
    total = sum(_CREDIT_VALUES[c] * w for c, w in zip(code, _CREDIT_WEIGHTS, strict=False))
    if _CREDIT_VALUES[code[17]] != (31 - total % 31) % 31:
        return False
    organisation = sum(int(c, 36) * w for c, w in zip(code[8:16], _ORGANISATION_WEIGHTS, strict=True))
    check = 11 - organisation % 11
    return code[16] == {10: "X", 11: "0"}.get(check, str(check))
