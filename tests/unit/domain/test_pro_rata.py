"""Grants that wait for the allocation of their window, and what each then gets (PRO_RATA; I1, I2, I4, I11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from unit.domain.registrar import at, ident, terms, yuan
from unit.domain.town import Town, small_town

from ledger.domain.days import format_day
from ledger.domain.journal import Account, LinkKind, PremiseKind
from ledger.domain.policy import Allocation, Stacking
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import Role

if TYPE_CHECKING:
    from ledger.domain.policy import PolicyParameters


def shared(**more: object) -> PolicyParameters:
    """A policy of half the contract, allocated by shares."""
    return terms(allocation=Allocation.PRO_RATA, **more)  # type: ignore[arg-type]


def waiting(*entitlements: int, appropriation: str = "1_000", policy: PolicyParameters | None = None) -> Town:
    """Grants `v1`, `v2` … that wait with these entitlements in fen, on contracts of twice as much."""
    town = small_town(policy or shared(), appropriation=appropriation)
    for number, entitlement in enumerate(entitlements, start=1):
        queue(town, number, 2 * entitlement)
    return town


def queue(town: Town, number: int, amount_fen: int, *, beneficiary: str = "acme") -> int:
    """Queue grant `v<number>` on contract `c<number>`; its entitlement, fen."""
    town.ok(town.contract(f"c{number}", amount_fen, beneficiary=beneficiary))
    town.ok(town.apply(f"a{number}", f"c{number}", by=beneficiary))
    town.handle(f"a{number}")
    event = town.ok(town.grant(f"v{number}", f"a{number}"))
    assert type(event.payload).__name__ == "GrantQueued"
    entitlement: int = event.payload.entitlement_fen
    return entitlement


def allotted(town: Town) -> list[int]:
    """Allocate; the faces in the order of the queue, fen."""
    return [event.payload.face_fen for event in town.ok(town.allocate()).followed_by]


def granted(town: Town, beneficiary: str = "acme") -> int:
    """What counts towards a beneficiary's cap, fen."""
    return town.state.granted_fen(programme_id=ident("gpu"), beneficiary_id=ident(beneficiary))


# The queue.


def test_a_grant_is_queued_with_its_entitlement() -> None:
    """No money moves and no voucher exists; the entitlement counts for cap and contract."""
    town = waiting(60_000)
    event = town.events[-1]
    assert event.draft.postings == ()
    assert [(link.kind, link.totals) for link in event.draft.links] == [
        (LinkKind.BENEFICIARY_YEAR, (60_000,)),
        (LinkKind.CONTRACT, (60_000, 0)),
        (LinkKind.APPLICATION, ()),
    ]
    assert (town.totals_of("gpu"), ident("v1") in town.state.vouchers) == ((100_000, 0, 0, 0), False)
    assert town.state.queued_fen(ident("gpu")) == 60_000
    assert town.state.applications[ident("a1")].state.name == "QUEUED"


def test_a_queue_may_be_worth_more_than_the_appropriation() -> None:
    """The available money does not limit an entitlement, nor does none at all refuse it."""
    town = waiting(90_000, 90_000)
    assert (town.state.queued_fen(ident("gpu")), town.totals_of("gpu")[0]) == (180_000, 100_000)
    assert allotted(town) == [50_000, 50_000]
    assert queue(town, 3, 2_000) == 1_000


def test_the_queue_counts_towards_the_cap() -> None:
    """With a cap of 1,000 the second grant waits with the 200 that are left, the third is CAP_EXHAUSTED."""
    town = waiting(80_000, appropriation="9_000", policy=shared(cap="1_000"))
    assert queue(town, 2, 100_000) == 20_000
    town.ok(town.contract("c3", 100_000))
    town.ok(town.apply("a3", "c3"))
    town.handle("a3")
    assert town.reason(town.grant("v3", "a3")) == Reason.CAP_EXHAUSTED


def test_the_queue_counts_as_public_money_of_the_contract() -> None:
    """Under a ceiling of 60 % another programme gets the 10 % that a waiting grant leaves."""
    ceiling = {"stacking": Stacking.CEILING, "stacking_ceiling_bp": 6_000}
    town = waiting(50_000, policy=shared(**ceiling))
    town.open_programme(terms(**ceiling), label="next", year=2027)  # type: ignore[arg-type]
    assert town.award("w", "c1", programme="next") == 10_000


def test_a_waiting_grant_binds_its_contract() -> None:
    """CONTRACT_BOUND for a further application, and STACKING_EXCLUSIVE in an exclusive programme."""
    town = waiting(50_000)
    contract = town.state.contracts[ident("c1")].index
    assert town.conflict(town.apply("again", "c1")) == (Reason.CONTRACT_BOUND, contract)
    town.open_programme(terms(stacking=Stacking.EXCLUSIVE), label="next", year=2027)
    assert town.reason(town.apply("b", "c1", programme="next")) == Reason.STACKING_EXCLUSIVE


