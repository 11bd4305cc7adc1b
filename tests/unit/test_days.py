"""Days and instants in China Standard Time, against the standard library's calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.days import (
    add_months,
    civil_from_day,
    day_from_civil,
    day_of_ms,
    end_ms,
    format_day,
    format_rfc3339,
    parse_day,
    parse_rfc3339_ms,
    start_ms,
    weekday_of_day,
)
from ledger.errors import MalformedError

EPOCH = date(1970, 1, 1)
DATES = st.dates()
DAYS = st.integers(min_value=-300_000, max_value=2_900_000)


@given(DATES)
def test_days_agree_with_the_library_calendar(value: date) -> None:
    """Every date of years 1 to 9999 has the library's number, weekday and text."""
    day = (value - EPOCH).days
    assert day_from_civil(value.year, value.month, value.day) == day
    assert civil_from_day(day) == (value.year, value.month, value.day)
    assert weekday_of_day(day) == value.weekday()
    assert format_day(day) == value.isoformat()
    assert parse_day(value.isoformat()) == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-5-06",
        "2026-02-29",
        "2026-13-01",
        "2026-00-10",
        "0000-01-01",
        "2026-05-06 ",
        "\u06622026-05-06",
    ],
)
def test_what_is_no_day_is_refused(text: str) -> None:
    """Only existing days in one spelling."""
    with pytest.raises(MalformedError):
        parse_day(text)


@given(DAYS)
def test_a_day_holds_its_instants(day: int) -> None:
    """A day is half open: its first instant belongs to it, its end to the next."""
    assert day_of_ms(start_ms(day)) == day
    assert day_of_ms(end_ms(day) - 1) == day
    assert day_of_ms(end_ms(day)) == day + 1


def test_days_begin_in_china() -> None:
    """Midnight in +08:00 is 16:00 of the day before in UTC."""
    assert start_ms(parse_day("2026-05-06")) == parse_rfc3339_ms("2026-05-05T16:00:00Z")


@pytest.mark.parametrize(
    ("text", "months", "expected"),
    [
        ("2025-05-06", 12, "2026-05-06"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-01-15", -1, "2025-12-15"),
        ("2026-03-31", 0, "2026-03-31"),
    ],
)
def test_months_are_clipped_to_the_end(text: str, months: int, expected: str) -> None:
    """A month that is too short gives its last day."""
    assert format_day(add_months(parse_day(text), months)) == expected


def test_a_startup_is_younger_than_twelve_months() -> None:
    """Applied on 2026-05-06: registered a year and a day less is young, a year is not."""
    applied = parse_day("2026-05-06")
    assert add_months(parse_day("2025-05-07"), 12) > applied
    assert not add_months(parse_day("2025-05-06"), 12) > applied


@given(DAYS.filter(lambda day: day > 0), st.integers(min_value=0, max_value=600))
def test_more_months_are_never_earlier(day: int, months: int) -> None:
    """Adding months is monotone and stays in the month that is meant."""
    moved = add_months(day, months)
    year, month, _ = civil_from_day(day)
    moved_year, moved_month, _ = civil_from_day(moved)
    assert moved_year * 12 + moved_month == year * 12 + month + months
    assert moved <= add_months(day + 1, months)


@given(
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)),  # noqa: DTZ001
    st.integers(min_value=-1439, max_value=1439),
)
def test_instants_agree_with_the_library(naive: datetime, offset_minutes: int) -> None:
    """Any offset, to the millisecond."""
    zone = timezone(timedelta(minutes=offset_minutes))
    moment = naive.replace(microsecond=naive.microsecond // 1000 * 1000, tzinfo=zone)
    ms = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert parse_rfc3339_ms(moment.isoformat(timespec="milliseconds")) == ms


@given(st.integers(min_value=-(10**13), max_value=2 * 10**14))
def test_rendered_instants_parse_back(ms: int) -> None:
    """Nothing is lost, and the text is in +08:00."""
    text = format_rfc3339(ms)
    assert parse_rfc3339_ms(text) == ms
    assert text.endswith("+08:00")


def test_whole_seconds_have_no_decimals() -> None:
    """One spelling for one instant."""
    assert format_rfc3339(0) == "1970-01-01T08:00:00+08:00"
    assert format_rfc3339(1) == "1970-01-01T08:00:00.001+08:00"


@pytest.mark.parametrize(
    "text",
    [
        *("2026-05-06T09:00:00", "2026-05-06 09:00:00Z", "2026-05-06t09:00:00z", "2026-05-06T09:00Z"),
        *(
            "2026-05-06T24:00:00Z",
            "2026-05-06T09:60:00Z",
            "2026-12-31T23:59:60Z",
            "2026-05-06T09:00:00-00:00",
        ),
        *(
            "2026-05-06T09:00:00.1234Z",
            "2026-05-06T09:00:00.Z",
            "2026-05-06T09:00:00+0800",
            "2026-02-30T00:00:00Z",
        ),
        *("2026-05-06T09:00:00+24:00", "", "2026-05-06T09:00:00Z\n"),
    ],
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    """An offset is required, and nothing is guessed or rounded."""
    with pytest.raises(MalformedError):
        parse_rfc3339_ms(text)
