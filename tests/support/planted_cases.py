"""Bugs planted from the application to the end of a voucher, each with a story that touches it."""

# ruff: noqa: ARG005 - a planted function keeps the parameters of the one that it replaces

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ledger.domain import (
    affiliation,
    applications,
    entitlement,
    grants,
    handling,
    holds,
    notices,
    programmes,
    vouchers,
)
from ledger.domain.days import add_months
from ledger.domain.entities import Admission
from ledger.domain.events import ApplicationChecked, ApplicationReviewed
from ledger.domain.journal import LinkKind
from ledger.domain.policy import Allocation, Instrument, Stacking
from ledger.domain.vocabulary import ProviderStanding, Role
from support.house import DAY_MS, FIRST_DAY, HOUR_MS, House, accepted, policy
from support.planting import Plant, ground, requested, used

if TYPE_CHECKING:
    import pytest

    from ledger.domain.journal import Draft


# Amounts of grants.


def ceil_for_floor(patch: pytest.MonkeyPatch) -> None:
    """Entitlements are rounded up."""
    patch.setattr(
        entitlement, "entitlement_fen", lambda *, rate_bp, base_fen: -(-rate_bp * base_fen // 10_000)
    )


def cap_off_by_one(patch: pytest.MonkeyPatch) -> None:
    """A fen more than the cap is granted."""
    real = entitlement.cap_fen
    patch.setattr(entitlement, "cap_fen", lambda *args, **more: real(*args, **more) + 1)


def ceiling_off_by_one(patch: pytest.MonkeyPatch) -> None:
    """Public money may exceed the stacking ceiling by a fen."""
    real = entitlement.stacking_ceiling_fen

    def ceiling_fen(*args: Any, **more: Any) -> int | None:
        ceiling = real(*args, **more)
        return None if ceiling is None else ceiling + 1

    patch.setattr(entitlement, "stacking_ceiling_fen", ceiling_fen)


def everybody_is_young(patch: pytest.MonkeyPatch) -> None:
    """Any enterprise is a start-up."""
    patch.setattr(applications, "is_startup", lambda policy, participant, *, day: True)


def month_too_long(patch: pytest.MonkeyPatch) -> None:
    """A voucher lives a month longer than its policy says."""
    patch.setattr(grants, "add_months", lambda day, months: add_months(day, months + 1))


def exclusive_forgotten(patch: pytest.MonkeyPatch) -> None:
    """EXCLUSIVE looks at nothing."""
    patch.setattr(
        applications,
        "check_contract_free",
        lambda refusals, state, contract, programme_id, parameters: None,
    )
    patch.setattr(
        grants, "check_contract_free", lambda refusals, state, contract, programme_id, parameters: None
    )


def least_contract_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Every contract fits the policy."""
    patch.setattr(applications, "_check_contract_fits", lambda *args: None)


def award_beyond_its_cap(patch: pytest.MonkeyPatch) -> None:
    """An award is what the reviewer proposed under an earlier policy."""
    real = grants._entitled_fen
    patch.setattr(
        grants,
        "_entitled_fen",
        lambda state, application, parameters: (
            application.proposed_fen if application.award else real(state, application, parameters)
        ),
    )


def odd_amount(house: House) -> None:
    """A contract whose half is no whole number of fen."""
    ground(house)
    accepted(house.voucher("v", "acme", amount_fen=100_001))


def capped(house: House) -> None:
    """A contract whose half is above the cap."""
    ground(house, cap_fen=10_000, hard_cap_fen=10_000)
    accepted(house.voucher("v", "acme", amount_fen=100_000))


def stacked(house: House) -> None:
    """A contract whose half is above the ceiling."""
    ground(house, stacking=Stacking.CEILING, stacking_ceiling_bp=2000)
    accepted(house.voucher("v", "acme", amount_fen=100_000))


def supported(house: House) -> None:
    """Outside support on a contract of a programme that excludes it."""
    ground(house, stacking=Stacking.EXCLUSIVE)
    house.contract("contract of v", "acme", amount_fen=100_000)
    accepted(house.support("contract of v", 1), house.apply("application", "acme", "contract of v"))
    accepted(house.grant("v", "application"))


def small(house: House) -> None:
    """A contract below the least amount."""
    ground(house, min_contract_fen=100_000)
    accepted(house.voucher("v", "acme", amount_fen=99_999))


def shrunk_award(house: House) -> None:
    """An award that was proposed before its cap fell."""
    house.party("acme")
    parameters = policy(open_data_award_cap_fen=50_000)
    house.programme(parameters, "corpus", instrument=Instrument.CORPUS)
    accepted(house.apply_for_award("application", "acme"), house.handle("application", proposed_fen=50_000))
    house.publish(replace(parameters, open_data_award_cap_fen=40_000), "corpus")
    accepted(house.grant("v", "application"))


# Queues and allocations.


def queue_outside_the_cap(patch: pytest.MonkeyPatch) -> None:
    """What waits in a window does not count towards the cap."""
    real = grants._queued

    def queued(state: Any, command: Any, application: Any, policy: Any, amount_fen: int) -> Draft:
        draft = real(state, command, application, policy, amount_fen)
        links = [
            link._replace(totals=(link.totals[0] - amount_fen,))
            if link.kind == LinkKind.BENEFICIARY_YEAR
            else link
            for link in draft.links
        ]
        return replace(draft, links=tuple(links))

    patch.setattr(grants, "_queued", queued)


def share_rounded_up(patch: pytest.MonkeyPatch) -> None:
    """A queued grant gets a fen more than the floor of its share."""
    real = grants._allotted
    patch.setattr(
        grants, "_allotted", lambda state, grant, face_fen, day: real(state, grant, face_fen + 1, day)
    )


def shares_not_scaled(patch: pytest.MonkeyPatch) -> None:
    """Every queued grant gets all of its entitlement."""
    real = grants._allotted
    patch.setattr(
        grants,
        "_allotted",
        lambda state, grant, face_fen, day: real(state, grant, grant.entitlement_fen, day),
    )


def policy_of_the_allocation(patch: pytest.MonkeyPatch) -> None:
    """An allotted voucher lives under the policy in force at the allocation, not at its grant."""
    real = grants._allotted

    def allotted(state: Any, grant: Any, face_fen: int, day: int) -> Draft:
        application = state.applications[grant.application_id]
        current = state.policies[application.programme_id]
        return real(state, replace(grant, policy=current), face_fen, day)

    patch.setattr(grants, "_allotted", allotted)


def _window(house: House, **parameters: Any) -> None:
    ground(house, allocation=Allocation.PRO_RATA, **parameters)
    for name in ("v", "w"):
        accepted(house.voucher(name, "acme", amount_fen=100_000))


def queued_twice(house: House) -> None:
    """Two grants in one window, together above the cap."""
    _window(house, cap_fen=60_000, hard_cap_fen=60_000)


def short_window(house: House) -> None:
    """A window with less money than demand."""
    _window(house, appropriation_fen=33_333)
    accepted(house.allocate("gpu"))


def changed_window(house: House) -> None:
    """The policy changes between grant and allocation."""
    _window(house)
    house.publish(policy(allocation=Allocation.PRO_RATA, validity_months=3))
    accepted(house.allocate("gpu"))


# Public notice and separation.


def notice_a_day_short(patch: pytest.MonkeyPatch) -> None:
    """A notice ends a working day early."""
    real = notices.last_notice_day
    patch.setattr(
        notices,
        "last_notice_day",
        lambda *, working_days, first_day, count: real(
            working_days=working_days, first_day=first_day, count=max(count - 1, 0)
        ),
    )


def notice_not_waited_for(patch: pytest.MonkeyPatch) -> None:
    """A grant does not wait for the end of the notice."""
    patch.setattr(grants, "notice_end_ms", lambda application: 0)


def objection_ignored(patch: pytest.MonkeyPatch) -> None:
    """An open objection blocks nothing."""
    real = grants._check_notice
    patch.setattr(
        grants,
        "_check_notice",
        lambda refusals, application, now_ms: real(refusals, replace(application, open_objections=0), now_ms),
    )


def objection_after_the_notice(patch: pytest.MonkeyPatch) -> None:
    """An objection is taken a day late."""
    real = notices.notice_end_ms
    patch.setattr(notices, "notice_end_ms", lambda application: real(application) + DAY_MS)


def reviewer_may_grant(patch: pytest.MonkeyPatch) -> None:
    """Who handled an application is forgotten."""
    real = handling.moved

    def moved(application: Any, recorded: Any, **changes: Any) -> Any:
        if isinstance(recorded.payload, ApplicationChecked | ApplicationReviewed):
            changes["handled_by"] = ()
        return real(application, recorded, **changes)

    patch.setattr(handling, "moved", moved)


def _publicised(house: House) -> None:
    ground(house, public_notice_days=3)
    accepted(house.calendar())
    house.contract("contract of v", "acme", amount_fen=100_000)
    accepted(house.apply("application", "acme", "contract of v"), house.handle("application"))


def noticed(house: House) -> None:
    """A grant on the day after the notice."""
    _publicised(house)
    house.wait(days=3)
    accepted(house.grant("v", "application"))


def hurried(house: House) -> None:
    """A grant at once."""
    _publicised(house)
    accepted(house.grant("v", "application"))


def objected(house: House) -> None:
    """A grant after the notice, with an objection that nobody decided."""
    _publicised(house)
    accepted(house.object("objection", "application"))
    house.wait(days=10)
    accepted(house.grant("v", "application"))


def late_objection(house: House) -> None:
    """An objection on the day after the notice."""
    _publicised(house)
    house.wait(days=3)
    accepted(house.object("objection", "application"))


def one_person_in_two_offices(house: House) -> None:
    """The reviewer of an application approves it in another office."""
    ground(house)
    house.officer("reviewer-2", Role.REVIEWER, person="somebody")
    house.officer("approver-3", Role.APPROVER, person="somebody")
    house.contract("contract of v", "acme", amount_fen=100_000)
    accepted(house.apply("application", "acme", "contract of v"))
    accepted(house.handle("application", reviewer="reviewer-2"))
    accepted(house.grant("v", "application", "approver-3"))


# Affiliation, providers.


def above_a_quarter(patch: pytest.MonkeyPatch) -> None:
    """Exactly a quarter does not control."""
    patch.setattr(affiliation, "CONTROL_BP", 2_501)


def one_step_only(patch: pytest.MonkeyPatch) -> None:
    """A group reaches one step and no further."""

    def group_of(state: Any, entity: bytes) -> set[bytes]:
        direct = state.held_of.get(entity) or ()
        return {entity, *(each for each in direct if state.holdings[entity, each].share_bp >= 2_500)}

    patch.setattr(affiliation, "group_of", group_of)


def suspension_ignored(patch: pytest.MonkeyPatch) -> None:
    """A suspended provider goes on."""
    patch.setattr(Admission, "barred", lambda self: ())


def a_quarter(house: House) -> None:
    """The firm holds a quarter of its provider."""
    ground(house)
    accepted(house.holding("acme", "cloud", 2_500), house.voucher("v", "acme", amount_fen=100_000))


def a_chain(house: House) -> None:
    """The firm holds a quarter of somebody who holds a quarter of the provider."""
    ground(house)
    accepted(house.holding("acme", "between", 2_600), house.holding("between", "cloud", 2_600))
    accepted(house.voucher("v", "acme", amount_fen=100_000))


def suspended(house: House) -> None:
    """Usage in a suspension."""
    ground(house)
    accepted(house.voucher("v", "acme", amount_fen=100_000))
    accepted(house.standing("cloud", ProviderStanding.SUSPENDED, from_day=FIRST_DAY + 1))
    house.wait(days=2)
    accepted(house.standing("cloud", ProviderStanding.READMITTED, from_day=FIRST_DAY + 9))
    house.wait(days=8)
    line = (house.devices["cloud"][0], house.now_ms - 5 * DAY_MS, house.now_ms - 5 * DAY_MS + HOUR_MS)
    accepted(house.claim("v", [line]))


# The end of vouchers, holds.


def revocation_takes_all(patch: pytest.MonkeyPatch) -> None:
    """A revocation releases what was asked for, too."""
    real = vouchers._ending

    def ending(state: Any, voucher: Any) -> Any:
        heads = state.heads[LinkKind.VOUCHER]
        before = heads[voucher.voucher_id]
        face, metered, _, paid, released = before.totals
        heads[voucher.voucher_id] = before._replace(totals=(face, metered, 0, paid, released))
        ended = real(state, voucher)
        heads[voucher.voucher_id] = before
        return ended

    patch.setattr(vouchers, "_ending", ending)


def released_without_posting(patch: pytest.MonkeyPatch) -> None:
    """The totals of a release move, its postings are forgotten."""
    real = vouchers.release
    patch.setattr(vouchers, "release", lambda *args: (real(*args)[0], ()))


def expiry_a_day_early(patch: pytest.MonkeyPatch) -> None:
    """A voucher may expire on its last day."""
    real = vouchers.start_ms
    patch.setattr(vouchers, "start_ms", lambda day: real(day - 1))


def appropriation_not_posted(patch: pytest.MonkeyPatch) -> None:
    """A new appropriation is available without a posting."""
    real = programmes._appropriated
    patch.setattr(
        programmes,
        "_appropriated",
        lambda programme_id, change: real(programme_id, change) if change == 50_000_000_000 else (),
    )


def holds_ignored(patch: pytest.MonkeyPatch) -> None:
    """An office's hold prevents nothing."""
    real = holds.is_held
    patch.setattr(holds, "is_held", lambda state, voucher: real(state, replace(voucher, held_by=frozenset())))


def contract_link_skipped(patch: pytest.MonkeyPatch) -> None:
    """A grant does not tell its contract."""
    patch.setattr(grants, "contract_links", lambda state, contract_id, change_fen: ())


def revoked(house: House) -> None:
    """A voucher is revoked while a redemption waits."""
    ground(house)
    accepted(house.voucher("v", "acme", amount_fen=100_000))
    requested(house)
    accepted(house.revoke_voucher("v"))


def expired(house: House) -> None:
    """A voucher expires on its last day."""
    ground(house, validity_months=1)
    accepted(house.voucher("v", "acme", amount_fen=100_000))
    house.wait(days=30)
    accepted(house.expire("v"))


def raised(house: House) -> None:
    """An appropriation is raised by a policy."""
    ground(house)
    house.publish(policy(appropriation_fen=60_000_000_000))


def held(house: House) -> None:
    """Usage on a held voucher."""
    ground(house)
    accepted(house.voucher("v", "acme", amount_fen=100_000), house.hold("v", "auditor"))
    used(house)


CASE_PLANTS: tuple[Plant, ...] = (
    Plant(ceil_for_floor, odd_amount, "face"),
    Plant(cap_off_by_one, capped, "face"),
    Plant(ceiling_off_by_one, stacked, "face"),
    Plant(everybody_is_young, odd_amount, "startup"),
    Plant(month_too_long, odd_amount, "voucher"),
    Plant(exclusive_forgotten, supported, "i4_stacking"),
    Plant(least_contract_forgotten, small, "application"),
    Plant(award_beyond_its_cap, shrunk_award, "face"),
    Plant(queue_outside_the_cap, queued_twice, "links"),
    Plant(share_rounded_up, short_window, "allocation"),
    Plant(shares_not_scaled, short_window, "allocation"),
    Plant(policy_of_the_allocation, changed_window, "premises"),
    Plant(notice_a_day_short, noticed, "i13_notice"),
    Plant(notice_not_waited_for, hurried, "i13_notice"),
    Plant(objection_ignored, objected, "i13_notice"),
    Plant(objection_after_the_notice, late_objection, "objection"),
    Plant(reviewer_may_grant, one_person_in_two_offices, "i12_separation"),
    Plant(above_a_quarter, a_quarter, "i9_affiliation"),
    Plant(one_step_only, a_chain, "i9_affiliation"),
    Plant(suspension_ignored, suspended, "i8_admission"),
    Plant(revocation_takes_all, revoked, "revocation"),
    Plant(released_without_posting, revoked, "postings"),
    Plant(expiry_a_day_early, expired, "expiry"),
    Plant(appropriation_not_posted, raised, "postings"),
    Plant(holds_ignored, held, "hold"),
    Plant(contract_link_skipped, odd_amount, "links"),
)
