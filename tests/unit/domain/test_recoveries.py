"""How claimed-back money ends: repaid, written off, and the fines beside it (I15)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.domain.clawed import clawback, determined, notified, paid, recovery
from unit.domain.registrar import ident, yuan

from ledger.domain.journal import Account
from ledger.domain.rejections import Reason


def test_repayments_end_a_clawback_when_nothing_is_outstanding() -> None:
    """In two parts; a fen more than outstanding is refused; then the other vouchers are free."""
    town = determined()
    town.ok(town.repay("k", "1_000_000"))
    assert (clawback(town).state.name, clawback(town).outstanding_fen) == (
        "PARTLY_RECOVERED",
        yuan("2_000_000"),
    )
    assert town.message(town.repay("k", "2000000.01")) == f"outstanding are {yuan('2_000_000')} fen"
    assert town.reason(town.repay("k", 0)) == Reason.MALFORMED
    assert town.state.clawed_vouchers[ident("acme")] == (ident("v"),)
    event = town.ok(town.repay("k", "2_000_000"))
    assert [(p.account, p.amount_fen) for p in event.draft.postings] == [
        (Account.RECOVERED, yuan("2_000_000")),
        (Account.RECOVERABLE, -yuan("2_000_000")),
    ]
    assert (clawback(town).state.name, recovery(town)) == ("RECOVERED", (0, yuan("3_000_000"), 0))
    assert town.state.clawed_vouchers[ident("acme")] == ()
    assert town.message(town.repay("k", 1)) == "the clawback is RECOVERED; allowed: fine"


@pytest.mark.parametrize("repaid", [0, 1, 299_999_999])
def test_a_write_off_gives_up_all_that_is_outstanding(repaid: int) -> None:
    """Neither more nor less; it ends the clawback."""
    town = determined()
    if repaid:
        town.ok(town.repay("k", repaid))
    rest = yuan("3_000_000") - repaid
    for wrong in (rest - 1, rest + 1):
        expected = Reason.MALFORMED if wrong == 0 else Reason.STATE_CONFLICT
        assert town.reason(town.write_off("k", wrong)) == expected
    event = town.ok(town.write_off("k"))
    assert [(p.account, p.amount_fen) for p in event.draft.postings] == [
        (Account.WRITTEN_OFF, rest),
        (Account.RECOVERABLE, -rest),
    ]
    assert (clawback(town).state.name, recovery(town)) == ("WRITTEN_OFF", (0, repaid, 0))
    assert town.state.clawed_vouchers[ident("acme")] == ()
    assert town.message(town.write_off("k", 1)) == "the clawback is WRITTEN_OFF; allowed: fine"


def test_recovered_money_is_not_granted_again() -> None:
    """DISBURSED does not fall, nothing becomes available, the cap of the year stays used."""
    town = determined()
    before = town.totals_of("gpu")
    town.ok(town.repay("k", "3_000_000"))
    assert town.totals_of("gpu") == before == (yuan("495_000_000"), 0, 0, yuan("5_000_000"))
    granted = town.state.granted_fen(programme_id=ident("gpu"), beneficiary_id=ident("acme"))
    assert granted == yuan("5_000_000")


# Fines.


def test_fines_together_are_a_tenth_to_a_half() -> None:
    """Of 3,000,000: 299,999.99 is too little, 1,500,000.01 too much, in one or in several."""
    town = determined()
    text = f"the fines of this clawback together are 10 to 50 % of {yuan('3_000_000')} fen"
    assert town.message(town.fine("k", "299_999.99")) == text
    assert town.message(town.fine("k", "1_500_000.01")) == text
    town.ok(town.fine("k", "300_000"))
    town.ok(town.fine("k", 1))
    assert town.message(town.fine("k", "1_200_000")) == text
    town.ok(town.fine("k", "1199999.99"))
    assert town.message(town.fine("k", 1)) == text
    assert clawback(town).fines_fen == yuan("1_500_000")


def test_a_fine_of_exactly_a_half() -> None:
    """The upper bound is inside."""
    town = determined()
    assert town.reason(town.fine("k", "1_500_000")) is None


def test_fines_are_an_account_of_their_own() -> None:
    """They do not change what is outstanding and are not netted with it."""
    town = determined()
    event = town.ok(town.fine("k", "300_000"))
    assert [(p.account, p.amount_fen) for p in event.draft.postings] == [
        (Account.FINES_DUE, yuan("300_000")),
        (Account.FINES, -yuan("300_000")),
    ]
    assert recovery(town) == (yuan("3_000_000"), 0, yuan("300_000"))
    assert clawback(town).outstanding_fen == yuan("3_000_000")


def test_a_fine_may_follow_the_end_but_not_precede_the_determination() -> None:
    """After repayment or write-off it is possible, before the determination and of nothing it is not."""
    town = notified()
    assert town.reason(town.fine("k", "300_000")) == Reason.STATE_CONFLICT
    town.ok(town.determine("k", "3_000_000"))
    town.ok(town.repay("k", "1_000_000"))
    town.ok(town.write_off("k"))
    town.ok(town.fine("k", "300_000"))
    assert clawback(town).state.name == "WRITTEN_OFF"
    closed = paid()
    closed.ok(closed.open_clawback("k", "r"))
    closed.ok(closed.notify("k"))
    closed.ok(closed.determine("k", 0))
    assert closed.message(closed.fine("k", 1)) == "the clawback is CLOSED; allowed: nothing"


@pytest.mark.parametrize(
    "changes",
    [{"amount_fen": 0}, {"reference_fingerprint": b""}, {"received_day": -1}],
    ids=lambda changes: next(iter(changes)),
)
def test_a_repayment_out_of_shape_is_malformed(changes: dict[str, Any]) -> None:
    """An amount, a reference and a day."""
    town = determined()
    assert town.reason(replace(town.repay("k", 1), **changes)) == Reason.MALFORMED
