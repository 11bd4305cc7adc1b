"""Applications and vouchers: from a contract that fits to encumbered money (rules I1, I2, I4, I5, I8).

This module must not know usage or payments.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.domain import authority, checks, entitlement
from ledger.domain.commands import Command, ExpireVoucher, Refusals, missing
from ledger.domain.days import add_months, day_of_ms, start_ms
from ledger.domain.entities import Application, ApplicationState, Contract, Policy, Voucher, VoucherState
from ledger.domain.events import ApplicationSubmitted, VoucherClosed, VoucherExpired, VoucherIssued
from ledger.domain.journal import (
    Account,
    Draft,
    Link,
    LinkKind,
    Posting,
    Premise,
    PremiseKind,
    Recorded,
    VoucherTotals,
    transfer,
)
from ledger.domain.policy import Stacking
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.vocabulary import ParticipantKind, Role

if TYPE_CHECKING:
    from ledger.domain.entities import Participant
    from ledger.domain.policy import PolicyParameters
    from ledger.domain.state import State
    from ledger.domain.statements import ApplicationSubmission, VoucherGrant

    Decision = tuple[Draft, ...] | Rejection


def is_startup(policy: PolicyParameters, participant: Participant, *, day: int) -> bool:
    """Whether an enterprise is younger than the policy's age on the day of its application."""
    months = policy.startup_max_age_months
    young = months > 0 and add_months(participant.registered_day, months) > day
    return participant.kind == ParticipantKind.ENTERPRISE and young


def decide_application(state: State, command: Command[ApplicationSubmission]) -> Decision:
    """Take an application if the parties may deal and the contract fits the policy in force."""
    statement = command.statement
    checks.check_id(statement.application_id, "application_id")
    contract = state.contracts.get(statement.contract_id)
    policy = state.policies.get(statement.programme_id)
    if contract is None or policy is None:
        return missing("the contract" if contract is None else "a policy of the programme")
    beneficiary_id = contract.registration.beneficiary_id
    refusals = Refusals()
    authority.check_parties(refusals, command, beneficiary_id)
    _check_parties_fit(refusals, state, contract)
    _check_contract_fits(refusals, state, contract, policy.parameters)
    _check_contract_free(refusals, state, contract, statement.programme_id, policy.parameters)
    if statement.application_id in state.applications:
        refusals.add(Reason.STATE_CONFLICT, "the application id is in use")
    if refusals.first:
        return refusals.first
    admission = state.admissions[contract.registration.provider_id]
    startup = is_startup(policy.parameters, state.participants[beneficiary_id], day=day_of_ms(command.now_ms))
    draft = Draft(
        payload=ApplicationSubmitted(startup=startup),
        stream_id=f"application/{statement.application_id.hex()}",
        actor=beneficiary_id,
        premises=(
            *authority.key_premises(command.keys),
            Premise(PremiseKind.CONTRACT, contract.index),
            Premise(PremiseKind.POLICY, policy.index),
            Premise(PremiseKind.ADMISSION, admission.index),
        ),
        links=(state.link(LinkKind.APPLICATION, statement.application_id),),
    )
    return (draft,)


def _check_parties_fit(refusals: Refusals, state: State, contract: Contract) -> None:
    registration = contract.registration
    if registration.beneficiary_id in state.admissions:
        refusals.add(Reason.ROLE_CONFLICT, "the applicant is admitted as a provider")
    applied = state.applicants.get(registration.provider_id)
    if applied is not None:
        refusals.add(Reason.ROLE_CONFLICT, "the provider has applied as a beneficiary", applied)
    admission = state.admissions.get(registration.provider_id)
    if admission is None or admission.from_day > registration.from_day:
        refusals.add(
            Reason.PROVIDER_NOT_ADMITTED,
            "the provider is not admitted on the contract's first day",
            admission.index if admission else None,
        )
    elif registration.item not in admission.items:
        refusals.add(Reason.ITEM_NOT_LISTED, "the service item is not in the admission", admission.index)


