"""The award for a corpus that was opened to everybody, from application to payment and clawback (I2, I3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.domain.registrar import at, digest, ident, terms, yuan
from unit.domain.scribe import Line
from unit.domain.town import Town, small_town

from ledger.domain.journal import LinkKind, PremiseKind
from ledger.domain.policy import Allocation, Instrument, Stacking
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import ClawbackCause

AWARD_CAP = "1_000_000"


def corpus(appropriation: str = "50_000_000", **more: Any) -> Town:
    """A CORPUS programme with an award of up to 1,000,000 under a cap of 2,000,000."""
    town = small_town()
    policy = terms(rate_bp=3_000, cap="2_000_000", **{"open_data_award_cap_fen": yuan(AWARD_CAP), **more})
    town.open_programme(policy, label="corpus", appropriation=appropriation, instrument=Instrument.CORPUS)
    return town


def awarded(amount: str = "800_000") -> Town:
    """Voucher `v` of an award of this amount."""
    town = corpus()
    assert town.opened_award("v", amount) == yuan(amount)
    return town


def ask(town: Town, label: str = "r", voucher: str = "v") -> Any:
    """The request of an award: neither claims nor evidence."""
    return town.redeem(label, voucher, [], invoices={}, payments={})


# From application to payment.


def test_an_award_is_applied_for_granted_and_paid() -> None:
    """The proposed amount is the face, is redeemed at once, paid, and closes the voucher."""
    town = awarded()
    voucher = town.state.vouchers[ident("v")]
    assert (voucher.award, voucher.provider_id, voucher.contract_id) == (True, b"", b"")
    event = town.ok(ask(town))
    assert (event.payload.base_fen, event.payload.amount_fen) == (yuan("800_000"), yuan("800_000"))
    assert [link.kind for link in event.draft.links] == [LinkKind.REDEMPTION, LinkKind.VOUCHER]
    assert town.settle("r") == [yuan("800_000")]
    assert town.state.vouchers[ident("v")].state.name == "CLOSED"
    assert town.totals_of("corpus") == (yuan("49_200_000"), 0, 0, yuan("800_000"))


def test_an_award_in_instalments() -> None:
    """It is paid in parts like any redemption."""
    town = awarded("0.01")
    town.ok(replace(ask(town), instalments_bp=(5_000, 5_000)))
    assert town.settle("r") == [0, 1]


def test_an_award_needs_no_contract_in_premises_and_links() -> None:
    """Application, grant and verification rest on participant and policy."""
    town = corpus()
    applied = town.ok(town.apply_for_award("a"))
    policy, participant = town.state.policies[ident("corpus")], town.state.participants[ident("acme")]
    assert applied.draft.premises[1:] == (
        (PremiseKind.PARTICIPANT, participant.index),
        (PremiseKind.POLICY, policy.index),
    )
    town.handle("a", proposed_fen=1)
    grant = town.ok(town.grant("v", "a"))
    assert [link.kind for link in grant.draft.links] == [
        LinkKind.PROGRAMME,
        LinkKind.BENEFICIARY_YEAR,
        LinkKind.VOUCHER,
        LinkKind.APPLICATION,
    ]
    town.ok(ask(town))
    verified = town.ok(town.verify("r"))
    assert [premise.kind for premise in verified.draft.premises] == [
        PremiseKind.KEY,
        PremiseKind.REDEMPTION,
        PremiseKind.VOUCHER,
        PremiseKind.POLICY,
    ]


# Who applies for what.


def test_an_award_is_of_corpus_and_where_the_policy_knows_it() -> None:
    """STATE_CONFLICT in a GPU programme, and under a policy without an award."""
    town = corpus(open_data_award_cap_fen=0)
    for programme in ("gpu", "corpus"):
        refused = town.message(town.apply_for_award("a", programme=programme))
        assert refused == "the policy knows no open-data award"


def test_a_publication_is_used_once() -> None:
    """By anybody: DUPLICATE_EVIDENCE names the first application, whatever became of it."""
    town = corpus()
    town.beneficiary("beta")
    first = town.ok(town.apply_for_award("a", publication="p"))
    town.ok(town.withdraw("a"))
    for beneficiary in ("acme", "beta"):
        again = town.apply_for_award("b", publication="p", beneficiary=beneficiary)
        assert town.conflict(again) == (Reason.DUPLICATE_EVIDENCE, first.index)


def test_who_may_apply_for_an_award() -> None:
    """Not an admitted provider, not for another, not under a used id; the applicant sells nothing after."""
    town = corpus()
    provider = town.apply_for_award("a", beneficiary="cloud")
    assert town.reason(provider) == Reason.ROLE_CONFLICT
    assert town.reason(town.apply_for_award("a", by="cloud")) == Reason.NOT_AUTHORISED
    assert town.message(town.apply_for_award("a", beneficiary="x")) == "the beneficiary does not exist"
    missing = town.apply_for_award("a", programme="x")
    assert town.message(missing) == "a policy of the programme does not exist"
    first = town.ok(town.apply_for_award("a"))
    again = town.apply_for_award("a", publication="other")
    assert town.conflict(again) == (Reason.STATE_CONFLICT, first.index)
    town.beneficiary("beta")
    town.ok(town.contract("c", "1_000", beneficiary="beta", provider="acme"))
    assert town.conflict(town.apply("b", "c", by="beta")) == (Reason.ROLE_CONFLICT, first.index)


@pytest.mark.parametrize(
    "changes",
    [{"platform": ""}, {"platform": "x" * 65}, {"publication_digest": b"x"}, {"application_id": bytes(16)}],
    ids=str,
)
def test_an_award_application_out_of_shape_is_malformed(changes: dict[str, Any]) -> None:
    """A platform's name, a digest and an id."""
    town = corpus()
    assert town.reason(replace(town.apply_for_award("a"), **changes)) == Reason.MALFORMED


