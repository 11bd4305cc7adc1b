"""Verification on the facts of its day: outside support, cancelled evidence, earlier requests (I3, I4, I10)."""

from __future__ import annotations

import pytest
from unit.domain.registrar import ident, terms, yuan
from unit.domain.town import Town, small_town, with_voucher

from ledger.domain.policy import Stacking
from ledger.domain.rejections import Reason, Rejection

MILLION = 100_000_000
CEILING = {"stacking": Stacking.CEILING, "stacking_ceiling_bp": 5_000}


def due(town: Town, label: str = "r") -> int | Reason:
    """The amount that a verification must name, or the reason of its refusal: 0 fen are always wrong."""
    answer = town.send(town.verify(label, 0))[0]
    assert isinstance(answer, Rejection)
    if answer.reason != Reason.STATE_CONFLICT:
        return answer.reason
    return int(answer.message.removeprefix("the amount to verify is ").removesuffix(" fen"))


# Outside support and the ceiling.


def test_outside_support_reported_after_the_request_lowers_the_verification() -> None:
    """Under a ceiling of 50 % of 8 million, 3.2 million of support leave 800,000 of the 1 million asked."""
    town = with_voucher(terms(**CEILING))  # type: ignore[arg-type]
    assert town.redeemed("r", "v", "2_000_000").payload.amount_fen == yuan("1_000_000")
    town.ok(town.outside("c", "3_200_000"))
    assert due(town) == yuan("800_000")
    town.ok(town.verify("r", yuan("800_000")))
    assert town.state.redemptions[ident("r")].base_fen == yuan("2_000_000")


def test_outside_support_up_to_the_ceiling_refuses() -> None:
    """STACKING_CEILING at a request, FACE_EXCEEDED at a verification; a fen of room is a fen."""
    town = with_voucher(terms(**CEILING))  # type: ignore[arg-type]
    town.redeemed("r", "v", "2_000_000")
    town.ok(town.metered("u", "v", "1_000"))
    town.ok(town.outside("c", "3999999.99"))
    assert due(town) == 1
    town.ok(town.outside("c", 1))
    assert due(town) == Reason.FACE_EXCEEDED
    request = town.redeem("r2", "v", ["u"], invoices={"i-e": 1_000}, payments={"p-e": 1_000})
    assert town.reason(request) == Reason.STACKING_CEILING


def test_outside_support_lowers_a_grant() -> None:
    """Scenario 6: 3,000,000 on a contract of 10,000,000 leave 2,000,000 under CEILING."""
    town = small_town(terms(**CEILING))  # type: ignore[arg-type]
    town.ok(town.contract("c", "10_000_000"))
    town.ok(town.outside("c", "3_000_000"))
    assert town.award("v", "c") == yuan("2_000_000")


def test_outside_support_refuses_an_exclusive_grant() -> None:
    """STACKING_EXCLUSIVE at the application, and at the grant if it was reported between."""
    town = small_town(terms(stacking=Stacking.EXCLUSIVE))
    town.ok(town.contract("c", "10_000_000"))
    town.ok(town.apply("a", "c"))
    town.handle("a")
    town.ok(town.outside("c", "3_000_000"))
    assert town.reason(town.grant("v", "a")) == Reason.STACKING_EXCLUSIVE
    assert town.reason(town.apply("b", "c")) == Reason.STACKING_EXCLUSIVE


def test_outside_support_does_not_matter_without_a_stacking_rule() -> None:
    """Under NONE the amounts stand."""
    town = with_voucher(terms())
    town.redeemed("r", "v", "2_000_000")
    town.ok(town.outside("c", "8_000_000"))
    assert due(town) == yuan("1_000_000")


def test_an_exclusive_redemption_with_outside_support_is_not_verified() -> None:
    """FACE_EXCEEDED, though the redemption asked before the support was known."""
    town = with_voucher(terms(stacking=Stacking.EXCLUSIVE))
    town.redeemed("r", "v", "2_000_000")
    town.ok(town.outside("c", 1))
    assert due(town) == Reason.FACE_EXCEEDED


