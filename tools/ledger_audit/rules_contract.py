"""Rules of contracts and of the invoices and payments that hang on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit import signatures
from ledger_audit.scratch import Evidence
from ledger_audit.state import Contract

if TYPE_CHECKING:
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act


def contract_registered(fold: Fold, act: Act) -> None:
    """Buyer and seller register their contract."""
    state, terms = fold.state, act.statement
    signatures.require_count(state, act, 2)
    signatures.require_party(state, act, 0, terms.beneficiary_id)
    signatures.require_party(state, act, 1, terms.provider_id)
    for participant_id in (terms.beneficiary_id, terms.provider_id):
        if participant_id not in state.participants:
            act.fail("references", "a registered participant", participant_id)
    act.require(terms.beneficiary_id != terms.provider_id, "contract", "two parties", "one party")
    act.require(terms.contract_id not in state.contracts, "contract", "a new id", terms.contract_id)
    first = state.contract_fingerprints.setdefault(terms.fingerprint, act.index)
    act.require(first == act.index, "contract", "a new fingerprint", f"registered at {first}")
    _check_terms(act)
    prices = {price.model: price.unit_price_fen for price in terms.prices}
    contract = Contract(terms.contract_id, act.index, terms, prices)
    state.contracts[terms.contract_id] = contract
    act.link(event_pb2.LINK_KIND_CONTRACT, terms.contract_id, contract, (0, 0))
    act.actor = terms.beneficiary_id
    act.stream = f"contract/{terms.contract_id.hex()}"


def _check_terms(act: Act) -> None:
    terms = act.statement
    amount = terms.amount_fen
    act.require(
        terms.from_day <= terms.to_day, "contract", "from_day <= to_day", f"{terms.from_day} > {terms.to_day}"
    )
    act.require(amount > 0, "contract", "an amount above 0", amount)
    models = [price.model for price in terms.prices]
    act.require(len(models) == len(set(models)), "contract", "different models", "one model twice")
    act.require(
        all(price.unit_price_fen > 0 for price in terms.prices), "contract", "prices above 0", "another"
    )
    excluded = [item.amount_fen for item in terms.excluded]
    good = all(part >= 0 for part in excluded) and sum(excluded) <= amount
    act.require(good, "contract", f"excluded parts of at most {amount}", excluded)
    parts = [part.amount_fen for part in terms.origin_amounts]
    good = not parts or (all(part >= 0 for part in parts) and sum(parts) == amount)
    act.require(good, "contract", f"parts by origin that sum to {amount}", parts)


def invoice_registered(fold: Fold, act: Act) -> None:
    """The contract's provider registers an invoice."""
    contract = contract_of(fold, act, act.statement.contract_id)
    _evidence(fold, act, contract, event_pb2.LINK_KIND_INVOICE, contract.terms.provider_id)


def payment_registered(fold: Fold, act: Act) -> None:
    """The contract's beneficiary registers a payment."""
    contract = contract_of(fold, act, act.statement.contract_id)
    _evidence(fold, act, contract, event_pb2.LINK_KIND_PAYMENT, contract.terms.beneficiary_id)


def _evidence(fold: Fold, act: Act, contract: Contract, kind: int, signer_id: bytes) -> None:
    """Evidence is registered once, by the party that has it."""
    signatures.require_count(fold.state, act, 1)
    signatures.require_party(fold.state, act, 0, signer_id)
    fingerprint, amount = act.statement.fingerprint, act.statement.amount_fen
    known = fold.scratch.evidence(kind, fingerprint)
    act.require(known is None, "evidence", "a new fingerprint", f"registered before {act.index}")
    if known is None:
        fold.scratch.put_evidence(kind, fingerprint, Evidence(contract.contract_id, amount, 0, act.index))
    act.links.append((kind, fingerprint, None, None, (0,)))
    act.premise(event_pb2.PREMISE_KIND_CONTRACT, contract.index)
    act.actor = signer_id
    act.stream = f"evidence/{fingerprint.hex()}"


def contract_of(fold: Fold, act: Act, contract_id: bytes) -> Contract:
    """The registered contract; its absence ends the judgement."""
    contract = fold.state.contracts.get(contract_id)
    if contract is None:
        raise act.missing("contract", contract_id)
    return contract
