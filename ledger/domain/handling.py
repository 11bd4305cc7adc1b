"""What officers and applicants do with an application before it is granted: check, review, return, end it.

This module must not know the public notice (`notices`) or what an application is worth (`grants`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ledger.domain import authority, checks
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.entities import ApplicationState
from ledger.domain.events import (
    ApplicationChecked,
    ApplicationRejected,
    ApplicationResubmitted,
    ApplicationReturned,
    ApplicationReviewed,
    ApplicationWithdrawn,
)
from ledger.domain.journal import Draft, LinkKind, Premise, PremiseKind, Recorded
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.transitions import APPLICATION_MOVES, check_move
from ledger.domain.vocabulary import Role

if TYPE_CHECKING:
    from ledger.domain.entities import Application, Officer
    from ledger.domain.state import State
    from ledger.domain.statements import (
        ApplicationCheck,
        ApplicationRejection,
        ApplicationResubmission,
        ApplicationReturn,
        ApplicationReview,
        ApplicationWithdrawal,
        SubjectReference,
    )

    Decision = tuple[Draft, ...] | Rejection

_TARGETS = {
    ApplicationReturned: ApplicationState.RETURNED,
    ApplicationResubmitted: ApplicationState.SUBMITTED,
    ApplicationChecked: ApplicationState.CHECKED,
    ApplicationReviewed: ApplicationState.REVIEWED,
    ApplicationRejected: ApplicationState.REJECTED,
    ApplicationWithdrawn: ApplicationState.WITHDRAWN,
}


def check_application(
    refusals: Refusals, application: Application, act: str, subject: SubjectReference | None
) -> None:
    """The act fits the application's state and has its newest leaf as subject."""
    check_move(
        refusals,
        APPLICATION_MOVES,
        act,
        what="application",
        state=application.state,
        index=application.subject_index,
    )
    if subject is not None:
        authority.check_subject(
            refusals,
            subject,
            index=application.subject_index,
            leaf_hash=application.subject_hash,
            what="the application's newest leaf",
        )


def application_draft(
    state: State,
    command: Command[Any],
    application: Application,
    payload: object,
    premises: tuple[Premise, ...] = (),
) -> Draft:
    """The event of an act on an application."""
    return Draft(
        payload=payload,
        stream_id=f"application/{application.application_id.hex()}",
        actor=authority.actor_of(command),
        premises=(
            *authority.key_premises(command.keys),
            Premise(PremiseKind.APPLICATION, application.index),
            *premises,
        ),
        links=(state.link(LinkKind.APPLICATION, application.application_id),),
    )


def moved(application: Application, recorded: Recorded, **changes: Any) -> Application:
    """The application after an event of it, which becomes the subject of the next act."""
    return replace(application, subject_index=recorded.index, subject_hash=recorded.leaf_hash, **changes)


