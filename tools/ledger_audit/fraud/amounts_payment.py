"""Wrong amounts after a verification: approvals, orders, payments; and of releases, repayments and fines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.fraud.leaves import Leaf, NotShown
from ledger_audit.fraud.sums import LENGTHS
from ledger_audit.fraud.verdict import Shown
from ledger_audit.money import BP, share_fen

if TYPE_CHECKING:
    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.proof_type import Roles
    from ledger_audit.fraud.reader import Reader

REQUEST, VERIFICATION = event_pb2.PREMISE_KIND_REDEMPTION, event_pb2.PREMISE_KIND_VERIFICATION
ORDER = event_pb2.PREMISE_KIND_ORDER
VOUCHER_LINK = event_pb2.LINK_KIND_VOUCHER
STEPS = "Amounts never grow from claim to payment (I10)."
_PARTS = "Instalment n of k is floor(bp × amount ÷ 10,000), the last one the rest (section 4)."
_AFTER = "A repayment and a fine are within what was determined (section 4)."
_MOST_FINE = 2


def judge_approval(case: Case, leaf: Leaf) -> Shown:
    """The amount of an approval is that of the `verification` that it names."""
    verification = case.named(leaf, VERIFICATION, "verification")
    if verification is None or verification.kind != "redemption_verified":
        raise NotShown("the verification is missing")
    return _equal(leaf, leaf.said.amount_fen, verification, verification.said.amount_fen)


def judge_order(case: Case, leaf: Leaf) -> Shown:
    """The amount of an order is its instalment's by `verification` and its `request`."""
    verification = case.named(leaf, VERIFICATION, "verification")
    if verification is None or verification.kind != "redemption_verified":
        raise NotShown("the verification is missing")
    request = case.named(verification, REQUEST, "request")
    if request is None or request.kind != "redemption_requested":
        raise NotShown("the request is missing")
    amount, shares = verification.said.amount_fen, list(request.said.instalments_bp) or [BP]
    number = leaf.said.instalment
    if not 0 < number <= len(shares):
        text = f"{leaf.name} is for instalment {number} of {len(shares)} by {request.name}"
        return Shown(_PARTS, text, {"instalment": number, "instalments": len(shares)})
    parts = [share_fen(rate_bp=share, amount_fen=amount) for share in shares]
    parts[-1] = amount - sum(parts[:-1])
    ordered, wanted = leaf.said.amount_fen, parts[number - 1]
    if ordered == wanted:
        raise NotShown(f"{leaf.name} orders its instalment, {wanted} fen")
    return Shown(
        _PARTS,
        f"{leaf.name} orders {ordered} fen; instalment {number} of {amount} fen by {verification.name} and"
        f" {request.name} is {wanted} fen",
        {"ordered_fen": ordered, "computed_fen": wanted},
    )


def judge_payment(case: Case, leaf: Leaf) -> Shown:
    """The amount of a payment is that of the `order` that it names."""
    order = case.named(leaf, ORDER, "order")
    if order is None or order.kind != "payment_ordered":
        raise NotShown("the order is missing")
    return _equal(leaf, leaf.said.amount_fen, order, order.said.amount_fen)


def judge_release(leaf: Leaf) -> Shown:
    """A voucher that ends releases all that is not redeemed: its own totals show it."""
    link = leaf.link(VOUCHER_LINK)
    if link is None or len(link.totals) != LENGTHS[VOUCHER_LINK]:
        raise NotShown(f"{leaf.name} has no link of its voucher with totals")
    face, _, redeemed, _, released = link.totals
    if face == redeemed + released:
        raise NotShown(f"{leaf.name} releases what is not redeemed")
    return Shown(
        "A voucher that ends releases exactly what is not redeemed (section 4).",
        f"after {leaf.name} {redeemed} fen are redeemed and {released} fen released of a face of {face} fen",
        {"face_fen": face, "redeemed_fen": redeemed, "released_fen": released},
    )


def judge_recovery(case: Case, leaf: Leaf) -> Shown:
    """A repayment, a write-off or a fine against the `determination` that it names as its subject."""
    determination, subject = case.need("determination"), leaf.said.subject
    if determination.kind != "clawback_determined" or not subject.HasField("leaf_index"):
        raise NotShown(f"{determination.name} determines no clawback")
    if (subject.leaf_index, leaf.said.clawback_id) != (determination.index, determination.said.clawback_id):
        raise NotShown(f"{leaf.name} does not name {determination.name} as its subject")
    amount, determined = leaf.said.amount_fen, determination.said.amount_fen
    most = determined // _MOST_FINE if leaf.kind == "fine_imposed" else determined
    if amount <= most:
        raise NotShown(f"{amount} fen are within {most} fen")
    return Shown(
        _AFTER,
        f"{leaf.name} is of {amount} fen; by {determination.name} {determined} fen were determined, it may be"
        f" at most {most} fen",
        {"amount_fen": amount, "determined_fen": determined, "most_fen": most},
    )


def grows(leaf: Leaf, amount: int, before: Leaf, allowed: int) -> Shown:
    """A later step is of more than the one before it."""
    return Shown(
        STEPS,
        f"{leaf.name} is of {amount} fen, {before.name} of {allowed} fen",
        {"amount_fen": amount, "before_fen": allowed},
    )


def _equal(leaf: Leaf, amount: int, before: Leaf, allowed: int) -> Shown:
    if amount == allowed:
        raise NotShown(f"{leaf.name} is of the amount of {before.name}")
    return grows(leaf, amount, before, allowed)


def payment_roles(reader: Reader, leaf: Leaf) -> list[Roles]:
    """With the leaves that an approval, an order, a payment, a repayment or a fine names."""
    found: dict[str, int | None] = {}
    if leaf.kind in {"redemption_approved", "payment_ordered"}:
        found["verification"] = leaf.premise(VERIFICATION)
        verification = reader.leaf_if(found["verification"])
        if leaf.kind == "payment_ordered" and verification is not None:
            found["request"] = verification.premise(REQUEST)
    elif leaf.kind == "payment_confirmed":
        found["order"] = leaf.premise(ORDER)
    elif leaf.has_statement and "subject" in leaf.said.DESCRIPTOR.fields_by_name:
        found["determination"] = leaf.said.subject.leaf_index if leaf.said.HasField("subject") else None
    roles: Roles = {
        role: [at] for role, at in found.items() if at is not None and reader.leaf_if(at) is not None
    }
    return [roles]
