"""Holds by clerk, auditor and clawback, what they keep back, and the revocation of vouchers (I1, I2, I4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from unit.domain.registrar import at, ident, terms, yuan
from unit.domain.town import Town, with_voucher

from ledger.domain.entities import VoucherState
from ledger.domain.holds import is_held
from ledger.domain.journal import LinkKind
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Callable

MILLION = 100_000_000


def held(town: Town, voucher: str = "v") -> bool:
    """Whether a voucher is held."""
    return is_held(town.state, town.state.vouchers[ident(voucher)])


# Who holds and who releases.


def test_each_office_holds_once_and_releases_its_own() -> None:
    """Clerk and auditor hold for themselves; the voucher is free when both released it."""
    town = with_voucher()
    town.ok(town.hold("v"))
    assert town.message(town.hold("v")) == "the office holds the voucher already; allowed: hold-release"
    auditor = {"by": "auditor-1", "role": Role.AUDITOR}
    assert town.message(town.unhold("v", **auditor)) == (  # type: ignore[arg-type]
        "the office does not hold the voucher; allowed: voucher-hold"
    )
    town.ok(town.hold("v", **auditor))  # type: ignore[arg-type]
    assert town.state.vouchers[ident("v")].held_by == {Role.CLERK, Role.AUDITOR}
    town.ok(town.unhold("v"))
    assert held(town)
    town.ok(town.unhold("v", **auditor))  # type: ignore[arg-type]
    assert not held(town)


@pytest.mark.parametrize("by", ["reviewer", "approver-1", "payer", "acme", "cloud"])
def test_nobody_else_holds_or_releases(by: str) -> None:
    """Other offices and parties are SEPARATION_OF_DUTY, whatever role their basis names."""
    town = with_voucher()
    town.ok(town.hold("v"))
    for role in (Role.CLERK, Role.AUDITOR):
        assert town.reason(town.hold("v", by=by, role=role)) == Reason.SEPARATION_OF_DUTY
        assert town.reason(town.unhold("v", by=by, role=role)) == Reason.SEPARATION_OF_DUTY


def test_a_hold_names_the_office_of_its_signer() -> None:
    """A clerk in the auditor's name, and an auditor in the clerk's, are SEPARATION_OF_DUTY."""
    town = with_voucher()
    assert town.reason(town.hold("v", by="clerk", role=Role.AUDITOR)) == Reason.SEPARATION_OF_DUTY
    assert town.reason(town.hold("v", by="auditor-1", role=Role.CLERK)) == Reason.SEPARATION_OF_DUTY


def test_any_auditor_and_only_the_own_clerk_hold() -> None:
    """An auditor of another bureau may, a clerk of another bureau is NOT_AUTHORISED."""
    town = with_voucher()
    town.ok(town.appoint("clerk-x", Role.CLERK, bureau="other"))
    town.ok(town.appoint("auditor-x", Role.AUDITOR, bureau="other"))
    assert town.reason(town.in_bureau(town.hold("v"), "clerk-x")) == Reason.NOT_AUTHORISED
    foreign = town.in_bureau(town.hold("v", by="auditor-x", role=Role.AUDITOR), "auditor-x")
    assert town.reason(foreign) is None
    release = town.unhold("v", by="auditor-1", role=Role.AUDITOR)
    assert town.reason(release) is None


def test_a_hold_links_the_voucher_with_its_totals() -> None:
    """Holding and releasing move no money."""
    town = with_voucher()
    for event in (town.ok(town.hold("v")), town.ok(town.unhold("v"))):
        assert [(link.kind, link.totals) for link in event.draft.links] == [
            (LinkKind.VOUCHER, (4 * MILLION, 0, 0, 0, 0))
        ]
        assert event.draft.postings == ()


def test_only_an_active_voucher_is_held_but_any_is_released() -> None:
    """VOUCHER_EXPIRED for an expired one, STATE_CONFLICT for a revoked one; a hold outlives its voucher."""
    town = with_voucher()
    town.ok(town.hold("v"))
    town.now_ms = at("2027-01-05")
    town.ok(town.expire("v"))
    auditor = {"by": "auditor-1", "role": Role.AUDITOR}
    assert town.reason(town.hold("v", **auditor)) == Reason.VOUCHER_EXPIRED  # type: ignore[arg-type]
    assert town.reason(town.unhold("v")) is None
    assert town.message(town.hold("x")) == "the voucher does not exist"
    assert town.message(town.unhold("x")) == "the voucher does not exist"


# What a hold keeps back.


def at_every_step() -> Town:
    """Redemptions `r0` requested, `r1` verified, `r2` approved once, `r3` approved, `r4` ordered; claim `u`."""
    town = with_voucher()
    for number in range(5):
        town.redeemed(f"r{number}", "v", "1_000_000")
        if number:
            town.ok(town.verify(f"r{number}"))
    for label in ("r2", "r3", "r4"):
        town.ok(town.approve(label))
    for label in ("r3", "r4"):
        town.ok(town.approve(label, by="approver-2"))
    town.ok(town.order("r4"))
    town.ok(town.metered("u", "v", "1_000_000"))
    return town


def test_a_held_voucher_takes_nothing_up_to_the_order() -> None:
    """Claim, request, verification, both approvals and order are VOUCHER_HELD, and free afterwards."""
    town = at_every_step()
    steps: dict[str, Callable[[], Any]] = {
        "claim": lambda: town.metered("u2", "v", "100"),
        "request": lambda: town.redeem("r5", "v", ["u"], invoices={"i-e": 100}, payments={"p-e": 100}),
        "verify": lambda: town.verify("r0"),
        "approve": lambda: town.approve("r1"),
        "approve again": lambda: town.approve("r2", by="approver-2"),
        "order": lambda: town.order("r3"),
    }
    town.ok(town.hold("v"))
    assert {name: town.reason(make()) for name, make in steps.items()} == dict.fromkeys(
        steps, Reason.VOUCHER_HELD
    )
    town.ok(town.unhold("v"))
    steps["claim"] = lambda: town.metered("u3", "v", "100")
    assert {name: town.reason(make()) for name, make in steps.items()} == dict.fromkeys(steps)


@pytest.mark.parametrize("success", [True, False], ids=["paid", "failed"])
def test_what_the_bank_did_is_recorded_of_a_held_voucher(success: bool) -> None:
    """A payment that was ordered before the hold is confirmed or fails."""
    town = at_every_step()
    town.ok(town.hold("v"))
    statement = town.pay("r4") if success else town.fail("r4")
    assert town.reason(statement) is None


def test_a_held_voucher_expires() -> None:
    """Time does not wait for a hold."""
    town = with_voucher()
    town.ok(town.hold("v"))
    town.now_ms = at("2027-01-05")
    assert town.ok(town.expire("v")).payload.released_fen == 4 * MILLION


def test_a_refused_claim_on_a_held_voucher_is_recorded() -> None:
    """The ledger's state refused a validly signed claim: its id is spent."""
    town = with_voucher()
    town.ok(town.hold("v"))
    assert town.reason(town.metered("u", "v", "100")) == Reason.VOUCHER_HELD
    assert town.events[-1].payload.reason == Reason.VOUCHER_HELD
    town.ok(town.unhold("v"))
    assert town.reason(town.metered("u", "v", "100")) == Reason.REQUEST_ID_REUSED


