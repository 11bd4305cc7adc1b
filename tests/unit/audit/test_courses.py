"""Years that take another course after the grant: holds, suspensions, doubts, clawbacks, quotas, EX_POST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from audit_forge.draft import ident
from audit_forge.memory import audit, found
from audit_forge.opening import DAY_0
from audit_forge.people import (
    ADMINS,
    APPROVERS,
    AUDITOR,
    BUYER,
    CLERK,
    REVIEWER,
    REVIEWER_2,
    ROOTS,
    SELLER,
    SELLER_2,
)
from audit_forge.year import Year, opened

from ledger.v1 import registry_pb2

if TYPE_CHECKING:
    from collections.abc import Callable


def used(change: Callable[[Any], Any] = lambda _: None) -> Year:
    """A year with a voucher on contract b and a claim of 72,000 on it."""
    year = opened(change)
    year.voucher("b", 200_000)
    year.claim("1", "b", [(0, 0, 2)])
    return year


def paid(change: Callable[[Any], Any] = lambda _: None) -> Year:
    """The same, redeemed and paid: 36,000."""
    year = used(change)
    year.request("b", ["1"], 72_000, base=72_000, amount=36_000)
    year.verification("b", 36_000, base=72_000)
    year.approve_and_pay("b", 36_000)
    return year


def revoke(year: Year, actor: Any, since_ms: int, name: str = "revocation") -> None:
    """A participant's key is revoked by administrators, an officer's by roots."""
    statement = registry_pb2.KeyRevocation(invalid_since_ms=since_ms, reason=1)  # type: ignore[arg-type]
    officer = actor in {REVIEWER, REVIEWER_2, *APPROVERS}
    signers, who = (ROOTS[:2], year.ledger_id) if officer else (ADMINS, ADMINS[0].id)
    year.key_end("key_revoked", actor, statement, list(signers), name, who)


def _claim(year: Year) -> str:
    year.claim("2", "b", [(0, 2, 1)])
    return "claim 2"


def _request(year: Year) -> str:
    year.request("b", ["1"], 72_000, base=72_000, amount=36_000)
    return "request b"


def _verification(year: Year) -> str:
    year.verification("b", 36_000, base=72_000)
    return "verification b"


def _approval(year: Year) -> str:
    year.approval("b", 1, 36_000)
    return "approval b 1"


def _order(year: Year) -> str:
    year.order("b", 1, 1, 36_000)
    return "order b 1.1"


@pytest.mark.parametrize("holder", [CLERK, AUDITOR], ids=lambda actor: actor.name)
@pytest.mark.parametrize("steps", range(5))
def test_a_held_voucher_takes_nothing(holder: Any, steps: int) -> None:
    """No claim, request, verification, approval or order; each is found."""
    year = used()
    if steps:
        for step in (_request, _verification, _approval)[: steps - 1]:
            step(year)
        if steps == 4:
            year.approval("b", 2, 36_000)
    year.hold("voucher_held", "b", holder)
    name = (_claim, _request, _verification, _approval, _order)[steps](year)
    assert found(year) == {("hold", year.named[name])}


def test_what_was_ordered_is_answered_in_spite_of_a_hold() -> None:
    """A payment and a failure are facts."""
    year = used()
    for step in (_request, _verification, _approval):
        step(year)
    year.approval("b", 2, 36_000)
    _order(year)
    year.hold("voucher_held", "b", AUDITOR)
    year.answer("b", "1.1", 1, 36_000)
    assert found(year) == set()


def test_a_hold_is_set_once_and_on_an_active_voucher() -> None:
    """A second one by the same office, and one on a revoked voucher."""
    year = used()
    year.hold("voucher_held", "b", CLERK)
    year.hold("voucher_held", "b", AUDITOR)
    year.revocation("b", 200_000)
    assert found(year) == set()
    year.hold("voucher_held", "b", CLERK)
    year.hold("hold_released", "b", CLERK)
    twice = len(year.drafts) - 2
    assert found(year) == {("hold", twice)}


def test_a_revoked_voucher_takes_no_claim_and_keeps_what_was_requested() -> None:
    """Its redemption goes on."""
    year = used()
    _request(year)
    year.revocation("b", 164_000)
    year.verification("b", 36_000, base=72_000)
    year.approve_and_pay("b", 36_000)
    assert found(year) == set()
    _claim(year)
    year.revocation("b", 0)
    assert found(year) == {("claim", year.named["claim 2"]), ("revocation", year.named["revoked b"])}


def test_the_premise_of_a_claim_is_the_newest_admission() -> None:
    """A further admission between two claims of one key."""
    year = used()
    year.admission("admission 2", SELLER, ["storage"])
    _claim(year)
    assert found(year) == set()
    year["claim 2"].event.premises[-1].index = year.named["admission"]
    assert found(year) == {("premises", year.named["claim 2"])}


def test_an_item_is_listed_from_its_own_day_on() -> None:
    """The contract's item comes with a later admission, from a day after the contract's first."""
    year = Year()
    year.genesis()
    year.registry()
    year.admission("admission 2", SELLER, ["gpu-inference"], from_day=DAY_0 - 2)
    year.programme()
    year.contract("b")
    year["contract b"].statement.item = "gpu-inference"
    year.voucher("b", 200_000)
    assert found(year) == {("i8_admission", year.named["application b"])}
    year["contract b"].statement.from_day = DAY_0 - 2
    assert found(year) == set()


def test_usage_before_the_day_of_its_item() -> None:
    """Also a voucher that was wrongly granted."""
    year = Year()
    year.genesis()
    year.registry()
    year.admission("admission 2", SELLER, ["gpu-inference"], from_day=DAY_0 + 2)
    year.programme()
    year.contract("b")
    year["contract b"].statement.item = "gpu-inference"
    year.voucher("b", 200_000)
    year.claim("1", "b", [(0, 0, 2)])
    wrong = {("i8_admission", year.named["application b"]), ("i8_admission", year.named["claim 1"])}
    assert found(year) == wrong


def test_a_suspended_provider() -> None:
    """It can neither apply nor be admitted for more nor claim; its days stay without usage for ever."""
    year = used()
    year.standing("suspension", SELLER, 1, DAY_0 + 3)
    year.claim("2", "b", [(0, 22, 2)])
    assert found(year) == set()
    year.start_day(DAY_0 + 3)
    year.admission("admission 2", SELLER, ["storage"])
    year.voucher("a", 350_000)
    year.claim("3", "b", [(0, 24, 2)])
    year.standing("readmission", SELLER, 2, DAY_0 + 5)
    year.start_day(DAY_0 + 5)
    year.claim("4", "b", [(0, 49, 2)])
    year.claim("5", "b", [(0, 97, 2)])
    assert found(year) == {
        ("admission", year.named["admission 2"]),
        ("i8_admission", year.named["application a"]),
        ("i8_admission", year.named["claim 3"]),
        ("i8_admission", year.named["claim 4"]),
    }


def test_a_removed_provider_stays_removed() -> None:
    """No standing and no admission changes that; the removal need not have begun."""
    year = used()
    year.standing("removal", SELLER, 3, DAY_0 + 20)
    _claim(year)
    assert found(year) == set()
    year.standing("suspension", SELLER, 1, DAY_0 + 3)
    year.admission("admission 2", SELLER, ["storage"])
    assert found(year) == {
        ("standing", year.named["suspension"]),
        ("admission", year.named["admission 2"]),
    }


@pytest.mark.parametrize(
    ("holdings", "affiliated"),
    [
        ([("a", "s", 2600), ("b", "a", 2600)], True),
        ([("a", "s", 3000), ("b", "a", 2000)], False),
        ([("x", "b", 2500), ("x", "s", 2500)], True),
        ([("x", "b", 2499), ("x", "s", 9000)], False),
        ([("b", "x", 2500), ("b", "s", 1200), ("x", "s", 1300)], True),
        ([("b", "x", 2499), ("b", "s", 1200), ("x", "s", 1300)], False),
        ([("b", "s", 2500), ("b", "s", 2499)], False),
        ([("s", "b", 10000)], True),
    ],
)
def test_affiliation_follows_groups_to_any_depth(
    holdings: list[tuple[str, str, int]], *, affiliated: bool
) -> None:
    """I9 over the newest holdings: alone or together, in either direction, through third parties."""
    ids = {"b": BUYER.id, "s": SELLER.id, "a": ident("a"), "x": ident("x")}
    year = opened()
    for number, (owner, owned, share_bp) in enumerate(holdings):
        year.holding(f"holding {number}", ids[owner], ids[owned], share_bp)
    year.voucher("b", 200_000)
    wrong = {("i9_affiliation", year.named["application b"])} if affiliated else set()
    assert found(year) == wrong


def test_usage_may_precede_the_voucher_under_ex_post() -> None:
    """Within contract and admission; under QUOTA it may not."""
    for mode, expected in ((2, False), (1, True)):
        year = opened(lambda p, mode=mode: setattr(p, "mode", mode))
        year.start_day(DAY_0 + 3)
        year.voucher("b", 200_000)
        year.claim("1", "b", [(0, 0, 2)])
        assert (("claim_window", year.named["claim 1"]) in found(year)) is expected


def test_disputed_claims_reconfirmed_or_set_aside() -> None:
    """One confirmed again counts; one set aside can be neither redeemed nor superseded."""
    year = opened()
    year.voucher("b", 200_000)
    for number in range(3):
        year.claim(str(number), "b", [(number, 0, 2)], signer=SELLER_2)
    revoke(year, SELLER_2, 0)
    year.setting_aside("aside", ["0"])
    year.reconfirmation("again", ["1"], [])
    year.request("b", ["1"], 72_000, base=72_000, amount=36_000)
    assert found(year) == set()
    year.claim("x", "b", [(0, 0, 1)], superseding="0")
    assert ("superseding", year.named["claim x"]) in found(year)


@pytest.mark.parametrize("claim", ["0", "2"], ids=["set aside", "disputed"])
def test_a_claim_that_counts_nothing_is_not_redeemed(claim: str) -> None:
    """It is found, and the sum is without it."""
    year = opened()
    year.voucher("b", 200_000)
    for number in range(3):
        year.claim(str(number), "b", [(number, 0, 2)], signer=SELLER_2)
    year.claim("good", "b", [(0, 5, 1)])
    revoke(year, SELLER_2, 0)
    year.setting_aside("aside", ["0"])
    year.request("b", ["good", claim], 108_000, base=36_000, amount=18_000)
    assert found(year) == {("redemption", year.named["request b"])}


def test_a_disputed_claim_still_occupies_its_device() -> None:
    """Nobody else may claim that time."""
    year = opened()
    year.voucher("b", 200_000)
    year.claim("0", "b", [(0, 0, 2)], signer=SELLER_2)
    revoke(year, SELLER_2, 0)
    year.claim("x", "b", [(0, 1, 2)])
    assert found(year) == {("i6_overlap", year.named["claim x"])}


def test_a_revoked_officer_suspends_until_two_approvers_confirm() -> None:
    """Approvals and orders are refused; a later revocation of another key suspends again."""
    year = used()
    _request(year)
    year.verification("b", 36_000, base=72_000, signer=REVIEWER_2)
    revoke(year, REVIEWER_2, 0)
    year.reconfirmation("again", [], ["b"])
    _approval(year)
    year.approval("b", 2, 36_000)
    assert found(year) == set()
    revoke(year, APPROVERS[1], year["approval b 2"].event.recorded_ms, "second")
    _order(year)
    assert found(year) == {("suspension", year.named["order b 1.1"])}
    revocation = year["second"].statement
    revocation.invalid_since_ms += 1
    assert found(year) == set()


def test_a_paid_redemption_is_not_confirmed_again() -> None:
    """There is nothing left to stop."""
    year = paid()
    revoke(year, REVIEWER, 0)
    year.reconfirmation("again", [], ["b"])
    assert found(year) == {("settlement", year.named["again"])}


def test_an_invoice_that_is_cancelled_counts_nothing() -> None:
    """It is not named again, is cancelled once, and is left out when the redemption is verified."""
    year = used()
    year.cancellation("b", 3, 0)
    _request(year)
    assert {("i5_evidence", year.named["request b"])} <= found(year)
    year = used()
    _request(year)
    year.cancellation("b", 3, 72_000)
    _verification(year)
    assert found(year) == {("i3_entitlement", year.named["verification b"])}


def test_an_invoice_is_cancelled_once() -> None:
    """The second is found."""
    year = used()
    year.cancellation("b", 3, 0)
    assert found(year) == set()
    year.cancellation("b", 2, 0)
    assert found(year) == {("evidence", year.named["cancellation b"])}


def test_outside_support_declared_after_payment_is_clawed_back() -> None:
    """36,000 were paid under a ceiling of 200,000; 180,000 from elsewhere leave 20,000."""
    year = paid()
    year.outside_support("b", 180_000)
    year.clawback("b", cause=1, entitlement=20_000)
    year.notify("b")
    year.determination("b", 16_000, entitlement=20_000)
    year.repayment("b", 16_000)
    assert found(year) == set()
    (totals,) = audit(year.drafts).totals.values()
    assert (totals["recoverable"], totals["recovered"]) == ("0", "16000")
    year["repayment b"].statement.amount_fen = 16_001
    assert ("recovery", year.named["repayment b"]) in found(year)


def test_an_open_clawback_holds_the_beneficiarys_other_vouchers() -> None:
    """Not its own; and none once it is closed."""
    year = paid()
    year.voucher("a", 350_000)
    year.clawback("b", cause=4, entitlement=36_000)
    _claim(year)
    assert found(year) == set()
    year.claim("3", "a", [(1, 0, 1)])
    year.notify("b")
    year.determination("b", 0, entitlement=36_000)
    year.claim("4", "a", [(1, 1, 1)])
    assert found(year) == {("hold", year.named["claim 3"])}


def test_a_clawback_moves_from_step_to_step() -> None:
    """No determination without notice, no second clawback beside an open one, no repayment after the end."""
    year = paid()
    year.clawback("b", cause=4, entitlement=36_000)
    year.named["notification b"] = year.named["opening b"]
    year.determination("b", 0, entitlement=36_000)
    assert found(year) == {("clawback", year.named["determination b"])}
    year = paid()
    year.clawback("b", cause=4, entitlement=36_000)
    first = year["opening b"]
    year.clawback("b", cause=4, entitlement=36_000)
    year["opening b"].statement.clawback_id = ident("another clawback")
    assert ("clawback", year.named["opening b"]) in found(year)
    assert first is not year["opening b"]


def test_earlier_clawbacks_of_a_redemption_count() -> None:
    """What the first one determined is not claimed back again."""
    year = paid()
    year.outside_support("b", 180_000)
    year.clawback("b", cause=1, entitlement=20_000)
    year.notify("b")
    year.determination("b", 16_000, entitlement=20_000)
    year.write_off("b", 16_000)
    year.outside_support("b", 10_000)
    before = {name: year.named[name] for name in ("opening b", "determination b")}
    year.clawback("b", cause=1, entitlement=10_000)
    _rename(year, "opening b", 1)
    year.notify("b")
    _rename(year, "notification b", 2)
    year.determination("b", 10_000, entitlement=10_000)
    _rename(year, "determination b", 3)
    assert before["opening b"] < year.named["opening b"]
    assert found(year) == set()


def _rename(year: Year, name: str, version: int) -> None:
    """The act is on a second clawback of the redemption."""
    clawback_id = ident("clawback b 2")
    draft = year[name]
    draft.statement.clawback_id = clawback_id
    draft.event.stream_id, draft.event.stream_version = f"clawback/{clawback_id.hex()}", version
    link = draft.event.links[0]
    link.entity = clawback_id
    link.ClearField("prev")
    if version > 1:
        link.prev = year.named["opening b" if version == 2 else "notification b"]


def test_quotas_of_a_day() -> None:
    """Claims, refusals and bytes; a new day starts anew, and the newest quotas count."""
    year = used()
    year.quotas("few", 1, 3, 1_000_000)
    year.refusal("r1", "b")
    year.claim("2", "b", [(0, 2, 1)])
    assert found(year) == set()
    year.refusal("r2", "b")
    year.claim("3", "b", [(0, 24, 1)])
    over = {("quota", year.named["refusal r2"])}
    assert found(year) == over
    year.quotas("small", 9, 9, 10)
    year.claim("4", "b", [(0, 25, 1)])
    year.claim("5", "b", [(0, 49, 1)])
    assert found(year) == over | {("quota", year.named["claim 4"])}


def test_what_was_suppressed_is_said_once() -> None:
    """For participant and day."""
    year = used()
    year.start_day(DAY_0 + 3)
    year.suppressed("first", SELLER, DAY_0 + 1, 3)
    year.suppressed("other day", SELLER, DAY_0 + 2, 3)
    assert found(year) == set()
    year.suppressed("again", SELLER, DAY_0 + 1, 4)
    assert found(year) == {("quota", year.named["again"])}


def test_outside_support_rules_a_voucher_out_under_exclusive() -> None:
    """At the request and at the verification."""
    year = used(lambda p: setattr(p, "stacking", 3))
    year.outside_support("b", 1)
    _request(year)
    _verification(year)
    assert found(year) == {
        ("i4_stacking", year.named["request b"]),
        ("i4_stacking", year.named["verification b"]),
    }


def test_a_claim_of_another_instrument() -> None:
    """Usage of devices is no delivery of a corpus."""
    year = opened()
    year["programme"].statement.instrument = 2
    year.voucher("b", 200_000)
    year.claim("1", "b", [(0, 0, 1)])
    assert found(year) == {("claim", year.named["claim 1"])}
