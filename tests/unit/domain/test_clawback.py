"""Clawbacks up to their determination: what was paid less what a redemption is worth today (I4, I16)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.domain.clawed import CEILING, clawback, determined, notified, paid, recovery
from unit.domain.registrar import at, digest, ident, terms, yuan
from unit.domain.town import small_town, with_voucher

from ledger.domain.journal import Account, LinkKind, PremiseKind
from ledger.domain.policy import Stacking
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import ClawbackCause, Role

# The amount.


def test_outside_support_after_the_payment_claws_back_what_it_displaces() -> None:
    """3,000,000 of support leave 2,000,000 of the ceiling: 3,000,000 are to be paid back."""
    town = paid()
    town.ok(town.outside("c", "3_000_000"))
    opened = town.ok(town.open_clawback("k", "r"))
    assert opened.payload.entitlement_fen == yuan("2_000_000")
    town.ok(town.notify("k"))
    wrong = town.message(town.determine("k", "2_999_999"))
    assert wrong == f"the amount to determine is {yuan('3_000_000')} fen"
    event = town.ok(town.determine("k", "3_000_000"))
    assert event.payload.entitlement_fen == yuan("2_000_000")
    assert recovery(town) == (yuan("3_000_000"), 0, 0)
    assert town.totals_of("gpu") == (yuan("495_000_000"), 0, 0, yuan("5_000_000"))
    assert town.state.contract_totals(ident("c")) == (yuan("2_000_000"), yuan("3_000_000"))


def test_a_red_letter_after_the_payment_claws_back_the_whole() -> None:
    """Without a valid invoice the redemption is worth nothing."""
    town = paid(terms())
    town.ok(town.cancel("i-e"))
    opened = town.ok(town.open_clawback("k", "r", cause=ClawbackCause.RED_LETTER))
    assert opened.payload.entitlement_fen == 0
    town.ok(town.notify("k"))
    town.ok(town.determine("k", "5_000_000"))
    assert town.state.contract_totals(ident("c")).public_money_fen == 0


def test_a_disputed_claim_after_the_payment_claws_back_its_part() -> None:
    """Of claims of 6 and 4 million the second's key was stolen: half of 4 million."""
    town = with_voucher(contract="10_000_000")
    town.ok(town.register_key("cloud", "cloud/2"))
    town.ok(town.metered("u1", "v", "6_000_000"))
    town.ok(town.metered("u2", "v", "4_000_000", by="cloud/2"))
    fen = yuan("10_000_000")
    town.ok(town.redeem("r", "v", ["u1", "u2"], invoices={"i-e": fen}, payments={"p-e": fen}))
    town.settle("r")
    town.ok(town.revoke("cloud/2", 0))
    town.ok(town.open_clawback("k", "r", cause=ClawbackCause.DISPUTED_CLAIM))
    town.ok(town.notify("k"))
    assert town.reason(town.determine("k", "2_000_000")) is None


def test_an_exclusive_voucher_with_outside_support_is_worth_nothing() -> None:
    """Where a verification would be refused the entitlement is 0."""
    town = paid(terms(stacking=Stacking.EXCLUSIVE))
    town.ok(town.outside("c", 1))
    assert town.ok(town.open_clawback("k", "r")).payload.entitlement_fen == 0


def test_the_facts_of_the_day_of_the_determination_count() -> None:
    """Support that is reported between opening and determination raises the amount."""
    town = notified()
    town.ok(town.outside("c", "500_000"))
    assert town.reason(town.determine("k", "3_000_000")) == Reason.STATE_CONFLICT
    assert town.ok(town.determine("k", "3_500_000")).payload.entitlement_fen == yuan("1_500_000")


def test_a_determination_of_nothing_closes() -> None:
    """The redemption is worth what was paid: no posting, no PROGRAMME link, nothing held any more."""
    town = paid()
    town.ok(town.open_clawback("k", "r"))
    town.ok(town.notify("k"))
    event = town.ok(town.determine("k", 0))
    assert event.draft.postings == ()
    assert [link.kind for link in event.draft.links] == [LinkKind.CLAWBACK, LinkKind.REDEMPTION]
    assert (clawback(town).state.name, clawback(town).outstanding_fen) == ("CLOSED", 0)
    assert town.state.clawed_vouchers[ident("acme")] == ()
    assert town.message(town.repay("k", 1)) == "the clawback is CLOSED; allowed: nothing"


def test_several_clawbacks_in_turn_claim_only_what_is_new() -> None:
    """3,000,000 first; with 500,000 more support 500,000; a third finds nothing."""
    town = determined()
    town.ok(town.repay("k", "3_000_000"))
    town.ok(town.outside("c", "500_000"))
    for label, amount in (("k2", "500_000"), ("k3", 0)):
        town.ok(town.open_clawback(label, "r"))
        town.ok(town.notify(label))
        town.ok(town.determine(label, amount))
        if amount:
            town.ok(town.repay(label, amount))
    assert town.state.redemptions[ident("r")].clawed_back_fen == yuan("3_500_000")
    assert recovery(town) == (0, yuan("3_500_000"), 0)


