"""Applications: who may deal with whom, and whether the contract fits (rules I4, I5, I8, I9).

This module must not know what becomes of an application (`handling`) or what it is worth (`grants`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import authority, checks
from ledger.domain.affiliation import are_affiliated
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.days import add_months, day_of_ms, start_ms
from ledger.domain.entities import Application, ApplicationState, Contract, VoucherState
from ledger.domain.events import ApplicationSubmitted, AwardApplied
from ledger.domain.journal import Draft, LinkKind, Premise, PremiseKind, Recorded
from ledger.domain.policy import Instrument, Stacking
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.vocabulary import ParticipantKind

if TYPE_CHECKING:
    from ledger.domain.entities import Participant
    from ledger.domain.policy import PolicyParameters
    from ledger.domain.state import State
    from ledger.domain.statements import ApplicationSubmission, AwardApplication

    Decision = tuple[Draft, ...] | Rejection

SELLERS = (ParticipantKind.COMPUTE, ParticipantKind.MODEL, ParticipantKind.EXCHANGE)


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
    _check_roles(refusals, state, contract)
    _check_provider(refusals, state, contract, command.now_ms)
    _check_contract_fits(refusals, state, contract, policy.parameters)
    check_contract_free(refusals, state, contract, statement.programme_id, policy.parameters)
    _check_id_free(refusals, state, statement.application_id)
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


def _check_id_free(refusals: Refusals, state: State, application_id: bytes) -> None:
    known = state.applications.get(application_id)
    if known is not None:
        refusals.add(Reason.STATE_CONFLICT, "the application id is in use", known.index)


def _check_roles(refusals: Refusals, state: State, contract: Contract) -> None:
    registration = contract.registration
    beneficiary_id, provider_id = registration.beneficiary_id, registration.provider_id
    if beneficiary_id in state.admissions or beneficiary_id == provider_id:
        refusals.add(Reason.ROLE_CONFLICT, "the applicant is admitted as a provider, or sells to itself")
    applied = state.applicants.get(provider_id)
    if applied is not None:
        refusals.add(Reason.ROLE_CONFLICT, "the provider has applied as a beneficiary", applied)
    provider = state.participants[provider_id]
    if provider.kind not in SELLERS:
        refusals.add(Reason.ROLE_CONFLICT, "the provider is registered as a beneficiary", provider.index)
    if are_affiliated(state, beneficiary_id, provider_id):
        refusals.add(Reason.AFFILIATED, "provider and beneficiary belong to one group")


def _check_provider(refusals: Refusals, state: State, contract: Contract, now_ms: int) -> None:
    registration = contract.registration
    admission = state.admissions.get(registration.provider_id)
    if admission is None or admission.from_day > registration.from_day:
        refusals.add(
            Reason.PROVIDER_NOT_ADMITTED,
            "the provider is not admitted on the contract's first day",
            admission.index if admission else None,
        )
        return
    if admission.suspended_at(now_ms):
        refusals.add(Reason.PROVIDER_NOT_ADMITTED, "the provider is suspended or removed", admission.index)
    listed_day = admission.items.get(registration.item)
    if listed_day is None or listed_day > registration.from_day:
        refusals.add(
            Reason.ITEM_NOT_LISTED,
            "the service item is not in the admission on the contract's first day",
            admission.index,
        )


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


def check_contract_free(
    refusals: Refusals, state: State, contract: Contract, programme_id: bytes, policy: PolicyParameters
) -> None:
    """No live voucher of the programme, and under EXCLUSIVE no other public money, is on the contract."""
    contract_id = contract.registration.contract_id
    bound = state.voucher_on.get((programme_id, contract_id))
    if bound:
        voucher = state.vouchers.get(bound)
        if voucher is None or voucher.state not in (VoucherState.EXPIRED, VoucherState.REVOKED):
            index = contract.index if voucher is None else voucher.index
            refusals.add(Reason.CONTRACT_BOUND, "a voucher is on the contract, or queued", index)
    totals = state.contract_totals(contract_id)
    if policy.stacking == Stacking.EXCLUSIVE and (totals.public_money_fen or totals.outside_support_fen):
        refusals.add(Reason.STACKING_EXCLUSIVE, "other public money is on the contract", contract.index)


def evolve_application_submitted(state: State, recorded: Recorded) -> None:
    """Fold an application."""
    statement: ApplicationSubmission = recorded.statement
    beneficiary_id = state.contracts[statement.contract_id].registration.beneficiary_id
    _add(state, recorded, statement.contract_id, beneficiary_id, startup=recorded.payload.startup)


def _add(
    state: State, recorded: Recorded, contract_id: bytes, beneficiary_id: bytes, *, startup: bool
) -> None:
    statement: ApplicationSubmission | AwardApplication = recorded.statement
    state.applications[statement.application_id] = Application(
        application_id=statement.application_id,
        programme_id=statement.programme_id,
        contract_id=contract_id,
        beneficiary_id=beneficiary_id,
        startup=startup,
        award=not contract_id,
        index=recorded.index,
        subject_index=recorded.index,
        subject_hash=recorded.leaf_hash,
        state=ApplicationState.SUBMITTED,
    )
    if beneficiary_id not in state.applicants:
        state.applicants[beneficiary_id] = recorded.index


def decide_award_application(state: State, command: Command[AwardApplication]) -> Decision:
    """Take an application for the award for a corpus that was opened to everybody."""
    statement = command.statement
    checks.check_id(statement.application_id, "application_id")
    checks.check_name(statement.platform, "platform")
    checks.check_digest(statement.publication_digest, "publication_digest")
    participant = state.participants.get(statement.beneficiary_id)
    policy = state.policies.get(statement.programme_id)
    if participant is None or policy is None:
        return missing("the beneficiary" if participant is None else "a policy of the programme")
    refusals = Refusals()
    authority.check_parties(refusals, command, statement.beneficiary_id)
    if statement.beneficiary_id in state.admissions:
        refusals.add(Reason.ROLE_CONFLICT, "the applicant is admitted as a provider")
    first = state.publications.get(statement.publication_digest)
    if first is not None:
        refusals.add(Reason.DUPLICATE_EVIDENCE, "an award was applied for with this publication", first)
    instrument = state.programmes[statement.programme_id].instrument
    if instrument != Instrument.CORPUS or not policy.parameters.open_data_award_cap_fen:
        refusals.add(Reason.STATE_CONFLICT, "the policy knows no open-data award", policy.index)
    _check_id_free(refusals, state, statement.application_id)
    if refusals.first:
        return refusals.first
    draft = Draft(
        payload=AwardApplied(),
        stream_id=f"application/{statement.application_id.hex()}",
        actor=statement.beneficiary_id,
        premises=(
            *authority.key_premises(command.keys),
            Premise(PremiseKind.PARTICIPANT, participant.index),
            Premise(PremiseKind.POLICY, policy.index),
        ),
        links=(state.link(LinkKind.APPLICATION, statement.application_id),),
    )
    return (draft,)


def evolve_award_applied(state: State, recorded: Recorded) -> None:
    """Fold an application for an award; its publication is used."""
    statement: AwardApplication = recorded.statement
    _add(state, recorded, b"", statement.beneficiary_id, startup=False)
    state.publications[statement.publication_digest] = recorded.index


def notice_end_ms(application: Application) -> int:
    """The first instant after the public notice, ms since 1970."""
    return start_ms((application.last_notice_day or 0) + 1)
