"""Rules of handling an application until its notice: return, check, review, rejection, withdrawal."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.decisions import by_party, check_apart, decide, leaf_of, signing
from ledger_audit.dossiers import Application, Step
from ledger_audit.form import check_subject
from ledger_audit.rules_programme import policy_in_force
from ledger_audit.signatures import CLERK, REVIEWER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger_audit.entities import Officer
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act

_IN_WORK = frozenset({Step.SUBMITTED, Step.CHECKED, Step.REVIEWED})
_PENDING = _IN_WORK | {Step.RETURNED, Step.PUBLICISED}
MOVES: Mapping[str, tuple[frozenset[Step], Step]] = MappingProxyType(
    {
        "application_returned": (_IN_WORK, Step.RETURNED),
        "application_resubmitted": (frozenset({Step.RETURNED}), Step.SUBMITTED),
        "application_checked": (frozenset({Step.SUBMITTED}), Step.CHECKED),
        "application_reviewed": (frozenset({Step.CHECKED}), Step.REVIEWED),
        "application_publicised": (frozenset({Step.REVIEWED}), Step.PUBLICISED),
        "application_rejected": (_PENDING, Step.REJECTED),
        "application_withdrawn": (_PENDING, Step.WITHDRAWN),
    }
)
"""From which steps each event moves an application, and to which."""


def application_returned(fold: Fold, act: Act) -> None:
    """A clerk gives it back for correction."""
    officer_moves(fold, act, CLERK)


def application_resubmitted(fold: Fold, act: Act) -> None:
    """The applicant submits it again."""
    _applicant_moves(fold, act)


def application_checked(fold: Fold, act: Act) -> None:
    """A clerk confirms that it is formally complete."""
    application, officers = officer_moves(fold, act, CLERK)
    application.checked_by = signing(act, officers)


def application_reviewed(fold: Fold, act: Act) -> None:
    """A reviewer approves the substance, of an award with the amount proposed."""
    application, officers = officer_moves(fold, act, REVIEWER)
    application.reviewed_by = signing(act, officers)
    check_apart(act, application.reviewed_by, application.checked_by)
    proposed = application.proposed = act.statement.proposed_fen
    if application.contract is not None:
        act.equal("award", 0, proposed)
        return
    policy = policy_in_force(act, application.programme)
    most = policy.parameters.open_data_award_cap_fen
    act.require(0 < proposed <= most, "award", f"1 to {most}", proposed)
    act.premise(event_pb2.PREMISE_KIND_POLICY, policy.index)


def application_rejected(fold: Fold, act: Act) -> None:
    """A clerk rejects it, with a reason."""
    officer_moves(fold, act, CLERK)


def application_withdrawn(fold: Fold, act: Act) -> None:
    """The applicant withdraws it."""
    _applicant_moves(fold, act)


def application_of(fold: Fold, act: Act, application_id: bytes) -> Application:
    """The application; its absence ends the judgement."""
    application = fold.state.applications.get(application_id)
    if application is None:
        raise act.missing("application", application_id)
    return application


def officer_moves(fold: Fold, act: Act, role: int) -> tuple[Application, list[Officer | None]]:
    """An officer of the programme's bureau moves it on; the application and its officers."""
    application = application_of(fold, act, act.statement.application_id)
    officers = decide(fold, act, [role], bureau_id=application.programme.bureau_id)
    _move(act, application)
    return application, officers


def _applicant_moves(fold: Fold, act: Act) -> None:
    application = application_of(fold, act, act.statement.application_id)
    by_party(fold, act, application.beneficiary_id)
    _move(act, application)


def _move(act: Act, application: Application) -> None:
    """From one of the event's steps to its next; the subject is the newest leaf on the stream."""
    before, after = MOVES[act.kind]
    act.require(application.step in before, "handling", " or ".join(sorted(before)), application.step)
    check_subject(act, application.newest)
    application.step = after
    stand_on(act, application)


def stand_on(act: Act, application: Application) -> None:
    """Expect premise, link and stream of an event about the application, which is its newest leaf now."""
    act.premise(event_pb2.PREMISE_KIND_APPLICATION, application.index)
    act.link(event_pb2.LINK_KIND_APPLICATION, application.application_id, application)
    act.stream = f"application/{application.application_id.hex()}"
    application.newest = leaf_of(act)
