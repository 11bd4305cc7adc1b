"""What a redemption is worth: the computation that request, verification and clawback repeat.

It must not change any state or record a finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import clawback_pb2, programme_pb2, quantities_pb2
from ledger_audit.claim_frame import COUNTING
from ledger_audit.entitlement import ceiling, eligible_amount, entitlement
from ledger_audit.scratch import ACCEPTED, ClaimRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger_audit.dossiers import Redemption, Voucher
    from ledger_audit.fold import Fold


def is_disputed(fold: Fold, claim: ClaimRow) -> bool:
    """Whether the claim's key is revoked from its recording or earlier, and nobody settled it."""
    key = fold.state.keys_by_number[claim.key] if claim.key >= 0 else None
    return claim.state == ACCEPTED and key is not None and key.is_doubtful(claim.recorded_ms)


def counting(fold: Fold, claims: Iterable[ClaimRow | None]) -> list[ClaimRow]:
    """The claims that count: neither superseded, set aside nor disputed."""
    return [
        claim
        for claim in claims
        if claim is not None and claim.state in COUNTING and not is_disputed(fold, claim)
    ]


def compute(
    fold: Fold, redemption: Redemption, claims: Sequence[ClaimRow], *, earlier: Sequence[Redemption]
) -> tuple[int, int]:
    """Base and amount, fen, of these claims and the invoices that stand (format.md, section 4).

    The redemption may be in the state already or not; it is never counted as one of the others.
    """
    voucher = redemption.voucher
    contract, policy = voucher.contract, voucher.policy
    taken = redemption in voucher.redemptions
    own = redemption.amount if taken else 0
    left = voucher.unused + own
    if contract is None:
        return left, left
    amount = sum(claim.amount for claim in claims)
    base = min(
        eligible_amount(contract, policy) - sum(other.base for other in earlier),
        _standing_invoices(fold, redemption),
        redemption.payments,
        amount,
    )
    rooms = [entitlement(policy, startup=voucher.startup, base_fen=base, parts=_parts(claims)), left]
    stacking = ceiling(contract, policy, startup=voucher.startup)
    if stacking is not None:
        others = contract.redeemed - (own - redemption.clawed_back)
        rooms.append(stacking - others)
    return base, min(rooms)


def entitled_now(fold: Fold, redemption: Redemption, cause: int) -> int:
    """What a paid redemption is worth on this day, when it is claimed back for a cause."""
    if is_forfeit(redemption, cause):
        return 0
    claims = counting(fold, fold.scratch.claims_of(redemption.number))
    _, amount = worth(fold, redemption, claims)
    return amount


def is_forfeit(redemption: Redemption, cause: int) -> bool:
    """An award that was got by fraud is worth nothing."""
    return redemption.voucher.contract is None and cause == clawback_pb2.CLAWBACK_CAUSE_FRAUD


def worth(fold: Fold, redemption: Redemption, claims: Sequence[ClaimRow]) -> tuple[int, int]:
    """Base and amount of a requested redemption on this day: 0 where a verification would refuse it."""
    voucher = redemption.voucher
    if voucher.contract is None:
        return redemption.base, redemption.amount
    if excludes(voucher):
        return 0, 0
    earlier = voucher.redemptions[: voucher.redemptions.index(redemption)]
    base, amount = compute(fold, redemption, claims, earlier=earlier)
    return (base, min(amount, redemption.amount)) if base > 0 and amount > 0 else (0, 0)


def spent(redemption: Redemption) -> int:
    """The payments that a new request and the voucher's redemptions before it name."""
    return redemption.payments + sum(other.payments for other in redemption.voucher.redemptions)


def excludes(voucher: Voucher) -> bool:
    """Whether outside support rules the voucher out (EXCLUSIVE)."""
    contract = voucher.contract
    exclusive = voucher.policy.parameters.stacking == programme_pb2.STACKING_EXCLUSIVE
    return exclusive and contract is not None and contract.outside_support != 0


def _standing_invoices(fold: Fold, redemption: Redemption) -> int:
    """The amounts of the invoices named that are not cancelled."""
    total = 0
    for use in redemption.request.invoices:
        evidence = fold.scratch.evidence(use.fingerprint)
        if evidence is None or not evidence.cancelled:
            total += use.amount_fen
    return total


def _parts(claims: Sequence[ClaimRow]) -> list[tuple[int, int]]:
    """The claims' amounts by device origin; service claims have none."""
    domestic = sum(claim.domestic for claim in claims)
    foreign = sum(claim.foreign for claim in claims)
    rest = sum(claim.amount for claim in claims if not claim.service) - domestic - foreign
    parts = (
        (quantities_pb2.ORIGIN_DOMESTIC, domestic),
        (quantities_pb2.ORIGIN_FOREIGN, foreign),
        (quantities_pb2.ORIGIN_UNSPECIFIED, rest),
    )
    return [(int(origin), part) for origin, part in parts if part]
