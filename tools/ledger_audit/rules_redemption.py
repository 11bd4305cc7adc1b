"""Rules of requesting a redemption."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.claim_frame import COUNTING
from ledger_audit.decisions import by_party
from ledger_audit.dossiers import Redemption, Voucher
from ledger_audit.money import BP
from ledger_audit.recompute import compute, counting, excludes, is_disputed, spent
from ledger_audit.rules_contract import premise_contract
from ledger_audit.rules_evidence import INVOICE, PAYMENT
from ledger_audit.vouchers import link_voucher, require_active, require_not_held, voucher_of

if TYPE_CHECKING:
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act
    from ledger_audit.scratch import ClaimRow

MAX_CLAIMS, MAX_INSTALMENTS = 500, 12


def redemption_requested(fold: Fold, act: Act) -> None:
    """The voucher's beneficiary redeems claims with invoices and payments, or an award."""
    state, request = fold.state, act.statement
    voucher = voucher_of(fold, act, request.voucher_id)
    by_party(fold, act, voucher.beneficiary_id)
    require_active(act, "redemption", voucher)
    require_not_held(fold, act, voucher)
    known = request.redemption_id in state.redemptions
    act.require(not known, "redemption", "a new id", request.redemption_id)
    _check_shape(act, voucher)
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
    premise_voucher(act, voucher)
    act.link(event_pb2.LINK_KIND_REDEMPTION, request.redemption_id, redemption)
    claims = named_claims(fold, redemption)
    base, amount = compute(fold, redemption, counting(fold, claims), earlier=voucher.redemptions)
    act.equal("i3_entitlement", (base, amount), (event.base_fen, event.amount_fen))
    act.require(event.amount_fen > 0, "redemption", "an amount above 0", event.amount_fen)
    _check_spend(act, redemption)
    voucher.redeemed += event.amount_fen
    if voucher.contract is not None:
        voucher.contract.redeemed += event.amount_fen
    act.require(voucher.unused >= 0, "i10_amounts", f"at most the face {voucher.face}", voucher.redeemed)
    link_voucher(act, voucher)
    for claim_id, claim in zip(request.claim_ids, claims, strict=True):
        _take_claim(fold, act, redemption, claim_id, claim)
    for kind, uses in ((INVOICE, request.invoices), (PAYMENT, request.payments)):
        for use in uses:
            _consume(fold, act, voucher, kind, use.fingerprint, use.amount_fen)
    state.redemptions[request.redemption_id] = redemption
    voucher.redemptions.append(redemption)
    act.stream = f"redemption/{request.redemption_id.hex()}"


def named_claims(fold: Fold, redemption: Redemption) -> list[ClaimRow | None]:
    """The accepted claims that the request names, None where there is none."""
    return [fold.scratch.claim(claim_id) for claim_id in redemption.request.claim_ids]


def premise_voucher(act: Act, voucher: Voucher) -> None:
    """Expect voucher, contract and the frozen policy as premises."""
    act.premise(event_pb2.PREMISE_KIND_VOUCHER, voucher.index)
    premise_contract(act, voucher.contract)
    act.premise(event_pb2.PREMISE_KIND_POLICY, voucher.policy.index)


def _check_shape(act: Act, voucher: Voucher) -> None:
    request = act.statement
    claims = list(request.claim_ids)
    if voucher.contract is None:
        named = len(claims) + len(request.invoices) + len(request.payments)
        act.require(not named, "redemption", "no claims and no evidence of an award", named)
    else:
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
    if voucher.contract is None:
        return
    least = voucher.policy.parameters.min_spend_fen
    paid = spent(redemption)
    act.require(paid >= least, "redemption", f"payments of {least}", paid)
    act.require(not excludes(voucher), "i4_stacking", "no outside support", voucher.contract.outside_support)


def _take_claim(
    fold: Fold, act: Act, redemption: Redemption, claim_id: bytes, claim: ClaimRow | None
) -> None:
    if claim is None:
        act.fail("redemption", "an accepted claim", claim_id)
        act.links.append((event_pb2.LINK_KIND_CLAIM, claim_id, None, None, ()))
        return
    name = claim_id.hex()
    act.require(claim.voucher == redemption.voucher.number, "redemption", "a claim of this voucher", name)
    stands = claim.state in COUNTING
    act.require(stands, "redemption", "a claim that is neither superseded nor set aside", name)
    act.require(claim.redemption is None, "redemption", "a claim in no other redemption", name)
    act.require(not is_disputed(fold, claim), "redemption", "a claim that is not disputed", name)
    act.link(event_pb2.LINK_KIND_CLAIM, claim_id, claim)
    claim.redemption = redemption.number
    fold.scratch.update_claim(claim)


def _consume(fold: Fold, act: Act, voucher: Voucher, kind: int, fingerprint: bytes, amount: int) -> None:
    """Consume evidence at most up to its amount, ledger-wide (I5)."""
    evidence = fold.scratch.evidence(fingerprint)
    if evidence is None or evidence.kind != kind:
        act.fail("references", "registered evidence", fingerprint)
        act.links.append((kind, fingerprint, None, None, (amount,)))
        return
    same = voucher.contract is not None and evidence.contract_id == voucher.contract.contract_id
    act.require(same, "i5_evidence", "evidence of the voucher's contract", fingerprint)
    act.require(not evidence.cancelled, "i5_evidence", "an invoice that is not cancelled", fingerprint)
    act.require(amount > 0, "i5_evidence", "an amount above 0", amount)
    evidence.consumed += amount
    act.require(
        evidence.consumed <= evidence.amount, "i5_evidence", f"at most {evidence.amount}", evidence.consumed
    )
    act.links.append((kind, fingerprint, None, evidence.last, (evidence.consumed,)))
    evidence.last = act.index
    fold.scratch.put_evidence(fingerprint, evidence)
