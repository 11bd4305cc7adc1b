"""Working days of 2025 and 2026, and the length of a public notice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.days import day_from_civil, format_day, last_notice_day, parse_day, weekday_of_day
from ledger.errors import MalformedError
from ledger.profiles.calendar import CALENDAR_YEARS, parse_calendar, working_days

CALENDAR = {year: working_days(year) for year in CALENDAR_YEARS}
FIRST_DAY = parse_day("2025-01-01")
LAST_DAY = parse_day("2026-12-31")
HOLIDAY = '[[holiday]]\nname = "x"\nfrom = "{}"\nto = "{}"\nwork = [{}]\n'


def is_working(text: str) -> bool:
    """Whether the shipped calendar calls a day a working day."""
    day = parse_day(text)
    year = int(text[:4])
    return CALENDAR[year][day - day_from_civil(year, 1, 1)] == "1"


def test_years_have_their_days() -> None:
    """One character a day; both years have 248 working days, as announced."""
    assert [(len(bits), bits.count("1"), set(bits)) for bits in CALENDAR.values()] == [
        (365, 248, {"0", "1"})
    ] * 2


@pytest.mark.parametrize(
    "day",
    [
        *("2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11", "2025-01-02", "2025-10-09"),
        *("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10", "2026-02-24"),
    ],
)
def test_announced_working_days(day: str) -> None:
    """Weekends worked in exchange, and the first days after holidays."""
    assert is_working(day)


@pytest.mark.parametrize(
    "day",
    [
        *("2025-01-01", "2025-01-28", "2025-02-04", "2025-04-04", "2025-05-05", "2025-06-02", "2025-10-08"),
        *("2026-01-02", "2026-02-16", "2026-02-23", "2026-04-06", "2026-05-05", "2026-06-19", "2026-09-25"),
        *("2026-10-01", "2026-10-07", "2026-03-07", "2026-03-08"),
    ],
)
def test_announced_holidays_and_weekends(day: str) -> None:
    """Holidays on weekdays, and ordinary weekends."""
    assert not is_working(day)


@pytest.mark.parametrize("year", [0, 2024, 2027])
def test_other_years_are_not_covered(year: int) -> None:
    """A year that is not announced is not guessed."""
    with pytest.raises(MalformedError, match="CALENDAR_NOT_COVERED"):
        working_days(year)


def notice(first: str, count: int) -> str | None:
    """The last notice day as text, under the shipped calendar."""
    day = last_notice_day(working_days=CALENDAR, first_day=parse_day(first), count=count)
    return None if day is None else format_day(day)


def test_a_notice_over_the_national_holiday() -> None:
    """Publicised 2026-09-28 for 5 working days: 28, 29, 30 September, 8 and 9 October."""
    assert notice("2026-09-28", 5) == "2026-10-09"
    assert is_working("2026-10-10")
    assert weekday_of_day(parse_day("2026-10-10")) == 5


@pytest.mark.parametrize(
    ("first", "count", "expected"),
    [
        ("2026-03-02", 1, "2026-03-02"),
        ("2026-03-07", 1, "2026-03-09"),
        ("2026-03-02", 5, "2026-03-06"),
        ("2025-12-31", 2, "2026-01-04"),
        ("2026-12-31", 1, "2026-12-31"),
        ("2026-12-31", 2, None),
        ("2027-01-04", 1, None),
        ("2030-01-04", 0, "2030-01-03"),
    ],
)
def test_notices_start_on_their_day_and_need_a_calendar(first: str, count: int, expected: str | None) -> None:
    """The first day counts if it is a working day; a year without calendar gives none; no days, no need."""
    assert notice(first, count) == expected


@given(st.integers(min_value=FIRST_DAY, max_value=LAST_DAY - 60), st.integers(min_value=1, max_value=15))
def test_a_notice_holds_exactly_its_working_days(first_day: int, count: int) -> None:
    """The last day is a working day, and as many lie in the range as were asked."""
    last = last_notice_day(working_days=CALENDAR, first_day=first_day, count=count)
    assert last is not None
    assert sum(is_working(format_day(day)) for day in range(first_day, last + 1)) == count
    assert is_working(format_day(last))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("year = 2027\nholiday = []", "c.toml, line 1: year: 2027"),
        ("year = 2026.0\nholiday = []", "c.toml, line 1: year: 2026.0"),
        ("year = 2026", "holiday: is missing"),
        ("year = 2026\nholiday = []\nextra = 1", "c.toml, line 3: extra: unknown key"),
        ("year = 2026\n" + HOLIDAY.format("2026-05-02", "2026-05-01", ""), "line 5: holiday 1: to"),
        ("year = 2026\n" + HOLIDAY.format("2025-12-31", "2026-01-01", ""), "line 4: holiday 1: from"),
        ("year = 2026\n" + HOLIDAY.format("2026-05-32", "2026-05-01", ""), "line 4: holiday 1: from"),
        ("year = 2026\n" + 2 * HOLIDAY.format("2026-05-01", "2026-05-01", ""), "line 10: holiday 2: to"),
        (
            "year = 2026\n" + HOLIDAY.format("2026-05-01", "2026-05-03", '"2026-05-02"'),
            "line 6: holiday 1: work",
        ),
        (
            "year = 2026\n" + HOLIDAY.format("2026-05-01", "2026-05-01", '"2026-05-04"'),
            "line 6: holiday 1: work",
        ),
    ],
)
def test_broken_calendars_are_refused(text: str, expected: str) -> None:
    """Another year, other types, days outside, overlaps and exchanges that are none."""
    with pytest.raises(MalformedError) as caught:
        parse_calendar(text, year=2026, source="c.toml")
    assert expected in caught.value.diagnostics()