def test_a_voucher_id_in_the_queue_is_in_use() -> None:
    """Also after the allocation left it without a voucher."""
    town = waiting(1, 200_000)
    town.ok(town.contract("c3", 2_000))
    town.ok(town.apply("a3", "c3"))
    town.handle("a3")
    assert town.message(town.grant("v1", "a3")) == "the voucher id is in use"
    assert allotted(town)[0] == 0
    assert town.message(town.grant("v1", "a3")) == "the voucher id is in use"


def test_a_waiting_grant_is_no_voucher() -> None:
    """It cannot be held, revoked, expired, used or redeemed."""
    town = waiting(50_000)
    for statement in (
        town.hold("v1"),
        town.revoke_voucher("v1"),
        town.expire("v1"),
        town.redeem("r", "v1", [], invoices={}, payments={}),
    ):
        assert town.message(statement) == "the voucher does not exist"


# The allocation.


def test_enough_money_gives_each_its_entitlement() -> None:
    """Nothing is scaled while the sum is not above what is available."""
    town = waiting(60_000, 40_000)
    assert allotted(town) == [60_000, 40_000]
    assert town.totals_of("gpu") == (0, 100_000, 0, 0)


def test_short_money_is_scaled_and_floored_each() -> None:
    """1,000.01 among three of 500.01 gives thirds; the remainder stays available."""
    town = waiting(50_001, 50_001, 50_001, appropriation="1_000.01")
    assert allotted(town) == [33_333, 33_333, 33_333]
    assert town.totals_of("gpu") == (2, 99_999, 0, 0)
    assert (granted(town), town.state.queued_fen(ident("gpu"))) == (99_999, 0)


