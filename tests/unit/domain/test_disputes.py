"""Doubts that a revoked key leaves: disputed claims, suspended redemptions, and how they end (I12, I20)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.domain.registrar import ROOTS, ident, yuan
from unit.domain.scribe import Line
from unit.domain.town import Town, with_voucher

from ledger.domain.disputes import is_disputed, is_suspended
from ledger.domain.entities import ClaimStatus
from ledger.domain.journal import LinkKind
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import Role

MILLION = 100_000_000
HOUR = 3_600_000


def disputed_town() -> Town:
    """Claims `u1` and `u2` of a million by `cloud`, whose key is then revoked for ever; `u3` by `cloud/2`."""
    town = with_voucher()
    town.ok(town.register_key("cloud", "cloud/2"))
    town.ok(town.metered("u1", "v", "1_000_000"))
    town.ok(town.metered("u2", "v", "1_000_000"))
    town.ok(town.metered("u3", "v", "1_000_000", by="cloud/2"))
    town.ok(town.revoke("cloud", 0))
    return town


def ask(town: Town, label: str, *claims: str) -> int | Reason:
    """Redeem claims with evidence for all of them; the amount or the reason."""
    fen = MILLION * len(claims)
    statement = town.redeem(label, "v", claims, invoices={"i-e": fen}, payments={"p-e": fen})
    answer = town.send(statement)[0]
    return getattr(answer, "reason", None) or town.state.redemptions[ident(label)].amount_fen


def status(town: Town, claim: str) -> str:
    """Where a claim stands, `disputed` where that follows."""
    row = town.claim_rows[ident(claim)]
    return "disputed" if is_disputed(town.state, row) else ClaimStatus(row.status).name


# Claims.


def test_a_revoked_key_disputes_what_it_signed_since() -> None:
    """Only claims recorded at or after the time, and a correction moves it."""
    town = with_voucher()
    town.ok(town.metered("u1", "v", "100"))
    town.now_ms += 1_000
    town.ok(town.metered("u2", "v", "100"))
    town.ok(town.revoke("cloud", town.now_ms))
    assert [status(town, claim) for claim in ("u1", "u2")] == ["ACCEPTED", "disputed"]
    town.ok(town.correct("cloud", town.now_ms - 999))
    assert status(town, "u1") == "ACCEPTED"
    town.ok(town.correct("cloud", town.now_ms - 1_000))
    assert [status(town, claim) for claim in ("u1", "u2")] == ["disputed", "disputed"]


def test_reconfirmed_claims_count_again() -> None:
    """Two approvers confirm them: they are redeemed like any other; the others stay disputed."""
    town = disputed_town()
    event = town.ok(town.reconfirm(["u1"]))
    assert [status(town, claim) for claim in ("u1", "u2", "u3")] == ["RECONFIRMED", "disputed", "ACCEPTED"]
    assert [(link.kind, link.entity) for link in event.draft.links] == [(LinkKind.CLAIM, ident("u1"))]
    assert ask(town, "r1", "u1", "u2") == Reason.STATE_CONFLICT
    assert ask(town, "r2", "u1", "u3") == MILLION


def test_a_reconfirmed_claim_stays_so() -> None:
    """An earlier time of the revocation does not dispute it again, nor is it confirmed twice."""
    town = with_voucher()
    town.ok(town.register_key("cloud", "cloud/2"))
    town.ok(town.metered("u1", "v", "1_000_000"))
    town.ok(town.revoke("cloud", 1))
    town.ok(town.reconfirm(["u1"]))
    town.ok(town.correct("cloud", 0))
    assert status(town, "u1") == "RECONFIRMED"
    assert town.message(town.reconfirm(["u1"])) == "a claim is not disputed"


def test_claims_set_aside_count_nothing_for_good() -> None:
    """They are not redeemed, confirmed or set aside again, and still occupy their devices."""
    town = disputed_town()
    event = town.ok(town.set_aside("u1", "u2"))
    assert [link.entity for link in event.draft.links] == [ident("u1"), ident("u2")]
    assert [status(town, claim) for claim in ("u1", "u2")] == ["SET_ASIDE", "SET_ASIDE"]
    assert ask(town, "r", "u1", "u3") == Reason.STATE_CONFLICT
    for statement in (town.reconfirm(["u1"]), town.set_aside("u1")):
        assert town.message(statement) == "a claim is not disputed"
    first = town.events[town.claim_rows[ident("u1")].leaf_index].recorded.statement
    again = town.claim("x", "v", Line(0, first.base_ms, first.base_ms + HOUR), by="cloud/2")
    assert town.reason(again) == Reason.DEVICE_OVERLAP


def test_a_claim_in_a_redemption_is_confirmed_but_not_set_aside() -> None:
    """What a request uses is lowered by its verification, or confirmed before it."""
    town = with_voucher()
    town.ok(town.register_key("cloud", "cloud/2"))
    town.ok(town.metered("u1", "v", "1_000_000"))
    town.ok(town.metered("u2", "v", "1_000_000", by="cloud/2"))
    assert ask(town, "r", "u1", "u2") == MILLION
    town.ok(town.revoke("cloud", 0))
    assert town.message(town.set_aside("u1")) == "a claim is in a redemption"
    assert town.message(town.verify("r", MILLION)) == f"the amount to verify is {MILLION // 2} fen"
    town.ok(town.reconfirm(["u1"]))
    assert town.reason(town.verify("r", MILLION)) is None


def test_a_disputed_claim_can_be_superseded_by_another_key() -> None:
    """The provider says it again under a key that stands; the old one counts nothing."""
    town = disputed_town()
    old = town.claim_rows[ident("u1")].leaf_index
    said = town.events[old].recorded.statement
    new = town.claim(
        "u1b",
        "v",
        Line(0, said.base_ms, said.base_ms + HOUR),
        price_fen=MILLION,
        superseding=old,
        by="cloud/2",
    )
    town.ok(new)
    assert status(town, "u1") == "SUPERSEDED"
    assert town.message(town.reconfirm(["u1"])) == "a claim is not disputed"
    assert ask(town, "r", "u1b") == MILLION // 2


def test_a_reconfirmed_claim_can_be_superseded() -> None:
    """It counts like an accepted one; one set aside cannot."""
    town = disputed_town()
    town.ok(town.reconfirm(["u1"]))
    town.ok(town.set_aside("u2"))
    for label, reason in (("u1", None), ("u2", Reason.STATE_CONFLICT)):
        old = town.claim_rows[ident(label)].leaf_index
        said = town.events[old].recorded.statement
        line = Line(0, said.base_ms, said.base_ms + HOUR)
        assert town.reason(town.claim(f"{label}b", "v", line, superseding=old, by="cloud/2")) == reason


@pytest.mark.parametrize(
    "by", [("approver-1", "approver-1b"), ("approver-1", "clerk"), ("clerk", "reviewer")]
)
def test_a_reconfirmation_needs_two_approvers(by: tuple[str, ...]) -> None:
    """Of one person, or of other offices, it is SEPARATION_OF_DUTY; one signature is malformed."""
    town = disputed_town()
    town.ok(town.appoint("approver-1b", Role.APPROVER, person="approver-1"))
    assert town.reason(town.reconfirm(["u1"], by=by)) == Reason.SEPARATION_OF_DUTY
    assert town.reason(town.reconfirm(["u1"], by=("approver-1",))) == Reason.MALFORMED


def test_a_clerk_sets_aside() -> None:
    """Other offices are SEPARATION_OF_DUTY."""
    town = disputed_town()
    for by in ("reviewer", "auditor-1", "acme"):
        assert town.reason(town.set_aside("u1", by=by)) == Reason.SEPARATION_OF_DUTY


def test_the_bureau_of_the_programme_settles_disputes() -> None:
    """Officers of another bureau are NOT_AUTHORISED, for claims and for redemptions."""
    town = disputed_town()
    for label, role in (
        ("clerk-x", Role.CLERK),
        ("approver-x", Role.APPROVER),
        ("approver-y", Role.APPROVER),
    ):
        town.ok(town.appoint(label, role, bureau="other"))
    assert town.reason(town.in_bureau(town.set_aside("u1"), "clerk-x")) == Reason.NOT_AUTHORISED
    foreign = town.in_bureau(town.reconfirm(["u1"]), "approver-x", "approver-y")
    assert town.reason(foreign) == Reason.NOT_AUTHORISED
    mixed = town.reconfirm(["u1"], by=("approver-1", "approver-x"))
    assert town.reason(mixed) == Reason.NOT_AUTHORISED


def test_what_is_settled_exists_and_is_named_once() -> None:
    """Nothing at all, one thing twice or too many are malformed; unknown ids do not exist."""
    town = disputed_town()
    for statement in (
        town.reconfirm(),
        town.reconfirm(["u1", "u1"]),
        town.reconfirm([f"n{number}" for number in range(101)]),
        town.reconfirm([], [f"n{number}" for number in range(21)]),
        town.set_aside(),
        town.set_aside("u1", "u1"),
        town.set_aside(*(f"n{number}" for number in range(101))),
    ):
        assert town.reason(statement) == Reason.MALFORMED
    assert town.message(town.reconfirm(["u1", "x"])) == "a claim or redemption does not exist"
    assert town.message(town.reconfirm(["u1"], ["x"])) == "a claim or redemption does not exist"
    assert town.message(town.set_aside("x")) == "a claim does not exist"
    assert town.message(town.reconfirm(["u1", "u3"])) == "a claim is not disputed"
    assert town.message(town.set_aside("u3")) == "a claim is not disputed"


# Redemptions.


def approved() -> Town:
    """An approved redemption `r` of a million's half, and second officers of each role."""
    town = with_voucher()
    for label, role in (
        ("reviewer-2", Role.REVIEWER),
        ("approver-3", Role.APPROVER),
        ("approver-4", Role.APPROVER),
        ("payer-2", Role.PAYER),
    ):
        town.ok(town.appoint(label, role))
    town.redeemed("r", "v", "1_000_000")
    town.now_ms += 1_000
    town.approve_twice("r")
    return town


