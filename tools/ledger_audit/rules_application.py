"""Rules of applying for a voucher on a contract, or for an award without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ledger.v1 import errors_pb2, event_pb2, programme_pb2, quantities_pb2
from ledger_audit.decisions import by_party, leaf_of
from ledger_audit.dossiers import Application
from ledger_audit.money import add_months, day_of_ms
from ledger_audit.rules_contract import contract_of
from ledger_audit.rules_holding import are_affiliated
from ledger_audit.rules_participant import participant_of
from ledger_audit.rules_programme import policy_in_force, programme_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger_audit.entities import Contract, Participant, Policy, Programme
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act

_SELLERS = frozenset(
    {
        quantities_pb2.PARTICIPANT_KIND_COMPUTE,
        quantities_pb2.PARTICIPANT_KIND_MODEL,
        quantities_pb2.PARTICIPANT_KIND_EXCHANGE,
    }
)


def application_submitted(fold: Fold, act: Act) -> None:
    """The contract's beneficiary applies under the policy in force."""
    statement = act.statement
    programme = programme_of(fold, act, statement.programme_id)
    contract = contract_of(fold, act, statement.contract_id)
    policy = policy_in_force(act, programme)
    beneficiary_id = contract.terms.beneficiary_id
    by_party(fold, act, beneficiary_id)
    admission = _check_parties(fold, act, contract)
    for lack in lacks(contract, fold.state.participants.get(contract.terms.provider_id), policy):
        act.fail("application", lack.wanted, lack.found)
    check_unbound(act, contract, programme)
    check_exclusive(act, contract, policy)
    beneficiary = fold.state.participants.get(beneficiary_id)
    startup = is_startup(beneficiary, policy, day_of_ms(act.event.recorded_ms))
    said = act.event.application_submitted.startup
    act.equal("startup", startup, said)
    act.premise(event_pb2.PREMISE_KIND_CONTRACT, contract.index)
    act.premise(event_pb2.PREMISE_KIND_POLICY, policy.index)
    act.premise(event_pb2.PREMISE_KIND_ADMISSION, admission)
    application = Application(
        statement.application_id, act.index, programme, beneficiary_id, contract, said, leaf_of(act)
    )
    _open(fold, act, application)


def award_applied(fold: Fold, act: Act) -> None:
    """Somebody applies for the award for a corpus that was opened to the public."""
    state, statement = fold.state, act.statement
    programme = programme_of(fold, act, statement.programme_id)
    policy = policy_in_force(act, programme)
    beneficiary = participant_of(fold, act, statement.beneficiary_id)
    by_party(fold, act, statement.beneficiary_id)
    corpus = programme.instrument == quantities_pb2.INSTRUMENT_CORPUS
    act.require(corpus, "award", "a programme of CORPUS", programme.instrument)
    most = policy.parameters.open_data_award_cap_fen
    act.require(most > 0, "award", "a policy with an award", most)
    provider = beneficiary.admission is not None
    act.require(not provider, "role_conflict", "an applicant that is no provider", "a provider")
    beneficiary.applied = True
    first = state.publications.setdefault(statement.publication_digest, act.index)
    act.require(first == act.index, "award", "a publication that is used once", f"used at {first}")
    act.premise(event_pb2.PREMISE_KIND_PARTICIPANT, beneficiary.index)
    act.premise(event_pb2.PREMISE_KIND_POLICY, policy.index)
    application = Application(
        statement.application_id, act.index, programme, statement.beneficiary_id, None, False, leaf_of(act)
    )
    _open(fold, act, application)


def _open(fold: Fold, act: Act, application: Application) -> None:
    """Take a new application into the state."""
    application_id = application.application_id
    known = application_id in fold.state.applications
    act.require(not known, "application", "a new id", application_id)
    fold.state.applications[application_id] = application
    act.link(event_pb2.LINK_KIND_APPLICATION, application_id, application)
    act.stream = f"application/{application_id.hex()}"


def check_unbound(act: Act, contract: Contract, programme: Programme) -> None:
    """The contract carries no live voucher of the programme, issued or queued (I5)."""
    if programme.programme_id in contract.live:
        act.fail("i5_contract", "no live voucher of the programme on the contract", "one")


