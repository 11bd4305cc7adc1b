"""Applications and grants: every reason against them, named as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from unit.domain.registrar import at, ident, terms, yuan
from unit.domain.town import Town, small_town, with_voucher

from ledger.domain.days import start_ms
from ledger.domain.entities import VoucherState
from ledger.domain.journal import Account, LinkKind, PremiseKind
from ledger.domain.policy import Instrument, Stacking
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import ParticipantKind, Role

if TYPE_CHECKING:
    from ledger.domain.policy import PolicyParameters


def applied(policy: PolicyParameters | None = None, *, contract: str = "1_000_000") -> Town:
    """A small town with contract `c` and application `a`."""
    town = small_town(policy)
    town.ok(town.contract("c", contract))
    town.ok(town.apply("a", "c"))
    return town


def publicised(policy: PolicyParameters | None = None, *, contract: str = "1_000_000") -> Town:
    """The same with the application's notice over."""
    town = applied(policy, contract=contract)
    town.handle("a")
    return town


# Applications.


def test_role_conflict_of_an_admitted_applicant() -> None:
    """Who is admitted as a provider does not apply."""
    town = small_town()
    town.provider("data")
    town.ok(town.contract("c", "1_000", beneficiary="data"))
    assert town.reason(town.apply("a", "c", by="data")) == Reason.ROLE_CONFLICT


def test_role_conflict_of_a_provider_that_applied() -> None:
    """Who applied as a beneficiary is nobody's provider; the refusal names its first application."""
    town = small_town()
    town.beneficiary("beta")
    town.ok(town.contract("c1", "1_000", beneficiary="beta"))
    first = town.ok(town.apply("a1", "c1", by="beta"))
    town.ok(town.admit("beta"))
    town.ok(town.contract("c2", "1_000", provider="beta"))
    assert town.conflict(town.apply("a2", "c2")) == (Reason.ROLE_CONFLICT, first.index)


@pytest.mark.parametrize(
    ("from_day", "reason"), [("2026-01-05", None), ("2026-01-06", Reason.PROVIDER_NOT_ADMITTED)]
)
def test_provider_not_admitted(from_day: str, reason: Reason | None) -> None:
    """The provider is admitted on the contract's first day at the latest."""
    town = small_town()
    town.provider("data", from_day=from_day)
    town.ok(town.contract("c", "1_000", provider="data", days=("2026-01-05", "2026-12-31")))
    assert town.reason(town.apply("a", "c")) == reason


def test_provider_never_admitted() -> None:
    """A seller without an admission is PROVIDER_NOT_ADMITTED."""
    town = small_town()
    town.beneficiary("data", ParticipantKind.COMPUTE)
    town.ok(town.contract("c", "1_000", provider="data"))
    assert town.reason(town.apply("a", "c")) == Reason.PROVIDER_NOT_ADMITTED


def test_item_not_listed() -> None:
    """The contract's item is not in the admission."""
    town = small_town()
    town.ok(town.contract("c", "1_000", item="storage"))
    assert town.reason(town.apply("a", "c")) == Reason.ITEM_NOT_LISTED


@pytest.mark.parametrize(
    ("signed", "reason"), [("2026-01-04", None), ("2026-01-03", Reason.CONTRACT_TOO_EARLY)]
)
def test_contract_too_early(signed: str, reason: Reason | None) -> None:
    """A contract of the earliest day is taken, one of the day before is not."""
    earliest = (at("2026-01-04") + 28_800_000) // 86_400_000
    town = small_town(terms(contract_not_before_day=earliest))
    town.ok(town.contract("c", "1_000", signed=signed))
    assert town.reason(town.apply("a", "c")) == reason


@pytest.mark.parametrize(("amount", "reason"), [("5_000.00", None), ("4999.99", Reason.MIN_CONTRACT)])
def test_min_contract(amount: str, reason: Reason | None) -> None:
    """The least amount is compared with one contract, to the fen."""
    town = small_town(terms(min_contract_fen=500_000))
    town.ok(town.contract("c", amount))
    assert town.reason(town.apply("a", "c")) == reason


