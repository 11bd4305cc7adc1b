"""Grants: what an application is worth, the voucher that is issued or queued, and the allocation of a window.

Rules I1, I2, I4, I5, I13. This module must not know usage or payments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import authority, checks, entitlement
from ledger.domain.applications import check_contract_free, notice_end_ms
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.days import add_months, day_of_ms
from ledger.domain.entities import ApplicationState, QueuedGrant, Voucher
from ledger.domain.events import FundsAllocated, GrantQueued, VoucherAllotted, VoucherIssued
from ledger.domain.handling import check_apart, check_application, moved
from ledger.domain.journal import (
    Account,
    Draft,
    LinkKind,
    Premise,
    PremiseKind,
    Recorded,
    VoucherTotals,
    transfer,
)
from ledger.domain.policy import Allocation
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.vocabulary import Role
from ledger.domain.vouchers import contract_links, granted_link, programme_link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.domain.entities import Application, Policy
    from ledger.domain.policy import PolicyParameters
    from ledger.domain.state import State
    from ledger.domain.statements import FundAllocation, VoucherGrant

    Decision = tuple[Draft, ...] | Rejection


def decide_grant(state: State, command: Command[VoucherGrant]) -> Decision:
    """Issue a voucher for an application, or queue the grant: the least of entitlement, caps and rooms."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_subject_shape(statement.subject)
    checks.check_id(statement.voucher_id, "voucher_id")
    application = state.applications.get(statement.application_id)
    if application is None:
        return missing("the application")
    policy = state.policies[application.programme_id]
    refusals = Refusals()
    officers = authority.check_officers(refusals, state, command, Role.APPROVER, basis=statement.basis)
    authority.check_bureau(refusals, statement.basis, state.programmes[application.programme_id].bureau_id)
    check_apart(refusals, application, officers, others=application.handled_by)
    check_application(refusals, application, "voucher-grant", statement.subject)
    _check_notice(refusals, application, command.now_ms)
    if statement.voucher_id in state.vouchers or statement.voucher_id in state.queued:
        refusals.add(Reason.STATE_CONFLICT, "the voucher id is in use")
    if not application.award:
        contract = state.contracts[application.contract_id]
        check_contract_free(refusals, state, contract, application.programme_id, policy.parameters)
    queued = policy.parameters.allocation == Allocation.PRO_RATA
    amount_fen = _worth_fen(
        refusals, state, application, policy.parameters, named=statement.named_approval, queued=queued
    )
    if refusals.first:
        return refusals.first
    if queued:
        return (_queued(state, command, application, policy, amount_fen),)
    return (_issued(state, command, application, policy, amount_fen),)


def _check_notice(refusals: Refusals, application: Application, now_ms: int) -> None:
    if application.last_notice_day is not None and now_ms < notice_end_ms(application):
        refusals.add(Reason.NOTICE_NOT_OVER, "the public notice still runs", application.notice_index)
    if application.open_objections:
        refusals.add(Reason.OBJECTION_OPEN, "an objection is not decided", application.subject_index)


def _worth_fen(
    refusals: Refusals,
    state: State,
    application: Application,
    policy: PolicyParameters,
    *,
    named: bool,
    queued: bool,
) -> int:
    entitled = _entitled_fen(state, application, policy)
    granted = state.granted_fen(
        programme_id=application.programme_id, beneficiary_id=application.beneficiary_id
    )
    startup = application.startup
    cap_room = entitlement.cap_fen(policy, startup=startup, named_approval=named) - granted
    rooms = [entitled, cap_room]
    if not application.award:
        rooms += _stacking_rooms(refusals, state, application, policy)
    if cap_room <= 0:
        hard_room = entitlement.cap_fen(policy, startup=startup, named_approval=True) - granted
        reason = Reason.NAMED_APPROVAL_REQUIRED if hard_room > 0 else Reason.CAP_EXHAUSTED
        refusals.add(reason, "the beneficiary's cap of the year is used up")
    if not queued:
        available = state.programme_totals(application.programme_id).available_fen
        rooms.append(available)
        if available <= 0:
            refusals.add(Reason.BUDGET_EXHAUSTED, "nothing of the appropriation is available")
    if entitled <= 0:
        refusals.add(Reason.STATE_CONFLICT, "the entitlement is 0")
    return min(rooms)


