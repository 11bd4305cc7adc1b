"""Contracts, and other public money that is declared on them (rule I4).

This module must not know vouchers or evidence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import authority, checks
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.entities import Contract
from ledger.domain.events import ContractRegistered, OutsideSupportDeclared
from ledger.domain.journal import Draft, LinkKind, Premise, PremiseKind, Recorded
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.vocabulary import Role

if TYPE_CHECKING:
    from ledger.domain.state import State
    from ledger.domain.statements import ContractRegistration, OutsideSupportDeclaration

    Decision = tuple[Draft, ...] | Rejection

MAX_PRICES = 64
MAX_PARTS = 32


def check_contract(statement: ContractRegistration) -> None:
    """Shape of a contract; MalformedError names what is wrong."""
    checks.check_id(statement.contract_id, "contract_id")
    checks.check_digest(statement.fingerprint, "fingerprint")
    checks.check_digest(statement.document_digest, "document_digest")
    checks.check_name(statement.item, "item")
    for name in ("signed_day", "from_day", "to_day"):
        checks.check_day(getattr(statement, name), name)
    checks.expect(statement.from_day <= statement.to_day, "to_day: not before from_day")
    checks.check_amount(statement.amount_fen, "amount_fen")
    checks.expect(len(statement.prices) <= MAX_PRICES, f"prices: at most {MAX_PRICES}")
    checks.check_distinct([price.model for price in statement.prices], "prices: models")
    for price in statement.prices:
        checks.check_amount(price.unit_price_fen, "prices: unit_price_fen")
        if price.model:
            checks.check_name(price.model, "prices: model")
    checks.expect(len(statement.excluded) <= MAX_PARTS, f"excluded: at most {MAX_PARTS}")
    checks.check_distinct([part.item for part in statement.excluded], "excluded: items")
    for part in statement.excluded:
        checks.check_name(part.item, "excluded: item")
        checks.check_amount(part.amount_fen, "excluded: amount_fen", low=0)
    excluded_fen = sum(part.amount_fen for part in statement.excluded)
    checks.expect(excluded_fen <= statement.amount_fen, "excluded: not more than the contract")
    checks.check_distinct([part.origin for part in statement.origin_amounts], "origin_amounts: origins")
    for origin_part in statement.origin_amounts:
        checks.check_amount(origin_part.amount_fen, "origin_amounts: amount_fen", low=0)
    parts_fen = sum(origin_part.amount_fen for origin_part in statement.origin_amounts)
    checks.expect(
        not statement.origin_amounts or parts_fen == statement.amount_fen, "origin_amounts: sum is the amount"
    )
    for text, name in (
        (statement.filing_number, "filing_number"),
        (statement.exchange_trade, "exchange_trade"),
    ):
        if text:
            checks.check_name(text, name)


def decide_contract_registration(state: State, command: Command[ContractRegistration]) -> Decision:
    """Register a contract that buyer and seller both signed."""
    statement = command.statement
    check_contract(statement)
    for party_id, name in (
        (statement.beneficiary_id, "the beneficiary"),
        (statement.provider_id, "the provider"),
    ):
        if party_id not in state.participants:
            return missing(name)
    refusals = Refusals()
    authority.check_parties(refusals, command, statement.beneficiary_id, statement.provider_id)
    known = state.contract_fingerprints.get(statement.fingerprint)
    if known is not None:
        refusals.add(Reason.DUPLICATE_EVIDENCE, "the contract is registered already", known)
    if statement.contract_id in state.contracts:
        refusals.add(
            Reason.STATE_CONFLICT, "the contract id is in use", state.contracts[statement.contract_id].index
        )
    if refusals.first:
        return refusals.first
    draft = Draft(
        payload=ContractRegistered(),
        stream_id=f"contract/{statement.contract_id.hex()}",
        actor=statement.beneficiary_id,
        premises=authority.key_premises(command.keys),
        links=(state.link(LinkKind.CONTRACT, statement.contract_id, (0, 0)),),
    )
    return (draft,)


def evolve_contract_registered(state: State, recorded: Recorded) -> None:
    """Fold a contract."""
    statement: ContractRegistration = recorded.statement
    prices = {price.model: price.unit_price_fen for price in statement.prices}
    state.contracts[statement.contract_id] = Contract(
        registration=statement, index=recorded.index, unit_prices_fen=prices
    )
    state.contract_fingerprints[statement.fingerprint] = recorded.index


def decide_outside_support(state: State, command: Command[OutsideSupportDeclaration]) -> Decision:
    """Record other public money on a contract; what follows from it is decided when money moves."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_name(statement.source, "source")
    checks.check_amount(statement.amount_fen, "amount_fen")
    contract = state.contracts.get(statement.contract_id)
    if contract is None:
        return missing("the contract")
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.CLERK, basis=statement.basis)
    if refusals.first:
        return refusals.first
    totals = state.contract_totals(statement.contract_id)
    after = totals._replace(outside_support_fen=totals.outside_support_fen + statement.amount_fen)
    draft = Draft(
        payload=OutsideSupportDeclared(),
        stream_id=f"contract/{statement.contract_id.hex()}",
        actor=authority.actor_of(command),
        premises=(*authority.key_premises(command.keys), Premise(PremiseKind.CONTRACT, contract.index)),
        links=(state.link(LinkKind.CONTRACT, statement.contract_id, after),),
    )
    return (draft,)
