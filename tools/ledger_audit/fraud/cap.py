"""`cap`: more granted to a beneficiary of a programme than its policy allows, or a start-up that is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.entitlement import cap_limit
from ledger_audit.fraud.leaves import NotShown
from ledger_audit.fraud.proof_type import Lead, ProofType, Roles, Search
from ledger_audit.fraud.terms import (
    POLICY,
    computed_startup,
    computing_roles,
    policy_of,
    startup_flags,
    startup_roles,
)
from ledger_audit.fraud.verdict import Shown

if TYPE_CHECKING:
    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.leaves import Leaf
    from ledger_audit.fraud.reader import Reader

YEAR = event_pb2.LINK_KIND_BENEFICIARY_YEAR
_ID_SIZE = 16
_RULE = "What is granted to one beneficiary in one programme is at most the policy's cap (I2)."


def judge(case: Case) -> Shown:
    """A grant against the cap of `policy`, by `application` for a start-up; or an application's own word."""
    leaf = case.accused
    if leaf.kind == "application_submitted":
        return _startup(case, leaf)
    if leaf.kind not in {"voucher_issued", "grant_queued"}:
        # An allotment is judged under the policy of its grant, while others were granted under later ones.
        raise NotShown(f"{leaf.name} grants nothing under a cap")
    year = leaf.link(YEAR)
    policy = case.named(leaf, POLICY, "policy")
    if policy is None or year is None or len(year.totals) != 1:
        raise NotShown("the policy or the link of the beneficiary in the programme is missing")
    values = policy_of(policy)
    if policy.said.programme_id != year.entity[:_ID_SIZE]:
        raise NotShown(f"{policy.name} is the policy of another programme")
    flags, named = startup_flags(case, leaf), leaf.said.named_approval
    limit = max(cap_limit(values, startup=flag, named_approval=named) for flag in flags)
    granted = max(year.totals[0], amount_of(leaf))
    if granted <= limit:
        raise NotShown(f"{granted} fen are granted, {limit} fen may be")
    who = "start-up cap" if flags == {True} else "cap"
    return Shown(
        _RULE,
        f"with {leaf.name} {granted} fen are granted to {year.entity[_ID_SIZE:].hex()}; the {who} of"
        f" {policy.name} is {limit} fen{', by named approval' if named else ''}",
        {"granted_fen": granted, "limit_fen": limit},
    )


def amount_of(grant: Leaf) -> int:
    """The face, or the entitlement of a queued grant, fen."""
    return int(grant.payload.face_fen if grant.kind == "voucher_issued" else grant.payload.entitlement_fen)


def _startup(case: Case, application: Leaf) -> Shown:
    computed = computed_startup(case, application, policy_role="policy")
    if computed is None:
        raise NotShown("contract, participant or policy is missing")
    if computed == application.payload.startup:
        raise NotShown(f"{application.name} says rightly whether the applicant is a start-up")
    participant, policy = case.need("participant"), case.need("policy")
    said = "is" if application.payload.startup else "is not"
    return Shown(
        "A start-up is an enterprise younger than the policy says on the day of its application (section 4).",
        f"{application.name} says that the applicant {said} one; by {participant.name} (registered on day"
        f" {participant.said.registered_day}, kind {participant.said.kind}) and {policy.name}"
        f" ({policy.said.parameters.startup_max_age_months} months) it {'is' if computed else 'is not'}",
    )


def search(reader: Reader, lead: Lead) -> Search:
    """With the policy that it names, and what tells of a start-up."""
    leaf = reader.leaf(lead.index)
    if leaf.kind == "application_submitted":
        return (yield from computing_roles(reader, leaf, policy_role="policy"))
    policy = leaf.premise(POLICY)
    if policy is None or reader.leaf_if(policy) is None:
        return []
    found: list[Roles] = yield from startup_roles(reader, leaf)
    return [{"policy": [policy], **roles} for roles in found]


TYPE = ProofType(
    "cap",
    "more granted to one beneficiary than the policy's cap, or a wrong word on a start-up",
    frozenset({"policy", "application", "contract", "participant", "application_policy"}),
    judge,
    search,
)
