"""A policy version changes the appropriation: the difference is posted, commitments stay covered (I1, I15)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.domain.registrar import TOO_MUCH, ident, terms, yuan
from unit.domain.town import Town, small_town

from ledger.domain.journal import Account, LinkKind
from ledger.domain.rejections import Reason


def committed() -> Town:
    """A programme of 1,000 of which 300 are encumbered, 100 obligated and 200 disbursed."""
    town = small_town(appropriation="1_000")
    town.ok(town.contract("c", "1_200"))
    town.award("v", "c")
    town.evidence("e", "c", "1_200")
    town.now_ms += 100 * 86_400_000
    town.redeemed("r1", "v", "400")
    town.settle("r1")
    town.redeemed("r2", "v", "200")
    town.approve_twice("r2")
    assert town.totals_of("gpu") == (40_000, 30_000, 10_000, 20_000)
    return town


def publish(town: Town, amount: str) -> str | None:
    """A version with this appropriation; the message of its refusal, or None."""
    return town.message(town.policy(terms(appropriation_fen=yuan(amount))))


@pytest.mark.parametrize(
    ("amount", "postings"),
    [
        ("1_500", [(Account.AVAILABLE, 50_000), (Account.APPROPRIATION, -50_000)]),
        ("700", [(Account.APPROPRIATION, 30_000), (Account.AVAILABLE, -30_000)]),
        ("1_000", []),
    ],
    ids=["raised", "lowered", "the same"],
)
def test_a_change_is_posted_by_its_difference(amount: str, postings: list[tuple[Account, int]]) -> None:
    """Debit first; a version without a change has no posting and no PROGRAMME link."""
    town = committed()
    event = town.ok(town.policy(terms(appropriation_fen=yuan(amount))))
    assert [(posting.account, posting.amount_fen) for posting in event.draft.postings] == postings
    kinds = [LinkKind.POLICY, LinkKind.PROGRAMME] if postings else [LinkKind.POLICY]
    assert [link.kind for link in event.draft.links] == kinds
    assert town.state.programmes[ident("gpu")].appropriation_fen == yuan(amount)
    assert sum(town.totals_of("gpu")) == yuan(amount)


def test_an_appropriation_covers_what_is_committed() -> None:
    """600 are committed: 600 is possible, a fen less is STATE_CONFLICT that names the sum."""
    town = committed()
    refused = "60000 fen are committed, more than the appropriation would be"
    assert publish(town, "599.99") == refused
    assert publish(town, "600") is None
    assert town.totals_of("gpu")[0] == 0


def test_the_conflict_is_the_programme_s_leaf() -> None:
    """A refused version changes nothing."""
    town = committed()
    leaf = town.state.programmes[ident("gpu")].index
    low = town.policy(terms(appropriation_fen=1))
    assert town.conflict(low) == (Reason.STATE_CONFLICT, leaf)
    assert town.state.policies[ident("gpu")].version == 1


@pytest.mark.parametrize("amount", [0, TOO_MUCH])
def test_an_appropriation_is_above_zero_and_fits(amount: int) -> None:
    """No version without money."""
    town = committed()
    good = town.policy(terms())
    wrong = replace(good, parameters=replace(good.parameters, appropriation_fen=amount))
    assert town.reason(wrong) == Reason.MALFORMED


def test_changes_run_from_the_last_one() -> None:
    """Up, down and up again: the differences are those between versions."""
    town = committed()
    for amount in ("2_000", "800", "800", "1_000"):
        assert publish(town, amount) is None
    assert town.totals_of("gpu") == (40_000, 30_000, 10_000, 20_000)


def test_a_first_version_may_change_the_opened_appropriation() -> None:
    """What a programme was opened with is no limit of its first policy."""
    town = small_town()
    town.ok(town.programme("later", "100", year=2027))
    event = town.ok(town.policy(terms(appropriation_fen=yuan("250")), programme="later"))
    assert event.totals(LinkKind.PROGRAMME)[0] == yuan("250")


def test_raised_money_is_granted() -> None:
    """After BUDGET_EXHAUSTED a higher appropriation lets the grant through."""
    town = small_town(appropriation="100")
    for name in ("c1", "c2"):
        town.ok(town.contract(name, "200"))
    town.award("v1", "c1")
    town.ok(town.apply("a2", "c2"))
    town.handle("a2")
    assert town.reason(town.grant("v2", "a2")) == Reason.BUDGET_EXHAUSTED
    town.ok(town.policy(terms(appropriation_fen=yuan("150"))))
    assert town.ok(town.grant("v2", "a2")).payload.face_fen == yuan("50")


def test_released_money_stays_in_the_changed_appropriation() -> None:
    """A revocation after the change gives back to what is appropriated now."""
    town = committed()
    assert publish(town, "600") is None
    assert town.ok(town.revoke_voucher("v")).payload.released_fen == 30_000
    assert town.totals_of("gpu") == (30_000, 0, 10_000, 20_000)
    assert publish(town, "300") is None
