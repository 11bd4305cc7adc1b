"""Holdings and the groups that follow from them (rule I9).

The group of an entity is itself and, step by step, every entity of which its members together hold a quarter
or more; two are affiliated if one group contains both. This module must not know contracts or money.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import authority, checks
from ledger.domain.commands import Command, Refusals
from ledger.domain.days import day_of_ms
from ledger.domain.entities import Holding
from ledger.domain.events import HoldingDeclared
from ledger.domain.journal import Draft, LinkKind, Recorded
from ledger.domain.quantities import BP_FULL
from ledger.domain.vocabulary import Role

if TYPE_CHECKING:
    from ledger.domain.rejections import Rejection
    from ledger.domain.state import State, Table
    from ledger.domain.statements import HoldingDeclaration

    Decision = tuple[Draft, ...] | Rejection

CONTROL_BP = 2_500


def decide_holding(state: State, command: Command[HoldingDeclaration]) -> Decision:
    """Record a shareholding as a clerk declares it; it replaces the pair's earlier one."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_id(statement.owner_id, "owner_id")
    checks.check_id(statement.owned_id, "owned_id")
    checks.expect(statement.owner_id != statement.owned_id, "owned_id: another entity than the owner")
    checks.expect(statement.share_bp <= BP_FULL, f"share_bp: 0 to {BP_FULL}")
    checks.check_day(statement.as_of_day, "as_of_day")
    checks.expect(statement.as_of_day <= day_of_ms(command.now_ms), "as_of_day: not after today")
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.CLERK, basis=statement.basis)
    if refusals.first:
        return refusals.first
    draft = Draft(
        payload=HoldingDeclared(),
        stream_id=f"holding/{statement.owner_id.hex()}{statement.owned_id.hex()}",
        actor=authority.actor_of(command),
        premises=authority.key_premises(command.keys),
        links=(
            state.link(LinkKind.PARTICIPANT, statement.owner_id),
            state.link(LinkKind.PARTICIPANT, statement.owned_id),
        ),
    )
    return (draft,)


def evolve_holding_declared(state: State, recorded: Recorded) -> None:
    """Fold a holding."""
    statement: HoldingDeclaration = recorded.statement
    owner_id, owned_id = statement.owner_id, statement.owned_id
    if (owner_id, owned_id) not in state.holdings:
        state.held_of[owner_id] = (*(state.held_of.get(owner_id) or ()), owned_id)
        state.holders_of[owned_id] = (*(state.holders_of.get(owned_id) or ()), owner_id)
    state.holdings[owner_id, owned_id] = Holding(
        owner_id=owner_id,
        owned_id=owned_id,
        share_bp=statement.share_bp,
        as_of_day=statement.as_of_day,
        index=recorded.index,
    )


def are_affiliated(state: State, first_id: bytes, second_id: bytes) -> bool:
    """Whether the group of any entity contains both.

    Only entities from which both can be reached along holdings can have such a group.
    """
    above = _reachable(state.holders_of, first_id) & _reachable(state.holders_of, second_id)
    return any({first_id, second_id} <= group_of(state, entity) for entity in above)


def group_of(state: State, entity: bytes) -> set[bytes]:
    """The entity and all that it controls, alone or together with what it controls."""
    group = {entity}
    candidates = set(state.held_of.get(entity) or ())
    while True:
        joined = {candidate for candidate in candidates - group if _is_controlled(state, candidate, group)}
        if not joined:
            return group
        group |= joined
        for member in joined:
            candidates.update(state.held_of.get(member) or ())


def _is_controlled(state: State, owned_id: bytes, group: set[bytes]) -> bool:
    shares = (
        state.holdings[holder, owned_id].share_bp
        for holder in state.holders_of.get(owned_id) or ()
        if holder in group
    )
    return sum(shares) >= CONTROL_BP


def _reachable(edges: Table[bytes, tuple[bytes, ...]], start: bytes) -> set[bytes]:
    found, waiting = {start}, [start]
    while waiting:
        for other in edges.get(waiting.pop()) or ():
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found
