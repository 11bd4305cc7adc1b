"""Rules of applications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2, programme_pb2, quantities_pb2
from ledger_audit import signatures
from ledger_audit.money import add_months, day_of_ms
from ledger_audit.rules_contract import contract_of
from ledger_audit.rules_programme import programme_of
from ledger_audit.state import Application, Contract, Policy, Programme

if TYPE_CHECKING:
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act


def application_submitted(fold: Fold, act: Act) -> None:
    """The contract's beneficiary applies under the policy in force."""
    state, statement = fold.state, act.statement
    programme = programme_of(fold, act, statement.programme_id)
    contract = contract_of(fold, act, statement.contract_id)
    policy = programme.policy
    if policy is None:
        raise act.missing("policy in force", statement.programme_id)
    beneficiary_id = contract.terms.beneficiary_id
    signatures.require_count(state, act, 1)
    signatures.require_party(state, act, 0, beneficiary_id)
    known = statement.application_id in state.applications
    act.require(not known, "application", "a new id", statement.application_id)
    admission = _check_parties(fold, act, contract)
    _check_contract(act, contract, policy)
    check_unbound(act, contract, programme)
    check_exclusive(act, contract, policy)
    _check_exchange(fold, act, contract, policy)
    startup = _is_startup(fold, act, beneficiary_id, policy)
    act.equal("startup", startup, act.event.application_submitted.startup)
    application = Application(
        statement.application_id,
        act.index,
        act.leaf_hash,
        programme,
        contract,
        act.event.application_submitted.startup,
    )
    state.applications[statement.application_id] = application
    act.premise(event_pb2.PREMISE_KIND_CONTRACT, contract.index)
    act.premise(event_pb2.PREMISE_KIND_POLICY, policy.index)
    act.premise(event_pb2.PREMISE_KIND_ADMISSION, admission)
    act.link(event_pb2.LINK_KIND_APPLICATION, statement.application_id, application)
    act.actor = beneficiary_id
    act.stream = f"application/{statement.application_id.hex()}"


def check_unbound(act: Act, contract: Contract, programme: Programme) -> None:
    """The contract carries no live voucher of the programme (I5)."""
    if programme.programme_id in contract.live:
        act.fail("i5_contract", "no live voucher of the programme on the contract", "one")


def check_exclusive(act: Act, contract: Contract, policy: Policy) -> None:
    """Under EXCLUSIVE there is no other public money on the contract (I4)."""
    if policy.parameters.stacking == programme_pb2.STACKING_EXCLUSIVE:
        act.equal("i4_stacking", (0, 0), (contract.public_money, contract.outside_support))


def _check_parties(fold: Fold, act: Act, contract: Contract) -> int | None:
    """Roles do not mix; the provider is admitted for item and days (I8). The leaf of its admission."""
    state, terms = fold.state, contract.terms
    beneficiary = state.participants.get(terms.beneficiary_id)
    provider = state.participants.get(terms.provider_id)
    if beneficiary is not None:
        act.require(
            beneficiary.admission is None, "role_conflict", "a beneficiary that is no provider", "a provider"
        )
        beneficiary.applied = True
    if provider is None or provider.admission is None:
        act.fail("i8_admission", "an admitted provider", terms.provider_id)
        return None
    act.require(not provider.applied, "role_conflict", "a provider that never applied", "an applicant")
    from_day = provider.admitted_from_day
    act.require(from_day <= terms.from_day, "i8_admission", f"service from {from_day} on", terms.from_day)
    act.require(terms.item in provider.items, "i8_admission", "an item of the admission", terms.item)
    return provider.admission


def _check_contract(act: Act, contract: Contract, policy: Policy) -> None:
    terms, values = contract.terms, policy.parameters
    earliest = values.contract_not_before_day
    act.require(
        terms.signed_day >= earliest, "application", f"signed on {earliest} or later", terms.signed_day
    )
    least = values.min_contract_fen
    act.require(terms.amount_fen >= least, "application", f"a contract of at least {least}", terms.amount_fen)
    filed = bool(terms.filing_number) or not values.requires_filing
    act.require(filed, "application", "a filing number", "none")


def _check_exchange(fold: Fold, act: Act, contract: Contract, policy: Policy) -> None:
    if not policy.parameters.requires_exchange:
        return
    provider = fold.state.participants.get(contract.terms.provider_id)
    exchange = provider is not None and provider.kind == quantities_pb2.PARTICIPANT_KIND_EXCHANGE
    act.require(exchange, "application", "a data exchange as provider", "another")
    act.require(bool(contract.terms.exchange_trade), "application", "an exchange trade", "none")


def _is_startup(fold: Fold, act: Act, beneficiary_id: bytes, policy: Policy) -> bool:
    """An enterprise younger than the policy's months on the day of recording."""
    months = policy.parameters.startup_max_age_months
    beneficiary = fold.state.participants.get(beneficiary_id)
    if not months or beneficiary is None or beneficiary.kind != quantities_pb2.PARTICIPANT_KIND_ENTERPRISE:
        return False
    return add_months(beneficiary.registered_day, months) > day_of_ms(act.event.recorded_ms)
