"""Steps from the contract to the voucher: support, application, notice, objection, grant, policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.client.signing import SigningKey, new_id
from ledger.client.statements import application as applications
from ledger.client.statements import contract as contracts
from ledger.client.statements import programme as programmes
from ledger.client.statements import voucher as vouchers
from ledger.domain.days import start_ms
from ledger.domain.policy import Origin
from ledger_play.scenario.file import amended
from ledger_play.scenario.world import Application, Contract, Voucher

if TYPE_CHECKING:
    from ledger.client.types import Application as Submitted
    from ledger_play.scenario import grant_steps as steps
    from ledger_play.scenario.turn import Turn
    from ledger_play.scenario.world import World


def contract(turn: Turn, step: steps.Contract) -> None:
    """Register a contract that both parties sign."""
    world = turn.world
    made = Contract(
        contract_id=world.id_of("contract", step.id),
        digest=world.digest_of("contract document", step.id),
        beneficiary=world.parties[step.beneficiary],
        provider=world.parties[step.provider],
        unit_price_fen=step.unit_price,
    )
    statement = contracts.contract_registration(
        contract_id=made.contract_id,
        beneficiary_id=made.beneficiary.actor.participant_id,
        provider_id=made.provider.actor.participant_id,
        fingerprint=world.digest_of("contract number", step.id),
        document_digest=made.digest,
        item=step.item,
        signed_day=step.date,
        from_day=step.from_,
        to_day=step.to,
        amount_fen=step.amount,
        prices={} if step.unit_price is None else {"": step.unit_price},
        excluded=step.excluded,
        origin_amounts={Origin[origin]: part for origin, part in step.origin_amounts.items()},
        filing_number=step.filing,
        exchange_trade=step.exchange_trade,
    )
    turn.act(made.beneficiary.actor, "contract-registration", statement, _counter_signer(made))
    world.contracts[step.id] = made


def _counter_signer(made: Contract) -> SigningKey:
    """The provider's key; who deals with itself signs with a second one, so that a rule may refuse it."""
    if made.provider is not made.beneficiary:
        return made.provider.actor.key
    selling = made.provider.selling
    return SigningKey.generate() if selling is None else next(reversed(selling.keys.values()))


def outside_support(turn: Turn, step: steps.OutsideSupport) -> None:
    """Declare other public money."""
    clerk = turn.officer("clerk")
    statement = contracts.outside_support_declaration(
        basis=clerk.basis("OUTSIDE_SUPPORT"),
        contract_id=turn.world.contracts[step.contract].contract_id,
        source=step.source,
        amount_fen=step.amount,
    )
    turn.decide("clerk", "outside-support", statement, by=clerk)


def apply(turn: Turn, step: steps.Apply) -> None:
    """Submit an application."""
    world = turn.world
    contract_ = world.contracts[step.contract]
    made = Application(world.id_of("application", step.id), step.programme, contract_)
    _submit(turn, made)
    world.applications[step.id] = made


def _submit(turn: Turn, made: Application) -> None:
    statement = applications.application_submission(
        application_id=made.application_id,
        programme_id=turn.world.programmes[made.programme],
        contract_id=made.contract.contract_id,
    )
    turn.act(made.contract.beneficiary.actor, "application-submission", statement)


def review(turn: Turn, step: steps.Review) -> None:
    """The clerk checks, the reviewer reviews; `by` may name either of them, or who is to be refused."""
    by = step.by or "clerk"
    _review(turn, turn.world.applications[step.application], checker="clerk" if by == "reviewer" else by)


def _review(turn: Turn, made: Application, *, checker: str = "clerk") -> None:
    cast = turn.world.cast
    clerk, reviewer = cast[checker], cast["reviewer"]
    check = applications.application_check(
        basis=clerk.basis("COMPLETE"),
        application_id=made.application_id,
        subject=_application(turn.world, made).subject,
    )
    turn.decide("clerk", "application-check", check, by=clerk)
    statement = applications.application_review(
        basis=reviewer.basis("REVIEWED"),
        application_id=made.application_id,
        subject=_application(turn.world, made).subject,
    )
    turn.decide("reviewer", "application-review", statement, by=reviewer)


def _application(world: World, made: Application) -> Submitted:
    return world.reader.get_application(made.application_id).application


def publicise(turn: Turn, step: steps.Publicise) -> None:
    """Start the public notice."""
    _publicise(turn, turn.world.applications[step.application], by=step.by or "clerk")