def _begin(
    state: State,
    command: Command[ApplicationReturn]
    | Command[ApplicationCheck]
    | Command[ApplicationReview]
    | Command[ApplicationRejection],
    *,
    act: str,
    role: Role,
) -> tuple[Application, Refusals] | None:
    """What an officer's act is about and what is against it so far; None where there is no application."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_subject_shape(statement.subject)
    application = state.applications.get(statement.application_id)
    if application is None:
        return None
    refusals = Refusals()
    officers = authority.check_officers(refusals, state, command, role, basis=statement.basis)
    if role == Role.REVIEWER:
        check_apart(refusals, application, officers, others=application.handled_by[:1])
    authority.check_bureau(refusals, statement.basis, state.programmes[application.programme_id].bureau_id)
    check_application(refusals, application, act, statement.subject)
    return application, refusals


def check_apart(
    refusals: Refusals, application: Application, officers: tuple[Officer, ...], *, others: tuple[bytes, ...]
) -> None:
    """Who checks, who reviews and who grants an application are three persons (rule I12)."""
    if any(officer.person_tag in others for officer in officers):
        refusals.add(
            Reason.SEPARATION_OF_DUTY,
            "this person has checked or reviewed the application",
            application.subject_index,
        )


def _by_clerk(
    state: State,
    command: Command[ApplicationReturn] | Command[ApplicationCheck] | Command[ApplicationRejection],
    *,
    act: str,
    payload: object,
) -> Decision:
    begun = _begin(state, command, act=act, role=Role.CLERK)
    if begun is None:
        return missing("the application")
    application, refusals = begun
    return refusals.first or (application_draft(state, command, application, payload),)


def decide_return(state: State, command: Command[ApplicationReturn]) -> Decision:
    """Give an application back to the applicant for correction."""
    return _by_clerk(state, command, act="application-return", payload=ApplicationReturned())


def decide_check(state: State, command: Command[ApplicationCheck]) -> Decision:
    """Confirm that an application is formally complete."""
    return _by_clerk(state, command, act="application-check", payload=ApplicationChecked())


def decide_rejection(state: State, command: Command[ApplicationRejection]) -> Decision:
    """Reject an application for good."""
    return _by_clerk(state, command, act="application-rejection", payload=ApplicationRejected())


def decide_review(state: State, command: Command[ApplicationReview]) -> Decision:
    """Approve the substance of an application; for an award with the amount that is proposed."""
    statement = command.statement
    checks.check_amount(statement.proposed_fen, "proposed_fen", low=0)
    begun = _begin(state, command, act="application-review", role=Role.REVIEWER)
    if begun is None:
        return missing("the application")
    application, refusals = begun
    policy = state.policies[application.programme_id]
    most_fen = policy.parameters.open_data_award_cap_fen if application.award else 0
    least_fen = 1 if application.award else 0
    if not least_fen <= statement.proposed_fen <= most_fen:
        text = f"the amount to propose is {least_fen} to {most_fen} fen"
        refusals.add(Reason.STATE_CONFLICT, text, policy.index)
    premises = (Premise(PremiseKind.POLICY, policy.index),) if application.award else ()
    return refusals.first or (
        application_draft(state, command, application, ApplicationReviewed(), premises),
    )


def _by_applicant(
    state: State,
    command: Command[ApplicationResubmission] | Command[ApplicationWithdrawal],
    *,
    act: str,
    payload: object,
) -> Decision:
    statement = command.statement
    checks.check_subject_shape(statement.subject)
    application = state.applications.get(statement.application_id)
    if application is None:
        return missing("the application")
    refusals = Refusals()
    authority.check_parties(refusals, command, application.beneficiary_id)
    check_application(refusals, application, act, statement.subject)
    return refusals.first or (application_draft(state, command, application, payload),)


def decide_resubmission(state: State, command: Command[ApplicationResubmission]) -> Decision:
    """Submit a returned application again."""
    return _by_applicant(state, command, act="application-resubmission", payload=ApplicationResubmitted())


def decide_withdrawal(state: State, command: Command[ApplicationWithdrawal]) -> Decision:
    """Withdraw an application for good."""
    return _by_applicant(state, command, act="application-withdrawal", payload=ApplicationWithdrawn())


def evolve_handled(state: State, recorded: Recorded) -> None:
    """Fold an act that moves an application; who checked and who reviewed is remembered (rule I12)."""
    application = state.applications[recorded.statement.application_id]
    target = _TARGETS[type(recorded.payload)]
    changes: dict[str, Any] = {"state": target}
    if target == ApplicationState.RETURNED:
        changes["handled_by"] = ()
    elif target in (ApplicationState.CHECKED, ApplicationState.REVIEWED):
        owner_id = state.keys[recorded.statement.header.key_ids[0]].owner_id
        changes["handled_by"] = (*application.handled_by, state.officers[owner_id].person_tag)
    if target == ApplicationState.REVIEWED:
        changes["proposed_fen"] = recorded.statement.proposed_fen
    state.applications[application.application_id] = moved(application, recorded, **changes)
