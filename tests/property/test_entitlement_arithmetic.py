"""Every amount against exact fractions: one floor, at the end."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import floor

from hypothesis import given
from hypothesis import strategies as st
from unit.domain.registrar import terms

from ledger.domain import entitlement
from ledger.domain.entities import Redemption
from ledger.domain.policy import Origin, OriginRate, Stacking
from ledger.domain.quantities import entitlement_fen, usage_amount_fen

BP = st.integers(0, 10_000)
FEN = st.integers(0, 92_233_720_368_547)
DEVICE_MS = st.integers(0, 3_600_000 * 24 * 366)
PRICES = st.integers(1, (1 << 24) - 1)


@st.composite
def shares(draw: st.DrawFn) -> tuple[int, ...]:
    """One to twelve shares above 0 that sum to 10,000."""
    cuts = sorted(draw(st.sets(st.integers(1, 9_999), max_size=11)))
    edges = [0, *cuts, 10_000]
    return tuple(high - low for low, high in pairwise(edges))


@given(rate=BP, base=FEN)
def test_an_entitlement_is_the_floor_of_the_fraction(rate: int, base: int) -> None:
    """floor(rate × base ÷ 10,000), exactly."""
    assert entitlement_fen(rate_bp=rate, base_fen=base) == floor(Fraction(rate, 10_000) * base)


@given(device_ms=DEVICE_MS, price=PRICES)
def test_a_line_amount_is_the_floor_of_the_fraction(device_ms: int, price: int) -> None:
    """floor(ms × price ÷ 3,600,000), exactly."""
    exact = floor(Fraction(device_ms, 3_600_000) * price)
    assert usage_amount_fen(device_ms=device_ms, price_fen=price) == exact


@given(rate=BP, startup_rate=BP, base=FEN, startup=st.booleans())
def test_one_rate_is_the_startups_or_the_others(
    rate: int, startup_rate: int, base: int, *, startup: bool
) -> None:
    """Without rates by origin the parts do not matter."""
    policy = terms(rate_bp=rate, startup_rate_bp=startup_rate)
    parts = {Origin.DOMESTIC: 1, Origin.FOREIGN: base}
    expected = floor(Fraction(startup_rate if startup else rate, 10_000) * base)
    assert entitlement.entitled_fen(policy, startup=startup, base_fen=base, parts_fen=parts) == expected


@given(rate=BP, domestic=BP, base=FEN, parts=st.tuples(FEN, FEN))
def test_rates_by_origin_are_weighted_by_the_parts(
    rate: int, domestic: int, base: int, parts: tuple[int, int]
) -> None:
    """The weighted mean of the rates, floored once; an origin without an entry has the ordinary rate."""
    policy = terms(rate_bp=rate, rate_bp_by_origin=(OriginRate(origin=Origin.DOMESTIC, rate_bp=domestic),))
    whole = sum(parts)
    mean = Fraction(domestic * parts[0] + rate * parts[1], whole) if whole else Fraction(rate)
    actual = entitlement.entitled_fen(
        policy, startup=False, base_fen=base, parts_fen={Origin.DOMESTIC: parts[0], Origin.FOREIGN: parts[1]}
    )
    assert actual == floor(mean * base / 10_000)


@given(rate=BP, base=FEN, more=FEN)
def test_an_entitlement_never_falls_with_the_base(rate: int, base: int, more: int) -> None:
    """Monotone, never above the base, and splitting a base never gives more."""
    whole = entitlement_fen(rate_bp=rate, base_fen=base + more)
    parts = entitlement_fen(rate_bp=rate, base_fen=base) + entitlement_fen(rate_bp=rate, base_fen=more)
    assert whole - 1 <= parts <= whole <= base + more


@given(bp=BP, startup_bp=BP, contract=FEN, startup=st.booleans())
def test_a_stacking_ceiling_is_a_floor_of_the_contract(
    bp: int, startup_bp: int, contract: int, *, startup: bool
) -> None:
    """Start-ups have their own ceiling; without CEILING there is none."""
    policy = terms(stacking=Stacking.CEILING, stacking_ceiling_bp=bp, startup_stacking_ceiling_bp=startup_bp)
    expected = floor(Fraction(startup_bp if startup else bp, 10_000) * contract)
    assert entitlement.stacking_ceiling_fen(policy, startup=startup, contract_fen=contract) == expected
    for other in (Stacking.NONE, Stacking.EXCLUSIVE):
        free = terms(stacking=other)
        assert entitlement.stacking_ceiling_fen(free, startup=startup, contract_fen=contract) is None


@given(
    cap=st.integers(0, 10**6), hard=st.integers(0, 10**6), own=st.integers(0, 10**6), startup=st.booleans()
)
def test_a_named_approval_never_lowers_the_limit(cap: int, hard: int, own: int, *, startup: bool) -> None:
    """The limit is the cap; with a named approval the greater of cap and hard cap."""
    policy = terms(cap=f"{cap}.00", startup_cap=f"{own}.00", hard_cap=f"{hard}.00")
    limit = (own if startup else cap) * 100
    assert entitlement.cap_fen(policy, startup=startup) == limit
    assert entitlement.cap_fen(policy, startup=startup, named_approval=True) == max(limit, hard * 100)


@given(amount=FEN, parts=shares())
def test_instalments_sum_to_the_amount(amount: int, parts: tuple[int, ...]) -> None:
    """All but the last are floors, the last takes the rest, nothing is lost."""
    redemption = Redemption(
        redemption_id=b"",
        voucher_id=b"",
        claim_ids=(),
        invoices=(),
        payments_fen=0,
        instalments_bp=parts,
        payee_commitment=b"",
        base_fen=0,
        amount_fen=amount,
        index=0,
        subject_index=0,
        subject_hash=b"",
    )
    paid = redemption.instalments_fen()
    floors = [floor(Fraction(bp, 10_000) * amount) for bp in parts[:-1]]
    assert (list(paid[:-1]), sum(paid), len(paid)) == (floors, amount, len(parts))