def _check_contract_fits(
    refusals: Refusals, state: State, contract: Contract, policy: PolicyParameters
) -> None:
    registration = contract.registration
    if registration.signed_day < policy.contract_not_before_day:
        refusals.add(
            Reason.CONTRACT_TOO_EARLY, "the contract is older than the policy allows", contract.index
        )
    if registration.amount_fen < policy.min_contract_fen:
        refusals.add(Reason.MIN_CONTRACT, "the contract is below the least amount", contract.index)
    if policy.requires_filing and not registration.filing_number:
        refusals.add(Reason.FILING_MISSING, "the contract names no filing number", contract.index)
    seller = state.participants[registration.provider_id]
    traded = seller.kind == ParticipantKind.EXCHANGE and bool(registration.exchange_trade)
    if policy.requires_exchange and not traded:
        refusals.add(Reason.EXCHANGE_REQUIRED, "the contract is no trade on a data exchange", contract.index)


def _check_contract_free(
    refusals: Refusals, state: State, contract: Contract, programme_id: bytes, policy: PolicyParameters
) -> None:
    contract_id = contract.registration.contract_id
    bound = state.voucher_on.get((programme_id, contract_id))
    if bound is not None and state.vouchers[bound].state != VoucherState.EXPIRED:
        refusals.add(Reason.CONTRACT_BOUND, "a voucher is on the contract", state.vouchers[bound].index)
    totals = state.contract_totals(contract_id)
    if policy.stacking == Stacking.EXCLUSIVE and (totals.public_money_fen or totals.outside_support_fen):
        refusals.add(Reason.STACKING_EXCLUSIVE, "other public money is on the contract", contract.index)


def evolve_application_submitted(state: State, recorded: Recorded) -> None:
    """Fold an application."""
    statement: ApplicationSubmission = recorded.statement
    beneficiary_id = state.contracts[statement.contract_id].registration.beneficiary_id
    state.applications[statement.application_id] = Application(
        application_id=statement.application_id,
        programme_id=statement.programme_id,
        contract_id=statement.contract_id,
        beneficiary_id=beneficiary_id,
        startup=recorded.payload.startup,
        index=recorded.index,
        subject_index=recorded.index,
        subject_hash=recorded.leaf_hash,
    )
    if beneficiary_id not in state.applicants:
        state.applicants[beneficiary_id] = recorded.index


