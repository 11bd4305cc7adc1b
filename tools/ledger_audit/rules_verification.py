"""Rules of verifying and approving a redemption."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit import signatures
from ledger_audit.decisions import check_apart, decide, leaf_of, signing
from ledger_audit.form import check_subject
from ledger_audit.recompute import compute, counting, excludes
from ledger_audit.rules_programme import link_programme
from ledger_audit.rules_redemption import named_claims, premise_voucher
from ledger_audit.signatures import APPROVER, REVIEWER
from ledger_audit.vouchers import link_release, link_voucher, release, require_not_held

if TYPE_CHECKING:
    from ledger_audit.dossiers import Redemption
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act

APPROVALS = 2


def redemption_verified(fold: Fold, act: Act) -> None:
    """A reviewer confirms what the ledger computes again on this day, at most what was requested."""
    redemption = redemption_of(fold, act)
    check_decision(fold, act, redemption, REVIEWER)
    check_subject(act, (redemption.index, redemption.leaf_hash))
    act.require(
        redemption.verified is None, "verification", "a redemption that is only requested", "a verified one"
    )
    voucher, requested = redemption.voucher, redemption.amount
    require_not_held(fold, act, voucher)
    act.require(not excludes(voucher), "i4_stacking", "no outside support", "some, under EXCLUSIVE")
    position = voucher.redemptions.index(redemption)
    claims = counting(fold, named_claims(fold, redemption))
    base, amount = compute(fold, redemption, claims, earlier=voucher.redemptions[:position])
    verified = act.statement.amount_fen
    act.require(verified <= requested, "i10_amounts", f"at most {requested}", verified)
    act.require(verified == min(amount, requested), "i3_entitlement", min(amount, requested), verified)
    act.equal("i3_entitlement", base, act.event.redemption_verified.base_fen)
    act.require(verified > 0, "verification", "an amount above 0", verified)
    redemption.base, redemption.amount = base, verified
    redemption.verified = leaf_of(act)
    act.premise(event_pb2.PREMISE_KIND_REDEMPTION, redemption.index)
    premise_voucher(act, voucher)
    act.link(event_pb2.LINK_KIND_REDEMPTION, redemption.redemption_id, redemption)
    _give_back(fold, act, redemption, requested - verified)
    del redemption.request.claim_ids[:]


def _give_back(fold: Fold, act: Act, redemption: Redemption, fallen: int) -> None:
    """What is not verified is the voucher's again, or released where that has ended."""
    voucher = redemption.voucher
    if fallen <= 0:
        return
    voucher.redeemed -= fallen
    if voucher.contract is not None:
        voucher.contract.redeemed -= fallen
    if voucher.active:
        link_voucher(act, voucher)
        return
    release(fold.state, voucher, fallen)
    link_voucher(act, voucher)
    link_release(fold, act, voucher, fallen)


def redemption_approved(fold: Fold, act: Act) -> None:
    """Two approvers approve the verified amount; the second approval obligates it."""
    redemption = redemption_of(fold, act)
    check_decision(fold, act, redemption, APPROVER)
    verified = redemption.verified
    if verified is None:
        act.fail("approval", "a verified redemption", "one that is not")
        verified = (redemption.index, redemption.leaf_hash)
    check_subject(act, verified)
    require_payable(fold, act, redemption)
    act.equal("i10_amounts", redemption.amount, act.statement.amount_fen)
    act.equal("approval", redemption.request.payee_commitment, act.statement.payee_commitment)
    count = len(redemption.approvals) + 1
    act.require(count <= APPROVALS, "approval", f"{APPROVALS} approvals", count)
    act.equal("approval", count, act.event.redemption_approved.approvals)
    act.premise(event_pb2.PREMISE_KIND_VERIFICATION, verified[0])
    act.link(event_pb2.LINK_KIND_REDEMPTION, redemption.redemption_id, redemption)
    redemption.approvals.append(leaf_of(act))
    if count == 1:
        redemption.first_approval = act.event.envelopes[0].SerializeToString(deterministic=True)
    elif count == APPROVALS:
        _second(act, redemption)


def _second(act: Act, redemption: Redemption) -> None:
    """The second approval carries the first one's envelope and moves the money."""
    envelopes = act.event.envelopes
    if len(envelopes) == APPROVALS:
        same = envelopes[1].SerializeToString(deterministic=True) == redemption.first_approval
        act.require(same, "envelopes", "the first approval's envelope", "another")
    programme, amount = redemption.voucher.programme, redemption.amount
    programme.encumbered -= amount
    programme.obligated += amount
    act.premise(event_pb2.PREMISE_KIND_APPROVAL, redemption.approvals[0][0])
    link_programme(act, programme)
    act.move(programme.programme_id, event_pb2.ACCOUNT_OBLIGATED, event_pb2.ACCOUNT_ENCUMBERED, amount)


def redemption_of(fold: Fold, act: Act) -> Redemption:
    """The requested redemption; its absence ends the judgement."""
    redemption = fold.state.redemptions.get(act.statement.redemption_id)
    if redemption is None:
        raise act.missing("redemption", act.statement.redemption_id)
    act.stream = f"redemption/{redemption.redemption_id.hex()}"
    return redemption


def require_payable(fold: Fold, act: Act, redemption: Redemption) -> None:
    """Neither is the voucher held nor is an earlier decision in doubt."""
    require_not_held(fold, act, redemption.voucher)
    suspended = redemption.is_suspended
    act.require(not suspended, "suspension", "a redemption that is not suspended", "a suspended one")


def check_decision(fold: Fold, act: Act, redemption: Redemption, role: int) -> None:
    """One officer of the role decides, in the programme's bureau, apart from the others (I12).

    A payer acts several times on one redemption; nobody else does.
    """
    officers = decide(fold, act, [role], bureau_id=redemption.voucher.programme.bureau_id)
    mine = signing(act, officers)
    if mine is None:
        return
    for other in redemption.signings:
        if role != signatures.PAYER or other.office != role:
            check_apart(act, mine, other)
    redemption.signings.append(mine)