def _entitled_fen(state: State, application: Application, policy: PolicyParameters) -> int:
    if application.award:
        return min(application.proposed_fen, policy.open_data_award_cap_fen)
    registration = state.contracts[application.contract_id].registration
    return entitlement.entitled_fen(
        policy,
        startup=application.startup,
        base_fen=registration.amount_fen - entitlement.excluded_fen(policy, registration),
        parts_fen=entitlement.contract_parts_fen(registration),
    )


def _stacking_rooms(
    refusals: Refusals, state: State, application: Application, policy: PolicyParameters
) -> list[int]:
    contract = state.contracts[application.contract_id]
    ceiling = entitlement.stacking_ceiling_fen(
        policy, startup=application.startup, contract_fen=contract.registration.amount_fen
    )
    if ceiling is None:
        return []
    totals = state.contract_totals(application.contract_id)
    room = ceiling - totals.outside_support_fen - totals.public_money_fen
    if room <= 0:
        refusals.add(
            Reason.STACKING_CEILING, "public money on the contract has reached its ceiling", contract.index
        )
    return [room]


def _grant_premises(
    state: State, command: Command[VoucherGrant], application: Application, policy: Policy
) -> tuple[Premise, ...]:
    contract = state.contracts.get(application.contract_id)
    return (
        *authority.key_premises(command.keys),
        Premise(PremiseKind.APPLICATION, application.index),
        *(() if contract is None else (Premise(PremiseKind.CONTRACT, contract.index),)),
        Premise(PremiseKind.POLICY, policy.index),
        Premise(PremiseKind.NOTICE, application.notice_index or 0),
    )


def _issued(
    state: State, command: Command[VoucherGrant], application: Application, policy: Policy, face_fen: int
) -> Draft:
    voucher_id = command.statement.voucher_id
    day = day_of_ms(command.now_ms)
    return Draft(
        payload=VoucherIssued(
            face_fen=face_fen,
            valid_from_day=day,
            valid_until_day=add_months(day, policy.parameters.validity_months),
        ),
        stream_id=f"voucher/{voucher_id.hex()}",
        actor=authority.actor_of(command),
        premises=_grant_premises(state, command, application, policy),
        links=(
            programme_link(state, application.programme_id, face_fen),
            granted_link(state, application.programme_id, application.beneficiary_id, face_fen),
            state.link(LinkKind.VOUCHER, voucher_id, VoucherTotals(face_fen, 0, 0, 0, 0)),
            *contract_links(state, application.contract_id, face_fen),
            state.link(LinkKind.APPLICATION, application.application_id),
        ),
        postings=transfer(
            application.programme_id, debit=Account.ENCUMBERED, credit=Account.AVAILABLE, amount_fen=face_fen
        ),
    )


def _queued(
    state: State, command: Command[VoucherGrant], application: Application, policy: Policy, amount_fen: int
) -> Draft:
    return Draft(
        payload=GrantQueued(entitlement_fen=amount_fen),
        stream_id=f"voucher/{command.statement.voucher_id.hex()}",
        actor=authority.actor_of(command),
        premises=_grant_premises(state, command, application, policy),
        links=(
            granted_link(state, application.programme_id, application.beneficiary_id, amount_fen),
            *contract_links(state, application.contract_id, amount_fen),
            state.link(LinkKind.APPLICATION, application.application_id),
        ),
    )


def evolve_voucher_issued(state: State, recorded: Recorded) -> None:
    """Fold a voucher, bound to its provider and contract (rule I7)."""
    statement: VoucherGrant = recorded.statement
    application = state.applications[statement.application_id]
    state.applications[application.application_id] = moved(
        application, recorded, state=ApplicationState.GRANTED
    )
    _add_voucher(state, recorded, statement.voucher_id, application, state.policies[application.programme_id])


def _add_voucher(
    state: State, recorded: Recorded, voucher_id: bytes, application: Application, policy: Policy
) -> None:
    contract = state.contracts.get(application.contract_id)
    if contract is not None:
        state.voucher_on[application.programme_id, application.contract_id] = voucher_id
    state.vouchers[voucher_id] = Voucher(
        voucher_id=voucher_id,
        programme_id=application.programme_id,
        application_id=application.application_id,
        beneficiary_id=application.beneficiary_id,
        provider_id=b"" if contract is None else contract.registration.provider_id,
        contract_id=application.contract_id,
        contract_digest=b"" if contract is None else contract.registration.document_digest,
        startup=application.startup,
        policy=policy,
        valid_from_day=recorded.payload.valid_from_day,
        valid_until_day=recorded.payload.valid_until_day,
        index=recorded.index,
        issue_hash=recorded.leaf_hash,
    )