@pytest.mark.parametrize(("filing", "reason"), [("F-1", None), ("", Reason.FILING_MISSING)])
def test_filing_missing(filing: str, reason: Reason | None) -> None:
    """A filing number where the policy asks for one."""
    town = small_town(terms(requires_filing=True))
    town.ok(town.contract("c", "1_000", filing=filing))
    assert town.reason(town.apply("a", "c")) == reason


@pytest.mark.parametrize(
    ("kind", "trade", "reason"),
    [
        (ParticipantKind.EXCHANGE, "T-1", None),
        (ParticipantKind.EXCHANGE, "", Reason.EXCHANGE_REQUIRED),
        (ParticipantKind.COMPUTE, "T-1", Reason.EXCHANGE_REQUIRED),
    ],
    ids=["traded", "no trade", "no exchange"],
)
def test_exchange_required(kind: ParticipantKind, trade: str, reason: Reason | None) -> None:
    """A trade number and a seller of kind EXCHANGE."""
    town = small_town(terms(requires_exchange=True))
    town.provider("data", kind)
    town.ok(town.contract("c", "1_000", provider="data", trade=trade))
    assert town.reason(town.apply("a", "c")) == reason


def test_contract_bound() -> None:
    """A contract with a voucher of the programme is bound until that voucher is expired (I5)."""
    town = small_town()
    town.ok(town.contract("c", "1_000", days=("2026-01-05", "2027-12-31")))
    town.award("v", "c")
    issue = town.state.vouchers[ident("v")].index
    assert town.conflict(town.apply("b", "c")) == (Reason.CONTRACT_BOUND, issue)
    town.now_ms = at("2027-01-05")
    town.ok(town.expire("v"))
    assert town.award("w", "c") == yuan("500")


def test_contract_bound_is_checked_again_at_the_grant() -> None:
    """Two applications on one contract: the second grant is refused, in one batch too."""
    town = publicised()
    town.ok(town.apply("b", "c"))
    town.handle("b")
    first, second = town.send(town.grant("v", "a"), town.grant("w", "b"))
    assert (first.__class__.__name__, getattr(second, "reason", None)) == ("Logged", Reason.CONTRACT_BOUND)


def test_stacking_exclusive() -> None:
    """Public money of another programme refuses the application, and the grant if it came between."""
    town = small_town(terms())
    town.open_programme(terms(stacking=Stacking.EXCLUSIVE), label="model", instrument=Instrument.MODEL)
    town.ok(town.contract("c", "1_000"))
    town.ok(town.apply("before", "c", programme="model"))
    town.award("v", "c")
    assert town.reason(town.apply("after", "c", programme="model")) == Reason.STACKING_EXCLUSIVE
    assert town.reason(town.grant("w", "before")) == Reason.STACKING_EXCLUSIVE


def test_an_application_names_what_exists() -> None:
    """An unknown contract or programme, a used id, and another's signature."""
    town = applied()
    assert town.reason(town.apply("b", "nothing")) == Reason.STATE_CONFLICT
    assert town.reason(town.apply("b", "c", programme="nothing")) == Reason.STATE_CONFLICT
    assert town.reason(town.apply("a", "c")) == Reason.STATE_CONFLICT
    assert town.reason(town.apply("b", "c", by="cloud")) == Reason.NOT_AUTHORISED
    assert town.reason(replace(town.apply("b", "c"), application_id=b"short")) == Reason.MALFORMED


def test_an_application_rests_on_contract_policy_and_admission() -> None:
    """The premises name the leaves that the rules read."""
    town = applied()
    event = town.events[-1]
    assert [(premise.kind, premise.leaf_index) for premise in event.draft.premises] == [
        (PremiseKind.KEY, town.state.keys[event.recorded.statement.header.key_ids[0]].registered_index),
        (PremiseKind.CONTRACT, town.state.contracts[ident("c")].index),
        (PremiseKind.POLICY, town.state.policies[ident("gpu")].index),
        (PremiseKind.ADMISSION, town.state.admissions[ident("cloud")].index),
    ]


# Grants.


