"""`foreign_statement`: a genesis or statement of another ledger or request, too late, or one too many."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.proof.hashing import leaf_hash
from ledger_audit.acts import BY_EVENT
from ledger_audit.fraud.leaves import Leaf, NotShown, open_leaf
from ledger_audit.fraud.proof_type import ProofType, search_alone
from ledger_audit.fraud.verdict import Shown

if TYPE_CHECKING:
    from ledger_audit.fraud.case import Case

_SECOND = 2


def judge(case: Case) -> Shown:
    """The accused leaf alone; which ledger it has to be of is known from a trust file only."""
    index = case.accused_index
    if index == 0 and case.genesis is not None and leaf_hash(case.entries[0]) != case.genesis:
        return Shown(
            "The first leaf is the genesis that was published (format.md, section 5).",
            f"leaf 0 has the hash {leaf_hash(case.entries[0]).hex()}, the published genesis"
            f" {case.genesis.hex()}",
        )
    leaf = open_leaf(index, case.entries[index])
    shown = _other_ledger(leaf, case.ledger_id) or _other_request(leaf) or _too_many(leaf)
    if shown is None:
        raise NotShown(
            "the statements of the leaf belong to it, or it is not known to which ledger they should"
        )
    return shown


def _other_ledger(leaf: Leaf, ledger_id: bytes | None) -> Shown | None:
    for statement in leaf.statements:
        if statement is not None and ledger_id is not None and statement.header.ledger_id != ledger_id:
            return Shown(
                "Every statement names the ledger that it is for (format.md, section 2).",
                f"{leaf.name} holds a statement for the ledger {statement.header.ledger_id.hex()}, not for"
                f" {ledger_id.hex()}",
            )
    return None


def _other_request(leaf: Leaf) -> Shown | None:
    """Request id and digest are those of the first statement, which was not yet too old."""
    if not leaf.has_statement:
        return None
    event, header = leaf.event, leaf.said.header
    digest = sha256(event.envelopes[0].payload).digest()
    if (event.request_id, event.request_digest) != (header.request_id, digest):
        return Shown(
            "An event has the request id and the digest of its statement (I17).",
            f"{leaf.name} has the request id {event.request_id.hex()} and the digest"
            f" {event.request_digest.hex()}; its statement has {header.request_id.hex()} and {digest.hex()}",
        )
    if header.not_after_ms and event.recorded_ms > header.not_after_ms:
        return Shown(
            "No statement is recorded after the limit that its signers set (format.md, section 2).",
            f"{leaf.name} was recorded at {event.recorded_ms} ms, its statement was good until"
            f" {header.not_after_ms} ms",
            {"recorded_ms": event.recorded_ms, "not_after_ms": header.not_after_ms},
        )
    return None


def _too_many(leaf: Leaf) -> Shown | None:
    """An act has one statement, the second approval of a redemption two, an event of the system none."""
    most = 0 if BY_EVENT[leaf.kind].statement is None else 1
    if leaf.kind == "redemption_approved" and leaf.payload.approvals == _SECOND:
        most = _SECOND
    if len(leaf.event.envelopes) <= most:
        return None
    return Shown(
        "An event holds the statements that it rests on and no others (format.md, section 2).",
        f"{leaf.name} holds {len(leaf.event.envelopes)} statements, at most {most} belong to it",
    )


TYPE = ProofType(
    "foreign_statement",
    "a genesis or a statement of another ledger or request, too late, or one too many",
    frozenset(),
    judge,
    search_alone,
)
