"""Years that take another course before the grant: notice, objections, awards, queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit_forge.draft import ident
from audit_forge.memory import audit, found
from audit_forge.opening import DAY_0
from audit_forge.people import BUYER_2, MARKET
from audit_forge.year import Year, working_days

if TYPE_CHECKING:
    from collections.abc import Callable

LAST_DAY = DAY_0 + 4


def corpora(change: Callable[[Any], Any] = lambda _: None, *, money: int = 10_000_000) -> Year:
    """A ledger with a PRO_RATA programme for corpora and contracts c and d."""
    year = Year()
    year.genesis()
    year.registry()
    year.market()
    year.calendar(2026, working_days(2026))
    year.corpora(money)
    change(year["policy c"].statement.parameters)
    year.contract("c")
    year.contract("d")
    return year


def publicised(year: Year, name: str, *, proposed: int = 0) -> None:
    """An application in its notice of two working days."""
    year.application(name)
    year.check_and_review(name, proposed=proposed)
    year.publicise(name, last_day=LAST_DAY, calendars=["calendar 2026.1"])


def test_a_queue_that_the_money_covers_is_not_scaled() -> None:
    """Every grant gets its entitlement."""
    year = corpora()
    publicised(year, "c")
    publicised(year, "d")
    year.start_day(LAST_DAY + 1)
    year.queue("c", 300_000)
    year.queue("d", 150_000)
    year.allocation("1", {"c": 300_000, "d": 150_000})
    assert found(year) == set()
    (totals,) = audit(year.drafts).totals.values()
    assert (totals["available"], totals["encumbered"]) == ("9550000", "450000")


def test_an_allocation_of_nothing() -> None:
    """A window without grants is not closed."""
    year = corpora()
    year.allocation("1", {})
    assert found(year) == {("allocation", year.named["allocation 1"])}


def test_an_allocation_is_followed_by_all_its_allotments() -> None:
    """One that is missing is found, also at the end of the log."""
    year = corpora()
    publicised(year, "c")
    publicised(year, "d")
    year.start_day(LAST_DAY + 1)
    year.queue("c", 300_000)
    year.queue("d", 150_000)
    year.allocation("1", {"c": 300_000, "d": 150_000})
    del year.drafts[-1]
    assert ("allocation", len(year.drafts) - 1) in found(year)
    year.calendar(2027, working_days(2027))
    assert ("allocation", len(year.drafts) - 1) in found(year)


def test_a_queued_grant_binds_the_contract_and_counts() -> None:
    """No second application on the contract, no room under the cap twice."""
    year = corpora(lambda p: setattr(p, "cap_fen", 400_000))
    publicised(year, "c")
    publicised(year, "d")
    year.application("again", deal="c")
    year.start_day(LAST_DAY + 1)
    year.queue("c", 300_000)
    year.queue("d", 100_000)
    assert found(year) == set()
    year.application("bound", deal="c")
    assert found(year) == {("i5_contract", year.named["application bound"])}


def test_an_open_objection_blocks_the_grant() -> None:
    """Until it is decided."""
    year = corpora()
    publicised(year, "c")
    year.objection("1", "c")
    year.objection("2", "c")
    year.decision("1", "c", upheld=False)
    year.start_day(LAST_DAY + 1)
    year.queue("c", 300_000)
    assert found(year) == {("i13_notice", year.named["queue c"])}


def test_an_objection_is_recorded_once_and_decided_once() -> None:
    """Ids are used once; a decision stands."""
    year = corpora()
    publicised(year, "c")
    year.objection("1", "c")
    year.objection("2", "c")
    year["objection 2"].statement.objection_id = ident("objection 1")
    assert found(year) == {("objection", year.named["objection 2"])}
    year = corpora()
    publicised(year, "c")
    year.objection("1", "c")
    year.decision("1", "c", upheld=False)
    assert found(year) == set()
    year.decision("1", "c", upheld=True)
    assert found(year) == {("objection", year.named["decision 1"])}


def test_an_upheld_objection_rejects_and_a_late_decision_changes_nothing() -> None:
    """After the withdrawal there is nothing left to reject."""
    year = corpora()
    publicised(year, "c")
    year.objection("1", "c")
    year.handle("application_withdrawn", "c", BUYER_2)
    year.decision("1", "c", upheld=True)
    assert found(year) == set()
    year.handle("application_withdrawn", "c", BUYER_2, label="again")
    assert found(year) == {("handling", year.named["again"])}


def test_a_notice_over_the_end_of_the_year_needs_both_calendars() -> None:
    """Four working days from 30 December: 30 and 31 December, 4 and 5 January."""
    year = corpora(lambda p: setattr(p, "public_notice_days", 4))
    year.start_day(DAY_0 + 363)
    year.application("c")
    year.check_and_review("c")
    year.publicise("c", last_day=DAY_0 + 369, calendars=["calendar 2026.1"])
    notice = year.named["notice c"]
    assert found(year) == {("i13_notice", notice)}
    year.calendar(2027, working_days(2027))
    year.application("d")
    year.check_and_review("d")
    year.publicise("d", last_day=DAY_0 + 369, calendars=["calendar 2026.1", "calendar 2027.1"])
    assert found(year) == {("i13_notice", notice)}
    year["notice d"].event.premises[-1].index -= 1
    assert found(year) == {("i13_notice", notice), ("premises", year.named["notice d"])}


def test_the_newest_calendar_counts() -> None:
    """A second version turns a working day into a holiday."""
    year = corpora()
    days = working_days(2026)
    year.calendar(2026, days[:4] + "0" + days[5:], version=2)
    year.application("c")
    year.check_and_review("c")
    year.publicise("c", last_day=LAST_DAY + 1, calendars=["calendar 2026.2"])
    assert found(year) == set()


def test_an_award_is_the_least_of_proposal_cap_and_rooms() -> None:
    """Also of the award cap in force at the grant, which may have fallen since the review."""
    year = corpora()
    publicised(year, "e", proposed=80_000)
    values = type(year["policy c"].statement.parameters)()
    values.CopyFrom(year["policy c"].statement.parameters)
    values.open_data_award_cap_fen = 70_000
    year.policy("policy c 2", year.deals["e"].programme, 2, values)
    year.start_day(LAST_DAY + 1)
    year.named["policy c"] = year.named["policy c 2"]
    year.queue("e", 70_000)
    assert found(year) == set()


def test_a_provider_cannot_apply_for_an_award_nor_an_applicant_sell() -> None:
    """Whoever applied for an award is an applicant."""
    year = corpora()
    publicised(year, "e", proposed=80_000)
    year["application e"].statement.beneficiary_id = MARKET.id
    assert ("role_conflict", year.named["application e"]) in found(year)


def test_a_refused_claim_on_an_award() -> None:
    """It has no contract among its premises."""
    year = corpora()
    publicised(year, "e", proposed=80_000)
    year.start_day(LAST_DAY + 1)
    year.queue("e", 80_000)
    year.allocation("1", {"e": 80_000})
    year.refusal("r", "e")
    assert found(year) == set()