def test_the_amount_is_that_of_all_instalments() -> None:
    """A redemption paid in three parts is one amount; before the last part no clawback is possible."""
    town = with_voucher(terms(**CEILING), contract="10_000_000")  # type: ignore[arg-type]
    town.redeemed("r", "v", "10_000_000", instalments=(3_000, 7_000))
    town.approve_twice("r")
    town.ok(town.outside("c", "3_000_000"))
    early = "the redemption is APPROVED; allowed: payment-order"
    assert town.message(town.open_clawback("k", "r")) == early
    town.ok(town.order("r"))
    assert town.message(town.open_clawback("k", "r")) == (
        "the redemption is ORDERED; allowed: payment-confirmation, payment-failure"
    )
    town.ok(town.pay("r"))
    assert town.message(town.open_clawback("k", "r")) == early
    town.ok(town.order("r"))
    town.ok(town.pay("r"))
    town.ok(town.open_clawback("k", "r"))
    town.ok(town.notify("k"))
    assert town.reason(town.determine("k", "3_000_000")) is None


def test_clawed_back_money_is_room_under_the_ceiling_of_the_contract() -> None:
    """A redemption of another programme finds the room that a clawback left."""
    town = small_town(terms(**CEILING))  # type: ignore[arg-type]
    town.open_programme(terms(rate_bp=1_000, **CEILING), label="next", year=2027)  # type: ignore[arg-type]
    town.ok(town.contract("c", "10_000_000"))
    assert town.award("w", "c", programme="next") == yuan("1_000_000")
    assert town.award("v", "c") == yuan("4_000_000")
    town.evidence("e", "c", "10_000_000")
    town.evidence("f", "c", "10_000_000")
    town.now_ms = at("2026-06-01")
    town.redeemed("r", "v", "8_000_000")
    town.settle("r")
    town.ok(town.outside("c", "1_000_000"))
    town.ok(town.metered("u", "w", "10_000_000"))
    fen = yuan("10_000_000")
    ask = town.redeem("s", "w", ["u"], invoices={"i-f": fen}, payments={"p-f": fen})
    assert town.reason(ask) == Reason.STACKING_CEILING
    town.ok(town.cancel("i-e"))
    town.ok(town.open_clawback("k", "r"))
    town.ok(town.notify("k"))
    town.ok(town.determine("k", "4_000_000"))
    assert town.state.contract_totals(ident("c")).public_money_fen == yuan("1_000_000")
    # Another voucher of the beneficiary is held while the money is outstanding.
    assert town.reason(ask) == Reason.VOUCHER_HELD
    town.ok(town.repay("k", "4_000_000"))
    assert town.ok(ask).payload.amount_fen == yuan("1_000_000")


# Opening, notice, appeal.


def test_a_redemption_has_one_open_clawback() -> None:
    """A second is refused until the first is repaid, and a clawback id is used once."""
    town = determined()
    assert town.message(town.open_clawback("k2", "r")) == "a clawback of the redemption is open"
    town.ok(town.repay("k", "3_000_000"))
    known = clawback(town).index
    assert town.conflict(town.open_clawback("k", "r")) == (Reason.STATE_CONFLICT, known)
    assert town.reason(town.open_clawback("k2", "r")) is None


def test_the_subject_of_an_opening_is_the_second_approval() -> None:
    """Another leaf or hash is STATE_CONFLICT; an unknown redemption does not exist; ids are not zero."""
    town = paid()
    good = town.open_clawback("k", "r")
    assert good.subject.leaf_index == town.state.redemptions[ident("r")].second_approval_index
    for subject in (
        replace(good.subject, leaf_index=0),
        replace(good.subject, leaf_hash=digest("other")),
    ):
        refused = town.message(replace(good, subject=subject))
        assert refused == "the subject is not the redemption's second approval"
    assert town.message(town.open_clawback("k", "x")) == "the redemption does not exist"
    assert town.reason(replace(good, clawback_id=bytes(16))) == Reason.MALFORMED
    assert town.reason(good) is None


@pytest.mark.parametrize("appealed", [False, True], ids=["notified", "appealed"])
def test_a_clawback_is_determined_after_its_notice(appealed: bool) -> None:
    """With or without an appeal; not before the notice, and neither notice nor appeal twice."""
    town = paid()
    town.ok(town.outside("c", "3_000_000"))
    town.ok(town.open_clawback("k", "r"))
    only = "the clawback is OPENED; allowed: clawback-notice"
    assert town.message(town.determine("k", "3_000_000")) == only
    assert town.message(town.appeal("k")) == only
    town.ok(town.notify("k"))
    both = "the clawback is NOTIFIED; allowed: clawback-appeal, clawback-determination"
    assert town.message(town.notify("k")) == both
    if appealed:
        town.ok(town.appeal("k"))
        rest = "the clawback is APPEALED; allowed: clawback-determination"
        assert town.message(town.appeal("k")) == rest
    assert town.reason(town.determine("k", "3_000_000")) is None
    assert town.message(town.determine("k", "3_000_000")) == (
        "the clawback is DETERMINED; allowed: repayment-receipt, write-off, fine"
    )


