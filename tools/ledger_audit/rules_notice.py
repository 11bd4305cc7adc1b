"""Rules of the public notice, its working days and the objections raised in it (I13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.decisions import decide, leaf_of
from ledger_audit.dossiers import Objection, Step
from ledger_audit.form import check_subject
from ledger_audit.money import day_of_ms, day_start_ms, year_of_day
from ledger_audit.rules_handling import application_of, officer_moves, stand_on
from ledger_audit.rules_programme import policy_in_force
from ledger_audit.signatures import CLERK, REVIEWER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger_audit.dossiers import Application
    from ledger_audit.entities import Calendar
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act


def application_publicised(fold: Fold, act: Act) -> None:
    """A clerk starts the notice, which runs the policy's working days."""
    application, _ = officer_moves(fold, act, CLERK)
    policy = policy_in_force(act, application.programme)
    act.premise(event_pb2.PREMISE_KIND_POLICY, policy.index)
    stated_day = act.event.application_publicised.last_notice_day
    today = day_of_ms(act.event.recorded_ms)
    last_day, calendars = _notice(fold.state.calendars, today, policy.parameters.public_notice_days)
    for calendar in calendars:
        act.premise(event_pb2.PREMISE_KIND_CALENDAR, calendar.index)
    wanted = "a calendar of every year that the notice touches" if last_day is None else last_day
    act.require(last_day == stated_day, "i13_notice", wanted, stated_day)
    application.notice = act.index
    application.last_notice_day = stated_day


def _notice(
    calendars: Mapping[int, Calendar], first_day: int, working_days: int
) -> tuple[int | None, list[Calendar]]:
    """The last day of a notice from `first_day` on, None where a calendar is absent, and its calendars."""
    used: list[Calendar] = []
    day = first_day - 1
    while working_days:
        day += 1
        year, position = year_of_day(day)
        calendar = calendars.get(year)
        if calendar is None or position >= len(calendar.working_days):
            return None, used
        if calendar not in used:
            used.append(calendar)
        working_days -= calendar.working_days[position] == "1"
    return day, used


def notice_end_ms(application: Application) -> int | None:
    """The first instant after the notice, None where there was none."""
    last_day = application.last_notice_day
    return None if last_day is None else day_start_ms(last_day + 1)


def objection_recorded(fold: Fold, act: Act) -> None:
    """A clerk records an objection that somebody raised during the notice."""
    said = act.statement
    application = application_of(fold, act, said.application_id)
    decide(fold, act, [CLERK], bureau_id=application.programme.bureau_id)
    act.equal("objection", Step.PUBLICISED, application.step)
    end_ms = notice_end_ms(application)
    in_time = end_ms is not None and act.event.recorded_ms < end_ms
    act.require(in_time, "objection", f"before {end_ms}", act.event.recorded_ms)
    known = said.objection_id in fold.state.objections
    act.require(not known, "objection", "a new id", said.objection_id)
    fold.state.objections[said.objection_id] = Objection(application, leaf_of(act))
    application.objections += 1
    stand_on(act, application)


def objection_decided(fold: Fold, act: Act) -> None:
    """A reviewer decides an objection, once; an upheld one rejects an application that is in its notice."""
    said = act.statement
    objection = fold.state.objections.get(said.objection_id)
    if objection is None:
        raise act.missing("objection", said.objection_id)
    application = objection.application
    decide(fold, act, [REVIEWER], bureau_id=application.programme.bureau_id)
    check_subject(act, objection.leaf)
    act.require(not objection.decided, "objection", "an objection that is open", "a decided one")
    application.objections -= not objection.decided
    objection.decided = True
    if said.upheld and application.step is Step.PUBLICISED:
        application.step = Step.REJECTED
    stand_on(act, application)
    act.premise(event_pb2.PREMISE_KIND_OBJECTION, objection.leaf[0])
