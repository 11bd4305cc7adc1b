"""Rules of granting an application: a voucher at once, or a place in the queue (PRO_RATA)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.v1 import event_pb2, programme_pb2
from ledger_audit.decisions import check_apart, decide, signing
from ledger_audit.dossiers import Application, Grant, Step
from ledger_audit.entitlement import cap_limit, ceiling, eligible_amount, entitlement
from ledger_audit.form import check_subject
from ledger_audit.rules_application import check_exclusive, check_unbound
from ledger_audit.rules_contract import link_contract, premise_contract
from ledger_audit.rules_handling import application_of
from ledger_audit.rules_notice import notice_end_ms
from ledger_audit.rules_programme import link_programme, policy_in_force
from ledger_audit.signatures import APPROVER
from ledger_audit.vouchers import link_year, make_voucher

if TYPE_CHECKING:
    from ledger_audit.entities import Policy, Programme
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act
    from ledger_audit.state import State

_PRO_RATA = programme_pb2.ALLOCATION_PRO_RATA


@dataclass(frozen=True, slots=True)
class Room:
    """What a grant may be worth: the entitlement and the rooms under cap and stacking rule."""

    entitlement: int
    cap: int
    stacking: int | None

    @property
    def least(self) -> int:
        """The least of them."""
        rooms = [self.entitlement, self.cap]
        return min(rooms if self.stacking is None else [*rooms, self.stacking])


def voucher_issued(fold: Fold, act: Act) -> None:
    """An approver grants an application; the face is encumbered."""
    application, policy, room = _grant(fold, act)
    programme, contract = application.programme, application.contract
    act.require(policy.parameters.allocation != _PRO_RATA, "allocation", "a queued grant", "a voucher")
    issued = act.event.voucher_issued
    face = issued.face_fen
    _check_rooms(act, room, face, least=min(room.least, programme.available))
    voucher_id = act.statement.voucher_id
    voucher = make_voucher(
        fold, act, application, policy, voucher_id, face, (issued.valid_from_day, issued.valid_until_day)
    )
    application.step = Step.GRANTED
    programme.available -= face
    programme.encumbered += face
    take(fold.state, application, face)
    check_budget(act, programme)
    link_programme(act, programme)
    link_year(fold, act, programme, application.beneficiary_id)
    act.link(event_pb2.LINK_KIND_VOUCHER, voucher_id, voucher, voucher.totals())
    link_contract(act, contract)
    act.link(event_pb2.LINK_KIND_APPLICATION, application.application_id, application)
    act.move(programme.programme_id, event_pb2.ACCOUNT_ENCUMBERED, event_pb2.ACCOUNT_AVAILABLE, face)


def grant_queued(fold: Fold, act: Act) -> None:
    """An approver grants an application of a PRO_RATA programme, which waits for the allocation."""
    application, policy, room = _grant(fold, act)
    programme = application.programme
    act.require(policy.parameters.allocation == _PRO_RATA, "allocation", "a voucher", "a queued grant")
    amount = act.event.grant_queued.entitlement_fen
    _check_rooms(act, room, amount, least=room.least)
    grant = Grant(act.statement.voucher_id, act.index, application, policy, amount)
    fold.state.grants[grant.voucher_id] = grant
    programme.queue.append(grant)
    application.step = Step.QUEUED
    take(fold.state, application, amount)
    link_year(fold, act, programme, application.beneficiary_id)
    link_contract(act, application.contract)
    act.link(event_pb2.LINK_KIND_APPLICATION, application.application_id, application)


def check_budget(act: Act, programme: Programme) -> None:
    """The appropriation is not overdrawn (I1)."""
    used, most = programme.committed, programme.appropriation
    act.require(used <= most, "i1_budget", f"at most {most}", used)


def _grant(fold: Fold, act: Act) -> tuple[Application, Policy, Room]:
    """What both kinds of grant need: who decides on what, when, and how much it may be."""
    state, statement = fold.state, act.statement
    application = application_of(fold, act, statement.application_id)
    programme, contract = application.programme, application.contract
    policy = policy_in_force(act, programme)
    approver = signing(act, decide(fold, act, [APPROVER], bureau_id=programme.bureau_id))
    check_apart(act, approver, application.checked_by)
    check_apart(act, approver, application.reviewed_by)
    check_subject(act, application.newest)
    act.equal("handling", Step.PUBLICISED, application.step)
    _check_notice(act, application)
    known = statement.voucher_id in state.vouchers or statement.voucher_id in state.grants
    act.require(not known, "voucher", "a new id", statement.voucher_id)
    if contract is not None:
        check_unbound(act, contract, programme)
        check_exclusive(act, contract, policy)
    act.premise(event_pb2.PREMISE_KIND_APPLICATION, application.index)
    premise_contract(act, contract)
    act.premise(event_pb2.PREMISE_KIND_POLICY, policy.index)
    act.premise(event_pb2.PREMISE_KIND_NOTICE, application.notice)
    act.stream = f"voucher/{statement.voucher_id.hex()}"
    room = room_of(state, application, policy, named_approval=statement.named_approval)
    return application, policy, room


def _check_notice(act: Act, application: Application) -> None:
    """The notice ran its days and no objection is open (I13)."""
    end_ms = notice_end_ms(application)
    over = end_ms is not None and act.event.recorded_ms >= end_ms
    act.require(over, "i13_notice", f"at or after {end_ms}", act.event.recorded_ms)
    act.equal("i13_notice", "0 open objections", f"{application.objections} open objections")


def room_of(state: State, application: Application, policy: Policy, *, named_approval: bool) -> Room:
    """Entitlement and rooms of the application under a policy (I2, I3, I4)."""
    contract, startup = application.contract, application.startup
    limit = cap_limit(policy, startup=startup, named_approval=named_approval)
    _, year = state.year(application.programme, application.beneficiary_id)
    cap = limit - year.granted
    if contract is None:
        return Room(min(application.proposed, policy.parameters.open_data_award_cap_fen), cap, None)
    parts = [(part.origin, part.amount_fen) for part in contract.terms.origin_amounts]
    base = eligible_amount(contract, policy)
    amount = entitlement(policy, startup=startup, base_fen=base, parts=parts)
    stacking = ceiling(contract, policy, startup=startup)
    return Room(amount, cap, None if stacking is None else stacking - contract.public_money)


def _check_rooms(act: Act, room: Room, amount: int, *, least: int) -> None:
    """The amount is the least of all, above 0; what it exceeds has a finding of its own."""
    if room.stacking is not None:
        act.require(amount <= room.stacking, "i4_stacking", f"at most {room.stacking}", amount)
    act.require(amount <= room.cap, "i2_cap", f"at most {room.cap}", amount)
    act.require(amount == least and amount > 0, "face", f"{least}, above 0", amount)


def take(state: State, application: Application, amount: int) -> None:
    """The amount counts towards the cap and on the contract, which is bound."""
    programme, contract = application.programme, application.contract
    _, year = state.year(programme, application.beneficiary_id)
    year.granted += amount
    if contract is not None:
        contract.public_money += amount
        contract.live.add(programme.programme_id)
