"""What becomes of an application before its grant: who moves it, from where, and who may not (I12)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from unit.domain.registrar import at, digest, ident, terms, yuan
from unit.domain.town import Town, small_town

from ledger.domain.entities import ApplicationState
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[[Town], Any]

GIVE_BACK: Make = lambda town: town.give_back("a")  # noqa: E731
RESUBMIT: Make = lambda town: town.resubmit("a")  # noqa: E731
CHECK: Make = lambda town: town.check("a")  # noqa: E731
REVIEW: Make = lambda town: town.review("a")  # noqa: E731
PUBLICISE: Make = lambda town: town.publicise("a")  # noqa: E731
REJECT: Make = lambda town: town.reject("a")  # noqa: E731
WITHDRAW: Make = lambda town: town.withdraw("a")  # noqa: E731
GRANT: Make = lambda town: town.grant("v", "a")  # noqa: E731
OBJECT: Make = lambda town: town.object("o", "a")  # noqa: E731


def applied(*acts: Make, notice: int = 0) -> Town:
    """A town with contract `c`, application `a` on it, and these acts done; every day is a working day."""
    town = small_town(terms(public_notice_days=notice))
    town.ok(town.calendar(2026, "1" * 365))
    town.ok(town.contract("c", "1_000"))
    town.ok(town.apply("a", "c"))
    for act in acts:
        town.ok(act(town))
    return town


def standing(town: Town) -> str:
    """Where application `a` stands."""
    return town.state.applications[ident("a")].state.name


@pytest.mark.parametrize(
    ("acts", "state"),
    [
        ((), "SUBMITTED"),
        ((GIVE_BACK,), "RETURNED"),
        ((GIVE_BACK, RESUBMIT), "SUBMITTED"),
        ((CHECK,), "CHECKED"),
        ((CHECK, GIVE_BACK), "RETURNED"),
        ((CHECK, REVIEW), "REVIEWED"),
        ((CHECK, REVIEW, GIVE_BACK), "RETURNED"),
        ((CHECK, REVIEW, PUBLICISE), "PUBLICISED"),
        ((CHECK, REVIEW, PUBLICISE, GRANT), "GRANTED"),
        ((REJECT,), "REJECTED"),
        ((GIVE_BACK, REJECT), "REJECTED"),
        ((CHECK, REJECT), "REJECTED"),
        ((CHECK, REVIEW, REJECT), "REJECTED"),
        ((CHECK, REVIEW, PUBLICISE, REJECT), "REJECTED"),
        ((WITHDRAW,), "WITHDRAWN"),
        ((GIVE_BACK, WITHDRAW), "WITHDRAWN"),
        ((CHECK, WITHDRAW), "WITHDRAWN"),
        ((CHECK, REVIEW, WITHDRAW), "WITHDRAWN"),
        ((CHECK, REVIEW, PUBLICISE, WITHDRAW), "WITHDRAWN"),
    ],
)
def test_every_move_of_an_application(acts: tuple[Make, ...], state: str) -> None:
    """Each act leads where the state machine says, and its leaf is the subject of the next."""
    town = applied(*acts)
    application = town.state.applications[ident("a")]
    assert application.state.name == state
    assert application.subject_index == town.events[-1].index


@pytest.mark.parametrize(
    ("acts", "act", "allowed"),
    [
        ((), REVIEW, "application-return, application-check, application-rejection, application-withdrawal"),
        ((GIVE_BACK,), CHECK, "application-resubmission, application-rejection, application-withdrawal"),
        (
            (CHECK,),
            RESUBMIT,
            "application-return, application-review, application-rejection, application-withdrawal",
        ),
        (
            (CHECK, REVIEW),
            CHECK,
            "application-return, application-publication, application-rejection, application-withdrawal",
        ),
        ((REJECT,), CHECK, "nothing"),
        ((WITHDRAW,), REJECT, "nothing"),
        ((CHECK, REVIEW, PUBLICISE, GRANT), WITHDRAW, "nothing"),
    ],
)
def test_a_refused_move_names_the_state_and_what_fits_it(
    acts: tuple[Make, ...], act: Make, allowed: str
) -> None:
    """STATE_CONFLICT at the application's newest leaf, with the acts that would be taken."""
    town = applied(*acts)
    state = standing(town)
    newest = town.state.applications[ident("a")].subject_index
    assert town.message(act(town)) == f"the application is {state}; allowed: {allowed}"
    assert town.conflict(act(town)) == (Reason.STATE_CONFLICT, newest)


def test_a_publicised_application_is_not_returned() -> None:
    """Once the notice runs the application is granted, rejected or withdrawn."""
    town = applied(CHECK, REVIEW, PUBLICISE)
    assert town.reason(GIVE_BACK(town)) == Reason.STATE_CONFLICT
    assert town.reason(PUBLICISE(town)) == Reason.STATE_CONFLICT


