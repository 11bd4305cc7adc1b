"""Rules of requesting a redemption, and the computation that a verification repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2, programme_pb2, quantities_pb2
from ledger_audit import signatures
from ledger_audit.entitlement import ceiling, eligible_amount, entitlement
from ledger_audit.money import BP
from ledger_audit.scratch import ACCEPTED, ClaimRow
from ledger_audit.state import Redemption, Voucher

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act

MAX_CLAIMS, MAX_INSTALMENTS = 500, 12
_INVOICE, _PAYMENT = event_pb2.LINK_KIND_INVOICE, event_pb2.LINK_KIND_PAYMENT


def redemption_requested(fold: Fold, act: Act) -> None:
    """The voucher's beneficiary redeems claims with invoices and payments."""
    state, request = fold.state, act.statement
    voucher = state.vouchers.get(request.voucher_id)
    if voucher is None:
        raise act.missing("voucher", request.voucher_id)
    signatures.require_count(state, act, 1)
    signatures.require_party(state, act, 0, voucher.beneficiary_id)
    act.require(not voucher.expired, "redemption", "a voucher that is not expired", "an expired one")
    act.require(
        request.redemption_id not in state.redemptions, "redemption", "a new id", request.redemption_id
    )
    _check_shape(act)
    event = act.event.redemption_requested
    redemption = Redemption(
        request.redemption_id,
        len(state.redemptions),
        voucher,
        act.index,
        act.leaf_hash,
        request,
        event.base_fen,
        event.amount_fen,
        sum(use.amount_fen for use in request.payments),
    )
    act.premise(event_pb2.PREMISE_KIND_VOUCHER, voucher.index)
    act.premise(event_pb2.PREMISE_KIND_CONTRACT, voucher.contract.index)
    act.premise(event_pb2.PREMISE_KIND_POLICY, voucher.policy.index)
    act.link(event_pb2.LINK_KIND_REDEMPTION, request.redemption_id, redemption)
    claims = named_claims(fold, request.claim_ids)
    base, amount = compute(
        redemption, [claim for claim in claims if claim is not None], earlier=voucher.redemptions
    )
    act.equal("i3_entitlement", (base, amount), (event.base_fen, event.amount_fen))
    act.require(event.amount_fen > 0, "redemption", "an amount above 0", event.amount_fen)
    _check_spend(act, redemption)
    voucher.redeemed += event.amount_fen
    voucher.contract.redeemed += event.amount_fen
    act.require(voucher.unused >= 0, "i10_amounts", f"at most the face {voucher.face}", voucher.redeemed)
    act.link(event_pb2.LINK_KIND_VOUCHER, voucher.voucher_id, voucher, voucher.totals())
    for claim_id, claim in zip(request.claim_ids, claims, strict=True):
        _take_claim(fold, act, redemption, claim_id, claim)
    for kind, uses in ((_INVOICE, request.invoices), (_PAYMENT, request.payments)):
        for use in uses:
            _consume(fold, act, voucher, kind, use.fingerprint, use.amount_fen)
    state.redemptions[request.redemption_id] = redemption
    voucher.redemptions.append(redemption)
    act.actor = voucher.beneficiary_id
    act.stream = f"redemption/{request.redemption_id.hex()}"


def compute(
    redemption: Redemption, claims: Iterable[ClaimRow], *, earlier: Sequence[Redemption]
) -> tuple[int, int]:
    """Base and amount, fen, of the claims that count (docs/reference/format.md, section 4)."""
    voucher, request = redemption.voucher, redemption.request
    contract, policy = voucher.contract, voucher.policy
    amount = domestic = foreign = 0
    for claim in claims:
        amount += claim.amount
        domestic += claim.domestic
        foreign += claim.foreign
    base = min(
        eligible_amount(contract, policy) - sum(other.base for other in earlier),
        sum(use.amount_fen for use in request.invoices),
        redemption.payments,
        amount,
    )
    parts = [(quantities_pb2.ORIGIN_DOMESTIC, domestic), (quantities_pb2.ORIGIN_FOREIGN, foreign)]
    rest = amount - domestic - foreign
    if rest:
        parts.append((quantities_pb2.ORIGIN_UNSPECIFIED, rest))
    own = redemption.amount if redemption in voucher.redemptions else 0
    rooms = [
        entitlement(policy, startup=voucher.startup, base_fen=base, parts=parts),
        voucher.unused + own,
    ]
    stacking = ceiling(contract, policy, startup=voucher.startup)
    if stacking is not None:
        rooms.append(stacking - (contract.redeemed - own))
    return base, min(rooms)


