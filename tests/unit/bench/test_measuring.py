"""The arithmetic of a bench: medians of paired rounds, percentiles, delays, and what a plan asks for."""

from __future__ import annotations

import pytest

from bench.load import delays_ms
from bench.measuring import median_ratio, percentile, rounded
from bench.result import Plan


def test_a_ratio_is_the_median_of_the_rounds_so_that_one_disturbed_round_does_not_count() -> None:
    """The middle of project ÷ peer, not the ratio of the sums."""
    assert median_ratio([(1.0, 2.0), (3.0, 4.0), (100.0, 1.0)]) == 0.75


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1.0), (0.5, 2.0), (0.51, 3.0), (0.99, 4.0), (1.0, 4.0)]
)
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: float) -> None:
    """Nothing is interpolated; the order of the values does not count."""
    assert percentile([4.0, 1.0, 3.0, 2.0], share) == expected


def test_there_is_no_percentile_of_nothing() -> None:
    """An empty measurement is a fault and not a zero."""
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


def test_results_have_three_digits() -> None:
    """More would pretend a precision that a shared machine does not have."""
    assert [rounded(14_567.8), rounded(0.333333)] == [14_600.0, 0.333]


def test_a_delay_ends_with_the_first_receipt_that_covers_the_commit() -> None:
    """One message may bring several commits; a commit that never arrived is left out."""
    commits = [(10, 1_000_000), (20, 2_000_000), (30, 3_000_000)]
    receipts = [(5, 1_500_000), (20, 4_000_000)]
    assert delays_ms(commits, receipts) == [3.0, 2.0]


def test_a_quick_plan_measures_a_quarter_but_never_nothing() -> None:
    """Sizes and rounds shrink together, upwards rounded."""
    quick = Plan(wanted=frozenset({"a"}), quick=True)
    full = Plan(wanted=frozenset({"a"}), quick=False)
    assert [quick.count(8), quick.count(1), full.count(8)] == [2, 1, 8]
    assert (full.wants("a", "b"), full.wants("b")) == (True, False)
