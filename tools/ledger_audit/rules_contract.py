"""Rules of contracts and of other public money on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit import signatures
from ledger_audit.decisions import decide
from ledger_audit.entities import Contract
from ledger_audit.signatures import CLERK

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
    act.require(terms.contract_id not in state.contracts, "contract", "a new id", terms.contract_id)
    first = state.contract_fingerprints.setdefault(terms.fingerprint, act.index)
    act.require(first == act.index, "contract", "a new fingerprint", f"registered at {first}")
    _check_terms(act)
    prices = {price.model: price.unit_price_fen for price in terms.prices}
    contract = Contract(terms.contract_id, act.index, terms, prices)
    state.contracts[terms.contract_id] = contract
    link_contract(act, contract)
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


def outside_support_declared(fold: Fold, act: Act) -> None:
    """A clerk declares other public money on a contract; it adds to what was declared before."""
    contract = contract_of(fold, act, act.statement.contract_id)
    decide(fold, act, [CLERK])
    amount = act.statement.amount_fen
    act.require(amount > 0, "support", "an amount above 0", amount)
    contract.outside_support += amount
    act.premise(event_pb2.PREMISE_KIND_CONTRACT, contract.index)
    link_contract(act, contract)
    act.stream = f"contract/{contract.contract_id.hex()}"


def contract_of(fold: Fold, act: Act, contract_id: bytes) -> Contract:
    """The registered contract; its absence ends the judgement."""
    contract = fold.state.contracts.get(contract_id)
    if contract is None:
        raise act.missing("contract", contract_id)
    return contract


def link_contract(act: Act, contract: Contract | None) -> None:
    """Expect the contract's link with its totals now; an award has none."""
    if contract is not None:
        act.link(event_pb2.LINK_KIND_CONTRACT, contract.contract_id, contract, contract.totals())


def premise_contract(act: Act, contract: Contract | None) -> None:
    """Expect the contract as a premise; an award has none."""
    if contract is not None:
        act.premise(event_pb2.PREMISE_KIND_CONTRACT, contract.index)
