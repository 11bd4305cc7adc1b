"""Money and usage quantities: strict text, two floors, int64."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.quantities import (
    INT64_MAX,
    entitlement_fen,
    format_yuan,
    format_yuan_plain,
    parse_yuan,
    usage_amount_fen,
)
from ledger.errors import MalformedError

FEN = st.integers(min_value=0, max_value=INT64_MAX)


@pytest.mark.parametrize(
    ("text", "fen"),
    [("0.00", 0), ("0.01", 1), ("1234.56", 123_456), ("92233720368547758.07", INT64_MAX)],
)
def test_amounts_parse_exactly(text: str, fen: int) -> None:
    """Yuan text is fen, to the last one that int64 holds."""
    assert parse_yuan(text) == fen


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "1.2", "1.234", ".50", "1.", "01.00", "+1.00", " 1.00", "1.00\n", "1,234.56", "1_0.00"),
        *(
            "1e3.00",
            "-1.00",
            "--1.00",
            "\uff11.00",
            "\u0661.00",
            "NaN",
            "92233720368547758.08",
            "9" * 5000 + ".00",
        ),
    ],
)
def test_other_spellings_of_amounts_are_refused(text: str) -> None:
    """Nothing but the one spelling that is rendered is read."""
    with pytest.raises(MalformedError) as caught:
        parse_yuan(text)
    assert len(caught.value.diagnostics()) < 300


def test_a_sign_needs_permission() -> None:
    """A negative amount is read only where the caller allows it, and never as negative zero."""
    assert parse_yuan("-1.05", signed=True) == -105
    with pytest.raises(MalformedError):
        parse_yuan("-0.00", signed=True)


@given(st.integers(min_value=-INT64_MAX, max_value=INT64_MAX))
def test_rendered_amounts_parse_back(fen: int) -> None:
    """Both renderings say the same amount."""
    assert parse_yuan(format_yuan_plain(fen), signed=True) == fen
    assert format_yuan(fen).replace(",", "") == format_yuan_plain(fen)


def test_amounts_for_people_have_separators() -> None:
    """Thousands are set apart."""
    assert [format_yuan(fen) for fen in (5, 123_456, -100_000_000)] == ["0.05", "1,234.56", "-1,000,000.00"]


def test_usage_amount_is_floored() -> None:
    """One millisecond short of an hour costs one fen less at most, and never more than the hour."""
    assert usage_amount_fen(device_ms=3_600_000, price_fen=2_000) == 2_000
    assert usage_amount_fen(device_ms=3_599_999, price_fen=2_000) == 1_999
    assert usage_amount_fen(device_ms=1_799, price_fen=2_000) == 0


@given(st.integers(min_value=0, max_value=10**12), st.integers(min_value=0, max_value=10**6))
def test_usage_amount_is_the_largest_that_is_not_too_much(device_ms: int, price_fen: int) -> None:
    """The floor: at most the exact price, and less than one fen below it."""
    amount_fen = usage_amount_fen(device_ms=device_ms, price_fen=price_fen)
    assert 0 <= device_ms * price_fen - amount_fen * 3_600_000 < 3_600_000


@pytest.mark.parametrize(
    ("rate_bp", "base_fen", "expected_fen"),
    [
        (5000, 800_000_000, 400_000_000),
        (6000, 1_234_567_891, 740_740_734),
        (3000, 1, 0),
        (10_000, INT64_MAX, INT64_MAX),
        (0, INT64_MAX, 0),
    ],
)
def test_entitlements_are_floored(rate_bp: int, base_fen: int, expected_fen: int) -> None:
    """Rates are basis points; the result is never more than the rate allows."""
    assert entitlement_fen(rate_bp=rate_bp, base_fen=base_fen) == expected_fen


@given(st.integers(min_value=0, max_value=10_000), FEN)
def test_an_entitlement_never_exceeds_its_base(rate_bp: int, base_fen: int) -> None:
    """The floor is within one fen of the exact share."""
    assert 0 <= rate_bp * base_fen - entitlement_fen(rate_bp=rate_bp, base_fen=base_fen) * 10_000 < 10_000


def test_out_of_range_is_an_error_not_a_wrap() -> None:
    """Nothing beyond int64 and no rate beyond the whole."""
    with pytest.raises(MalformedError, match="usage amount"):
        usage_amount_fen(device_ms=INT64_MAX, price_fen=INT64_MAX)
    with pytest.raises(MalformedError, match="device_ms"):
        usage_amount_fen(device_ms=-1, price_fen=1)
    with pytest.raises(MalformedError, match="rate_bp"):
        entitlement_fen(rate_bp=10_001, base_fen=1)
    with pytest.raises(MalformedError, match="base_fen"):
        entitlement_fen(rate_bp=1, base_fen=INT64_MAX + 1)