def test_a_grant_encumbers_the_face_and_counts_it_everywhere() -> None:
    """Links, totals and postings of an issue."""
    town = publicised()
    event = town.ok(town.grant("v", "a"))
    face = yuan("500_000")
    assert [(link.kind, link.totals) for link in event.draft.links] == [
        (LinkKind.PROGRAMME, (yuan("499_500_000"), face, 0, 0, 0, 0, 0)),
        (LinkKind.BENEFICIARY_YEAR, (face,)),
        (LinkKind.VOUCHER, (face, 0, 0, 0, 0)),
        (LinkKind.CONTRACT, (face, 0)),
        (LinkKind.APPLICATION, ()),
    ]
    assert [(posting.account, posting.amount_fen) for posting in event.draft.postings] == [
        (Account.ENCUMBERED, face),
        (Account.AVAILABLE, -face),
    ]
    voucher = town.state.vouchers[ident("v")]
    assert (start_ms(voucher.valid_from_day), start_ms(voucher.valid_until_day)) == (
        at("2026-01-05"),
        at("2027-01-05"),
    )
    assert (voucher.provider_id, voucher.contract_id) == (ident("cloud"), ident("c"))


def test_a_grant_is_made_once() -> None:
    """A granted application, its old subject, and a used voucher id are STATE_CONFLICT."""
    town = publicised()
    old = town.grant("w", "a")
    town.ok(town.grant("v", "a"))
    assert town.reason(old) == Reason.CONTRACT_BOUND
    town.ok(town.contract("d", "1_000"))
    town.ok(town.apply("b", "d"))
    town.handle("b")
    assert town.reason(town.grant("v", "b")) == Reason.STATE_CONFLICT
    assert town.reason(town.grant("w", "nothing")) == Reason.STATE_CONFLICT
    stale = replace(town.grant("w", "b"), subject=old.subject)
    assert town.reason(stale) == Reason.STATE_CONFLICT


@pytest.mark.parametrize("by", ["clerk", "reviewer", "payer", "acme"])
def test_only_an_approver_grants(by: str) -> None:
    """Other officers and parties are SEPARATION_OF_DUTY."""
    assert applied().reason(applied().grant("v", "a", by=by)) == Reason.SEPARATION_OF_DUTY


def test_a_grant_in_a_wrong_office_is_refused() -> None:
    """The basis names the approver's bureau and role."""
    town = publicised()
    grant = town.grant("v", "a")
    assert town.reason(replace(grant, basis=town.basis(Role.CLERK))) == Reason.SEPARATION_OF_DUTY
    assert town.reason(replace(grant, basis=town.basis(Role.APPROVER, "other"))) == Reason.NOT_AUTHORISED


@pytest.mark.parametrize(
    "change", [{"reason_code": "lower"}, {"evidence_digests": (b"x",)}, {"bureau_id": b""}], ids=str
)
def test_a_basis_out_of_shape_is_malformed(change: dict[str, Any]) -> None:
    """Reason codes are codes, digests have 32 bytes."""
    town = applied()
    grant = town.grant("v", "a")
    assert town.reason(replace(grant, basis=replace(grant.basis, **change))) == Reason.MALFORMED


def test_stacking_ceiling() -> None:
    """When other public money reached the ceiling of the contract the grant is refused."""
    town = small_town(terms())
    ceiling = terms(stacking=Stacking.CEILING, stacking_ceiling_bp=5_000)
    town.open_programme(ceiling, label="model", instrument=Instrument.MODEL)
    town.ok(town.contract("c", "1_000"))
    town.award("v", "c")
    town.ok(town.apply("b", "c", programme="model"))
    assert town.conflict(town.grant("w", "b")) == (
        Reason.STACKING_CEILING,
        town.state.contracts[ident("c")].index,
    )


def test_a_startup_has_its_own_ceiling() -> None:
    """Under a ceiling of 50 % and 60 % for start-ups a start-up's rate of 60 % stands."""
    policy = terms(
        startup_rate_bp=6_000,
        startup_max_age_months=12,
        stacking=Stacking.CEILING,
        stacking_ceiling_bp=5_000,
        startup_stacking_ceiling_bp=6_000,
    )
    town = small_town(policy)
    town.beneficiary("beta", registered="2025-12-01")
    town.ok(town.contract("c", "1_000", beneficiary="beta"))
    assert town.award("v", "c", beneficiary="beta") == yuan("600")