def suspended(town: Town, label: str = "r") -> bool:
    """Whether a redemption is suspended."""
    return is_suspended(town.state, town.state.redemptions[ident(label)])


SUSPENDED = "the redemption is suspended: an officer's key is revoked; allowed: reconfirmation"


@pytest.mark.parametrize("officer", ["reviewer", "approver-1", "approver-2"])
@pytest.mark.parametrize(("offset", "stops"), [(0, True), (1, False)])
def test_an_officer_s_revoked_key_suspends_what_rests_on_it(officer: str, offset: int, stops: bool) -> None:
    """Invalid since the signature or earlier suspends the redemption, a millisecond later does not."""
    town = approved()
    town.ok(town.revoke(officer, town.now_ms + offset, by=ROOTS))
    assert suspended(town) == stops
    assert town.message(town.order("r")) == (SUSPENDED if stops else None)


def test_a_suspended_redemption_is_not_approved() -> None:
    """The reviewer's key is revoked between verification and approval."""
    town = with_voucher()
    town.redeemed("r", "v", "1_000_000")
    town.ok(town.verify("r"))
    town.ok(town.revoke("reviewer", 0, by=ROOTS))
    assert town.message(town.approve("r")) == SUSPENDED
    town.ok(town.reconfirm([], ["r"]))
    assert town.reason(town.approve("r")) is None