@pytest.mark.parametrize("state", [s for s in ApplicationState if s.name != "PUBLICISED"])
def test_only_a_publicised_application_is_granted_or_objected_to(state: ApplicationState) -> None:
    """In every other state both are STATE_CONFLICT that names the state."""
    town = applied(CHECK, REVIEW, PUBLICISE)
    application = town.state.applications[ident("a")]
    town.state.applications.base[ident("a")] = replace(application, state=state)
    for act in (GRANT, OBJECT):
        said = town.message(act(town))
        assert said is not None
        assert said.startswith(f"the application is {state.name}; allowed: ")


# Who moves it.


@pytest.mark.parametrize(
    ("acts", "make", "office", "notice"),
    [
        ((), lambda town, by: town.check("a", by=by), "clerk", 0),
        ((), lambda town, by: town.give_back("a", by=by), "clerk", 0),
        ((), lambda town, by: town.reject("a", by=by), "clerk", 0),
        ((CHECK,), lambda town, by: town.review("a", by=by), "reviewer", 0),
        ((CHECK, REVIEW), lambda town, by: town.publicise("a", by=by), "clerk", 0),
        ((CHECK, REVIEW, PUBLICISE), lambda town, by: town.object("o", "a", by=by), "clerk", 1),
        (
            (CHECK, REVIEW, PUBLICISE, OBJECT),
            lambda town, by: town.decide_objection("o", upheld=True, by=by),
            "reviewer",
            1,
        ),
        ((CHECK, REVIEW, PUBLICISE), lambda town, by: town.grant("v", "a", by=by), "approver-1", 0),
    ],
    ids=["check", "return", "reject", "review", "publicise", "object", "decide", "grant"],
)
def test_each_act_belongs_to_one_office(
    acts: tuple[Make, ...], make: Callable[[Town, str], Any], office: str, notice: int
) -> None:
    """Of clerk, reviewer, approver, payer, auditor and applicant exactly one is taken."""
    town = applied(*acts, notice=notice)
    for by in ("clerk", "reviewer", "approver-1", "payer", "auditor-1", "acme"):
        if by != office:
            assert town.reason(make(town, by)) == Reason.SEPARATION_OF_DUTY
    assert town.reason(make(town, office)) is None


def test_the_applicant_resubmits_and_withdraws() -> None:
    """Another participant, the provider and the clerk are NOT_AUTHORISED."""
    for by in ("cloud", "clerk"):
        town = applied(GIVE_BACK)
        assert town.reason(town.resubmit("a", by=by)) == Reason.NOT_AUTHORISED
        assert town.reason(town.withdraw("a", by=by)) == Reason.NOT_AUTHORISED


def test_another_bureau_handles_nothing() -> None:
    """Every step of an officer of another bureau is NOT_AUTHORISED, in its own name or ours."""
    town = applied(notice=1)
    for label, role in (
        ("clerk-x", Role.CLERK),
        ("reviewer-x", Role.REVIEWER),
        ("approver-x", Role.APPROVER),
    ):
        town.ok(town.appoint(label, role, bureau="other"))
    for make, by in (
        (CHECK, "clerk-x"),
        (GIVE_BACK, "clerk-x"),
        (REJECT, "clerk-x"),
    ):
        assert town.reason(town.in_bureau(make(town), by)) == Reason.NOT_AUTHORISED
        assert town.reason(town.in_bureau(make(town), by, bureau="bureau")) == Reason.NOT_AUTHORISED
    town.ok(town.check("a"))
    assert town.reason(town.in_bureau(town.review("a"), "reviewer-x")) == Reason.NOT_AUTHORISED
    town.ok(town.review("a"))
    assert town.reason(town.in_bureau(town.publicise("a"), "clerk-x")) == Reason.NOT_AUTHORISED
    town.ok(town.publicise("a"))
    assert town.reason(town.in_bureau(town.object("o", "a"), "clerk-x")) == Reason.NOT_AUTHORISED
    town.ok(town.object("o", "a"))
    decision = town.decide_objection("o", upheld=False)
    assert town.reason(town.in_bureau(decision, "reviewer-x")) == Reason.NOT_AUTHORISED
    town.ok(decision)
    town.now_ms = at("2026-01-06")
    assert town.reason(town.in_bureau(town.grant("v", "a"), "approver-x")) == Reason.NOT_AUTHORISED


# Who has handled it does not grant it.


def with_second_offices() -> Town:
    """An application and approvers who are also the clerk's and the reviewer's persons."""
    town = applied()
    town.ok(town.appoint("approver-c", Role.APPROVER, person="clerk"))
    town.ok(town.appoint("approver-r", Role.APPROVER, person="reviewer"))
    town.ok(town.appoint("clerk-2", Role.CLERK))
    town.ok(town.appoint("reviewer-2", Role.REVIEWER))
    return town


