"""`budget`: a programme whose appropriation is overdrawn, or whose accounts do not add up to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.fraud.leaves import Leaf, LinkView, NotShown
from ledger_audit.fraud.proof_type import Lead, ProofType, Roles, Search
from ledger_audit.fraud.sums import LENGTHS
from ledger_audit.fraud.terms import POLICY, policy_of
from ledger_audit.fraud.verdict import Shown

if TYPE_CHECKING:
    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.reader import Reader

PROGRAMME = event_pb2.LINK_KIND_PROGRAMME
_RULE = "Encumbered, obligated and disbursed money is at most the appropriation (I1)."
_NAMES = ("available", "encumbered", "obligated", "disbursed", "recoverable", "recovered", "fines")


def judge(case: Case) -> Shown:
    """The accused leaf's PROGRAMME link: balances below 0, or against the appropriation where that is known.

    It is known of an opening and of a policy that changes it, and of a voucher by the `policy` that it names.
    """
    leaf = case.accused
    link = leaf.link(PROGRAMME)
    if link is None or len(link.totals) != LENGTHS[PROGRAMME]:
        raise NotShown(f"{leaf.name} has no link of a programme with its balances")
    appropriation = _appropriation(case, leaf, link)
    available, *committed = link.totals[:4]
    used = sum(committed)
    if appropriation is not None and used > appropriation:
        return Shown(
            _RULE,
            f"after {leaf.name} {used} fen of the programme {link.entity.hex()} are committed, its"
            f" appropriation is {appropriation} fen",
            {"committed_fen": used, "appropriation_fen": appropriation},
        )
    for name, balance in zip(_NAMES, link.totals, strict=True):
        if balance < 0:
            return Shown(
                _RULE,
                f"after {leaf.name} the programme {link.entity.hex()} has {balance} fen {name}",
                {f"{name}_fen": balance},
            )
    if appropriation is not None and available + used != appropriation:
        return Shown(
            "What is available and what is committed make up the appropriation (I1, I15).",
            f"after {leaf.name} {available} fen are available and {used} fen committed of an appropriation of"
            f" {appropriation} fen",
            {"available_fen": available, "committed_fen": used, "appropriation_fen": appropriation},
        )
    raise NotShown("no balance is below 0, and no known appropriation is overdrawn")


def _appropriation(case: Case, leaf: Leaf, link: LinkView) -> int | None:
    """The appropriation in force after the leaf, where the leaves tell."""
    if leaf.kind == "programme_opened" and leaf.said.programme_id == link.entity:
        return int(leaf.said.appropriation_fen)
    if leaf.kind == "policy_published" and leaf.said.programme_id == link.entity:
        return int(leaf.said.parameters.appropriation_fen)
    policy = case.named(leaf, POLICY, "policy") if leaf.kind == "voucher_issued" else None
    if policy is None:
        return None
    values = policy_of(policy)
    if policy.said.programme_id != link.entity:
        raise NotShown(f"{policy.name} is the policy of another programme")
    return int(values.parameters.appropriation_fen)


def search(reader: Reader, lead: Lead) -> Search:
    """Alone, and with the policy that a voucher names."""
    yield from ()
    leaf = reader.leaf(lead.index)
    policy = leaf.premise(POLICY) if leaf.kind == "voucher_issued" else None
    found: list[Roles] = [] if reader.leaf_if(policy) is None else [{"policy": [policy or 0]}]
    return [*found, {}]


TYPE = ProofType(
    "budget",
    "an appropriation that is overdrawn, or balances that do not add up to it",
    frozenset({"policy"}),
    judge,
    search,
)
