"""Decisions of one key or person that two have to make: redemptions, payments, applications, grants (I12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ledger.v1 import event_pb2
from ledger_audit.fraud.leaves import Leaf, NotShown
from ledger_audit.fraud.verdict import Shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.proof_type import Roles
    from ledger_audit.fraud.reader import Reader
    from ledger_audit.fraud.signers import Holder

VERIFICATION, APPROVAL = event_pb2.PREMISE_KIND_VERIFICATION, event_pb2.PREMISE_KIND_APPROVAL
ORDER, KEY = event_pb2.PREMISE_KIND_ORDER, event_pb2.PREMISE_KIND_KEY
APPLICATION = event_pb2.LINK_KIND_APPLICATION
MOST_STEPS = 50
_RULE = (
    "Reviewer, both approvers and payer, and who checks, reviews and grants, differ by key and person (I12)."
)
_PAYMENTS = frozenset({"payment_confirmed", "payment_failed"})
_GRANTS = frozenset({"voucher_issued", "grant_queued"})


class Decision(NamedTuple):
    """A decision: the leaf that holds it, and the one key that signed it."""

    leaf: Leaf
    what: str
    key_id: bytes


def judge_apart(case: Case, leaf: Leaf, known: Mapping[bytes, Holder]) -> Shown | None:
    """The accused leaf's signer against those of the decisions before it that the proof has."""
    ids = leaf.signing_ids
    if len(ids) != 1:
        return None
    for other in _decisions(case, leaf):
        if other.key_id == ids[0]:
            return Shown(_RULE, f"{leaf.name} and {other.what} ({other.leaf.name}) are signed with one key")
        mine, its = known.get(ids[0]), known.get(other.key_id)
        if mine is not None and its is not None and mine.is_person_of(its):
            return Shown(
                _RULE,
                f"{leaf.name} is signed by {mine.name}, {other.what} ({other.leaf.name}) by {its.name}:"
                " one person",
            )
    return None


def _decisions(case: Case, leaf: Leaf) -> Iterator[Decision]:
    """The decisions that somebody else has to have made."""
    if leaf.kind == "redemption_approved":
        yield from _of(
            case.named(leaf, VERIFICATION, "verification"), "redemption_verified", "the verification"
        )
        if len(leaf.statements) > 1 and type(leaf.statements[1]) is type(leaf.said):
            yield from _signed(leaf, leaf.statements[1], "the first approval")
    elif leaf.kind == "payment_ordered":
        yield from _before_payment(case, leaf)
    elif leaf.kind in _PAYMENTS:
        order = case.named(leaf, ORDER, "order")
        if order is not None and order.kind == "payment_ordered":
            yield from _before_payment(case, order)
    elif leaf.kind in _GRANTS:
        yield from _handling(case, leaf, {"application_reviewed", "application_checked"})
    elif leaf.kind == "application_reviewed":
        yield from _handling(case, leaf, {"application_checked"})


def _before_payment(case: Case, order: Leaf) -> Iterator[Decision]:
    yield from _of(case.named(order, VERIFICATION, "verification"), "redemption_verified", "the verification")
    approval = case.named(order, APPROVAL, "approval")
    if approval is not None and approval.kind == "redemption_approved":
        for statement in approval.statements:
            if statement is not None:
                yield from _signed(approval, statement, "an approval")


def _handling(case: Case, leaf: Leaf, wanted: set[str]) -> Iterator[Decision]:
    """The last decision of each kind before the leaf, along the application's links through `handling`."""
    own = leaf.link(APPLICATION)
    handling = {one.index: one for one in case.many("handling")}
    prev = own.prev if own is not None else None
    while wanted and prev in handling and prev is not None and own is not None:
        one = handling[prev]
        link = one.link(APPLICATION, own.entity)
        if link is None or (link.prev is not None and link.prev >= prev):
            raise NotShown(f"{one.name} is not linked on the application")
        if one.kind in wanted:
            wanted = wanted - {one.kind}
            yield from _of(one, one.kind, "the review" if one.kind == "application_reviewed" else "the check")
        prev = link.prev


def _of(leaf: Leaf | None, kind: str, what: str) -> Iterator[Decision]:
    if leaf is not None and leaf.kind == kind:
        yield from _signed(leaf, leaf.said, what)


def _signed(leaf: Leaf, statement: object, what: str) -> Iterator[Decision]:
    ids = list(statement.header.key_ids)  # type: ignore[attr-defined]
    if len(ids) == 1:
        yield Decision(leaf, what, ids[0])


def search_apart(reader: Reader, leaf: Leaf, named: Iterable[int]) -> list[Roles]:
    """With the decisions before the leaf and the key leaves that they name."""
    roles: dict[str, list[int]] = {}
    by = leaf
    if leaf.kind in _PAYMENTS:
        order = reader.leaf_if(leaf.premise(ORDER))
        if order is None:
            return []
        roles["order"], by = [order.index], order
    found: list[Leaf] = []
    for kind, role in ((VERIFICATION, "verification"), (APPROVAL, "approval")):
        one = reader.leaf_if(by.premise(kind))
        if one is not None and (role != "approval" or by.kind == "payment_ordered" or by is leaf):
            roles[role] = [one.index]
            found.append(one)
            first = reader.leaf_if(one.premise(APPROVAL)) if role == "approval" else None
            found += [first] if first is not None else []
    if leaf.kind in _GRANTS or leaf.kind == "application_reviewed":
        handling = _walk(reader, leaf)
        roles |= {"handling": sorted(one.index for one in handling)} if handling else {}
        found += handling
    if not roles:
        return []
    keys = {*named, *(at for one in found for at in one.premises(KEY) if at is not None)}
    return [roles, {**roles, "keys": sorted(at for at in keys if reader.leaf_if(at) is not None)}]


def _walk(reader: Reader, leaf: Leaf) -> list[Leaf]:
    """The events on the application before the leaf, back to its last check."""
    found: list[Leaf] = []
    own = leaf.link(APPLICATION)
    prev = own.prev if own is not None else None
    while prev is not None and own is not None and len(found) < MOST_STEPS:
        one = reader.leaf_if(prev)
        link = one.link(APPLICATION, own.entity) if one is not None else None
        if one is None or link is None or (link.prev is not None and link.prev >= prev):
            break
        found.append(one)
        if one.kind == "application_checked":
            break
        prev = link.prev
    return found
