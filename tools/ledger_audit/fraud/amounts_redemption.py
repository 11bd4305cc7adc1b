"""Wrong amounts of redemptions: base and amount of a request and of its verification.

Mostly it can only be shown that they are too much: what else a voucher or a contract carries is in leaves
that the proof does not have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import programme_pb2, quantities_pb2
from ledger_audit.entitlement import ceiling, eligible_amount, entitlement
from ledger_audit.fraud.amounts_payment import REQUEST, STEPS, VOUCHER_LINK, grows
from ledger_audit.fraud.leaves import Leaf, NotShown
from ledger_audit.fraud.sums import LENGTHS
from ledger_audit.fraud.terms import (
    CONTRACT,
    EITHER,
    GRANT,
    POLICY,
    VOUCHER,
    contract_of,
    policy_of,
    startup_flags,
    startup_roles,
)
from ledger_audit.fraud.verdict import Shown
from ledger_audit.money import share_fen

if TYPE_CHECKING:
    from ledger_audit.entities import Policy
    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.proof_type import Roles, Search
    from ledger_audit.fraud.reader import Reader

_BASE = (
    "A base is at most the eligible contract amount, the invoices, the payments and the claims named (I3)."
)
_AMOUNT = "An amount is at most floor(rate × base ÷ 10,000), the voucher's room and the ceiling (I3, I4)."
_CLAIMS = frozenset({"claim_accepted", "service_claim_accepted"})


def judge_request(case: Case, leaf: Leaf) -> Shown:
    """Base and amount of a request by what it names, and by `policy`, `contract`, `claims` and `voucher`."""
    said, event = leaf.said, leaf.payload
    shown = _over_face(leaf)
    if shown is not None:
        return shown
    if not leaf.premises(CONTRACT):
        return _award(leaf)
    claims = _claims(case, leaf)
    invoices, payments = (sum(use.amount_fen for use in uses) for uses in (said.invoices, said.payments))
    bounds = {"invoices": invoices, "payments": payments}
    if claims is not None:
        bounds["claims"] = sum(claim.said.total_amount_fen for claim in claims)
    return _entitled(case, leaf, event.base_fen, event.amount_fen, bounds, claims)


def _award(leaf: Leaf) -> Shown:
    """An award is redeemed whole."""
    link, base, amount = leaf.link(VOUCHER_LINK), leaf.payload.base_fen, leaf.payload.amount_fen
    if link is None or len(link.totals) != LENGTHS[VOUCHER_LINK]:
        raise NotShown(f"{leaf.name} has no link of its voucher with totals")
    face, _, redeemed, _, released = link.totals
    if base == amount and face == redeemed + released:
        raise NotShown(f"{leaf.name} redeems the whole award")
    return Shown(
        "An award is redeemed whole (section 4).",
        f"{leaf.name} redeems {amount} fen on a base of {base} fen; after it {redeemed} fen are redeemed and"
        f" {released} fen released of a face of {face} fen",
        {"amount_fen": amount, "base_fen": base, "face_fen": face},
    )


def judge_verification(case: Case, leaf: Leaf) -> Shown:
    """Base and amount of a verification by `request`, `policy`, `contract` and `voucher`."""
    base, amount = leaf.payload.base_fen, leaf.said.amount_fen
    request = case.named(leaf, REQUEST, "request")
    bounds = {}
    if request is not None:
        if request.kind != "redemption_requested":
            raise NotShown(f"{request.name} is no request of a redemption")
        requested = request.payload.amount_fen
        if amount > requested:
            return grows(leaf, amount, request, requested)
        for name, uses in (("invoices", request.said.invoices), ("payments", request.said.payments)):
            bounds[name] = sum(use.amount_fen for use in uses)
    if not leaf.premises(CONTRACT):
        raise NotShown("of an award only the amount requested is judged, and it is kept")
    return _entitled(case, leaf, base, amount, bounds, None)


def search(reader: Reader, leaf: Leaf) -> Search:
    """With policy, contract and request; with the claims; with what tells of a start-up."""
    named = {
        "policy": leaf.premise(POLICY),
        "contract": leaf.premise(CONTRACT),
        "request": leaf.premise(REQUEST),
    }
    base: Roles = {
        role: [at] for role, at in named.items() if at is not None and reader.leaf_if(at) is not None
    }
    claims: list[int] = []
    if leaf.kind == "redemption_requested":
        for claim_id in leaf.said.claim_ids:
            for at in (yield claim_id):
                claim = reader.leaf_if(at)
                if claim is not None and claim.kind in _CLAIMS and claim.said.claim_id == claim_id:
                    claims.append(at)
    startup = yield from _startup_roles(reader, leaf)
    with_claims: list[Roles] = [{"claims": sorted(set(claims))}] if claims else []
    return [{**base, **more, **roles} for more in ({}, *with_claims) for roles in startup]


def _startup_roles(reader: Reader, leaf: Leaf) -> Search:
    voucher = reader.leaf_if(leaf.premise(VOUCHER))
    if voucher is None:
        return [{}]
    found: Roles = {"voucher": [voucher.index]}
    by = voucher
    if voucher.kind == "voucher_allotted":
        grant = reader.leaf_if(voucher.premise(GRANT))
        if grant is None:
            return [{}]
        by, found = grant, {**found, "grant": [grant.index]}
    return [{}, *({**found, **roles} for roles in (yield from startup_roles(reader, by)))]


def _claims(case: Case, leaf: Leaf) -> list[Leaf] | None:
    """The claims that the request names, if the proof has every one of them."""
    claims = case.many("claims")
    if not claims:
        return None
    for claim in claims:
        if claim.kind not in {"claim_accepted", "service_claim_accepted"} or claim.index >= leaf.index:
            raise NotShown(f"{claim.name} is no claim before {leaf.name}")
    if sorted(claim.said.claim_id for claim in claims) != sorted(leaf.said.claim_ids):
        raise NotShown(f"the claims are not those of {leaf.name}")
    return claims


def _over_face(leaf: Leaf) -> Shown | None:
    link = leaf.link(VOUCHER_LINK)
    if link is None or len(link.totals) != LENGTHS[VOUCHER_LINK]:
        return None
    face, _, redeemed, _, released = link.totals
    if redeemed + released <= face:
        return None
    return Shown(
        STEPS,
        f"after {leaf.name} {redeemed} fen are redeemed and {released} fen released of a face of {face} fen",
        {"face_fen": face, "redeemed_fen": redeemed, "released_fen": released},
    )


def _entitled(
    case: Case, leaf: Leaf, base: int, amount: int, bounds: dict[str, int], claims: list[Leaf] | None
) -> Shown:
    """The base within all bounds that are known, and the amount within what the base is worth."""
    policy_leaf, contract_leaf = case.named(leaf, POLICY, "policy"), case.named(leaf, CONTRACT, "contract")
    policy = policy_of(policy_leaf) if policy_leaf is not None else None
    if policy is not None and contract_leaf is not None:
        bounds["eligible contract amount"] = eligible_amount(contract_of(contract_leaf), policy)
    for name, bound in bounds.items():
        if base > bound:
            text = f"{leaf.name} has a base of {base} fen; {name}: {bound} fen"
            return Shown(_BASE, text, {"base_fen": base, "bound_fen": bound})
    if policy is None:
        raise NotShown("the base is within what is named; the policy is missing")
    if claims is not None and contract_leaf is not None:
        shown = _exactly(case, leaf, policy, (base, amount), min(bounds.values()), claims)
        if shown is not None:
            return shown
    found = []
    for startup in sorted(_startup(case, leaf)):
        rooms = {"floor(rate × base ÷ 10,000)": _most(policy, base, claims, startup=startup)}
        if contract_leaf is not None:
            whole = ceiling(contract_of(contract_leaf), policy, startup=startup)
            if whole is not None:
                rooms["stacking ceiling"] = whole
        found.append(rooms)
    rooms = max(found, key=lambda one: min(one.values()))
    most = min(rooms.values())
    if amount <= most:
        raise NotShown(f"the amount of {amount} fen is within {most} fen")
    named = ", ".join(f"{name} is {room} fen" for name, room in rooms.items())
    return Shown(
        _AMOUNT,
        f"{leaf.name} is of {amount} fen on a base of {base} fen;"
        f" by {policy_leaf.name if policy_leaf else ''}: {named}",
        {"amount_fen": amount, "base_fen": base, "most_fen": most},
    )


def _exactly(
    case: Case, leaf: Leaf, policy: Policy, said: tuple[int, int], base: int, claims: list[Leaf]
) -> Shown | None:
    """The first redemption of a voucher, under no ceiling, has just the least base and what that is worth."""
    link = leaf.link(VOUCHER_LINK)
    ceilinged = policy.parameters.stacking == programme_pb2.STACKING_CEILING
    if ceilinged or link is None or len(link.totals) != LENGTHS[VOUCHER_LINK]:
        return None
    face, _, redeemed, _, released = link.totals
    base_said, amount = said
    if redeemed != amount:
        return None
    worth = {
        min(_most(policy, base, claims, startup=startup), face - released) for startup in _startup(case, leaf)
    }
    if base_said == base and amount in worth:
        return None
    return Shown(
        _AMOUNT,
        f"{leaf.name} is of {amount} fen on a base of {base_said} fen; by all that it names the base is"
        f" {base} fen and the amount {' or '.join(map(str, sorted(worth)))} fen",
        {"amount_fen": amount, "base_fen": base_said, "computed_base_fen": base, "computed_fen": max(worth)},
    )


def _most(policy: Policy, base: int, claims: list[Leaf] | None, *, startup: bool) -> int:
    """What a base is worth: with rates by origin by the claims' devices, without them by the highest rate."""
    if not policy.rates:
        return entitlement(policy, startup=startup, base_fen=base, parts=())
    if claims is not None:
        return entitlement(policy, startup=startup, base_fen=base, parts=_parts(claims))
    highest = max(policy.parameters.rate_bp, *policy.rates.values())
    single = policy.parameters.startup_rate_bp if startup else policy.parameters.rate_bp
    return share_fen(rate_bp=max(highest, single), amount_fen=base)


def _parts(claims: list[Leaf]) -> list[tuple[int, int]]:
    """The claims' amounts by the origin of their devices; service claims have none."""
    parts: dict[int, int] = {}
    for claim in claims:
        if claim.kind != "claim_accepted":
            continue
        said = claim.said
        for place, amount in zip(said.lines.device, said.lines.amount_fen, strict=False):
            known = place < len(said.device_models) and said.device_models[place] < len(said.models)
            origin = (
                said.models[said.device_models[place]].origin if known else quantities_pb2.ORIGIN_UNSPECIFIED
            )
            parts[int(origin)] = parts.get(int(origin), 0) + amount
    return [(origin, part) for origin, part in sorted(parts.items()) if part]


def _startup(case: Case, leaf: Leaf) -> frozenset[bool]:
    """By the `voucher` that the leaf names, its queued `grant` if allotted, and their `application`."""
    voucher = case.named(leaf, VOUCHER, "voucher")
    if voucher is None:
        return EITHER
    by: Leaf | None = voucher
    if voucher.kind == "voucher_allotted":
        by = case.named(voucher, GRANT, "grant")
    return startup_flags(case, by) if by is not None else EITHER
