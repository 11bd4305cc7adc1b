"""Public notice and objections (rule I13), and the calendar by which a notice runs.

This module must not know what is granted afterwards.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.domain import authority, checks
from ledger.domain.applications import notice_end_ms
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.days import day_from_civil, day_of_ms, last_notice_day, year_of_day
from ledger.domain.entities import ApplicationState, Calendar, Objection
from ledger.domain.events import ApplicationPublicised, CalendarPublished, ObjectionDecided, ObjectionRecorded
from ledger.domain.handling import application_draft, check_application, moved
from ledger.domain.journal import Draft, Premise, PremiseKind, Recorded
from ledger.domain.programmes import FIRST_YEAR, LAST_YEAR
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.vocabulary import Role

if TYPE_CHECKING:
    from ledger.domain.state import State
    from ledger.domain.statements import (
        ApplicationPublication,
        CalendarPublication,
        ObjectionDecision,
        ObjectionRecord,
    )

    Decision = tuple[Draft, ...] | Rejection


def decide_calendar(state: State, command: Command[CalendarPublication]) -> Decision:
    """Put the working days of a year in force, in place of an earlier version."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    year, days = statement.year, statement.working_days
    checks.expect(FIRST_YEAR <= year <= LAST_YEAR, f"year: {FIRST_YEAR} to {LAST_YEAR}")
    length = day_from_civil(year + 1, 1, 1) - day_from_civil(year, 1, 1)
    fits = len(days) == length and set(days) <= {"0", "1"}
    checks.expect(fits, f"working_days: {length} characters, each 0 or 1")
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.CLERK, Role.APPROVER, basis=statement.basis)
    current = state.calendars.get(year)
    expected = 1 if current is None else current.version + 1
    if statement.version != expected:
        index = None if current is None else current.index
        refusals.add(Reason.STATE_CONFLICT, f"the next version is {expected}", index)
    if refusals.first:
        return refusals.first
    draft = Draft(
        payload=CalendarPublished(),
        stream_id=f"calendar/{year}",
        actor=authority.actor_of(command),
        premises=authority.key_premises(command.keys),
        links=(),
    )
    return (draft,)


def evolve_calendar_published(state: State, recorded: Recorded) -> None:
    """Fold a calendar."""
    statement: CalendarPublication = recorded.statement
    state.calendars[statement.year] = Calendar(
        year=statement.year,
        version=statement.version,
        working_days=statement.working_days,
        index=recorded.index,
    )


def decide_publication(state: State, command: Command[ApplicationPublication]) -> Decision:
    """Start the public notice; its last day is fixed here, by the calendars in force."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_subject_shape(statement.subject)
    application = state.applications.get(statement.application_id)
    if application is None:
        return missing("the application")
    policy = state.policies[application.programme_id]
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.CLERK, basis=statement.basis)
    authority.check_bureau(refusals, statement.basis, state.programmes[application.programme_id].bureau_id)
    check_application(refusals, application, "application-publication", statement.subject)
    today = day_of_ms(command.now_ms)
    count = policy.parameters.public_notice_days
    days = {calendar.year: calendar.working_days for calendar in state.calendars.values()}
    last = last_notice_day(working_days=days, first_day=today, count=count)
    if last is None:
        refusals.add(Reason.CALENDAR_NOT_COVERED, "no calendar is published for a year of the notice")
    if refusals.first or last is None:
        return refusals.first or missing("the calendar")
    years = range(year_of_day(today), year_of_day(last) + 1) if count else ()
    premises = (
        Premise(PremiseKind.POLICY, policy.index),
        *(Premise(PremiseKind.CALENDAR, state.calendars[year].index) for year in years),
    )
    payload = ApplicationPublicised(last_notice_day=last)
    return (application_draft(state, command, application, payload, premises),)


def evolve_application_publicised(state: State, recorded: Recorded) -> None:
    """Fold the start of a notice."""
    application = state.applications[recorded.statement.application_id]
    state.applications[application.application_id] = moved(
        application,
        recorded,
        state=ApplicationState.PUBLICISED,
        last_notice_day=recorded.payload.last_notice_day,
        notice_index=recorded.index,
    )


def decide_objection(state: State, command: Command[ObjectionRecord]) -> Decision:
    """Record an objection while the notice runs; it blocks the grant until it is decided."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_id(statement.objection_id, "objection_id")
    application = state.applications.get(statement.application_id)
    if application is None:
        return missing("the application")
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.CLERK, basis=statement.basis)
    authority.check_bureau(refusals, statement.basis, state.programmes[application.programme_id].bureau_id)
    check_application(refusals, application, "objection-record", None)
    if application.last_notice_day is not None and command.now_ms >= notice_end_ms(application):
        refusals.add(Reason.STATE_CONFLICT, "the public notice is over", application.notice_index)
    known = state.objections.get(statement.objection_id)
    if known is not None:
        refusals.add(Reason.STATE_CONFLICT, "the objection id is in use", known.index)
    return refusals.first or (application_draft(state, command, application, ObjectionRecorded()),)


def evolve_objection_recorded(state: State, recorded: Recorded) -> None:
    """Fold an objection: it is open."""
    statement: ObjectionRecord = recorded.statement
    application = state.applications[statement.application_id]
    state.objections[statement.objection_id] = Objection(
        objection_id=statement.objection_id,
        application_id=statement.application_id,
        index=recorded.index,
        leaf_hash=recorded.leaf_hash,
    )
    state.applications[application.application_id] = moved(
        application,
        recorded,
        open_objections=application.open_objections + 1,
        objection_ids=(*application.objection_ids, statement.objection_id),
    )


def decide_objection_decision(state: State, command: Command[ObjectionDecision]) -> Decision:
    """Decide an open objection; an upheld one ends the application."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_subject_shape(statement.subject)
    objection = state.objections.get(statement.objection_id)
    if objection is None:
        return missing("the objection")
    application = state.applications[objection.application_id]
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.REVIEWER, basis=statement.basis)
    authority.check_bureau(refusals, statement.basis, state.programmes[application.programme_id].bureau_id)
    if objection.decided:
        refusals.add(Reason.STATE_CONFLICT, "the objection is decided; allowed: nothing", objection.index)
    authority.check_subject(
        refusals,
        statement.subject,
        index=objection.index,
        leaf_hash=objection.leaf_hash,
        what="the objection's leaf",
    )
    if refusals.first:
        return refusals.first
    premise = Premise(PremiseKind.OBJECTION, objection.index)
    return (application_draft(state, command, application, ObjectionDecided(), (premise,)),)


def evolve_objection_decided(state: State, recorded: Recorded) -> None:
    """Fold a decision on an objection."""
    statement: ObjectionDecision = recorded.statement
    objection = state.objections[statement.objection_id]
    application = state.applications[objection.application_id]
    state.objections[objection.objection_id] = replace(objection, decided=True, upheld=statement.upheld)
    rejected = statement.upheld and application.state == ApplicationState.PUBLICISED
    state.applications[application.application_id] = moved(
        application,
        recorded,
        open_objections=application.open_objections - 1,
        state=ApplicationState.REJECTED if rejected else application.state,
    )
