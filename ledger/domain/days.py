"""Days and instants in China Standard Time (+08:00) by integer arithmetic.

A day is an int, days since 1970-01-01 in +08:00; an instant is an int, milliseconds since
1970-01-01T00:00:00Z. This module must not read a clock, a time zone database or the environment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ledger.domain.quantities import check_range, printable
from ledger.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Mapping

MS_PER_DAY = 86_400_000
CST_OFFSET_MS = 28_800_000
MAX_NOTICE_DAYS = 366

_MS_PER_MINUTE = 60_000
_MAX_YEAR = 9999
_FEBRUARY = 2
_MONTHS_PER_YEAR = 12
_MAX_MONTHS = 120_000
_MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,3}))?"
    r"(?:(Z)|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
_DAY_ALLOWED = 'allowed: a day of the calendar as YYYY-MM-DD, for example "2026-05-06"'
_INSTANT_ALLOWED = (
    'allowed: RFC 3339 with an offset, to the millisecond at most, for example "2026-05-06T09:00:00+08:00"'
)


def is_leap_year(year: int) -> bool:
    """Whether `year` has 366 days in the Gregorian calendar."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    """The number of days of `month` (1 to 12) in `year`."""
    return 29 if month == _FEBRUARY and is_leap_year(year) else _MONTH_LENGTHS[month - 1]


def day_from_civil(year: int, month: int, day_of_month: int) -> int:
    """The day of a calendar date; raises MalformedError if there is no such date in years 1 to 9999."""
    check_range(year, name="year", low=1, high=_MAX_YEAR)
    check_range(month, name="month", low=1, high=_MONTHS_PER_YEAR)
    check_range(day_of_month, name="day of month", low=1, high=month_length(year, month))
    # Years counted from March put the leap day last, so that month starts follow one linear formula.
    shifted_year = year if month > _FEBRUARY else year - 1
    era, year_of_era = divmod(shifted_year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day_of_month - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


def civil_from_day(day: int) -> tuple[int, int, int]:
    """The (year, month, day of month) of `day`; raises MalformedError outside years 1 to 9999."""
    check_range(day, name="day", low=_FIRST_DAY, high=_LAST_DAY)
    era, day_of_era = divmod(day + 719_468, 146_097)
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    month = (shifted_month + 2) % 12 + 1
    year = era * 400 + year_of_era + (1 if month <= _FEBRUARY else 0)
    return year, month, day_of_year - (153 * shifted_month + 2) // 5 + 1


_FIRST_DAY = day_from_civil(1, 1, 1)
_LAST_DAY = day_from_civil(_MAX_YEAR, 12, 31)


def year_of_day(day: int) -> int:
    """The calendar year of `day` in China Standard Time."""
    return civil_from_day(day)[0]


def weekday_of_day(day: int) -> int:
    """The weekday of `day`: 0 is Monday, 6 is Sunday."""
    return (day + 3) % 7


def day_of_ms(ms: int) -> int:
    """The day in +08:00 on which the instant `ms` falls."""
    return (ms + CST_OFFSET_MS) // MS_PER_DAY


def start_ms(day: int) -> int:
    """The first instant of `day`, 00:00 in +08:00."""
    return day * MS_PER_DAY - CST_OFFSET_MS


def end_ms(day: int) -> int:
    """The end of `day`, exclusive: the first instant of the next day in +08:00."""
    return start_ms(day + 1)


def add_months(day: int, months: int) -> int:
    """`day` moved by `months` (may be negative), clipped to the end of the month it lands in."""
    check_range(months, name="months", low=-_MAX_MONTHS, high=_MAX_MONTHS)
    year, month, day_of_month = civil_from_day(day)
    new_year, month_index = divmod(year * _MONTHS_PER_YEAR + month - 1 + months, _MONTHS_PER_YEAR)
    check_range(new_year, name="year", low=1, high=_MAX_YEAR)
    clipped = min(day_of_month, month_length(new_year, month_index + 1))
    return day_from_civil(new_year, month_index + 1, clipped)


def last_notice_day(*, working_days: Mapping[int, str], first_day: int, count: int) -> int | None:
    """The last day of a public notice that starts on `first_day` and runs `count` working days.

    `working_days` maps a year to one character a day, `"1"` for a working day. `first_day` counts if it is
    one. Returns None if a year is needed that the calendar lacks, and the day before `first_day` for a
    count of 0, for which no calendar is needed. Source: rule I13.
    """
    check_range(count, name="public notice days", low=0, high=MAX_NOTICE_DAYS)
    day, missing = first_day - 1, count
    while missing:
        day += 1
        year = year_of_day(day)
        bits = working_days.get(year)
        if bits is None:
            return None
        missing -= bits[day - day_from_civil(year, 1, 1)] == "1"
    return day


def parse_day(text: str) -> int:
    """Parse `"2026-05-06"` strictly into a day; raises MalformedError for anything else."""
    match = _DAY.fullmatch(text)
    if match is None:
        raise MalformedError(f"{printable(text)} is not a day", hint=_DAY_ALLOWED)
    try:
        return day_from_civil(int(match[1]), int(match[2]), int(match[3]))
    except MalformedError as error:
        raise MalformedError(f"{printable(text)} is not a day: {error.summary}", hint=_DAY_ALLOWED) from error


def format_day(day: int) -> str:
    """Render a day as `"2026-05-06"`; raises MalformedError outside years 1 to 9999."""
    year, month, day_of_month = civil_from_day(day)
    return f"{year:04d}-{month:02d}-{day_of_month:02d}"


def parse_rfc3339_ms(text: str) -> int:
    """Parse an RFC 3339 instant strictly into milliseconds since 1970-01-01T00:00:00Z.

    Needs upper-case `T`, an offset (`Z` or `±HH:MM`, not the unknown offset `-00:00`) and at most three
    decimals of a second; a leap second is refused. Raises MalformedError for anything else. Source: RFC
    3339, section 5.6.
    """
    match = _INSTANT.fullmatch(text)
    if match is None or match[0].endswith("-00:00"):
        raise MalformedError(f"{printable(text)} is not an instant", hint=_INSTANT_ALLOWED)
    day_text, hour, minute, second, fraction, zulu, sign, offset_hour, offset_minute = match.groups()
    minutes = int(hour) * 60 + int(minute)
    if not zulu:
        offset = int(offset_hour) * 60 + int(offset_minute)
        minutes += offset if sign == "-" else -offset
    millis = int(second) * 1000 + (int(fraction.ljust(3, "0")) if fraction else 0)
    return parse_day(day_text) * MS_PER_DAY + minutes * _MS_PER_MINUTE + millis


def format_rfc3339(ms: int) -> str:
    """Render an instant in +08:00 as RFC 3339, with milliseconds only where they are not zero.

    `parse_rfc3339_ms(format_rfc3339(ms)) == ms`. Raises MalformedError outside years 1 to 9999.
    """
    day, rest = divmod(ms + CST_OFFSET_MS, MS_PER_DAY)
    seconds, millis = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    fraction = f".{millis:03d}" if millis else ""
    return f"{format_day(day)}T{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}{fraction}+08:00"