def test_other_redemptions_take_room_under_the_ceiling() -> None:
    """What the contract's other redemptions come to counts, the redemption itself does not."""
    town = with_voucher(terms(**CEILING))  # type: ignore[arg-type]
    town.redeemed("r1", "v", "4_000_000")
    town.redeemed("r2", "v", "4_000_000")
    town.ok(town.outside("c", "1_000_000"))
    # 4 million of room: less 1 outside, less 2 of the other one, in whichever order.
    assert (due(town, "r1"), due(town, "r2")) == (yuan("1_000_000"), yuan("1_000_000"))
    town.ok(town.verify("r1", yuan("1_000_000")))
    assert due(town, "r2") == yuan("2_000_000")


# What was asked and what was there before.


def test_a_verification_is_at_most_the_request() -> None:
    """What an earlier redemption gives up does not raise a later one."""
    town = with_voucher(terms(cap="1_500_000"))
    town.ok(town.register_key("cloud", "cloud/2"))
    town.redeemed("r1", "v", "2_000_000")
    town.ok(town.metered("u2", "v", "2_000_000", by="cloud/2"))
    fen = yuan("2_000_000")
    request = town.redeem("r2", "v", ["u2"], invoices={"i-e": fen}, payments={"p-e": fen})
    assert town.ok(request).payload.amount_fen == yuan("500_000")
    town.ok(town.revoke("cloud", 0))
    assert due(town, "r1") == Reason.FACE_EXCEEDED
    assert due(town, "r2") == yuan("500_000")


def test_a_base_that_an_earlier_verification_gave_up_is_free_for_later_ones() -> None:
    """Bases of earlier requests as they stand: 8 less 5 before, 8 less 1 after the first is lowered to 1."""
    town = with_voucher()
    town.ok(town.register_key("cloud", "cloud/2"))
    town.ok(town.metered("u1", "v", "4_000_000"))
    town.ok(town.metered("u2", "v", "1_000_000", by="cloud/2"))
    town.ok(town.invoice("i-f", "c", "4_000_000"))
    town.ok(town.payment("p-f", "c", "4_000_000"))
    fen = yuan("5_000_000")
    town.ok(town.redeem("r1", "v", ["u1", "u2"], invoices={"i-e": fen}, payments={"p-e": fen}))
    town.ok(town.metered("u3", "v", "4_000_000", by="cloud/2"))
    fen = yuan("4_000_000")
    request = town.redeem("r2", "v", ["u3"], invoices={"i-f": fen}, payments={"p-f": fen})
    assert town.ok(request).payload.base_fen == yuan("3_000_000")
    town.ok(town.revoke("cloud", 0))
    town.ok(town.verify("r1", yuan("500_000")))
    # The base grows to 4 million, the amount stays what was asked for.
    event = town.ok(town.verify("r2", yuan("1_500_000")))
    assert event.payload.base_fen == yuan("4_000_000")


def test_a_later_request_does_not_lower_an_earlier_verification() -> None:
    """Earlier means requested earlier: the second takes what the first left, not the other way."""
    town = with_voucher()
    town.redeemed("r1", "v", "5_000_000")
    town.redeemed("r2", "v", "3_000_000")
    assert (due(town, "r2"), due(town, "r1")) == (yuan("1_500_000"), yuan("2_500_000"))


def test_min_spend_is_a_matter_of_the_request() -> None:
    """A verification does not look at the payments again."""
    town = with_voucher(terms(min_spend_fen=yuan("500_000")))
    town.redeemed("r", "v", "500_000")
    town.ok(town.cancel("i-e"))
    assert due(town) == Reason.FACE_EXCEEDED


@pytest.mark.parametrize("officer", ["clerk", "approver-1", "payer", "acme"])
def test_only_a_reviewer_s_signature_verifies(officer: str) -> None:
    """Every other office is SEPARATION_OF_DUTY."""
    town = with_voucher()
    town.redeemed("r", "v", "1_000")
    assert town.reason(town.verify("r", by=officer)) == Reason.SEPARATION_OF_DUTY