def test_a_reconfirmed_redemption_goes_on() -> None:
    """The signature in doubt stands from then on, also if the revocation moves earlier; once is enough."""
    town = approved()
    town.ok(town.revoke("reviewer", town.now_ms, by=ROOTS))
    event = town.ok(town.reconfirm([], ["r"], by=("approver-1", "approver-3")))
    assert [link.kind for link in event.draft.links] == [LinkKind.REDEMPTION]
    town.ok(town.correct("reviewer", 0, by=ROOTS))
    assert not suspended(town)
    refused = town.message(town.reconfirm([], ["r"], by=("approver-1", "approver-3")))
    assert refused == "a redemption is paid or not suspended"
    town.ok(town.order("r"))
    assert town.reason(town.pay("r")) is None


def test_another_signature_that_comes_into_doubt_suspends_again() -> None:
    """A reconfirmation speaks of the keys that were revoked when it was made, and of no other."""
    town = approved()
    town.ok(town.revoke("reviewer", 0, by=ROOTS))
    town.ok(town.reconfirm([], ["r"], by=("approver-1", "approver-3")))
    assert not suspended(town)
    town.ok(town.revoke("approver-2", 0, by=ROOTS))
    assert suspended(town)
    assert town.message(town.order("r")) == SUSPENDED
    town.ok(town.reconfirm([], ["r"], by=("approver-1", "approver-3")))
    assert town.reason(town.order("r")) is None