def test_a_fen_short_scales_everybody() -> None:
    """Entitlements of one fen more than the money lose by their floors."""
    town = waiting(60_000, 40_001)
    assert allotted(town) == [60_000 * 100_000 // 100_001, 40_001 * 100_000 // 100_001] == [59_999, 40_000]
    assert town.totals_of("gpu")[0] == 1


def test_what_is_not_allotted_leaves_cap_and_contract() -> None:
    """After the allocation granted and public money are the face, not the entitlement."""
    town = waiting(150_000, 50_000)
    assert allotted(town) == [75_000, 25_000]
    assert granted(town) == 100_000
    assert town.state.contract_totals(ident("c1")).public_money_fen == 75_000


def test_links_premises_and_postings_of_an_allotment() -> None:
    """Each allotment follows the allocation and rests on its grant and that grant's policy."""
    town = waiting(60_000)
    grant = town.events[-1].index
    allocation = town.ok(town.allocate())
    assert (allocation.payload.queued_fen, allocation.payload.available_fen) == (60_000, 100_000)
    (event,) = allocation.followed_by
    assert event.index == allocation.index + 1
    assert [(p.kind, p.leaf_index) for p in event.draft.premises] == [
        (PremiseKind.GRANT, grant),
        (PremiseKind.POLICY, town.state.policies[ident("gpu")].index),
    ]
    assert [(link.kind, link.totals) for link in event.draft.links] == [
        (LinkKind.PROGRAMME, (40_000, 60_000, 0, 0, 0, 0, 0)),
        (LinkKind.BENEFICIARY_YEAR, (60_000,)),
        (LinkKind.VOUCHER, (60_000, 0, 0, 0, 0)),
        (LinkKind.CONTRACT, (60_000, 0)),
        (LinkKind.APPLICATION, ()),
    ]
    assert [(p.account, p.amount_fen) for p in event.draft.postings] == [
        (Account.ENCUMBERED, 60_000),
        (Account.AVAILABLE, -60_000),
    ]
    assert (event.draft.actor, event.draft.signed) == (None, False)


def test_each_allotment_is_made_on_the_state_after_the_one_before() -> None:
    """Two grants of one beneficiary on their way: totals of programme and cap go step by step."""
    town = waiting(60_000, 20_000)
    events = town.ok(town.allocate()).followed_by
    assert [event.totals(LinkKind.PROGRAMME)[:2] for event in events] == [(40_000, 60_000), (20_000, 80_000)]
    assert [event.totals(LinkKind.BENEFICIARY_YEAR) for event in events] == [(80_000,), (80_000,)]


def test_a_share_of_nothing_issues_no_voucher() -> None:
    """A face of 0: no postings, the application is UNFUNDED, its contract is free again."""
    town = waiting(1, 199_999)
    first, second = town.ok(town.allocate()).followed_by
    assert (first.payload.face_fen, first.draft.postings) == (0, ())
    assert second.payload.face_fen == 199_999 * 100_000 // 200_000
    assert town.state.applications[ident("a1")].state.name == "UNFUNDED"
    assert ident("v1") not in town.state.vouchers
    assert town.state.contract_totals(ident("c1")).public_money_fen == 0
    assert town.message(town.withdraw("a1")) == "the application is UNFUNDED; allowed: nothing"
    assert town.reason(town.apply("again", "c1")) is None


def test_no_money_at_all_leaves_everybody_unfunded() -> None:
    """A window of an empty programme is closed all the same."""
    town = waiting(100_000)
    assert allotted(town) == [100_000]
    queue(town, 2, 50_000)
    assert allotted(town) == [0]
    assert granted(town) == 100_000


def test_every_window_is_allocated_for_itself() -> None:
    """An allocation empties the queue; the next window shares what is left, a third has nothing to share."""
    town = waiting(50_000)
    assert allotted(town) == [50_000]
    queue(town, 2, 120_000)
    queue(town, 3, 40_000)
    assert allotted(town) == [60_000 * 50_000 // 80_000, 20_000 * 50_000 // 80_000] == [37_500, 12_500]
    assert town.message(town.allocate()) == "no grant waits for an allocation"


def test_an_allocation_needs_clerk_and_approver_of_the_bureau() -> None:
    """Other offices are SEPARATION_OF_DUTY, another bureau NOT_AUTHORISED, no programme does not exist."""
    town = waiting(50_000)
    town.ok(town.appoint("clerk-x", Role.CLERK, bureau="other"))
    town.ok(town.appoint("approver-x", Role.APPROVER, bureau="other"))
    assert town.reason(town.allocate(by=("clerk", "payer"))) == Reason.SEPARATION_OF_DUTY
    foreign = town.in_bureau(town.allocate(), "clerk-x", "approver-x")
    assert town.reason(foreign) == Reason.NOT_AUTHORISED
    assert town.message(town.allocate("nothing")) == "the programme does not exist"
    assert town.reason(town.allocate()) is None


# What is frozen, and what follows.


def test_policy_and_validity_of_an_allotted_voucher() -> None:
    """The policy is the one of the grant, validity counts from the day of the allocation."""
    town = waiting(50_000, policy=shared(validity_months=2))
    town.ok(town.policy(shared(rate_bp=2_000, validity_months=7)))
    town.now_ms = at("2026-03-31T09:00")
    town.ok(town.allocate())
    voucher = town.state.vouchers[ident("v1")]
    assert (voucher.policy.version, voucher.policy.parameters.rate_bp) == (1, 5_000)
    assert [format_day(day) for day in (voucher.valid_from_day, voucher.valid_until_day)] == [
        "2026-03-31",
        "2026-05-31",
    ]


def test_a_change_to_first_come_leaves_the_queue_waiting() -> None:
    """Grants made before it wait for their allocation, those after it are issued at once."""
    town = waiting(80_000)
    town.ok(town.policy(terms()))
    town.ok(town.contract("c2", "1_000"))
    assert town.award("v2", "c2") == 50_000
    assert allotted(town) == [50_000]
    assert town.totals_of("gpu") == (0, 100_000, 0, 0)


def test_an_allotted_voucher_is_used_paid_and_closed() -> None:
    """From its allotment on it is a voucher like any other."""
    town = waiting(50_000)
    town.ok(town.allocate())
    town.evidence("e", "c1", "1_000")
    town.now_ms = at("2026-06-01")
    town.redeemed("r", "v1", "1_000")
    assert town.settle("r") == [50_000]
    assert town.state.vouchers[ident("v1")].state.name == "CLOSED"


def test_an_allotted_voucher_is_revoked_by_its_allotment() -> None:
    """The subject of a revocation is the leaf of the allotment."""
    town = waiting(50_000)
    (event,) = town.ok(town.allocate()).followed_by
    revocation = town.revoke_voucher("v1")
    assert revocation.subject.leaf_index == event.index
    assert town.ok(revocation).payload.released_fen == 50_000
    assert (town.totals_of("gpu")[0], granted(town)) == (100_000, 0)


def test_a_hard_cap_is_opened_by_a_named_approval_at_the_grant() -> None:
    """The entitlement that waits is limited as a face would be."""
    town = small_town(shared(cap="100", hard_cap="300"))
    town.ok(town.contract("c1", "1_000"))
    town.ok(town.apply("a1", "c1"))
    town.handle("a1")
    event = town.ok(town.grant("v1", "a1", named=True))
    assert event.payload.entitlement_fen == yuan("300")


@pytest.mark.parametrize("count", [2, 7, 20])
def test_shares_are_never_more_than_there_is(count: int) -> None:
    """For many equal grants: the sum of the floors is at most the money, and less than a fen each short."""
    town = waiting(*([33_337] * count), appropriation="333.33", policy=shared(cap="900_000_000"))
    faces = allotted(town)
    assert faces == [33_333 // count] * count
    assert 33_333 - count < sum(faces) <= 33_333


def test_the_fold_of_an_allocation_is_the_state() -> None:
    """A replay of queue and allocation gives every table."""
    town = waiting(1, 150_000, 80_000)
    town.ok(town.allocate())
    queue(town, 4, 100)
    again = town.replayed()
    assert [table.base for table in again._tables] == [table.base for table in town.state._tables]


def test_a_queued_application_stays_queued() -> None:
    """No officer and no applicant moves it, and it is not granted again; only the allocation moves it."""
    town = waiting(50_000)
    for statement in (town.reject("a1"), town.withdraw("a1"), town.give_back("a1")):
        assert town.message(statement) == "the application is QUEUED; allowed: fund-allocation"
    assert town.message(town.grant("w", "a1")) == "a voucher is on the contract, or queued"
