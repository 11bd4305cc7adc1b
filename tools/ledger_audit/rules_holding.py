"""Rules of holdings, and who is affiliated by them (I9)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.decisions import decide
from ledger_audit.money import BP, day_of_ms
from ledger_audit.signatures import CLERK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act

CONTROL_BP = 2_500


def holding_declared(fold: Fold, act: Act) -> None:
    """A clerk declares how much of one entity another one holds; neither need be registered."""
    state, said = fold.state, act.statement
    decide(fold, act, [CLERK])
    act.require(said.owner_id != said.owned_id, "holding", "two entities", "one entity")
    act.require(said.share_bp <= BP, "holding", f"a share of at most {BP}", said.share_bp)
    today = day_of_ms(act.event.recorded_ms)
    act.require(said.as_of_day <= today, "holding", f"a day up to {today}", said.as_of_day)
    state.holdings[said.owner_id, said.owned_id] = said.share_bp
    for entity_id in (said.owner_id, said.owned_id):
        act.link(event_pb2.LINK_KIND_PARTICIPANT, entity_id, state.place(entity_id))
    act.stream = f"holding/{said.owner_id.hex()}{said.owned_id.hex()}"


def are_affiliated(holdings: Mapping[tuple[bytes, bytes], int], first: bytes, second: bytes) -> bool:
    """Whether the group of any entity contains both."""
    return first == second or any(common_groups(holdings, first, second))


def common_groups(
    holdings: Mapping[tuple[bytes, bytes], int], first: bytes, second: bytes, *, control_bp: int = CONTROL_BP
) -> Iterator[set[bytes]]:
    """The groups that contain both; only their own holders can have such a group."""
    owned: dict[bytes, list[tuple[bytes, int]]] = defaultdict(list)
    owners: dict[bytes, list[bytes]] = defaultdict(list)
    for (owner, other), share_bp in holdings.items():
        if share_bp:
            owned[owner].append((other, share_bp))
            owners[other].append(owner)
    common = _above(owners, first) & _above(owners, second)
    for holder in common:
        group = _group(owned, holder, control_bp)
        if {first, second} <= group:
            yield group


def _above(owners: Mapping[bytes, list[bytes]], entity: bytes) -> set[bytes]:
    """The entity and all that hold a share of it, directly or through others."""
    found, waiting = {entity}, [entity]
    while waiting:
        for owner in owners.get(waiting.pop(), ()):
            if owner not in found:
                found.add(owner)
                waiting.append(owner)
    return found


def _group(owned: Mapping[bytes, list[tuple[bytes, int]]], head: bytes, control_bp: int) -> set[bytes]:
    """The entity and, step by step, every entity of which the members together hold enough."""
    members, waiting = {head}, [head]
    shares: dict[bytes, int] = defaultdict(int)
    while waiting:
        for other, share_bp in owned.get(waiting.pop(), ()):
            shares[other] += share_bp
            if shares[other] >= control_bp and other not in members:
                members.add(other)
                waiting.append(other)
    return members
