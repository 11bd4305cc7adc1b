"""Public notice by the published calendar, and objections while it runs (I13)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.domain.registrar import at, digest, ident, terms
from unit.domain.town import Town, small_town

from ledger.domain.days import format_day
from ledger.domain.entities import ApplicationState
from ledger.domain.journal import PremiseKind
from ledger.domain.rejections import Reason
from ledger.profiles.calendar import working_days

EVERY_DAY = "1" * 365


def reviewed(notice: int = 5, *, at_time: str = "2026-09-28T10:00", calendars: tuple[int, ...] = ()) -> Town:
    """A reviewed application `a` under a notice of so many days, with the shipped calendars of these years."""
    town = small_town(terms(public_notice_days=notice))
    for year in calendars:
        town.ok(town.calendar(year, working_days(year)))
    town.ok(town.contract("c", "1_000"))
    town.now_ms = at(at_time)
    town.ok(town.apply("a", "c"))
    town.ok(town.check("a"))
    town.ok(town.review("a"))
    return town


def publicised(notice: int = 5) -> Town:
    """The same with its notice of 28 September running."""
    town = reviewed(notice, calendars=(2026,))
    town.ok(town.publicise("a"))
    return town


# The calendar.


def test_a_calendar_has_a_character_for_every_day_of_its_year() -> None:
    """365 or 366 of 0 and 1 for the years 2000 to 2199; anything else is malformed."""
    town = small_town()
    for year, days in (
        (2026, "1" * 364),
        (2026, "1" * 366),
        (2028, "1" * 365),
        (2026, "2" * 365),
        (1999, EVERY_DAY),
        (2200, EVERY_DAY),
    ):
        assert town.reason(town.calendar(year, days)) == Reason.MALFORMED
    assert town.reason(town.calendar(2028, "0" * 366)) is None


def test_calendar_versions_count_from_one() -> None:
    """Version 1 again and version 3 are STATE_CONFLICT after version 1; other years count for themselves."""
    town = small_town()
    assert town.message(town.calendar(2026, EVERY_DAY, version=2)) == "the next version is 1"
    first = town.ok(town.calendar(2026, EVERY_DAY))
    for version in (1, 3):
        again = town.calendar(2026, EVERY_DAY, version=version)
        assert town.conflict(again) == (Reason.STATE_CONFLICT, first.index)
    assert town.reason(town.calendar(2026, "0" * 365)) is None
    assert town.state.calendars[2026].version == 2
    assert town.reason(town.calendar(2027, EVERY_DAY)) is None


def test_a_calendar_needs_clerk_and_approver() -> None:
    """Other offices are SEPARATION_OF_DUTY; one signature is malformed."""
    town = small_town()
    for by in (("approver-1", "clerk"), ("clerk", "reviewer")):
        assert town.reason(town.calendar(2026, EVERY_DAY, by=by)) == Reason.SEPARATION_OF_DUTY
    assert town.reason(town.calendar(2026, EVERY_DAY, by=("clerk",))) == Reason.MALFORMED


# The notice.


def test_a_notice_over_the_october_holiday() -> None:
    """Publicised on 2026-09-28 for 5 working days: last day 2026-10-09, granted on Saturday the 10th."""
    town = reviewed(calendars=(2026,))
    event = town.ok(town.publicise("a"))
    assert format_day(event.payload.last_notice_day) == "2026-10-09"
    town.now_ms = at("2026-10-10") - 1
    assert town.conflict(town.grant("v", "a")) == (Reason.NOTICE_NOT_OVER, event.index)
    town.now_ms = at("2026-10-10")
    assert town.reason(town.grant("v", "a")) is None


@pytest.mark.parametrize(
    ("notice", "start", "last"),
    [
        (1, "2026-09-28T00:00", "2026-09-28"),
        (1, "2026-09-28T23:59", "2026-09-28"),
        (1, "2026-10-03T10:00", "2026-10-08"),
        (2, "2026-10-10T10:00", "2026-10-12"),
        (5, "2026-10-12T10:00", "2026-10-16"),
    ],
    ids=["a working day", "its last minute", "a holiday", "a worked Saturday", "a week"],
)
def test_the_first_day_counts_if_it_is_a_working_day(notice: int, start: str, last: str) -> None:
    """A notice that starts on a holiday counts from the next working day; Saturdays may be worked."""
    town = reviewed(notice, at_time=start, calendars=(2026,))
    assert format_day(town.ok(town.publicise("a")).payload.last_notice_day) == last


def test_no_notice_needs_no_calendar() -> None:
    """0 days end the day before the recording: the grant may follow at once."""
    town = reviewed(0)
    event = town.ok(town.publicise("a"))
    assert format_day(event.payload.last_notice_day) == "2026-09-27"
    assert PremiseKind.CALENDAR not in [premise.kind for premise in event.draft.premises]
    assert town.reason(town.grant("v", "a")) is None


@pytest.mark.parametrize("calendars", [(), (2025,)], ids=["none", "another year"])
def test_a_year_without_a_calendar_is_not_covered(calendars: tuple[int, ...]) -> None:
    """No notice starts in a year that nobody has published."""
    town = reviewed(1, calendars=calendars)
    assert town.reason(town.publicise("a")) == Reason.CALENDAR_NOT_COVERED


def test_a_notice_over_new_year_needs_both_calendars() -> None:
    """Four working days are left of 2026; the fifth needs 2027, and both leaves are premises."""
    town = reviewed(5, at_time="2026-12-28T10:00", calendars=(2026,))
    assert town.reason(town.publicise("a")) == Reason.CALENDAR_NOT_COVERED
    town.ok(town.calendar(2027, "000" + "1" * 362))
    event = town.ok(town.publicise("a"))
    assert format_day(event.payload.last_notice_day) == "2027-01-04"
    assert [p.leaf_index for p in event.draft.premises if p.kind == PremiseKind.CALENDAR] == [
        town.state.calendars[2026].index,
        town.state.calendars[2027].index,
    ]


def test_a_notice_within_a_year_rests_on_that_year_alone() -> None:
    """Calendars of other years are no premises."""
    town = reviewed(4, at_time="2026-12-28T10:00", calendars=(2025, 2026))
    town.ok(town.calendar(2027, EVERY_DAY))
    event = town.ok(town.publicise("a"))
    assert format_day(event.payload.last_notice_day) == "2026-12-31"
    assert [p.leaf_index for p in event.draft.premises if p.kind == PremiseKind.CALENDAR] == [
        town.state.calendars[2026].index
    ]


def test_the_newest_calendar_counts_and_a_running_notice_keeps_its_end() -> None:
    """A calendar of later holidays moves the next notice, not the one that was published before it."""
    town = publicised(1)
    town.ok(town.calendar(2026, "0" * 300 + "1" * 65))
    assert format_day(town.state.applications[ident("a")].last_notice_day or 0) == "2026-09-28"
    town.ok(town.contract("d", "1_000"))
    town.ok(town.apply("b", "d"))
    town.ok(town.check("b"))
    town.ok(town.review("b"))
    assert format_day(town.ok(town.publicise("b")).payload.last_notice_day) == "2026-10-28"


def test_the_notice_follows_the_policy_in_force_at_the_publication() -> None:
    """A policy of fewer days that came after the application counts, and is the premise."""
    town = reviewed(5, calendars=(2026,))
    town.ok(town.policy(terms(public_notice_days=1)))
    event = town.ok(town.publicise("a"))
    assert format_day(event.payload.last_notice_day) == "2026-09-28"
    policy = town.state.policies[ident("gpu")]
    assert (PremiseKind.POLICY, policy.index) in [(p.kind, p.leaf_index) for p in event.draft.premises]


def test_a_grant_rests_on_the_notice() -> None:
    """The NOTICE premise is the leaf of the publication."""
    town = publicised()
    town.now_ms = at("2026-10-10")
    event = town.ok(town.grant("v", "a"))
    notice = town.state.applications[ident("a")].notice_index
    assert (PremiseKind.NOTICE, notice) in [(p.kind, p.leaf_index) for p in event.draft.premises]


# Objections.


def test_an_objection_comes_before_the_end_of_the_notice() -> None:
    """At the last millisecond of the last day it is recorded, at the next it is too late."""
    town = publicised()
    town.now_ms = at("2026-10-10") - 1
    assert town.reason(town.object("o1", "a")) is None
    town.now_ms += 1
    assert town.message(town.object("o2", "a")) == "the public notice is over"


def test_an_open_objection_blocks_the_grant() -> None:
    """OBJECTION_OPEN after the notice, NOTICE_NOT_OVER before its end; dismissed, it blocks no more."""
    town = publicised()
    town.ok(town.object("o", "a"))
    assert town.reason(town.grant("v", "a")) == Reason.NOTICE_NOT_OVER
    town.now_ms = at("2026-10-10")
    assert town.reason(town.grant("v", "a")) == Reason.OBJECTION_OPEN
    town.ok(town.decide_objection("o", upheld=False))
    assert town.reason(town.grant("v", "a")) is None


def test_every_objection_is_decided() -> None:
    """With one of two open the grant is still refused."""
    town = publicised()
    town.ok(town.object("o1", "a"))
    town.ok(town.object("o2", "a"))
    town.now_ms = at("2026-10-10")
    town.ok(town.decide_objection("o2", upheld=False))
    assert town.reason(town.grant("v", "a")) == Reason.OBJECTION_OPEN
    town.ok(town.decide_objection("o1", upheld=False))
    assert town.reason(town.grant("v", "a")) is None


def test_an_upheld_objection_rejects_the_application() -> None:
    """Nothing is granted any more; a second objection can still be decided."""
    town = publicised()
    town.ok(town.object("o1", "a"))
    town.ok(town.object("o2", "a"))
    town.ok(town.decide_objection("o1", upheld=True))
    assert town.state.applications[ident("a")].state == ApplicationState.REJECTED
    town.now_ms = at("2026-10-10")
    # STATE_CONFLICT comes after the objection that is still open.
    assert town.reason(town.grant("v", "a")) == Reason.OBJECTION_OPEN
    town.ok(town.decide_objection("o2", upheld=False))
    assert town.message(town.grant("v", "a")) == "the application is REJECTED; allowed: nothing"


def test_a_withdrawn_application_is_not_rejected_by_its_objection() -> None:
    """The objection is decided, the application stays as it ended."""
    town = publicised()
    town.ok(town.object("o", "a"))
    town.ok(town.withdraw("a"))
    town.ok(town.decide_objection("o", upheld=True))
    assert town.state.applications[ident("a")].state == ApplicationState.WITHDRAWN


def test_an_objection_is_decided_once() -> None:
    """A second decision is STATE_CONFLICT at the objection's leaf, whichever way it goes."""
    town = publicised()
    leaf = town.ok(town.object("o", "a")).index
    town.ok(town.decide_objection("o", upheld=False))
    again = town.decide_objection("o", upheld=True)
    assert town.message(again) == "the objection is decided; allowed: nothing"
    assert town.conflict(again) == (Reason.STATE_CONFLICT, leaf)


