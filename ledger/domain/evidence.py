"""Evidence for contracts: invoices, payments, acceptance papers, and invoices that are cancelled (rule I5).

Documents are known by their digests; the files stay outside. This module must not know what the evidence is
used for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import authority, checks
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.entities import Evidence, EvidenceKind
from ledger.domain.events import AcceptanceRegistered, InvoiceCancelled, InvoiceRegistered, PaymentRegistered
from ledger.domain.journal import Draft, Link, LinkKind, Premise, PremiseKind, Recorded
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.vocabulary import InvoiceStatus, Role

if TYPE_CHECKING:
    from ledger.domain.entities import Contract
    from ledger.domain.state import State
    from ledger.domain.statements import (
        AcceptanceRegistration,
        InvoiceCancellation,
        InvoiceRegistration,
        PaymentRegistration,
    )

    Decision = tuple[Draft, ...] | Rejection


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
        InvoiceStatus.VALID,
    )


def decide_acceptance(state: State, command: Command[AcceptanceRegistration]) -> Decision:
    """Register the acceptance paper of a contract; only the buyer may."""
    statement = command.statement
    checks.check_digest(statement.document_digest, "document_digest")
    checks.check_day(statement.accepted_day, "accepted_day")
    contract = state.contracts.get(statement.contract_id)
    if contract is None:
        return missing("the contract")
    refusals = Refusals()
    authority.check_parties(refusals, command, contract.registration.beneficiary_id)
    first = state.evidence.get(statement.document_digest)
    if first is not None:
        refusals.add(Reason.DUPLICATE_EVIDENCE, "the evidence is registered already", first.leaf_index)
    if refusals.first:
        return refusals.first
    draft = Draft(
        payload=AcceptanceRegistered(),
        stream_id=f"evidence/{statement.document_digest.hex()}",
        actor=contract.registration.beneficiary_id,
        premises=(*authority.key_premises(command.keys), Premise(PremiseKind.CONTRACT, contract.index)),
        links=(
            state.link(
                LinkKind.CONTRACT, statement.contract_id, state.contract_totals(statement.contract_id)
            ),
        ),
    )
    return (draft,)


def record_acceptance(state: State, recorded: Recorded) -> None:
    """Write the row of an acceptance paper."""
    statement: AcceptanceRegistration = recorded.statement
    state.evidence[statement.document_digest] = Evidence(
        statement.document_digest,
        EvidenceKind.ACCEPTANCE,
        recorded.index,
        recorded.index,
        statement.contract_id,
        0,
        0,
        InvoiceStatus.VALID,
    )


def decide_cancellation(state: State, command: Command[InvoiceCancellation]) -> Decision:
    """Note that an invoice was red-lettered or is void; it counts nothing from here on."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_digest(statement.fingerprint, "fingerprint")
    checks.check_day(statement.cancelled_day, "cancelled_day")
    checks.expect(statement.status != InvoiceStatus.VALID, "status: RED_LETTERED or VOID")
    red = statement.status == InvoiceStatus.RED_LETTERED
    size = checks.DIGEST_SIZE if red else 0
    checks.expect(
        len(statement.red_letter_fingerprint) == size,
        "red_letter_fingerprint: 32 bytes for RED_LETTERED, else none",
    )
    invoice = state.evidence.get(statement.fingerprint)
    if invoice is None or invoice.kind != EvidenceKind.INVOICE:
        return missing("the invoice")
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.CLERK, basis=statement.basis)
    if invoice.status != InvoiceStatus.VALID:
        text = f"the invoice is {InvoiceStatus(invoice.status).name}; allowed: nothing"
        refusals.add(Reason.STATE_CONFLICT, text, invoice.last_index)
    if refusals.first:
        return refusals.first
    contract = state.contracts[invoice.contract_id]
    draft = Draft(
        payload=InvoiceCancelled(),
        stream_id=f"cancellation/{statement.fingerprint.hex()}",
        actor=authority.actor_of(command),
        premises=(*authority.key_premises(command.keys), Premise(PremiseKind.CONTRACT, contract.index)),
        links=(Link(LinkKind.INVOICE, statement.fingerprint, invoice.last_index, (invoice.consumed_fen,)),),
    )
    return (draft,)


def record_cancellation(state: State, recorded: Recorded) -> None:
    """Write the new status of an invoice."""
    statement: InvoiceCancellation = recorded.statement
    row = state.evidence[statement.fingerprint]
    state.evidence[statement.fingerprint] = row._replace(
        status=int(statement.status), last_index=recorded.index
    )