def decide_grant(state: State, command: Command[VoucherGrant]) -> Decision:
    """Issue a voucher for an application: the least of entitlement, caps, stacking room and money left."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_subject_shape(statement.subject)
    checks.check_id(statement.voucher_id, "voucher_id")
    application = state.applications.get(statement.application_id)
    if application is None:
        return missing("the application")
    contract = state.contracts[application.contract_id]
    policy = state.policies[application.programme_id]
    programme = state.programmes[application.programme_id]
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.APPROVER, basis=statement.basis)
    authority.check_bureau(refusals, statement.basis, programme.bureau_id)
    if application.state != ApplicationState.SUBMITTED:
        refusals.add(Reason.STATE_CONFLICT, "the application is granted already", application.subject_index)
    subject = (statement.subject.leaf_index, statement.subject.leaf_hash)
    if subject != (application.subject_index, application.subject_hash):
        refusals.add(
            Reason.STATE_CONFLICT,
            "the subject is not the application's newest leaf",
            application.subject_index,
        )
    if statement.voucher_id in state.vouchers:
        refusals.add(Reason.STATE_CONFLICT, "the voucher id is in use")
    _check_contract_free(refusals, state, contract, application.programme_id, policy.parameters)
    face_fen = _face_fen(
        refusals, state, application, contract, policy.parameters, named=statement.named_approval
    )
    if refusals.first:
        return refusals.first
    day = day_of_ms(command.now_ms)
    payload = VoucherIssued(
        face_fen=face_fen,
        valid_from_day=day,
        valid_until_day=add_months(day, policy.parameters.validity_months),
    )
    signer = command.keys[0]
    draft = Draft(
        payload=payload,
        stream_id=f"voucher/{statement.voucher_id.hex()}",
        actor=signer.owner_id if signer is not None else b"",
        premises=(
            *authority.key_premises(command.keys),
            Premise(PremiseKind.APPLICATION, application.index),
            Premise(PremiseKind.CONTRACT, contract.index),
            Premise(PremiseKind.POLICY, policy.index),
        ),
        links=_issue_links(state, application, statement.voucher_id, face_fen),
        postings=transfer(
            application.programme_id, debit=Account.ENCUMBERED, credit=Account.AVAILABLE, amount_fen=face_fen
        ),
    )
    return (draft,)


def _face_fen(
    refusals: Refusals,
    state: State,
    application: Application,
    contract: Contract,
    policy: PolicyParameters,
    *,
    named: bool,
) -> int:
    registration = contract.registration
    startup = application.startup
    entitled = entitlement.entitled_fen(
        policy,
        startup=startup,
        base_fen=registration.amount_fen - entitlement.excluded_fen(policy, registration),
        parts_fen=entitlement.contract_parts_fen(registration),
    )
    granted = state.granted_fen(
        programme_id=application.programme_id, beneficiary_id=application.beneficiary_id
    )
    cap_room = entitlement.cap_fen(policy, startup=startup, named_approval=named) - granted
    available = state.programme_totals(application.programme_id).available_fen
    rooms = [entitled, cap_room, available]
    ceiling = entitlement.stacking_ceiling_fen(policy, startup=startup, contract_fen=registration.amount_fen)
    if ceiling is not None:
        totals = state.contract_totals(registration.contract_id)
        stacking_room = ceiling - totals.outside_support_fen - totals.public_money_fen
        rooms.append(stacking_room)
        if stacking_room <= 0:
            refusals.add(
                Reason.STACKING_CEILING,
                "public money on the contract has reached its ceiling",
                contract.index,
            )
    if cap_room <= 0:
        hard_room = entitlement.cap_fen(policy, startup=startup, named_approval=True) - granted
        reason = Reason.NAMED_APPROVAL_REQUIRED if hard_room > 0 else Reason.CAP_EXHAUSTED
        refusals.add(reason, "the beneficiary's cap of the year is used up")
    if available <= 0:
        refusals.add(Reason.BUDGET_EXHAUSTED, "nothing of the appropriation is available")
    if entitled <= 0:
        refusals.add(Reason.STATE_CONFLICT, "the entitlement is 0")
    return min(rooms)


def _issue_links(
    state: State, application: Application, voucher_id: bytes, face_fen: int
) -> tuple[Link, ...]:
    return (
        *money_links(
            state, application.programme_id, application.beneficiary_id, application.contract_id, face_fen
        )[:2],
        state.link(LinkKind.VOUCHER, voucher_id, VoucherTotals(face_fen, 0, 0, 0, 0)),
        contract_link(state, application.contract_id, face_fen),
        state.link(LinkKind.APPLICATION, application.application_id),
    )


def contract_link(state: State, contract_id: bytes, change_fen: int) -> Link:
    """The contract's link after its public money changed."""
    totals = state.contract_totals(contract_id)
    after = totals._replace(public_money_fen=totals.public_money_fen + change_fen)
    return state.link(LinkKind.CONTRACT, contract_id, after)


def money_links(
    state: State, programme_id: bytes, beneficiary_id: bytes, contract_id: bytes, change_fen: int
) -> tuple[Link, Link, Link]:
    """PROGRAMME, BENEFICIARY_YEAR and CONTRACT after money was encumbered (+) or released (−)."""
    totals = state.programme_totals(programme_id)
    after = totals._replace(
        available_fen=totals.available_fen - change_fen, encumbered_fen=totals.encumbered_fen + change_fen
    )
    granted = state.granted_fen(programme_id=programme_id, beneficiary_id=beneficiary_id) + change_fen
    return (
        state.link(LinkKind.PROGRAMME, programme_id, after),
        state.link(LinkKind.BENEFICIARY_YEAR, programme_id + beneficiary_id, (granted,)),
        contract_link(state, contract_id, change_fen),
    )