def test_each_step_belongs_to_one_office_of_the_bureau() -> None:
    """The others are SEPARATION_OF_DUTY, officers of another bureau NOT_AUTHORISED; only acme appeals."""
    town = paid()
    town.ok(town.outside("c", "3_000_000"))
    others = {"clerk-x": Role.CLERK, "reviewer-x": Role.REVIEWER, "payer-x": Role.PAYER}
    others["approver-x"] = Role.APPROVER
    for label, role in others.items():
        town.ok(town.appoint(label, role, bureau="other"))

    def refused(make: Any, wrong: str, foreign: tuple[str, ...]) -> None:
        assert town.reason(make(by=wrong)) == Reason.SEPARATION_OF_DUTY
        assert town.reason(town.in_bureau(make(), *foreign)) == Reason.NOT_AUTHORISED
        town.ok(make())

    refused(lambda **by: town.open_clawback("k", "r", **by), "reviewer", ("clerk-x",))
    refused(lambda **by: town.notify("k", **by), "reviewer", ("clerk-x",))
    assert town.reason(town.appeal("k", by="cloud")) == Reason.NOT_AUTHORISED
    town.ok(town.appeal("k"))
    refused(lambda **by: town.determine("k", "3_000_000", **by), "clerk", ("reviewer-x",))
    refused(lambda **by: town.fine("k", "300_000", **by), "payer", ("reviewer-x",))
    refused(lambda **by: town.repay("k", "1_000_000", **by), "clerk", ("payer-x",))
    assert town.reason(town.write_off("k", by=("clerk", "reviewer"))) == Reason.SEPARATION_OF_DUTY
    foreign = town.in_bureau(town.write_off("k"), "clerk-x", "approver-x")
    assert town.reason(foreign) == Reason.NOT_AUTHORISED
    assert town.reason(town.write_off("k")) is None


def test_subjects_of_a_clawback() -> None:
    """Up to the determination its newest leaf, afterwards the determination's, whatever follows."""
    town = determined()
    leaf = town.events[-1].index
    town.ok(town.fine("k", "300_000"))
    town.ok(town.repay("k", "1_000_000"))
    repayment = town.repay("k", "1_000_000")
    assert repayment.subject.leaf_index == leaf
    stale = replace(repayment, subject=replace(repayment.subject, leaf_index=town.events[-1].index))
    refused = town.message(stale)
    assert refused == "the subject is not the clawback's newest leaf, or its determination"
    assert town.reason(repayment) is None
    for statement in (town.notify("x"), town.appeal("x"), town.determine("x", 1), town.repay("x", 1)):
        assert town.message(statement) == "the clawback does not exist"
    for other in (town.fine("x", 1), town.write_off("x", 1)):
        assert town.message(other) == "the clawback does not exist"


def test_premises_links_and_postings_of_a_determination() -> None:
    """It rests on clawback, redemption, voucher, contract and the voucher's policy."""
    town = notified()
    event = town.ok(town.determine("k", "3_000_000"))
    assert [p.kind for p in event.draft.premises] == [
        PremiseKind.KEY,
        PremiseKind.CLAWBACK,
        PremiseKind.REDEMPTION,
        PremiseKind.VOUCHER,
        PremiseKind.CONTRACT,
        PremiseKind.POLICY,
    ]
    assert [link.kind for link in event.draft.links] == [
        LinkKind.CLAWBACK,
        LinkKind.REDEMPTION,
        LinkKind.PROGRAMME,
        LinkKind.CONTRACT,
    ]
    assert [(p.account, p.amount_fen) for p in event.draft.postings] == [
        (Account.RECOVERABLE, yuan("3_000_000")),
        (Account.RECOVERY_DUE, -yuan("3_000_000")),
    ]


def test_documents_of_a_clawback_are_digests() -> None:
    """A notice or an appeal without one is malformed; a determination below 0 too."""
    town = notified()
    assert town.reason(replace(town.appeal("k"), document_digest=b"")) == Reason.MALFORMED
    assert town.reason(replace(town.notify("k"), document_digest=b"x")) == Reason.MALFORMED
    assert town.reason(town.determine("k", -1)) == Reason.MALFORMED


def test_the_fold_of_a_clawback_is_the_state() -> None:
    """A replay gives every table."""
    town = determined()
    town.ok(town.fine("k", "300_000"))
    town.ok(town.repay("k", "1_000_000"))
    again = town.replayed()
    assert [table.base for table in again._tables] == [table.base for table in town.state._tables]