def test_a_later_signature_can_suspend_again() -> None:
    """The payer's key is revoked after its order failed: the next order waits for a reconfirmation."""
    town = approved()
    town.ok(town.revoke("reviewer", 0, by=ROOTS))
    town.ok(town.reconfirm([], ["r"]))
    town.ok(town.order("r"))
    town.ok(town.fail("r", by="payer-2"))
    town.ok(town.revoke("payer", 0, by=ROOTS))
    assert town.message(town.order("r", by="payer-2")) == SUSPENDED
    town.ok(town.reconfirm([], ["r"]))
    assert town.reason(town.order("r", by="payer-2")) is None


def test_what_the_bank_did_is_recorded_of_a_suspended_redemption() -> None:
    """An order that is out is confirmed; the next instalment waits."""
    town = with_voucher()
    town.ok(town.appoint("payer-2", Role.PAYER))
    town.redeemed("r", "v", "1_000_000", instalments=(5_000, 5_000))
    town.approve_twice("r")
    town.ok(town.order("r"))
    town.ok(town.revoke("payer", 0, by=ROOTS))
    town.ok(town.pay("r", by="payer-2"))
    assert town.message(town.order("r", by="payer-2")) == SUSPENDED
    town.ok(town.reconfirm([], ["r"]))
    town.ok(town.order("r", by="payer-2"))
    town.ok(town.pay("r", by="payer-2"))
    assert town.voucher_totals("v")[3] == yuan("500_000")


def test_every_payer_s_signature_counts() -> None:
    """Who ordered or confirmed an earlier instalment suspends the next one when its key turns out stolen."""
    for stolen in ("payer", "payer-2"):
        town = with_voucher()
        town.ok(town.appoint("payer-2", Role.PAYER))
        town.ok(town.appoint("payer-3", Role.PAYER))
        town.redeemed("r", "v", "1_000_000", instalments=(3_000, 3_000, 4_000))
        town.approve_twice("r")
        town.ok(town.order("r", by="payer"))
        town.ok(town.pay("r", by="payer-2"))
        town.ok(town.order("r", by="payer-3"))
        town.ok(town.pay("r", by="payer-3"))
        town.ok(town.revoke(stolen, 0, by=ROOTS))
        assert town.message(town.order("r", by="payer-3")) == SUSPENDED
        town.ok(town.reconfirm([], ["r"]))
        assert town.reason(town.order("r", by="payer-3")) is None


def test_a_paid_redemption_is_not_reconfirmed() -> None:
    """A key that is revoked after the last payment suspends nothing that could still go on."""
    town = approved()
    town.ok(town.order("r"))
    town.ok(town.pay("r"))
    town.ok(town.revoke("reviewer", 0, by=ROOTS))
    assert town.message(town.reconfirm([], ["r"])) == "a redemption is paid or not suspended"


def test_claims_and_redemptions_are_confirmed_together() -> None:
    """One statement, links of the claims first; a wrong one among them refuses all."""
    town = disputed_town()
    ask(town, "r", "u3")
    town.ok(town.verify("r"))
    town.ok(town.revoke("reviewer", 0, by=ROOTS))
    both = town.reconfirm(["u2", "u1"], ["r"])
    assert town.reason(replace(both, claim_ids=(*both.claim_ids, ident("u3")))) == Reason.STATE_CONFLICT
    event = town.ok(both)
    assert [(link.kind, link.entity) for link in event.draft.links] == [
        (LinkKind.CLAIM, ident("u2")),
        (LinkKind.CLAIM, ident("u1")),
        (LinkKind.REDEMPTION, ident("r")),
    ]
    assert event.recorded.stream_id == f"settlement/{both.header.request_id.hex()}"