def evolve_grant_queued(state: State, recorded: Recorded) -> None:
    """Fold a grant that waits; the policy in force now will be the voucher's (rule I11)."""
    statement: VoucherGrant = recorded.statement
    application = state.applications[statement.application_id]
    programme_id = application.programme_id
    state.applications[application.application_id] = moved(
        application, recorded, state=ApplicationState.QUEUED
    )
    if application.contract_id:
        state.voucher_on[programme_id, application.contract_id] = statement.voucher_id
    state.queued[statement.voucher_id] = QueuedGrant(
        voucher_id=statement.voucher_id,
        application_id=application.application_id,
        entitlement_fen=recorded.payload.entitlement_fen,
        policy=state.policies[programme_id],
        index=recorded.index,
    )
    state.queues[programme_id] = (*(state.queues.get(programme_id) or ()), statement.voucher_id)


def decide_allocation(state: State, command: Command[FundAllocation]) -> Decision:
    """Close a programme's window: every grant that waits gets its share of what is available."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    programme = state.programmes.get(statement.programme_id)
    if programme is None:
        return missing("the programme")
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.CLERK, Role.APPROVER, basis=statement.basis)
    authority.check_bureau(refusals, statement.basis, programme.bureau_id)
    if not state.queues.get(programme.programme_id):
        refusals.add(Reason.STATE_CONFLICT, "no grant waits for an allocation", programme.index)
    if refusals.first:
        return refusals.first
    totals = state.programme_totals(programme.programme_id)
    draft = Draft(
        payload=FundsAllocated(
            queued_fen=state.queued_fen(programme.programme_id), available_fen=totals.available_fen
        ),
        stream_id=f"programme/{programme.programme_id.hex()}",
        actor=authority.actor_of(command),
        premises=authority.key_premises(command.keys),
        links=(state.link(LinkKind.PROGRAMME, programme.programme_id, totals),),
    )
    return (draft,)


def allot(state: State, recorded: Recorded) -> Iterator[Draft]:
    """What each queued grant gets, in order: all of it, or the floor of its share where money is short."""
    payload: FundsAllocated = recorded.payload
    programme_id = recorded.statement.programme_id
    day = day_of_ms(recorded.recorded_ms)
    for voucher_id in state.queues.get(programme_id) or ():
        grant = state.queued[voucher_id]
        face_fen = grant.entitlement_fen
        if payload.queued_fen > payload.available_fen:
            face_fen = face_fen * payload.available_fen // payload.queued_fen
        yield _allotted(state, grant, face_fen, day)


def _allotted(state: State, grant: QueuedGrant, face_fen: int, day: int) -> Draft:
    application = state.applications[grant.application_id]
    change_fen = face_fen - grant.entitlement_fen
    return Draft(
        payload=VoucherAllotted(
            voucher_id=grant.voucher_id,
            face_fen=face_fen,
            valid_from_day=day,
            valid_until_day=add_months(day, grant.policy.parameters.validity_months),
        ),
        stream_id=f"voucher/{grant.voucher_id.hex()}",
        actor=None,
        premises=(
            Premise(PremiseKind.GRANT, grant.index),
            Premise(PremiseKind.POLICY, grant.policy.index),
        ),
        links=(
            programme_link(state, application.programme_id, face_fen),
            granted_link(state, application.programme_id, application.beneficiary_id, change_fen),
            state.link(LinkKind.VOUCHER, grant.voucher_id, VoucherTotals(face_fen, 0, 0, 0, 0)),
            *contract_links(state, application.contract_id, change_fen),
            state.link(LinkKind.APPLICATION, application.application_id),
        ),
        postings=transfer(
            application.programme_id, debit=Account.ENCUMBERED, credit=Account.AVAILABLE, amount_fen=face_fen
        ),
        signed=False,
    )


def evolve_voucher_allotted(state: State, recorded: Recorded) -> None:
    """Fold an allotment: the grant leaves the queue; without a share its contract is free again."""
    payload: VoucherAllotted = recorded.payload
    grant = state.queued[payload.voucher_id]
    application = state.applications[grant.application_id]
    programme_id = application.programme_id
    waiting = state.queues.get(programme_id) or ()
    state.queues[programme_id] = waiting[1:]
    funded = payload.face_fen > 0
    state.applications[application.application_id] = moved(
        application, recorded, state=ApplicationState.GRANTED if funded else ApplicationState.UNFUNDED
    )
    if funded:
        _add_voucher(state, recorded, payload.voucher_id, application, grant.policy)
    elif application.contract_id:
        state.voucher_on[programme_id, application.contract_id] = b""
