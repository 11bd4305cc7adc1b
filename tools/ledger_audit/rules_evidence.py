"""Rules of invoices, payments and acceptance papers, and of what became of an invoice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import contract_pb2, event_pb2
from ledger_audit.decisions import by_party, decide
from ledger_audit.rules_contract import contract_of, link_contract
from ledger_audit.scratch import Evidence
from ledger_audit.signatures import CLERK

if TYPE_CHECKING:
    from ledger_audit.entities import Contract
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act

INVOICE, PAYMENT = event_pb2.LINK_KIND_INVOICE, event_pb2.LINK_KIND_PAYMENT
ACCEPTANCE = 0
"""Kinds of evidence: the link kind of invoices and payments, and papers that nobody consumes."""


def invoice_registered(fold: Fold, act: Act) -> None:
    """The contract's provider registers an invoice."""
    contract = contract_of(fold, act, act.statement.contract_id)
    net, amount = act.statement.net_amount_fen, act.statement.amount_fen
    act.require(0 <= net <= amount, "evidence", f"a net amount of 0 to {amount}", net)
    _money(fold, act, contract, INVOICE, contract.terms.provider_id)


def payment_registered(fold: Fold, act: Act) -> None:
    """The contract's beneficiary registers a payment."""
    contract = contract_of(fold, act, act.statement.contract_id)
    _money(fold, act, contract, PAYMENT, contract.terms.beneficiary_id)


def acceptance_registered(fold: Fold, act: Act) -> None:
    """The contract's beneficiary registers the acceptance paper."""
    contract = contract_of(fold, act, act.statement.contract_id)
    by_party(fold, act, contract.terms.beneficiary_id)
    _register(fold, act, contract, ACCEPTANCE, act.statement.document_digest, 0)
    link_contract(act, contract)


def invoice_cancelled(fold: Fold, act: Act) -> None:
    """A clerk notes that an invoice was red-lettered or is void, once; it counts nothing from then on."""
    said = act.statement
    decide(fold, act, [CLERK])
    act.stream = f"cancellation/{said.fingerprint.hex()}"
    evidence = fold.scratch.evidence(said.fingerprint)
    if evidence is None or evidence.kind != INVOICE:
        raise act.missing("invoice", said.fingerprint)
    act.require(not evidence.cancelled, "evidence", "an invoice that is not cancelled", "a cancelled one")
    red = said.status == contract_pb2.INVOICE_STATUS_RED_LETTERED
    known = red or said.status == contract_pb2.INVOICE_STATUS_VOID
    act.require(known, "evidence", "RED_LETTERED or VOID", said.status)
    act.require(
        bool(said.red_letter_fingerprint) == red,
        "evidence",
        "the fingerprint of a red-letter invoice" if red else "no red-letter invoice",
        said.red_letter_fingerprint,
    )
    contract = fold.state.contracts.get(evidence.contract_id)
    act.premise(event_pb2.PREMISE_KIND_CONTRACT, contract.index if contract is not None else None)
    act.links.append((INVOICE, said.fingerprint, None, evidence.last, (evidence.consumed,)))
    evidence.last, evidence.cancelled = act.index, 1
    fold.scratch.put_evidence(said.fingerprint, evidence)


def _money(fold: Fold, act: Act, contract: Contract, kind: int, signer_id: bytes) -> None:
    """An invoice or payment, of which redemptions may consume the amount."""
    by_party(fold, act, signer_id)
    fingerprint, amount = act.statement.fingerprint, act.statement.amount_fen
    act.require(amount > 0, "evidence", "an amount above 0", amount)
    _register(fold, act, contract, kind, fingerprint, amount)
    act.links.append((kind, fingerprint, None, None, (0,)))


def _register(fold: Fold, act: Act, contract: Contract, kind: int, fingerprint: bytes, amount: int) -> None:
    """Evidence is registered once, whatever its kind."""
    known = fold.scratch.evidence(fingerprint)
    act.require(known is None, "evidence", "a new fingerprint", f"registered before {act.index}")
    if known is None:
        evidence = Evidence(kind, contract.contract_id, amount, 0, act.index)
        fold.scratch.put_evidence(fingerprint, evidence)
    act.premise(event_pb2.PREMISE_KIND_CONTRACT, contract.index)
    act.stream = f"evidence/{fingerprint.hex()}"
