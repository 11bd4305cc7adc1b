"""From the claim to the clawback under another policy: what counts, what it comes to, what is paid.

Claims, evidence and percentages are those of the record; the computation is the auditor's own. It must not
grant or release anything but what a verification gives back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import claim_pb2, errors_pb2
from ledger_audit.claim_frame import intervals_of
from ledger_audit.dossiers import Clawback, Redemption
from ledger_audit.entitlement import ceiling
from ledger_audit.recompute import compute, counting, excludes, is_forfeit, spent, worth
from ledger_audit.vouchers import release
from ledger_audit.whatif_shadow import REDEMPTION, Zero

if TYPE_CHECKING:
    from ledger_audit.dossiers import Voucher
    from ledger_audit.fold import Fold
    from ledger_audit.scratch import ClaimRow
    from ledger_audit.watch import Seen
    from ledger_audit.whatif_shadow import Reason, Shadow

_EXCLUSIVE = errors_pb2.REJECTION_REASON_STACKING_EXCLUSIVE
_FACE_EXCEEDED = errors_pb2.REJECTION_REASON_FACE_EXCEEDED


def claimed(shadow: Shadow, fold: Fold, seen: Seen) -> None:
    """An accepted claim: whether it would have been, by vendor and validity, is decided anew."""
    said = seen.statement
    voucher, recorded = (state.vouchers.get(said.voucher_id) for state in (shadow.state, fold.state))
    if voucher is None or recorded is None or shadow.keeps(recorded.programme):
        return
    reason = _unacceptable(said, voucher, recorded)
    if reason is not None:
        shadow.unaccepted.add(seen.index)
        shadow.unaccepted_counts[reason] += 1


def requested(shadow: Shadow, fold: Fold, seen: Seen) -> None:
    """A redemption is computed anew; what comes to nothing is as if it had been refused."""
    recorded = fold.state.redemptions.get(seen.statement.redemption_id)
    if recorded is None or recorded.index != seen.index:
        return
    voucher = shadow.state.vouchers.get(recorded.voucher.voucher_id)
    if voucher is None:
        reason = shadow.reasons.get(recorded.voucher.voucher_id)
        if reason is not None:
            _give_nothing(shadow, seen, recorded, reason)
        return
    names = (recorded.redemption_id, recorded.number, voucher, seen.index, seen.leaf_hash, recorded.request)
    redemption = Redemption(*names, recorded.base, recorded.amount, recorded.payments)
    if not shadow.keeps(recorded.voucher.programme):
        claims = _claims(shadow, fold, redemption)
        base, amount = compute(fold, redemption, claims, earlier=voucher.redemptions)
        reason = _refusal(voucher, redemption, amount)
        if reason is not None:
            _give_nothing(shadow, seen, recorded, reason)
            return
        redemption.base, redemption.amount = base, amount
    _redeem(voucher, redemption.amount)
    shadow.state.redemptions[recorded.redemption_id] = redemption
    voucher.redemptions.append(redemption)


def verified(shadow: Shadow, fold: Fold, seen: Seen) -> None:
    """The same again with what stands then; what falls is the voucher's again, or free where that ended."""
    redemption, recorded = _both(shadow, fold, seen)
    if redemption is None or recorded is None:
        return
    voucher, requested_amount = redemption.voucher, redemption.amount
    base, amount = recorded.base, recorded.amount
    if not shadow.keeps(recorded.voucher.programme):
        base, amount = worth(fold, redemption, _claims(shadow, fold, redemption))
    redemption.base, redemption.amount = base, amount
    fallen = requested_amount - amount
    _redeem(voucher, -fallen)
    if fallen and not voucher.active:
        release(shadow.state, voucher, fallen)
    if amount <= 0:
        _give_nothing(shadow, seen, recorded, _EXCLUSIVE if excludes(voucher) else _FACE_EXCEEDED)


