"""Rules of verifying and approving a redemption."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit import signatures
from ledger_audit.form import check_basis, check_subject
from ledger_audit.rules_redemption import compute, is_disputed, named_claims
from ledger_audit.rules_voucher import link_release, release
from ledger_audit.signatures import APPROVER, REVIEWER

if TYPE_CHECKING:
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act
    from ledger_audit.state import Redemption

APPROVALS = 2


def redemption_verified(fold: Fold, act: Act) -> None:
    """A reviewer confirms what the ledger computes again on this day, at most what was requested."""
    redemption = redemption_of(fold, act)
    check_decision(fold, act, redemption, REVIEWER)
    check_subject(act, index=redemption.index, leaf_hash=redemption.leaf_hash)
    act.require(
        redemption.verified is None, "verification", "a redemption that is only requested", "a verified one"
    )
    voucher, requested = redemption.voucher, redemption.amount
    position = voucher.redemptions.index(redemption)
    claims = named_claims(fold, redemption.request.claim_ids)
    counting = [claim for claim in claims if claim is not None and not is_disputed(fold, claim)]
    base, amount = compute(redemption, counting, earlier=voucher.redemptions[:position])
    verified = act.statement.amount_fen
    act.require(verified <= requested, "i10_amounts", f"at most {requested}", verified)
    act.require(verified == min(amount, requested), "i3_entitlement", min(amount, requested), verified)
    act.equal("i3_entitlement", base, act.event.redemption_verified.base_fen)
    act.require(verified > 0, "verification", "an amount above 0", verified)
    fallen = requested - verified
    redemption.base, redemption.amount = base, verified
    redemption.verified = (act.index, act.leaf_hash)
    act.premise(event_pb2.PREMISE_KIND_REDEMPTION, redemption.index)
    act.premise(event_pb2.PREMISE_KIND_VOUCHER, voucher.index)
    act.premise(event_pb2.PREMISE_KIND_CONTRACT, voucher.contract.index)
    act.premise(event_pb2.PREMISE_KIND_POLICY, voucher.policy.index)
    act.link(event_pb2.LINK_KIND_REDEMPTION, redemption.redemption_id, redemption)
    if fallen > 0:
        voucher.redeemed -= fallen
        voucher.contract.redeemed -= fallen
        if voucher.expired:
            release(voucher, fold, fallen)
        act.link(event_pb2.LINK_KIND_VOUCHER, voucher.voucher_id, voucher, voucher.totals())
        if voucher.expired:
            link_release(fold, act, voucher, fallen)
    del redemption.request.claim_ids[:]


def redemption_approved(fold: Fold, act: Act) -> None:
    """Two approvers approve the verified amount; the second approval obligates it."""
    redemption = redemption_of(fold, act)
    check_decision(fold, act, redemption, APPROVER)
    verified = redemption.verified
    if verified is None:
        act.fail("approval", "a verified redemption", "one that is not")
        verified = (redemption.index, redemption.leaf_hash)
    check_subject(act, index=verified[0], leaf_hash=verified[1])
    act.equal("i10_amounts", redemption.amount, act.statement.amount_fen)
    act.equal("approval", redemption.request.payee_commitment, act.statement.payee_commitment)
    count = len(redemption.approvals) + 1
    act.require(count <= APPROVALS, "approval", f"{APPROVALS} approvals", count)
    act.equal("approval", count, act.event.redemption_approved.approvals)
    act.premise(event_pb2.PREMISE_KIND_VERIFICATION, verified[0])
    act.link(event_pb2.LINK_KIND_REDEMPTION, redemption.redemption_id, redemption)
    redemption.approvals.append((act.index, act.leaf_hash))
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
    act.link(event_pb2.LINK_KIND_PROGRAMME, programme.programme_id, programme, programme.totals())
    act.move(programme.programme_id, event_pb2.ACCOUNT_OBLIGATED, event_pb2.ACCOUNT_ENCUMBERED, amount)


def redemption_of(fold: Fold, act: Act) -> Redemption:
    """The requested redemption; its absence ends the judgement."""
    redemption = fold.state.redemptions.get(act.statement.redemption_id)
    if redemption is None:
        raise act.missing("redemption", act.statement.redemption_id)
    act.stream = f"redemption/{redemption.redemption_id.hex()}"
    return redemption


def check_decision(fold: Fold, act: Act, redemption: Redemption, role: int) -> None:
    """One officer of the role decides, in the programme's bureau, apart from the others (I12).

    A payer acts several times on one redemption; nobody else does.
    """
    state = fold.state
    officers = signatures.require_officers(state, act, [role])
    check_basis(state, act, officers, role=role, bureau_id=redemption.voucher.programme.bureau_id)
    act.actor = act.first_owner
    key, officer = (act.keys[0], officers[0]) if act.keys else (None, None)
    if key is None or officer is None:
        return
    office = f"{signatures.ROLE_NAMES.get(role, role)}"
    for other, key_id, person in redemption.took_part:
        again = role == signatures.PAYER and other == office
        if not again and (key_id == key.key_id or person == officer.person):
            act.fail("i12_separation", f"another person than the {other}", key.key_id)
    redemption.took_part.append((office, key.key_id, officer.person))