# Holds by a clawback.


def with_clawback() -> Town:
    """Voucher `v` with a paid redemption `r` and an open clawback `k`; `w` is acme's, `x` is beta's."""
    town = with_voucher()
    town.beneficiary("beta")
    town.ok(town.contract("d", "1_000_000"))
    town.ok(town.contract("d2", "1_000_000", beneficiary="beta"))
    town.award("w", "d")
    town.award("x", "d2", beneficiary="beta")
    town.redeemed("r", "v", "1_000_000")
    town.redeemed("r2", "v", "1_000_000")
    town.settle("r")
    town.settle("r2")
    town.ok(town.outside("c", "8_000_000"))
    town.ok(town.open_clawback("k", "r"))
    return town


def test_a_clawback_holds_the_other_vouchers_of_the_beneficiary() -> None:
    """Not its own voucher, and nobody else's."""
    town = with_clawback()
    assert [held(town, voucher) for voucher in ("v", "w", "x")] == [False, True, False]
    town.now_ms = at("2026-06-20")
    assert town.reason(town.metered("u1", "w", "100")) == Reason.VOUCHER_HELD
    assert town.reason(town.metered("u2", "v", "100")) is None


def test_two_vouchers_with_a_clawback_hold_one_another() -> None:
    """Each end frees only what it held."""
    town = with_voucher()
    town.ok(town.contract("d", "1_000_000"))
    town.award("w", "d")
    town.evidence("f", "d", "1_000_000")
    town.redeemed("r", "v", "1_000_000")
    town.redeemed("s", "w", "100_000", evidence="f")
    town.settle("r")
    town.settle("s")
    town.ok(town.open_clawback("k1", "r"))
    assert (held(town, "v"), held(town, "w")) == (False, True)
    town.ok(town.open_clawback("k2", "s"))
    assert (held(town, "v"), held(town, "w")) == (True, True)
    town.ok(town.notify("k2"))
    town.ok(town.determine("k2", 0))
    assert (held(town, "v"), held(town, "w")) == (False, True)


def test_two_clawbacks_of_one_voucher_hold_until_the_last_ends() -> None:
    """The other vouchers stay held while any of them is open."""
    town = with_clawback()
    town.ok(town.open_clawback("k2", "r2"))
    for label in ("k", "k2"):
        assert held(town, "w")
        town.ok(town.notify(label))
        town.ok(town.determine(label, 0))
    assert not held(town, "w")