def _publicise(turn: Turn, made: Application, *, by: str = "clerk") -> None:
    clerk = turn.world.cast[by]
    statement = applications.application_publication(
        basis=clerk.basis("PUBLIC_NOTICE"),
        application_id=made.application_id,
        subject=_application(turn.world, made).subject,
    )
    turn.decide("clerk", "application-publication", statement, by=clerk)


def grant(turn: Turn, step: steps.Grant) -> dict[str, object]:
    """Issue the voucher of an application, or queue the grant."""
    return _grant(turn, step, turn.world.applications[step.application])


def _grant(turn: Turn, step: steps.Grant | steps.Award, made: Application) -> dict[str, object]:
    world = turn.world
    approver = turn.officer("approver-1")
    voucher_id = world.id_of("voucher", step.voucher)
    statement = vouchers.voucher_grant(
        basis=approver.basis("GRANT"),
        voucher_id=voucher_id,
        application_id=made.application_id,
        subject=_application(world, made).subject,
        named_approval=step.named_approval,
    )
    turn.decide("approver-1", "voucher-grant", statement, by=approver)
    payee = world.profile.programmes[made.programme].payee
    world.vouchers[step.voucher] = Voucher(voucher_id, made, payee)
    issued = world.find_voucher(voucher_id)
    if issued is None and step.expect_face is not None:
        raise turn.malformed("expect_face", "the grant waits for an allocation", allowed="no expect_face")
    return {} if issued is None else {"expect_face": issued.face_fen}


def award_up_to_notice(turn: Turn, step: steps.Award) -> None:
    """Apply, review, publicise; what is accepted stays, whatever becomes of the grant."""
    contract_ = turn.world.contracts[step.contract]
    made = Application(new_id(), step.programme, contract_)
    _submit(turn, made)
    _review(turn, made)
    _publicise(turn, made)
    turn.applied = made


def award_grant(turn: Turn, step: steps.Award) -> dict[str, object]:
    """Move the clock to the first instant at which a grant is allowed, and grant."""
    made = turn.applied
    if made is None:
        raise AssertionError("unreachable: the first phase of an award applies or ends it")
    last_day = _application(turn.world, made).last_notice_day
    turn.world.advance(start_ms(last_day + 1))
    return _grant(turn, step, made)


def object_(turn: Turn, step: steps.Object) -> None:
    """Record an objection."""
    world = turn.world
    clerk = turn.officer("clerk")
    statement = applications.objection_record(
        basis=clerk.basis("OBJECTION"),
        objection_id=world.id_of("objection", step.id),
        application_id=world.applications[step.application].application_id,
    )
    turn.decide("clerk", "objection-record", statement, by=clerk)
    world.objections[step.id] = step.application


def decide(turn: Turn, step: steps.Decide) -> None:
    """Decide an objection."""
    world = turn.world
    reviewer = turn.officer("reviewer")
    objection_id = world.id_of("objection", step.objection)
    application_id = world.applications[world.objections[step.objection]].application_id
    found = world.reader.get_application(application_id).objections
    subject = next(objection.subject for objection in found if objection.objection_id == objection_id)
    statement = applications.objection_decision(
        basis=reviewer.basis("OBJECTION_DECIDED"),
        objection_id=objection_id,
        subject=subject,
        upheld=step.upheld,
    )
    turn.decide("reviewer", "objection-decision", statement, by=reviewer)


def allocate(turn: Turn, step: steps.Allocate) -> dict[str, object]:
    """Divide what is available among the grants that wait."""
    world = turn.world
    clerk = turn.officer("clerk")
    statement = programmes.fund_allocation(
        basis=clerk.basis("ALLOCATION"), programme_id=world.programmes[step.programme]
    )
    turn.decide("clerk", "fund-allocation", statement, by=clerk, alone=False)
    faces = {}
    for label in step.expect_faces or ():
        issued = world.find_voucher(world.vouchers[label].voucher_id)
        faces[label] = 0 if issued is None else issued.face_fen
    return {"expect_faces": faces}


def amend_policy(turn: Turn, step: steps.AmendPolicy) -> None:
    """Publish the next version of a policy."""
    world = turn.world
    clerk = turn.officer("clerk")
    programme_id = world.programmes[step.programme]
    profile = amended(world.scenario.source, world.profile, step, turn.path)
    found = next(each for each in world.reader.list_programmes() if each.programme_id == programme_id)
    statement = programmes.policy_publication(
        basis=clerk.basis("POLICY"),
        programme_id=programme_id,
        version=found.policy_version + 1,
        parameters=profile.programmes[step.programme],
    )
    turn.decide("clerk", "policy-publication", statement, by=clerk, alone=False)
    world.profile = profile