def check_exclusive(act: Act, contract: Contract, policy: Policy) -> None:
    """Under EXCLUSIVE there is no other public money on the contract (I4)."""
    if is_excluded(contract, policy):
        act.fail("i4_stacking", (0, 0), contract.totals())


def is_excluded(contract: Contract, policy: Policy) -> bool:
    """Whether public money or outside support rules the contract out (EXCLUSIVE)."""
    return policy.parameters.stacking == programme_pb2.STACKING_EXCLUSIVE and contract.totals() != (0, 0)


def _check_parties(fold: Fold, act: Act, contract: Contract) -> int | None:
    """Roles do not mix, nobody buys of itself (I9), the provider is admitted (I8); its admission."""
    state, terms = fold.state, contract.terms
    beneficiary = state.participants.get(terms.beneficiary_id)
    provider = state.participants.get(terms.provider_id)
    if beneficiary is not None:
        act.require(
            beneficiary.admission is None, "role_conflict", "a beneficiary that is no provider", "a provider"
        )
        beneficiary.applied = True
    two = terms.beneficiary_id != terms.provider_id
    act.require(two, "role_conflict", "a provider that is not the beneficiary", "one participant")
    if are_affiliated(state.holdings, terms.beneficiary_id, terms.provider_id):
        act.fail("i9_affiliation", "parties that are not affiliated", f"{terms.provider_id.hex()} is")
    if provider is None or provider.admission is None:
        act.fail("i8_admission", "an admitted provider", terms.provider_id)
        return None
    act.require(not provider.applied, "role_conflict", "a provider that never applied", "an applicant")
    act.require(provider.kind in _SELLERS, "role_conflict", "a kind that sells", provider.kind)
    from_day = provider.admitted_from_day
    act.require(from_day <= terms.from_day, "i8_admission", f"service from {from_day} on", terms.from_day)
    suspended = provider.is_suspended(day_of_ms(act.event.recorded_ms))
    act.require(not suspended, "i8_admission", "a provider that is not suspended", "a suspended one")
    listed_day = provider.items.get(terms.item)
    listed = listed_day is not None and listed_day <= terms.from_day
    act.require(listed, "i8_admission", f"an item listed on {terms.from_day}", terms.item)
    return provider.admission


class Lack(NamedTuple):
    """What a policy asks of a contract that it does not have, by the reason of refusal."""

    reason: errors_pb2.RejectionReason.ValueType
    wanted: str
    found: object


def lacks(contract: Contract, provider: Participant | None, policy: Policy) -> Iterator[Lack]:
    """What the policy asks of the contract in vain."""
    terms, values = contract.terms, policy.parameters
    earliest, least = values.contract_not_before_day, values.min_contract_fen
    if terms.signed_day < earliest:
        wanted = f"signed on {earliest} or later"
        yield Lack(errors_pb2.REJECTION_REASON_CONTRACT_TOO_EARLY, wanted, terms.signed_day)
    if terms.amount_fen < least:
        wanted = f"a contract of at least {least}"
        yield Lack(errors_pb2.REJECTION_REASON_MIN_CONTRACT, wanted, terms.amount_fen)
    if values.requires_filing and not terms.filing_number:
        yield Lack(errors_pb2.REJECTION_REASON_FILING_MISSING, "a filing number", "none")
    if not values.requires_exchange:
        return
    if provider is None or provider.kind != quantities_pb2.PARTICIPANT_KIND_EXCHANGE:
        yield Lack(errors_pb2.REJECTION_REASON_EXCHANGE_REQUIRED, "a data exchange as provider", "another")
    if not terms.exchange_trade:
        yield Lack(errors_pb2.REJECTION_REASON_EXCHANGE_REQUIRED, "an exchange trade", "none")


def is_startup(beneficiary: Participant | None, policy: Policy, day: int) -> bool:
    """An enterprise younger than the policy's months on the day of its application."""
    months = policy.parameters.startup_max_age_months
    if not months or beneficiary is None or beneficiary.kind != quantities_pb2.PARTICIPANT_KIND_ENTERPRISE:
        return False
    return add_months(beneficiary.registered_day, months) > day
