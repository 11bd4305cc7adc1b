"""Rules of settling what a revoked key put in doubt: setting claims aside, and confirming again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.decisions import decide
from ledger_audit.recompute import is_disputed
from ledger_audit.scratch import RECONFIRMED, SET_ASIDE
from ledger_audit.signatures import APPROVER, CLERK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger_audit.dossiers import Redemption
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act
    from ledger_audit.scratch import ClaimRow

MAX_CLAIMS, MAX_REDEMPTIONS = 100, 20


def claims_set_aside(fold: Fold, act: Act) -> None:
    """A clerk settles disputed claims that no redemption named: they count nothing for good."""
    decide(fold, act, [CLERK])
    said = act.statement
    count = len(said.claim_ids)
    act.require(count > 0, "settlement", "at least one claim", count)
    for claim in _disputed(fold, act, said.claim_ids):
        act.require(claim.redemption is None, "settlement", "a claim in no redemption", claim.claim_id)
        _settle(fold, claim, SET_ASIDE)
    act.stream = f"settlement/{act.event.request_id.hex()}"


def reconfirmed(fold: Fold, act: Act) -> None:
    """Two approvers, different persons, confirm disputed claims and suspended redemptions again."""
    officers = decide(fold, act, [APPROVER, APPROVER])
    said = act.statement
    persons = {officer.person for officer in officers if officer is not None}
    act.require(len(persons) == len(officers), "i12_separation", "two persons", "one person twice")
    count = len(said.claim_ids) + len(said.redemption_ids)
    act.require(count > 0, "settlement", "at least one claim or redemption", count)
    for claim in _disputed(fold, act, said.claim_ids):
        _settle(fold, claim, RECONFIRMED)
    _different(act, said.redemption_ids, MAX_REDEMPTIONS)
    for redemption_id in said.redemption_ids:
        redemption = fold.state.redemptions.get(redemption_id)
        if redemption is None:
            raise act.missing("redemption", redemption_id)
        _confirm(act, redemption)
    act.stream = f"settlement/{act.event.request_id.hex()}"


def _disputed(fold: Fold, act: Act, claim_ids: Sequence[bytes]) -> list[ClaimRow]:
    """The claims named, each disputed and of the basis' bureau, with their links."""
    _different(act, claim_ids, MAX_CLAIMS)
    claims = []
    for claim_id in claim_ids:
        claim = fold.scratch.claim(claim_id)
        if claim is None:
            raise act.missing("accepted claim", claim_id)
        act.require(is_disputed(fold, claim), "settlement", "a disputed claim", claim_id)
        voucher = fold.state.vouchers_by_number[claim.voucher]
        act.equal("basis", voucher.programme.bureau_id, act.statement.basis.bureau_id)
        act.link(event_pb2.LINK_KIND_CLAIM, claim_id, claim)
        claims.append(claim)
    return claims


def _settle(fold: Fold, claim: ClaimRow, state: int) -> None:
    claim.state = state
    fold.scratch.update_claim(claim)


def _confirm(act: Act, redemption: Redemption) -> None:
    """Every signature that is in doubt is confirmed."""
    act.require(redemption.is_suspended, "settlement", "a suspended redemption", redemption.redemption_id)
    act.require(not redemption.is_paid, "settlement", "a redemption that is not fully paid", "a paid one")
    act.equal("basis", redemption.voucher.programme.bureau_id, act.statement.basis.bureau_id)
    for signing in redemption.signings:
        if signing.is_doubtful:
            signing.cleared = True
    act.link(event_pb2.LINK_KIND_REDEMPTION, redemption.redemption_id, redemption)


def _different(act: Act, ids: Sequence[bytes], most: int) -> None:
    good = len(ids) <= most and len(set(ids)) == len(ids)
    act.require(good, "settlement", f"at most {most} different ids", len(ids))