def named_claims(fold: Fold, claim_ids: Iterable[bytes]) -> list[ClaimRow | None]:
    """The accepted claims of these ids, None where there is none."""
    return [fold.scratch.claim(claim_id) for claim_id in claim_ids]


def is_disputed(fold: Fold, claim: ClaimRow) -> bool:
    """Whether the claim's key is revoked from a time at or before the claim's recording."""
    key = fold.state.keys_by_number[claim.key] if claim.key >= 0 else None
    return key is not None and key.revoked and key.invalid_since_ms <= claim.recorded_ms


def _check_shape(act: Act) -> None:
    request = act.statement
    claims = list(request.claim_ids)
    good = 0 < len(claims) <= MAX_CLAIMS and len(set(claims)) == len(claims)
    act.require(good, "redemption", f"1 to {MAX_CLAIMS} different claims", len(claims))
    for uses in (request.invoices, request.payments):
        names = [use.fingerprint for use in uses]
        act.require(len(set(names)) == len(names), "i5_evidence", "evidence that is named once", "one twice")
    shares = list(request.instalments_bp)
    good = not shares or (len(shares) <= MAX_INSTALMENTS and sum(shares) == BP)
    act.require(good, "redemption", f"at most {MAX_INSTALMENTS} instalments that sum to {BP}", shares)


def _check_spend(act: Act, redemption: Redemption) -> None:
    """The beneficiary has spent enough; under EXCLUSIVE nobody else supports the contract."""
    voucher = redemption.voucher
    values = voucher.policy.parameters
    spent = redemption.payments + sum(other.payments for other in voucher.redemptions)
    act.require(spent >= values.min_spend_fen, "redemption", f"payments of {values.min_spend_fen}", spent)
    if values.stacking == programme_pb2.STACKING_EXCLUSIVE:
        act.equal("i4_stacking", 0, voucher.contract.outside_support)


def _take_claim(
    fold: Fold, act: Act, redemption: Redemption, claim_id: bytes, claim: ClaimRow | None
) -> None:
    if claim is None:
        act.fail("redemption", "an accepted claim", claim_id)
        act.links.append((event_pb2.LINK_KIND_CLAIM, claim_id, None, None, ()))
        return
    name = claim_id.hex()
    act.require(claim.voucher == redemption.voucher.number, "redemption", "a claim of this voucher", name)
    act.require(claim.state == ACCEPTED, "redemption", "a claim that is not superseded", name)
    act.require(claim.redemption is None, "redemption", "a claim in no other redemption", name)
    act.require(not is_disputed(fold, claim), "redemption", "a claim that is not disputed", name)
    act.link(event_pb2.LINK_KIND_CLAIM, claim_id, claim)
    claim.redemption = redemption.number
    fold.scratch.update_claim(claim)


def _consume(fold: Fold, act: Act, voucher: Voucher, kind: int, fingerprint: bytes, amount: int) -> None:
    """Consume evidence at most up to its amount, ledger-wide (I5)."""
    evidence = fold.scratch.evidence(kind, fingerprint)
    if evidence is None:
        act.fail("references", "registered evidence", fingerprint)
        act.links.append((kind, fingerprint, None, None, (amount,)))
        return
    same = evidence.contract_id == voucher.contract.contract_id
    act.require(same, "i5_evidence", "evidence of the voucher's contract", fingerprint)
    act.require(amount > 0, "i5_evidence", "an amount above 0", amount)
    evidence.consumed += amount
    act.require(
        evidence.consumed <= evidence.amount, "i5_evidence", f"at most {evidence.amount}", evidence.consumed
    )
    act.links.append((kind, fingerprint, None, evidence.last, (evidence.consumed,)))
    evidence.last = act.index
    fold.scratch.put_evidence(kind, fingerprint, evidence)
