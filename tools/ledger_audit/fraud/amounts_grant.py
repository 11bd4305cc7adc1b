"""Wrong amounts of grants: faces, entitlements in a queue, and the shares of an allocation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.entitlement import cap_limit, ceiling, eligible_amount, entitlement
from ledger_audit.fraud.leaves import Leaf, NotShown
from ledger_audit.fraud.terms import (
    CONTRACT,
    GRANT,
    POLICY,
    contract_of,
    policy_of,
    startup_flags,
    startup_roles,
)
from ledger_audit.fraud.verdict import Shown

if TYPE_CHECKING:
    from ledger_audit.entities import Policy
    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.proof_type import Roles, Search
    from ledger_audit.fraud.reader import Reader

YEAR, PROGRAMME = event_pb2.LINK_KIND_BENEFICIARY_YEAR, event_pb2.LINK_KIND_PROGRAMME
CONTRACT_LINK = event_pb2.LINK_KIND_CONTRACT
_FACE = "A face is the least of entitlement, rooms under cap and stacking rule, and what is available (I2)."
_SHARE = "A queued grant gets its entitlement, or floor(entitlement × available ÷ queued) (section 4)."


def judge_grant(case: Case, leaf: Leaf) -> Shown:
    """The amount against every room that `policy`, `contract`, `application` and the leaf's own totals give.

    Without the application the amount is wrong only if it is wrong for a start-up and for everybody else.
    Of an award only the rooms are known, so that it can be shown to be too much, never too little.
    """
    policy = case.named(leaf, POLICY, "policy")
    if policy is None:
        raise NotShown("the policy is missing")
    amount = _amount(leaf)
    contract = case.named(leaf, CONTRACT, "contract")
    found = []
    for startup in sorted(startup_flags(case, leaf)):
        rooms, complete = _rooms(leaf, policy_of(policy), contract, startup=startup)
        least = min(rooms.values())
        if amount <= least if not complete else amount == least:
            raise NotShown(f"{amount} fen are granted, {least} fen may be")
        found.append((least, rooms))
    least, rooms = max(found, key=lambda one: one[0])
    named = ", ".join(f"{name} {room} fen" for name, room in rooms.items())
    return Shown(
        _FACE,
        f"{leaf.name} grants {amount} fen; by its own totals, {policy.name}"
        f"{f' and {contract.name}' if contract is not None else ''}: {named}",
        {"granted_fen": amount, "computed_fen": least},
    )


def _amount(leaf: Leaf) -> int:
    return int(leaf.payload.face_fen if leaf.kind == "voucher_issued" else leaf.payload.entitlement_fen)


def _rooms(
    leaf: Leaf, policy: Policy, contract: Leaf | None, *, startup: bool
) -> tuple[dict[str, int], bool]:
    """The rooms that are known, by name, and whether these are all."""
    amount = _amount(leaf)
    rooms = {}
    year, programme, on = leaf.link(YEAR), leaf.link(PROGRAMME), leaf.link(CONTRACT_LINK)
    complete = year is not None and len(year.totals) == 1
    if complete and year is not None:
        limit = cap_limit(policy, startup=startup, named_approval=leaf.said.named_approval)
        rooms["room under the cap"] = limit - (year.totals[0] - amount)
    if leaf.kind == "voucher_issued":
        if programme is not None and len(programme.totals) == 7:  # noqa: PLR2004 - balances of a programme
            rooms["available"] = programme.totals[0] + amount
        else:
            complete = False
    if leaf.premise(CONTRACT) is None:
        rooms["cap of an award"] = policy.parameters.open_data_award_cap_fen
        return rooms, False
    if contract is None:
        raise NotShown("the contract is missing")
    totals = on.totals if on is not None and len(on.totals) == 2 else None  # noqa: PLR2004 - totals of a contract
    terms = contract_of(contract, outside_support=totals[1] if totals is not None else 0)
    parts = [(part.origin, part.amount_fen) for part in terms.terms.origin_amounts]
    base = eligible_amount(terms, policy)
    rooms["entitlement"] = entitlement(policy, startup=startup, base_fen=base, parts=parts)
    whole = ceiling(terms, policy, startup=startup)
    if whole is not None:
        rooms["room under the stacking rule"] = whole - (totals[0] - amount if totals is not None else 0)
        complete = complete and totals is not None
    return rooms, complete


def judge_share(case: Case, leaf: Leaf) -> Shown:
    """An allotment by its queued `grant` and the `allocation` that it follows."""
    grant, allocation = case.named(leaf, GRANT, "grant"), case.need("allocation")
    if grant is None or grant.kind != "grant_queued":
        raise NotShown("the queued grant is missing")
    # Digests of the state may stand between the events of a request, so that the ordinal is no distance.
    follows = (
        allocation.kind == "funds_allocated"
        and allocation.index < leaf.index
        and (allocation.event.request_id, allocation.event.request_digest)
        == (leaf.event.request_id, leaf.event.request_digest)
    )
    if not follows:
        raise NotShown(f"{leaf.name} does not follow from {allocation.name}")
    asked, said = grant.payload.entitlement_fen, allocation.payload
    scaled = said.queued_fen > said.available_fen
    wanted = asked * said.available_fen // said.queued_fen if scaled else asked
    if leaf.payload.face_fen == wanted:
        raise NotShown(f"{leaf.name} has its share, {wanted} fen")
    return Shown(
        _SHARE,
        f"{leaf.name} gives {leaf.payload.face_fen} fen; by {grant.name} {asked} fen were queued, by"
        f" {allocation.name} {said.queued_fen} fen for {said.available_fen} fen: the share is {wanted} fen",
        {"granted_fen": leaf.payload.face_fen, "computed_fen": wanted},
    )


def search_grant(reader: Reader, leaf: Leaf) -> Search:
    """With policy, contract and what tells of a start-up."""
    named = {"policy": leaf.premise(POLICY), "contract": leaf.premise(CONTRACT)}
    base: Roles = {
        role: [at] for role, at in named.items() if at is not None and reader.leaf_if(at) is not None
    }
    found = yield from startup_roles(reader, leaf)
    return [{**base, **roles} for roles in found]


def search_share(reader: Reader, leaf: Leaf) -> Search:
    """With the queued grant and the allocation of the same request."""
    grant = leaf.premise(GRANT)
    found: list[Roles] = []
    if grant is None or reader.leaf_if(grant) is None:
        return found
    for at in (yield leaf.event.request_digest):
        one = reader.leaf_if(at)
        if one is not None and one.kind == "funds_allocated":
            found.append({"grant": [grant], "allocation": [at]})
    return found


__all__ = ["judge_grant", "judge_share", "search_grant", "search_share"]