def test_an_award_is_never_a_startup_s() -> None:
    """A young enterprise gets the ordinary cap."""
    town = corpus(startup_max_age_months=12, startup_cap="1")
    town.beneficiary("beta", registered="2025-12-01")
    town.ok(town.apply_for_award("a", beneficiary="beta"))
    assert town.state.applications[ident("a")].startup is False


# How much.


@pytest.mark.parametrize(("amount", "taken"), [(0, False), (1, True), (yuan(AWARD_CAP), True)])
def test_a_review_proposes_up_to_the_cap_of_the_award(amount: int, taken: bool) -> None:
    """1 fen to 1,000,000; a fen more is refused too."""
    town = corpus()
    town.ok(town.apply_for_award("a"))
    town.ok(town.check("a"))
    text = f"the amount to propose is 1 to {yuan(AWARD_CAP)} fen"
    assert town.message(town.review("a", yuan(AWARD_CAP) + 1)) == text
    assert town.message(town.review("a", amount)) == (None if taken else text)


def test_a_review_of_an_award_rests_on_the_policy_in_force() -> None:
    """A lower cap published before the review binds it, and one before the grant binds the face."""
    town = corpus()
    lower = terms(rate_bp=3_000, cap="2_000_000", open_data_award_cap_fen=yuan("500_000"))
    town.ok(town.apply_for_award("a"))
    town.ok(town.check("a"))
    event = town.ok(town.review("a", yuan("900_000")))
    assert event.draft.premises[-1] == (PremiseKind.POLICY, town.state.policies[ident("corpus")].index)
    town.ok(town.publicise("a"))
    town.ok(town.policy(lower, programme="corpus"))
    assert town.ok(town.grant("v", "a")).payload.face_fen == yuan("500_000")


def test_an_award_counts_towards_cap_and_budget() -> None:
    """Under a cap of 2,000,000 the third award of 900,000 gets 200,000; the money ends at 2,000,000."""
    town = corpus(appropriation="1_900_000")
    assert [town.opened_award(f"v{n}", "900_000") for n in (1, 2, 3)] == [
        yuan("900_000"),
        yuan("900_000"),
        yuan("100_000"),
    ]
    town.ok(town.apply_for_award("b"))
    town.handle("b", proposed_fen=1)
    assert town.reason(town.grant("w", "b")) == Reason.BUDGET_EXHAUSTED


def test_an_award_stops_at_the_cap_of_the_year() -> None:
    """Vouchers on contracts and awards share it."""
    town = corpus()
    assert [town.opened_award(f"v{n}", "900_000") for n in (1, 2, 3)][-1] == yuan("200_000")
    town.ok(town.apply_for_award("b"))
    town.handle("b", proposed_fen=1)
    assert town.reason(town.grant("w", "b")) == Reason.CAP_EXHAUSTED


def test_an_award_waits_in_a_pro_rata_queue() -> None:
    """It is allotted its share without a contract."""
    town = corpus(appropriation="900_000", allocation=Allocation.PRO_RATA)
    for number in (1, 2):
        town.ok(town.apply_for_award(f"a{number}"))
        town.handle(f"a{number}", proposed_fen=yuan("900_000"))
        town.ok(town.grant(f"v{number}", f"a{number}"))
    followed = town.ok(town.allocate("corpus")).followed_by
    assert [event.payload.face_fen for event in followed] == [yuan("450_000"), yuan("450_000")]
    assert town.ok(ask(town, "r", "v2")).payload.amount_fen == yuan("450_000")


