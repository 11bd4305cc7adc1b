"""Rules of programmes and policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2, programme_pb2
from ledger_audit import signatures
from ledger_audit.form import check_basis
from ledger_audit.signatures import APPROVER, CLERK
from ledger_audit.state import Policy, Programme

if TYPE_CHECKING:
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act


def programme_opened(fold: Fold, act: Act) -> None:
    """A clerk and an approver open a programme with its appropriation."""
    state, statement = fold.state, act.statement
    officers = signatures.require_officers(state, act, [CLERK, APPROVER])
    check_basis(state, act, officers, role=CLERK, bureau_id=None)
    programme_id, amount = statement.programme_id, statement.appropriation_fen
    act.require(programme_id not in state.programmes, "programme", "a new id", programme_id)
    act.require(amount > 0, "programme", "an appropriation above 0", amount)
    name = (statement.instrument, statement.fiscal_year, statement.basis.bureau_id)
    first = state.programme_names.setdefault(name, act.index)
    act.require(first == act.index, "programme", "one per instrument, year and bureau", f"opened at {first}")
    programme = Programme(
        programme_id, statement.basis.bureau_id, statement.instrument, statement.fiscal_year, amount, amount
    )
    state.programmes[programme_id] = programme
    act.link(event_pb2.LINK_KIND_PROGRAMME, programme_id, programme, programme.totals())
    act.move(programme_id, event_pb2.ACCOUNT_AVAILABLE, event_pb2.ACCOUNT_APPROPRIATION, amount)
    act.actor = act.first_owner
    act.stream = f"programme/{programme_id.hex()}"


def policy_published(fold: Fold, act: Act) -> None:
    """A clerk and an approver put the next policy version in force."""
    state, statement = fold.state, act.statement
    officers = signatures.require_officers(state, act, [CLERK, APPROVER])
    programme = programme_of(fold, act, statement.programme_id)
    check_basis(state, act, officers, role=CLERK, bureau_id=programme.bureau_id)
    before = programme.policy
    act.equal("policy", before.version + 1 if before else 1, statement.version)
    values = statement.parameters
    act.equal("policy", programme_pb2.MODE_QUOTA, values.mode)
    act.equal("policy", programme_pb2.ALLOCATION_FCFS, values.allocation)
    rates = {rate.origin: rate.rate_bp for rate in values.rate_bp_by_origin}
    programme.policy = Policy(act.index, statement.version, values, frozenset(values.excluded_items), rates)
    act.links.append((event_pb2.LINK_KIND_POLICY, statement.programme_id, None, programme.policy_last, ()))
    programme.policy_last = act.index
    act.actor = act.first_owner
    act.stream = f"programme/{statement.programme_id.hex()}"


def programme_of(fold: Fold, act: Act, programme_id: bytes) -> Programme:
    """The opened programme; its absence ends the judgement."""
    programme = fold.state.programmes.get(programme_id)
    if programme is None:
        raise act.missing("programme", programme_id)
    return programme