@pytest.mark.parametrize("cap", ["0", "1_000"])
def test_cap_exhausted(cap: str) -> None:
    """No room under the cap, from the start or after a voucher."""
    town = small_town(terms(cap=cap))
    town.ok(town.contract("c1", "2_000"))
    town.ok(town.contract("c2", "2_000"))
    if cap != "0":
        assert town.award("v", "c1") == yuan("1_000")
    town.ok(town.apply("b", "c2"))
    assert town.reason(town.grant("w", "b")) == Reason.CAP_EXHAUSTED


def test_released_money_is_room_under_the_cap_again() -> None:
    """An unused voucher that expires gives back cap, budget and the contract."""
    town = small_town(terms(cap="1_000", validity_months=1), appropriation="1_000")
    town.ok(town.contract("c1", "2_000"))
    town.ok(town.contract("c2", "2_000"))
    town.award("v", "c1")
    town.ok(town.apply("b", "c2"))
    town.handle("b")
    assert town.reason(town.grant("w", "b")) == Reason.CAP_EXHAUSTED
    town.now_ms = at("2026-02-05")
    town.ok(town.expire("v"))
    assert town.ok(town.grant("w", "b")).payload.face_fen == yuan("1_000")


def test_budget_exhausted() -> None:
    """Nothing of the appropriation is available."""
    town = small_town(terms(), appropriation="500")
    town.ok(town.contract("c1", "2_000"))
    town.ok(town.contract("c2", "2_000"))
    assert town.award("v", "c1") == yuan("500")
    town.ok(town.apply("b", "c2"))
    assert town.reason(town.grant("w", "b")) == Reason.BUDGET_EXHAUSTED


def test_a_grant_worth_nothing_is_a_state_conflict() -> None:
    """An entitlement that floors to 0 issues no voucher."""
    town = small_town(terms())
    town.ok(town.contract("c", 1))
    town.ok(town.apply("a", "c"))
    town.handle("a")
    assert town.message(town.grant("v", "a")) == "the entitlement is 0"


# Expiry.


def test_a_voucher_does_not_expire_before_its_time() -> None:
    """At the last millisecond of validity an expiry is STATE_CONFLICT, at the next it is recorded."""
    town = with_voucher()
    town.now_ms = at("2027-01-05") - 1
    assert town.reason(town.expire("v")) == Reason.STATE_CONFLICT
    town.now_ms += 1
    assert town.ok(town.expire("v")).payload.released_fen == yuan("4_000_000")
    assert town.reason(town.expire("v")) == Reason.VOUCHER_EXPIRED
    assert town.reason(town.expire("nothing")) == Reason.STATE_CONFLICT


def test_expiry_keeps_the_money_of_open_redemptions() -> None:
    """What was requested stays encumbered, is paid later, and is never released."""
    town = with_voucher()
    town.redeemed("r", "v", "1_000_000")
    town.now_ms = at("2027-01-05")
    event = town.ok(town.expire("v"))
    assert event.payload.released_fen == yuan("3_500_000")
    assert town.totals_of("gpu")[1] == yuan("500_000")
    assert town.settle("r") == [yuan("500_000")]
    assert town.voucher_totals("v")[2:] == (yuan("500_000"), yuan("500_000"), yuan("3_500_000"))
    assert town.state.vouchers[ident("v")].state == VoucherState.EXPIRED


def test_an_expiry_without_rest_posts_nothing() -> None:
    """A fully requested voucher expires with a release of 0 and no postings."""
    town = with_voucher()
    town.redeemed("r", "v", "8_000_000")
    town.now_ms = at("2027-01-05")
    event = town.ok(town.expire("v"))
    assert (event.payload.released_fen, event.draft.postings) == (0, ())


def test_a_closed_voucher_does_not_expire() -> None:
    """Closing is final."""
    town = with_voucher()
    town.redeemed("r", "v", "8_000_000")
    town.settle("r")
    assert town.state.vouchers[ident("v")].state == VoucherState.CLOSED
    town.now_ms = at("2027-01-05")
    assert town.reason(town.expire("v")) == Reason.STATE_CONFLICT
