"""`wrong_amount`: an amount that is not rounded down, is more than what it rests on, or is no sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger_audit.fraud import amounts_claim, amounts_grant, amounts_payment, amounts_redemption
from ledger_audit.fraud.leaves import NotShown
from ledger_audit.fraud.proof_type import Lead, ProofType, Search

if TYPE_CHECKING:
    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.reader import Reader
    from ledger_audit.fraud.verdict import Shown

_RECOVERIES = frozenset({"repayment_received", "recoverable_written_off", "fine_imposed"})
_ENDS = frozenset({"voucher_expired", "voucher_revoked"})


def judge(case: Case) -> Shown:
    """By the type of the accused event."""
    leaf = case.accused
    match leaf.kind:
        case "claim_accepted":
            return amounts_claim.judge_usage(leaf)
        case "service_claim_accepted":
            return amounts_claim.judge_service(leaf)
        case "voucher_issued" | "grant_queued":
            return amounts_grant.judge_grant(case, leaf)
        case "voucher_allotted":
            return amounts_grant.judge_share(case, leaf)
        case "redemption_requested":
            return amounts_redemption.judge_request(case, leaf)
        case "redemption_verified":
            return amounts_redemption.judge_verification(case, leaf)
        case "redemption_approved":
            return amounts_payment.judge_approval(case, leaf)
        case "payment_ordered":
            return amounts_payment.judge_order(case, leaf)
        case "payment_confirmed":
            return amounts_payment.judge_payment(case, leaf)
    if leaf.kind in _ENDS:
        return amounts_payment.judge_release(leaf)
    if leaf.kind in _RECOVERIES:
        return amounts_payment.judge_recovery(case, leaf)
    raise NotShown(f"{leaf.name} has no amount that this type judges")


def search(reader: Reader, lead: Lead) -> Search:
    """With the leaves that the event names, and for a redemption its claims."""
    leaf = reader.leaf(lead.index)
    if leaf.kind in {"voucher_issued", "grant_queued"}:
        return (yield from amounts_grant.search_grant(reader, leaf))
    if leaf.kind == "voucher_allotted":
        return (yield from amounts_grant.search_share(reader, leaf))
    if leaf.kind in {"redemption_requested", "redemption_verified"}:
        return (yield from amounts_redemption.search(reader, leaf))
    return amounts_payment.payment_roles(reader, leaf)


TYPE = ProofType(
    "wrong_amount",
    "an amount that is not rounded down, or more than what it rests on is worth",
    frozenset(
        {
            "policy",
            "contract",
            "application",
            "participant",
            "application_policy",
            "voucher",
            "grant",
            "claims",
        }
        | {"allocation", "request", "verification", "order", "determination"}
    ),
    judge,
    search,
)