@pytest.mark.parametrize("stacking", [Stacking.CEILING, Stacking.EXCLUSIVE])
def test_stacking_does_not_touch_an_award(stacking: Stacking) -> None:
    """There is no contract on which money could meet."""
    town = corpus(stacking=stacking, stacking_ceiling_bp=1)
    assert town.opened_award("v", "800_000") == yuan("800_000")
    assert town.ok(ask(town)).payload.amount_fen == yuan("800_000")


# Redemption, claims, clawback.


def test_an_award_is_redeemed_without_claims_and_evidence() -> None:
    """Claims and evidence of others are refused; the second request finds nothing left."""
    town = awarded()
    town.ok(town.contract("c", "1_000"))
    town.award("w", "c")
    town.evidence("e", "c", "1_000")
    town.now_ms = at("2026-06-01")
    town.ok(town.metered("u", "w", "1_000"))
    with_claim = replace(ask(town), claim_ids=(ident("u"),))
    assert town.reason(with_claim) == Reason.STATE_CONFLICT
    with_invoice = town.redeem("r", "v", [], invoices={"i-e": 1}, payments={})
    assert town.reason(with_invoice) == Reason.DUPLICATE_EVIDENCE
    town.ok(ask(town))
    assert town.reason(ask(town, "r2")) == Reason.FACE_EXCEEDED


def test_a_least_spend_does_not_bind_an_award() -> None:
    """There is nothing to spend."""
    town = corpus(min_spend_fen=1)
    town.opened_award("v", "800_000")
    assert town.reason(ask(town)) is None


@pytest.mark.parametrize("by", ["cloud", "acme", "root-1"])
def test_an_award_s_voucher_takes_no_claims(by: str) -> None:
    """Neither usage nor services, whoever signs and whatever provider is named."""
    town = awarded()
    town.now_ms = at("2026-06-01")
    span = (at("2026-03-01"), at("2026-03-02"))
    for number, provider in enumerate((ident("cloud"), ident("acme"), b"")):
        service = town.served(f"s{number}", "v", 1, span=span, by=by)
        usage = town.claim(f"u{number}", "v", Line(0, *span), by=by)
        for statement in (service, usage):
            assert town.reason(replace(statement, provider_id=provider)) in {
                Reason.STATE_CONFLICT,
                Reason.NOT_AUTHORISED,
            }
    assert not any(type(event.payload).__name__.endswith("ClaimAccepted") for event in town.events)


def test_an_award_expires_and_is_revoked_without_a_contract() -> None:
    """Its money goes back to budget and cap."""
    town = awarded()
    assert town.ok(town.revoke_voucher("v")).payload.released_fen == yuan("800_000")
    assert town.totals_of("corpus")[0] == yuan("50_000_000")
    town.opened_award("w", "700_000")
    town.now_ms = at("2027-02-01")
    event = town.ok(town.expire("w"))
    assert [link.kind for link in event.draft.links] == [
        LinkKind.VOUCHER,
        LinkKind.PROGRAMME,
        LinkKind.BENEFICIARY_YEAR,
    ]


def test_a_clawback_of_an_award_finds_it_worth_its_amount() -> None:
    """The entitlement is the redemption's amount: it closes at 0."""
    town = awarded()
    town.ok(ask(town))
    town.settle("r")
    assert town.ok(town.open_clawback("k", "r")).payload.entitlement_fen == yuan("800_000")
    town.ok(town.notify("k"))
    assert town.reason(town.determine("k", "800_000")) == Reason.STATE_CONFLICT
    event = town.ok(town.determine("k", 0))
    assert PremiseKind.CONTRACT not in [premise.kind for premise in event.draft.premises]
    assert town.state.clawbacks[ident("k")].state.name == "CLOSED"


def test_an_award_that_was_got_by_fraud_is_worth_nothing() -> None:
    """Nobody opened the corpus after all: everything that was paid is to be paid back."""
    town = awarded()
    town.ok(ask(town))
    town.settle("r")
    opened = town.ok(town.open_clawback("k", "r", cause=ClawbackCause.FRAUD))
    assert opened.payload.entitlement_fen == 0
    town.ok(town.notify("k"))
    assert town.reason(town.determine("k", 0)) == Reason.STATE_CONFLICT
    town.ok(town.determine("k", "800_000"))
    assert town.state.clawbacks[ident("k")].outstanding_fen == yuan("800_000")


def test_the_payee_of_an_award_is_a_commitment_like_any_other() -> None:
    """An approval of another payee is refused."""
    town = awarded()
    town.ok(ask(town))
    town.ok(town.verify("r"))
    wrong = replace(town.approve("r"), payee_commitment=digest("other"))
    assert town.reason(wrong) == Reason.STATE_CONFLICT
