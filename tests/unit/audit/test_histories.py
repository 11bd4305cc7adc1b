"""Histories that no change of one event makes: whole years that take another course."""

from __future__ import annotations

from typing import Any

import pytest
from audit_forge.book import DAY_MS
from audit_forge.draft import ident
from audit_forge.ground import PROGRAMME
from audit_forge.memory import audit, found
from audit_forge.opening import DAY_0
from audit_forge.people import ADMINS, BUYER, REVIEWER, ROOTS, SELLER, SELLER_2, SELLER_3
from audit_forge.year import opened

from ledger.v1 import genesis_pb2, registry_pb2


def test_a_redemption_on_an_expired_voucher() -> None:
    """It is found at the request."""
    year = opened()
    year.voucher("b", 200_000)
    year.claim("6", "b", [(0, 12, 2)])
    year.expiry("b", 200_000)
    year.request("b", ["6"], 72_000, base=72_000, amount=0)
    assert ("redemption", year.named["request b"]) in found(year)


def test_a_claim_on_an_expired_voucher() -> None:
    """It is found at the claim."""
    year = opened()
    year.voucher("b", 200_000)
    year.expiry("b", 200_000)
    year.claim("6", "b", [(0, 12, 2)])
    assert found(year) == {("claim", year.named["claim 6"])}


def test_an_expiry_that_releases_nothing_has_no_postings() -> None:
    """All of the face is redeemed when the voucher expires."""
    year = opened()
    year.voucher("b", 200_000)
    year.claim("6", "b", [(0, 0, 12)])
    year.request("b", ["6"], 400_000, base=400_000, amount=200_000)
    year.expiry("b", 0)
    del year["expiry b"].event.postings[:]
    assert found(year) - {("i3_entitlement", year.named["request b"])} == set()


def test_an_overdrawn_appropriation() -> None:
    """I1 is found at the grant that overdraws."""
    year = opened(lambda p: setattr(p, "appropriation_fen", 500_000))
    year["programme"].statement.appropriation_fen = 500_000
    year.voucher("a", 350_000)
    year.voucher("b", 200_000)
    assert {("i1_budget", year.named["voucher b"]), ("face", year.named["voucher b"])} <= found(year)


def test_the_last_voucher_gets_what_is_left() -> None:
    """FCFS: face is what is available, and nothing is found."""
    year = opened(lambda p: setattr(p, "appropriation_fen", 500_000))
    year["programme"].statement.appropriation_fen = 500_000
    event = year["programme"].event
    event.postings[0].amount_fen, event.postings[1].amount_fen = 500_000, -500_000
    event.links[0].totals[0] = 500_000
    year.accounts[PROGRAMME][0] = 500_000
    year.voucher("a", 350_000)
    year.voucher("b", 150_000)
    assert found(year) == set()


def test_a_cap_binds_over_contracts() -> None:
    """I2: what is left of the cap is the face."""
    year = opened(lambda p: setattr(p, "cap_fen", 400_000))
    year.voucher("a", 350_000)
    year.voucher("b", 50_000)
    assert found(year) == set()


def test_a_named_approval_opens_the_hard_cap() -> None:
    """With it the larger cap counts."""
    year = opened(lambda p: setattr(p, "cap_fen", 100_000))
    year.voucher("a", 350_000)
    year["voucher a"].statement.named_approval = True
    assert found(year) == set()
    year["voucher a"].statement.named_approval = False
    assert ("i2_cap", year.named["voucher a"]) in found(year)


def test_a_startup_has_its_own_rate_and_cap() -> None:
    """60 % of 700,000 under its own ceiling of 60 % of the contract."""
    year = opened()
    year["beneficiary"].statement.registered_day = DAY_0 - 364
    year.voucher("a", 420_000)
    year["application a"].event.application_submitted.startup = True
    assert found(year) == set()
    year["beneficiary"].statement.registered_day = DAY_0 - 365
    assert ("startup", year.named["application a"]) in found(year)


def test_rates_by_origin_weigh_the_contracts_parts() -> None:
    """3/8 at 60 % and 5/8 at 50 % of 700,000, under a ceiling that leaves room."""

    def change(parameters: Any) -> None:
        parameters.stacking_ceiling_bp = 9000
        parameters.rate_bp_by_origin.add(origin=1, rate_bp=6000)

    year = opened(change)
    year.voucher("a", 376_250)
    assert found(year) == set()


def test_an_exclusive_policy_refuses_other_public_money() -> None:
    """A second voucher on a contract under EXCLUSIVE is found at its application."""
    year = opened(lambda p: setattr(p, "stacking", 3))
    year.voucher("a", 350_000)
    year["application a"].statement.contract_id = ident("contract a")
    assert found(year) == set()


def test_a_claim_far_out_of_order_does_not_overlap() -> None:
    """Intervals may come in any order."""
    year = opened()
    year.voucher("b", 200_000)
    for number, start in enumerate((20, 0, 10, 5, 15)):
        year.claim(f"x{number}", "b", [(0, start, 5)])
    assert found(year) == set()
    year["claim x3"].statement.lines.start_offset_ms[0] -= 1
    assert ("i6_overlap", year.named["claim x3"]) in found(year)


def test_two_lines_of_one_claim_may_not_overlap() -> None:
    """In this claim, too."""
    year = opened()
    year.voucher("b", 200_000)
    year.claim("x", "b", [(0, 0, 5), (0, 4, 5)])
    assert found(year) == {("i6_overlap", year.named["claim x"])}