@pytest.mark.parametrize("by", ["approver-c", "approver-r"])
def test_who_checked_or_reviewed_does_not_grant(by: str) -> None:
    """The same person in an approver's office is SEPARATION_OF_DUTY."""
    town = with_second_offices()
    town.handle("a")
    assert town.reason(town.grant("v", "a", by=by)) == Reason.SEPARATION_OF_DUTY
    assert town.reason(town.grant("v", "a", by="approver-1")) is None


def test_who_checked_does_not_review() -> None:
    """The clerk's person in a reviewer's office is SEPARATION_OF_DUTY; reviewing twice is a STATE_CONFLICT."""
    town = with_second_offices()
    town.ok(town.appoint("reviewer-c", Role.REVIEWER, person="clerk"))
    town.ok(town.check("a"))
    assert town.reason(town.review("a", by="reviewer-c")) == Reason.SEPARATION_OF_DUTY
    town.ok(town.review("a"))
    assert town.reason(town.review("a")) == Reason.STATE_CONFLICT


def test_only_the_last_check_and_review_count() -> None:
    """After a return other officers handle it: who did so before may grant."""
    town = with_second_offices()
    town.ok(town.check("a"))
    town.ok(town.review("a"))
    town.ok(town.give_back("a"))
    town.ok(town.resubmit("a"))
    town.ok(town.check("a", by="clerk-2"))
    town.ok(town.review("a", by="reviewer-2"))
    town.ok(town.publicise("a"))
    town.ok(town.appoint("approver-r2", Role.APPROVER, person="reviewer-2"))
    town.ok(town.appoint("approver-c2", Role.APPROVER, person="clerk-2"))
    for by in ("approver-c2", "approver-r2"):
        assert town.reason(town.grant("v", "a", by=by)) == Reason.SEPARATION_OF_DUTY
    assert town.reason(town.grant("v", "a", by="approver-r")) is None


def test_the_clerk_who_publicised_may_grant_in_another_office() -> None:
    """Only check and review are remembered."""
    town = with_second_offices()
    town.ok(town.check("a", by="clerk-2"))
    town.ok(town.review("a", by="reviewer-2"))
    town.ok(town.publicise("a", by="clerk"))
    assert town.reason(town.grant("v", "a", by="approver-c")) is None


# Subjects and shapes.


@pytest.mark.parametrize(
    ("acts", "make"),
    [
        ((), CHECK),
        ((), GIVE_BACK),
        ((), REJECT),
        ((), WITHDRAW),
        ((GIVE_BACK,), RESUBMIT),
        ((CHECK,), REVIEW),
        ((CHECK, REVIEW), PUBLICISE),
        ((CHECK, REVIEW, PUBLICISE), GRANT),
    ],
    ids=["check", "return", "reject", "withdraw", "resubmit", "review", "publicise", "grant"],
)
def test_every_act_has_the_newest_leaf_as_subject(acts: tuple[Make, ...], make: Make) -> None:
    """Another leaf or hash is STATE_CONFLICT, a subject out of shape malformed, an unknown id a conflict."""
    town = applied(*acts)
    good = make(town)
    text = "the subject is not the application's newest leaf"
    for subject in (
        replace(good.subject, leaf_index=good.subject.leaf_index - 1),
        replace(good.subject, leaf_hash=digest("other")),
    ):
        assert town.message(replace(good, subject=subject)) == text
    for subject in (replace(good.subject, leaf_index=None), replace(good.subject, leaf_hash=b"")):
        assert town.reason(replace(good, subject=subject)) == Reason.MALFORMED
    unknown = replace(good, application_id=ident("x"))
    assert town.message(unknown) == "the application does not exist"
    assert town.reason(good) is None


def test_an_objection_becomes_the_subject_of_what_follows() -> None:
    """A rejection signed before the objection does not fit any more."""
    town = applied(CHECK, REVIEW, PUBLICISE, notice=1)
    before = REJECT(town)
    town.ok(OBJECT(town))
    assert town.reason(before) == Reason.STATE_CONFLICT
    assert town.reason(REJECT(town)) is None


def test_a_review_of_an_ordinary_application_proposes_nothing() -> None:
    """An amount is proposed for awards only."""
    town = applied(CHECK)
    assert town.message(town.review("a", 1)) == "the amount to propose is 0 to 0 fen"
    assert town.reason(town.review("a", -1)) == Reason.MALFORMED


def test_a_rejected_application_leaves_the_contract_free() -> None:
    """The contract can be applied for again, under a new id."""
    town = applied(REJECT)
    assert town.reason(town.apply("a", "c")) == Reason.STATE_CONFLICT
    assert town.award("v", "c") == yuan("500")