def test_releases_of_offices_do_not_end_a_clawback_s_hold() -> None:
    """A clerk has nothing to release there."""
    town = with_clawback()
    assert town.reason(town.unhold("w")) == Reason.STATE_CONFLICT
    town.ok(town.hold("w"))
    town.ok(town.unhold("w"))
    assert held(town, "w")


# Revocation.


def test_a_revocation_releases_what_no_redemption_holds() -> None:
    """Money of a request stays encumbered; the rest goes back to budget, cap and contract."""
    town = with_voucher()
    town.redeemed("r", "v", "1_000_000")
    event = town.ok(town.revoke_voucher("v"))
    assert event.payload.released_fen == yuan("3_500_000")
    assert [(link.kind, link.totals) for link in event.draft.links] == [
        (LinkKind.VOUCHER, (4 * MILLION, 3_600_000, MILLION // 2, 0, yuan("3_500_000"))),
        (LinkKind.PROGRAMME, (yuan("499_500_000"), MILLION // 2, 0, 0, 0, 0, 0)),
        (LinkKind.BENEFICIARY_YEAR, (MILLION // 2,)),
        (LinkKind.CONTRACT, (MILLION // 2, 0)),
    ]
    assert town.settle("r") == [MILLION // 2]
    assert town.state.vouchers[ident("v")].state == VoucherState.REVOKED


def test_a_verification_of_a_revoked_voucher_releases_the_difference() -> None:
    """What a verification lowers goes back at once."""
    town = with_voucher()
    town.ok(town.register_key("cloud", "cloud/2"))
    town.ok(town.metered("u1", "v", "1_000_000"))
    town.ok(town.metered("u2", "v", "1_000_000", by="cloud/2"))
    fen = yuan("2_000_000")
    town.ok(town.redeem("r", "v", ["u1", "u2"], invoices={"i-e": fen}, payments={"p-e": fen}))
    town.ok(town.revoke_voucher("v"))
    town.ok(town.revoke("cloud", 0))
    town.ok(town.verify("r", yuan("500_000")))
    assert town.voucher_totals("v")[2:] == (yuan("500_000"), 0, yuan("3_500_000"))
    assert town.totals_of("gpu") == (yuan("499_500_000"), yuan("500_000"), 0, 0)


def test_a_revoked_voucher_takes_nothing_more() -> None:
    """Claim, request, hold, expiry and a second revocation are STATE_CONFLICT that name the state."""
    town = with_voucher()
    town.ok(town.metered("u", "v", "1_000"))
    town.ok(town.revoke_voucher("v"))
    town.now_ms = at("2027-01-05")
    for statement in (
        town.metered("u2", "v", "1_000"),
        town.hold("v"),
        town.expire("v"),
        town.revoke_voucher("v"),
    ):
        assert town.message(statement) == "the voucher is REVOKED; allowed: hold-release"


def test_the_contract_of_a_revoked_voucher_is_free() -> None:
    """Another voucher of the programme may be granted on it."""
    town = with_voucher()
    town.ok(town.revoke_voucher("v"))
    assert town.award("w", "c") == yuan("4_000_000")


def test_who_revokes_what() -> None:
    """Clerk and approver of the bureau, at the voucher's issue; a held voucher can be revoked."""
    town = with_voucher()
    town.ok(town.appoint("clerk-x", Role.CLERK, bureau="other"))
    town.ok(town.appoint("approver-x", Role.APPROVER, bureau="other"))
    for by in (("clerk", "reviewer"), ("approver-1", "clerk")):
        assert town.reason(town.revoke_voucher("v", by=by)) == Reason.SEPARATION_OF_DUTY
    good = town.revoke_voucher("v")
    assert town.reason(town.in_bureau(good, "clerk-x", "approver-x")) == Reason.NOT_AUTHORISED
    stale = replace(good, subject=replace(good.subject, leaf_hash=bytes(32)))
    assert town.message(stale) == "the subject is not the voucher's issue"
    assert town.message(town.revoke_voucher("x")) == "the voucher does not exist"
    town.ok(town.hold("v"))
    assert town.reason(town.revoke_voucher("v")) is None


def test_an_expired_or_closed_voucher_is_not_revoked() -> None:
    """VOUCHER_EXPIRED after the expiry, STATE_CONFLICT after the closing."""
    town = with_voucher()
    town.now_ms = at("2027-01-05")
    town.ok(town.expire("v"))
    assert town.reason(town.revoke_voucher("v")) == Reason.VOUCHER_EXPIRED
    town = with_voucher(terms())
    town.redeemed("r", "v", "8_000_000")
    town.settle("r")
    assert town.message(town.revoke_voucher("v")) == "the voucher is CLOSED; allowed: hold-release"
