"""`ended`: something that is used after its end: a voucher, a claim, an application, a removed provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import registry_pb2
from ledger_audit.fraud.device_overlap import supersedes
from ledger_audit.fraud.leaves import Leaf, NotShown
from ledger_audit.fraud.proof_type import Lead, ProofType, Roles, Search
from ledger_audit.fraud.verdict import Shown
from ledger_audit.money import day_of_ms

if TYPE_CHECKING:
    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.reader import Reader

Thing = tuple[str, bytes]
"""What has a life, and which of them."""
VOUCHER, CLAIM, UNREDEEMED = "voucher", "claim", "unredeemed claim"
APPLICATION, PROVIDER = "application", "provider"
_CLAIMS = frozenset({"claim_accepted", "service_claim_accepted"})
_HANDLING = frozenset(
    {"application_returned", "application_resubmitted", "application_checked", "application_reviewed"}
    | {"application_publicised", "application_rejected", "application_withdrawn", "objection_recorded"}
    | {"voucher_issued", "grant_queued"}
)
_LIVE = "Only what has not ended is used: vouchers, claims, applications, providers (section 4)."


def judge(case: Case) -> Shown:
    """The accused leaf uses what an earlier leaf `ending` ended.

    A superseding claim names the old one by its leaf, a request by its id: `claim` is that leaf.
    """
    leaf, ending, claim = case.accused, case.need("ending"), case.one("claim")
    if ending.index >= leaf.index:
        raise NotShown("the end is not an earlier leaf")
    if claim is not None and claim.kind not in _CLAIMS:
        raise NotShown(f"{claim.name} is no accepted claim")
    for what, which in sorted(uses(leaf, claim) & ends(ending, claim)):
        if what == PROVIDER and leaf.kind in _CLAIMS:
            day = day_of_ms(leaf.event.recorded_ms)
            if day < ending.said.from_day:
                raise NotShown(f"{leaf.name} was recorded on day {day}, before day {ending.said.from_day}")
        return Shown(_LIVE, f"{leaf.name} uses the {what} {which.hex()}, which {ending.name} had ended")
    raise NotShown(f"{leaf.name} uses nothing that {ending.name} ended")


def ends(leaf: Leaf, claim: Leaf | None = None) -> set[Thing]:
    """What the leaf ends. A claim is no longer unredeemed once it is redeemed."""
    match leaf.kind:
        case "voucher_revoked":
            return {(VOUCHER, leaf.said.voucher_id)}
        case "voucher_expired" | "voucher_closed":
            return {(VOUCHER, leaf.payload.voucher_id)}
        case "application_rejected" | "application_withdrawn":
            return {(APPLICATION, leaf.said.application_id)}
        case "claims_set_aside":
            return {(CLAIM, claim_id) for claim_id in leaf.said.claim_ids}
        case "claim_refused":
            return {(CLAIM, leaf.payload.claim_id)}
        case "redemption_requested":
            return {(UNREDEEMED, claim_id) for claim_id in leaf.said.claim_ids}
        case "provider_standing_changed":
            removed = leaf.said.standing == registry_pb2.PROVIDER_STANDING_REMOVED
            return {(PROVIDER, leaf.said.provider_id)} if removed else set()
    if claim is not None and supersedes(leaf, claim):
        return {(CLAIM, claim.said.claim_id)}
    return set()


def uses(leaf: Leaf, claim: Leaf | None = None) -> set[Thing]:
    """What the leaf uses that must not have ended."""
    if leaf.kind in _CLAIMS:
        found = {(VOUCHER, leaf.said.voucher_id), (PROVIDER, leaf.said.provider_id)}
        if claim is not None and supersedes(leaf, claim):
            found |= {(CLAIM, claim.said.claim_id), (UNREDEEMED, claim.said.claim_id)}
        return found
    if leaf.kind == "redemption_requested":
        return {(VOUCHER, leaf.said.voucher_id), *((CLAIM, claim_id) for claim_id in leaf.said.claim_ids)}
    if leaf.kind in _HANDLING:
        return {(APPLICATION, leaf.said.application_id)}
    if leaf.kind in {"provider_admitted", "provider_standing_changed"}:
        return {(PROVIDER, leaf.said.provider_id)}
    return {(VOUCHER, leaf.said.voucher_id)} if leaf.kind == "voucher_held" else set()


def search(reader: Reader, lead: Lead) -> Search:
    """With every earlier leaf that holds the id of something that is used and ends it."""
    leaf = reader.leaf(lead.index)
    found: list[Roles] = []
    named = set(uses(leaf))
    old = (
        leaf.said.superseded_index
        if leaf.kind in _CLAIMS and leaf.said.HasField("superseded_index")
        else None
    )
    claim = reader.leaf_if(old)
    if claim is not None and claim.kind in _CLAIMS:
        named |= uses(leaf, claim)
    for what, which in sorted(named):
        for at in [*lead.hints, *(yield which)]:
            one = reader.leaf_if(at) if at < leaf.index else None
            if one is None:
                continue
            if (what, which) in ends(one):
                found.append({"ending": [at], "claim": [old]} if old is not None else {"ending": [at]})
            elif what == CLAIM and one.kind in _CLAIMS and one.said.claim_id == which:
                found += yield from _superseding(reader, leaf, one)
    return found


def _superseding(reader: Reader, leaf: Leaf, claim: Leaf) -> Search:
    """The claims that took the place of a claim, on its voucher."""
    found: list[Roles] = []
    for at in (yield claim.said.voucher_id):
        one = reader.leaf_if(at) if claim.index < at < leaf.index else None
        if one is not None and supersedes(one, claim):
            found.append({"ending": [at], "claim": [claim.index]})
    return found


TYPE = ProofType(
    "ended",
    "a voucher, a claim, an application or a provider that is used after its end",
    frozenset({"ending", "claim"}),
    judge,
    search,
)
