"""Working-day calendars of announced years, from their data files.

This module reads a year's holidays and weekend working days and gives one character a day. It must not
guess a year that is not announced.
"""

from __future__ import annotations

from importlib import resources
from typing import Annotated

from pydantic import Field, ValidationError

from ledger.domain.days import day_from_civil, is_leap_year, parse_day, weekday_of_day, year_of_day
from ledger.errors import MalformedError
from ledger.profiles.strict_toml import KeyPath, malformed, parse_toml, place, read_toml_text
from ledger.profiles.tables import StrictTable

CALENDAR_YEARS = (2025, 2026)

_SATURDAY = 5
_DAY = 'a day of the file\'s year as text, "YYYY-MM-DD"'


class _Holiday(StrictTable):
    name: Annotated[str, Field(min_length=1, description="the holiday's name")]
    first: Annotated[str, Field(alias="from", description=_DAY)]
    last: Annotated[str, Field(alias="to", description=f"{_DAY}, not before from")]
    work: Annotated[list[str], Field(description="a list of Saturdays and Sundays worked in exchange")]


class _CalendarFile(StrictTable):
    year: Annotated[int, Field(description="the calendar year as an integer")]
    holiday: Annotated[list[_Holiday], Field(description="tables [[holiday]]")]


_ALLOWED = {"year": "the calendar year as an integer", "holiday": "tables [[holiday]]"} | {
    field.alias or key: field.description or "" for key, field in _Holiday.model_fields.items()
}


def working_days(year: int) -> str:
    """The working days of a year in China: one character a day from 1 January, `"1"` working, `"0"` not.

    Its length is 365 or 366. Raises MalformedError, with CALENDAR_NOT_COVERED in its text, for a year whose
    calendar is not announced. Source: the yearly holiday notice of the State Council's General Office.
    """
    if year not in CALENDAR_YEARS:
        raise MalformedError(
            f"CALENDAR_NOT_COVERED: no working-day calendar for {year}",
            hint=f"allowed: {', '.join(str(known) for known in CALENDAR_YEARS)}",
        )
    source = f"calendar-{year}.toml"
    text = read_toml_text(resources.files("ledger.profiles") / source, source=source)
    return parse_calendar(text, year=year, source=source)


def parse_calendar(text: str, *, year: int, source: str) -> str:
    """Parse the text of a calendar file of `year` into its working days, as `working_days` gives them.

    Raises MalformedError naming file, line and key for another year, a day outside it, holidays that
    overlap, and a working day that is no Saturday or Sunday, falls on a holiday or is repeated.
    """
    values = parse_toml(text, source=source)
    try:
        parsed = _CalendarFile.model_validate(values)
    except ValidationError as error:
        raise malformed(
            error, source=source, text=text, prefix=(), allowed=_ALLOWED, keys_of=_keys_of
        ) from error
    if parsed.year != year:
        where = place(source=source, text=text, path=("year",))
        raise MalformedError(f"{where}: {parsed.year}", hint=f"allowed: {year}")
    holidays, worked = _collect(parsed, text=text, source=source)
    first_day = day_from_civil(year, 1, 1)
    days = range(first_day, first_day + (366 if is_leap_year(year) else 365))
    return "".join(
        "1" if day in worked or (weekday_of_day(day) < _SATURDAY and day not in holidays) else "0"
        for day in days
    )


def _collect(parsed: _CalendarFile, *, text: str, source: str) -> tuple[set[int], set[int]]:
    holidays: set[int] = set()
    worked: set[int] = set()

    def refuse(path: KeyPath, problem: str) -> MalformedError:
        where = place(source=source, text=text, path=path)
        return MalformedError(f"{where}: {problem}", hint=f"allowed: {_ALLOWED[str(path[2])]}")

    def day_at(path: KeyPath, day_text: str) -> int:
        try:
            day = parse_day(day_text)
        except MalformedError as error:
            raise refuse(path, error.summary) from error
        if year_of_day(day) != parsed.year:
            raise refuse(path, f"{day_text} is not in {parsed.year}")
        return day

    for place_index, holiday in enumerate(parsed.holiday):
        first = day_at(("holiday", place_index, "from"), holiday.first)
        last = day_at(("holiday", place_index, "to"), holiday.last)
        days = set(range(first, last + 1))
        if not days or days & holidays:
            raise refuse(("holiday", place_index, "to"), "an empty range, or one that overlaps another")
        holidays |= days
    for place_index, holiday in enumerate(parsed.holiday):
        for day_text in holiday.work:
            day = day_at(("holiday", place_index, "work"), day_text)
            if weekday_of_day(day) < _SATURDAY or day in holidays or day in worked:
                raise refuse(("holiday", place_index, "work"), f"{day_text} is no free Saturday or Sunday")
            worked.add(day)
    return holidays, worked


def _keys_of(path: KeyPath) -> tuple[str, ...]:
    return ("name", "from", "to", "work") if path else ("year", "holiday")
