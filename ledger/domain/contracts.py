"""Contracts, and the invoices and payments that are evidence for them (rule I5).

This module must not know vouchers or what the evidence is used for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import authority, checks
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.entities import Contract, Evidence, EvidenceKind
from ledger.domain.events import ContractRegistered, InvoiceRegistered, PaymentRegistered
from ledger.domain.journal import Draft, Link, LinkKind, Premise, PremiseKind, Recorded
from ledger.domain.rejections import Reason, Rejection

if TYPE_CHECKING:
    from ledger.domain.state import State
    from ledger.domain.statements import ContractRegistration, InvoiceRegistration, PaymentRegistration

    Decision = tuple[Draft, ...] | Rejection

MAX_PRICES = 64
MAX_PARTS = 32
EVIDENCE_VALID = 1


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
    if statement.beneficiary_id == statement.provider_id:
        refusals.add(Reason.ROLE_CONFLICT, "buyer and seller are one participant")
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


def decide_invoice_registration(state: State, command: Command[InvoiceRegistration]) -> Decision:
    """Register an invoice; only the seller of the contract may."""
    statement = command.statement
    checks.check_amount(statement.net_amount_fen, "net_amount_fen", low=0)
    checks.expect(
        statement.net_amount_fen <= statement.amount_fen, "net_amount_fen: not more than amount_fen"
    )
    checks.check_day(statement.issued_day, "issued_day")
    contract = state.contracts.get(statement.contract_id)
    seller_id = contract.registration.provider_id if contract else b""
    return _evidence(state, command, contract, seller_id, InvoiceRegistered(), LinkKind.INVOICE)


def decide_payment_registration(state: State, command: Command[PaymentRegistration]) -> Decision:
    """Register a payment to the provider; only the buyer of the contract may."""
    checks.check_day(command.statement.paid_day, "paid_day")
    contract = state.contracts.get(command.statement.contract_id)
    buyer_id = contract.registration.beneficiary_id if contract else b""
    return _evidence(state, command, contract, buyer_id, PaymentRegistered(), LinkKind.PAYMENT)


def _evidence(
    state: State,
    command: Command[InvoiceRegistration] | Command[PaymentRegistration],
    contract: Contract | None,
    party_id: bytes,
    payload: object,
    kind: LinkKind,
) -> Decision:
    statement = command.statement
    checks.check_digest(statement.fingerprint, "fingerprint")
    checks.check_digest(statement.document_digest, "document_digest")
    checks.check_amount(statement.amount_fen, "amount_fen")
    if contract is None:
        return missing("the contract")
    refusals = Refusals()
    authority.check_parties(refusals, command, party_id)
    first = state.evidence.get(statement.fingerprint)
    if first is not None:
        refusals.add(Reason.DUPLICATE_EVIDENCE, "the evidence is registered already", first.leaf_index)
    if refusals.first:
        return refusals.first
    draft = Draft(
        payload=payload,
        stream_id=f"evidence/{statement.fingerprint.hex()}",
        actor=party_id,
        premises=(*authority.key_premises(command.keys), Premise(PremiseKind.CONTRACT, contract.index)),
        links=(Link(kind, statement.fingerprint, None, (0,)),),
    )
    return (draft,)


def record_evidence(state: State, recorded: Recorded) -> None:
    """Write the row of a registered invoice or payment."""
    statement: InvoiceRegistration | PaymentRegistration = recorded.statement
    kind = EvidenceKind.INVOICE if isinstance(recorded.payload, InvoiceRegistered) else EvidenceKind.PAYMENT
    state.evidence[statement.fingerprint] = Evidence(
        statement.fingerprint,
        kind,
        recorded.index,
        recorded.index,
        statement.contract_id,
        statement.amount_fen,
        0,
        EVIDENCE_VALID,
    )