def test_a_decision_names_the_objection_s_leaf() -> None:
    """Another leaf or hash, the application's too, is STATE_CONFLICT; an unknown objection does not exist."""
    town = publicised()
    town.ok(town.object("o1", "a"))
    town.ok(town.object("o2", "a"))
    good = town.decide_objection("o1", upheld=False)
    for subject in (town.decide_objection("o2", upheld=False).subject, town.reject("a").subject):
        assert town.message(replace(good, subject=subject)) == "the subject is not the objection's leaf"
    wrong = replace(good.subject, leaf_hash=digest("other"))
    assert town.reason(replace(good, subject=wrong)) == Reason.STATE_CONFLICT
    assert town.message(town.decide_objection("x", upheld=False)) == "the objection does not exist"
    assert town.reason(good) is None


def test_an_objection_id_is_used_once() -> None:
    """Also for another application; an id of zeros is malformed, an unknown application does not exist."""
    town = publicised()
    leaf = town.ok(town.object("o", "a")).index
    assert town.conflict(town.object("o", "a")) == (Reason.STATE_CONFLICT, leaf)
    assert town.reason(replace(town.object("p", "a"), objection_id=bytes(16))) == Reason.MALFORMED
    assert town.message(town.object("p", "x")) == "the application does not exist"


def test_a_decision_rests_on_its_objection() -> None:
    """The OBJECTION premise is the objection's leaf, and the event is on the application's stream."""
    town = publicised()
    town.ok(town.object("o1", "a"))
    leaf = town.ok(town.object("o2", "a")).index
    event = town.ok(town.decide_objection("o2", upheld=False))
    assert event.draft.premises[-1] == (PremiseKind.OBJECTION, leaf)
    assert event.recorded.stream_id == f"application/{ident('a').hex()}"