def test_a_superseded_claim_frees_its_devices() -> None:
    """Its interval may be claimed again; its totals are taken back."""
    year = opened()
    year.voucher("b", 200_000)
    year.claim("x", "b", [(0, 0, 5), (1, 0, 5)])
    year.claim("y", "b", [(0, 0, 3)], superseding="x")
    year.claim("z", "b", [(0, 3, 2), (1, 0, 4)])
    assert found(year) == set()


def test_attestation_numbers_may_leave_gaps_and_come_in_any_order() -> None:
    """A number is used once, that is all."""
    year = opened()
    year.voucher("b", 200_000)
    for number, sequence in enumerate((5, 2, 1, 9)):
        year.claim(f"x{number}", "b", [(0, number, 1)])
        year[f"claim x{number}"].statement.sequence = sequence
    assert found(year) == set()
    year["claim x3"].statement.sequence = 2
    assert found(year) == {("sequence", year.named["claim x3"])}


def test_usage_may_end_after_the_record_on_a_system_clock_only() -> None:
    """300,000 ms on a SYSTEM clock, none on a SIMULATED one."""
    for clock, expected in ((genesis_pb2.CLOCK_SYSTEM, False), (genesis_pb2.CLOCK_SIMULATED, True)):
        year = opened(clock=clock)
        year.voucher("b", 200_000)
        year.claim("x", "b", [(0, 0, 5)])
        event = year["claim x"].event
        event.recorded_ms = event.effective_ms - 300_000
        assert (("claim_window", year.named["claim x"]) in found(year)) is expected
        assert audit(year.drafts).clock == ("SIMULATED" if expected else "SYSTEM")


@pytest.mark.parametrize("signers", [[SELLER_3], ADMINS], ids=["owner", "administrators"])
def test_a_key_is_revoked_by_its_owner_or_by_administrators(signers: list[Any]) -> None:
    """Both are enough; the actor is whoever signed first."""
    year = opened()
    statement = registry_pb2.KeyRevocation(invalid_since_ms=5, reason=1)  # type: ignore[arg-type]
    year.key_end("key_revoked", SELLER_3, statement, signers, "revocation", signers[0].id)
    assert found(year) == set()


def test_an_officers_key_is_ended_by_roots() -> None:
    """Administrators are not enough."""
    for signers, who, expected in ((ROOTS[:2], None, False), (ADMINS, ADMINS[0].id, True)):
        year = opened()
        statement = registry_pb2.KeyRetirement(until_ms=year.now_ms)
        year.key_end("key_retired", REVIEWER, statement, signers, "retirement", who or year.ledger_id)
        assert (("signers", year.named["retirement"]) in found(year)) is expected


def test_a_revocation_is_corrected_to_earlier_and_a_retired_key_signs_until_its_end() -> None:
    """Earlier is allowed, again and again; after the end the key signs nothing."""
    year = opened()
    year.voucher("b", 200_000)
    revocation = registry_pb2.KeyRevocation(invalid_since_ms=9, reason=1)  # type: ignore[arg-type]
    year.key_end("key_revoked", SELLER_3, revocation, ADMINS, "revocation", ADMINS[0].id)
    for since_ms in (7, 5):
        correction = registry_pb2.RevocationCorrection(invalid_since_ms=since_ms, reason=1)  # type: ignore[arg-type]
        name = f"correction {since_ms}"
        year.key_end("revocation_corrected", SELLER_3, correction, ADMINS, name, ADMINS[0].id)
    retirement = registry_pb2.KeyRetirement(until_ms=year.now_ms + 5 * DAY_MS)
    year.key_end("key_retired", SELLER_2, retirement, ADMINS, "retirement", ADMINS[0].id)
    year.claim("x", "b", [(0, 0, 5)], signer=SELLER_2)
    assert found(year) == set()
    year.claim("y", "b", [(0, 24 * 10, 5)], signer=SELLER_2)
    assert found(year) == {("key_active", year.named["claim y"])}


def test_a_second_programme_of_one_instrument_year_and_bureau() -> None:
    """It is found at the second opening."""
    year = opened()
    draft = year["programme"]
    year.programme()
    other = year.drafts[-2]
    other.statement.programme_id = ident("programme 2")
    assert ("programme", year.drafts.index(other)) in found(year)
    assert draft is not other


def test_a_provider_that_applied_elsewhere_conflicts() -> None:
    """The seller of a contract has applied as a buyer before."""
    year = opened()
    year.voucher("a", 350_000)
    year["contract a"].statement.beneficiary_id, year["contract a"].statement.provider_id = (
        SELLER.id,
        BUYER.id,
    )
    assert ("role_conflict", year.named["application a"]) in found(year)


def test_a_payment_that_uses_a_voucher_up_must_be_followed_by_its_closing() -> None:
    """An absent closing is found, also at the end of the log."""
    from audit_forge.year import make_year

    year = make_year()
    position = year.named["closing a"]
    del year.drafts[position:]
    assert ("closing", position - 1) in found(year)


def test_an_unjudgeable_rest_is_skipped_and_says_so() -> None:
    """After an unknown event type the rules are incomplete, the finding wins."""
    year = opened()
    year["policy"].patch_bytes = lambda data: data[:-3] + b"\xa2\x1f\x00"
    report = audit(year.drafts)
    checks = {check.name: check.status for check in report.checks}
    assert report.result == "findings"
    assert checks["links"] == "SKIPPED"
    assert checks["chain"] == "PASS"
    assert [f.actual for f in report.findings] == ["field 500"]