def paid(shadow: Shadow, fold: Fold, seen: Seen) -> None:
    """An instalment is paid when it is in the record, with its percentage of the amount here."""
    redemption, _ = _both(shadow, fold, seen)
    if redemption is None or redemption.is_paid:
        return
    amount = redemption.instalments[redemption.instalments_paid]
    redemption.instalments_paid += 1
    redemption.paid += amount
    redemption.voucher.paid += amount


def determined(shadow: Shadow, fold: Fold, seen: Seen) -> None:
    """A clawback is computed anew on the day on which the record determines it."""
    recorded = fold.state.clawbacks.get(seen.statement.clawback_id)
    if recorded is None:
        return
    redemption = shadow.state.redemptions.get(recorded.redemption.redemption_id)
    if redemption is None:
        return
    amount = recorded.determined
    if not shadow.keeps(recorded.redemption.voucher.programme):
        entitled = 0
        if not is_forfeit(redemption, recorded.cause):
            _, entitled = worth(fold, redemption, _claims(shadow, fold, redemption))
        amount = max(0, redemption.paid - redemption.clawed_back - entitled)
    leaf = (seen.index, seen.leaf_hash)
    clawback = Clawback(recorded.clawback_id, seen.index, redemption, recorded.cause, leaf, determined=amount)
    redemption.clawbacks.append(clawback)
    contract = redemption.voucher.contract
    if contract is not None:
        contract.public_money -= amount
        contract.redeemed -= amount


def _both(shadow: Shadow, fold: Fold, seen: Seen) -> tuple[Redemption | None, Redemption | None]:
    """The redemption here and in the record."""
    redemption_id = seen.statement.redemption_id
    return shadow.state.redemptions.get(redemption_id), fold.state.redemptions.get(redemption_id)


def _claims(shadow: Shadow, fold: Fold, redemption: Redemption) -> list[ClaimRow]:
    """The claims that count now and would have been accepted."""
    claims = counting(fold, fold.scratch.claims_of(redemption.number))
    return [claim for claim in claims if claim.index not in shadow.unaccepted]


def _unacceptable(said: claim_pb2.UsageAttestation, voucher: Voucher, recorded: Voucher) -> Reason | None:
    """Usage on a vendor that is not allowed, or outside a validity that is narrower than the recorded one."""
    vendors = voucher.allowed_vendors
    if vendors and any(model.vendor not in vendors for model in getattr(said, "models", ())):
        return errors_pb2.REJECTION_REASON_VENDOR_NOT_ALLOWED
    if voucher.lo_ms > recorded.lo_ms or voucher.hi_ms < recorded.hi_ms:
        spans = intervals_of(said)
        if any(start_ms < voucher.lo_ms or end_ms > voucher.hi_ms for start_ms, end_ms in spans):
            return errors_pb2.REJECTION_REASON_OUTSIDE_VALIDITY
    return None


def _refusal(voucher: Voucher, redemption: Redemption, amount: int) -> Reason | None:
    """Why a request would have been refused, the first reason in the ledger's order."""
    contract, policy = voucher.contract, voucher.policy
    if contract is not None:
        if spent(redemption) < policy.parameters.min_spend_fen:
            return errors_pb2.REJECTION_REASON_MIN_SPEND
        if excludes(voucher):
            return _EXCLUSIVE
        room = ceiling(contract, policy, startup=voucher.startup)
        if room is not None and room <= contract.redeemed:
            return errors_pb2.REJECTION_REASON_STACKING_CEILING
    return _FACE_EXCEEDED if amount <= 0 else None


def _redeem(voucher: Voucher, amount: int) -> None:
    voucher.redeemed += amount
    if voucher.contract is not None:
        voucher.contract.redeemed += amount


def _give_nothing(shadow: Shadow, seen: Seen, recorded: Redemption, reason: Reason) -> None:
    voucher = recorded.voucher
    programme_id, beneficiary_id = voucher.programme.programme_id, voucher.beneficiary_id
    names = (seen.index, REDEMPTION, recorded.redemption_id, programme_id, beneficiary_id)
    shadow.zeros.append(Zero(*names, reason, recorded.amount))