def release(state: State, voucher: Voucher, amount_fen: int) -> tuple[tuple[Link, ...], tuple[Posting, ...]]:
    """Links and postings of money that goes back from a voucher to the appropriation."""
    links = money_links(state, voucher.programme_id, voucher.beneficiary_id, voucher.contract_id, -amount_fen)
    postings = transfer(
        voucher.programme_id, debit=Account.AVAILABLE, credit=Account.ENCUMBERED, amount_fen=amount_fen
    )
    return links, postings


def evolve_voucher_issued(state: State, recorded: Recorded) -> None:
    """Fold a voucher, bound to its provider and contract (rule I7)."""
    statement: VoucherGrant = recorded.statement
    application = state.applications[statement.application_id]
    registration = state.contracts[application.contract_id].registration
    policy: Policy = state.policies[application.programme_id]
    state.applications[application.application_id] = replace(
        application,
        state=ApplicationState.GRANTED,
        subject_index=recorded.index,
        subject_hash=recorded.leaf_hash,
    )
    state.voucher_on[application.programme_id, application.contract_id] = statement.voucher_id
    state.vouchers[statement.voucher_id] = Voucher(
        voucher_id=statement.voucher_id,
        programme_id=application.programme_id,
        application_id=application.application_id,
        beneficiary_id=application.beneficiary_id,
        provider_id=registration.provider_id,
        contract_id=application.contract_id,
        contract_digest=registration.document_digest,
        startup=application.startup,
        policy=policy,
        valid_from_day=recorded.payload.valid_from_day,
        valid_until_day=recorded.payload.valid_until_day,
        index=recorded.index,
    )


def decide_expiry(state: State, command: Command[ExpireVoucher]) -> Decision:
    """Expire a voucher whose validity is over; what no redemption holds is released."""
    voucher = state.vouchers.get(command.statement.voucher_id)
    if voucher is None:
        return missing("the voucher")
    if voucher.state == VoucherState.EXPIRED:
        return Rejection(Reason.VOUCHER_EXPIRED, "the voucher has expired already", voucher.index)
    if voucher.state != VoucherState.ACTIVE or command.now_ms < start_ms(voucher.valid_until_day):
        return Rejection(
            Reason.STATE_CONFLICT, "the voucher is closed or its validity is not over", voucher.index
        )
    totals = state.voucher_totals(voucher.voucher_id)
    released_fen = totals.rest_fen
    after = totals._replace(released_fen=totals.released_fen + released_fen)
    links, postings = release(state, voucher, released_fen)
    draft = Draft(
        payload=VoucherExpired(voucher_id=voucher.voucher_id, released_fen=released_fen),
        stream_id=f"voucher/{voucher.voucher_id.hex()}",
        actor=None,
        premises=(Premise(PremiseKind.VOUCHER, voucher.index),),
        links=(state.link(LinkKind.VOUCHER, voucher.voucher_id, after), *links),
        postings=postings,
        signed=False,
    )
    return (draft,)


def evolve_voucher_expired(state: State, recorded: Recorded) -> None:
    """Fold an expiry."""
    voucher = state.vouchers[recorded.payload.voucher_id]
    state.vouchers[voucher.voucher_id] = replace(voucher, state=VoucherState.EXPIRED)


def closing(state: State, voucher: Voucher) -> Draft | None:
    """The SYSTEM event that closes an active voucher once its whole face is redeemed and paid."""
    totals = state.voucher_totals(voucher.voucher_id)
    if voucher.state != VoucherState.ACTIVE or not totals.face_fen == totals.redeemed_fen == totals.paid_fen:
        return None
    return Draft(
        payload=VoucherClosed(voucher_id=voucher.voucher_id),
        stream_id=f"voucher/{voucher.voucher_id.hex()}",
        actor=None,
        premises=(Premise(PremiseKind.VOUCHER, voucher.index),),
        links=(state.link(LinkKind.VOUCHER, voucher.voucher_id, totals),),
        signed=False,
    )


def evolve_voucher_closed(state: State, recorded: Recorded) -> None:
    """Fold a closing."""
    voucher = state.vouchers[recorded.payload.voucher_id]
    state.vouchers[voucher.voucher_id] = replace(voucher, state=VoucherState.CLOSED)
