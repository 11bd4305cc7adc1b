"""What a grant comes to beside its rate: exclusions, named approval, rates by origin, stacking room (I2 to I4)."""

from __future__ import annotations

from unit.domain.registrar import terms, yuan
from unit.domain.town import small_town

from ledger.domain.policy import Instrument, Origin, OriginRate, Stacking
from ledger.domain.rejections import Reason


def test_excluded_items_reduce_the_contract_where_the_policy_names_them() -> None:
    """Storage is excluded by name; the part that the policy does not name counts."""
    town = small_town(terms(excluded_items=("storage",)))
    parts = {"storage": yuan("300_000"), "network": yuan("100_000")}
    town.ok(town.contract("c", "1_000_000", excluded=parts))
    assert town.award("v", "c") == yuan("350_000")


def test_a_named_approval_opens_the_hard_cap() -> None:
    """Without a named approval the limit is the cap; with it the hard cap."""
    town = small_town(terms(rate_bp=3_000, cap="1_000_000", hard_cap="2_000_000"))
    for name in ("c1", "c2", "c3"):
        town.ok(town.contract(name, "10_000_000"))
    assert town.award("v1", "c1") == yuan("1_000_000")
    town.ok(town.apply("a2", "c2"))
    town.handle("a2")
    assert town.reason(town.grant("v2", "a2")) == Reason.NAMED_APPROVAL_REQUIRED
    assert town.ok(town.grant("v2", "a2", named=True)).payload.face_fen == yuan("1_000_000")
    town.ok(town.apply("a3", "c3"))
    town.handle("a3")
    assert town.reason(town.grant("v3", "a3", named=True)) == Reason.CAP_EXHAUSTED


def test_rates_by_origin_are_weighted_and_floored_once() -> None:
    """30 % of domestic and 20 % of foreign parts of a contract, one floor at the end."""
    rates = (
        OriginRate(origin=Origin.DOMESTIC, rate_bp=3_000),
        OriginRate(origin=Origin.FOREIGN, rate_bp=2_000),
    )
    town = small_town(terms(rate_bp_by_origin=rates))
    parts = {Origin.DOMESTIC: 333, Origin.FOREIGN: 668}
    town.ok(town.contract("c", 1_001, origins=parts))
    assert town.award("v", "c") == (3_000 * 333 + 2_000 * 668) // 10_000


def test_an_origin_without_a_rate_pays_the_ordinary_one() -> None:
    """Only domestic accelerators have a rate of their own."""
    rates = (OriginRate(origin=Origin.DOMESTIC, rate_bp=3_000),)
    town = small_town(terms(rate_bp=1_000, rate_bp_by_origin=rates))
    town.ok(town.contract("c", 1_000, origins={Origin.DOMESTIC: 400, Origin.FOREIGN: 600}))
    assert town.award("v", "c") == 120 + 60


def test_stacking_room_is_shared_by_the_programmes_on_a_contract() -> None:
    """Under a ceiling of 60 % the second programme gets the 10 % that the first left."""
    ceiling = {"stacking": Stacking.CEILING, "stacking_ceiling_bp": 6_000}
    town = small_town(terms(**ceiling))  # type: ignore[arg-type]
    town.open_programme(terms(**ceiling), label="model", instrument=Instrument.MODEL)  # type: ignore[arg-type]
    town.ok(town.contract("c", "1_000_000"))
    assert town.award("v", "c") == yuan("500_000")
    assert town.award("w", "c", programme="model") == yuan("100_000")
