"""What a revoked key puts in doubt, and how the doubt ends (rules I12, I20).

Disputed and suspended are derived, never stored: a claim by the provider's key, a redemption by the keys of
the officers who signed for it. This module must not know amounts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.domain import authority, checks
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.entities import ClaimStatus, RedemptionState
from ledger.domain.events import ClaimsSetAside, Reconfirmed
from ledger.domain.journal import Draft, Link, LinkKind, Recorded
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.vocabulary import Role

if TYPE_CHECKING:
    from ledger.domain.entities import Claim, Redemption, Signing
    from ledger.domain.state import State
    from ledger.domain.statements import ClaimSettingAside, DecisionBasis, Reconfirmation

    Decision = tuple[Draft, ...] | Rejection

MAX_CLAIMS = 100
MAX_REDEMPTIONS = 20
COUNTING = (ClaimStatus.ACCEPTED, ClaimStatus.RECONFIRMED)


def is_disputed(state: State, claim: Claim) -> bool:
    """Whether an accepted claim's key is invalid since before the claim was recorded."""
    key = state.keys.get(claim.key_id)
    return (
        claim.status == ClaimStatus.ACCEPTED
        and key is not None
        and key.invalid_since_ms is not None
        and key.invalid_since_ms <= claim.recorded_ms
    )


def counts(state: State, claim: Claim) -> bool:
    """Whether a claim's amount counts: accepted and not disputed, or reconfirmed."""
    return claim.status in COUNTING and not is_disputed(state, claim)


def is_suspended(state: State, redemption: Redemption) -> bool:
    """Whether the key of an officer who signed for it is invalid since before that signature."""
    return any(_in_doubt(state, signing) for signing in redemption.decided_by)


def _in_doubt(state: State, signing: Signing) -> bool:
    since_ms = state.keys[signing.key_id].invalid_since_ms
    return not signing.cleared and since_ms is not None and since_ms <= signing.signed_ms


def check_not_suspended(refusals: Refusals, state: State, redemption: Redemption) -> None:
    """Note STATE_CONFLICT for a suspended redemption."""
    if is_suspended(state, redemption):
        text = "the redemption is suspended: an officer's key is revoked; allowed: reconfirmation"
        refusals.add(Reason.STATE_CONFLICT, text, redemption.subject_index)


def _check_claims(
    refusals: Refusals, state: State, basis: DecisionBasis, claims: list[Claim], *, free: bool
) -> None:
    for claim in claims:
        programme_id = state.vouchers[claim.voucher_id].programme_id
        authority.check_bureau(refusals, basis, state.programmes[programme_id].bureau_id)
        if not is_disputed(state, claim):
            refusals.add(Reason.STATE_CONFLICT, "a claim is not disputed", claim.last_index)
        if free and claim.redemption_id:
            refusals.add(Reason.STATE_CONFLICT, "a claim is in a redemption", claim.last_index)


def _check_ids(ids: tuple[bytes, ...], name: str, most: int) -> None:
    checks.expect(len(ids) <= most, f"{name}: at most {most}")
    checks.check_distinct(ids, name)


def _claim_links(claims: list[Claim]) -> tuple[Link, ...]:
    return tuple(Link(LinkKind.CLAIM, claim.claim_id, claim.last_index) for claim in claims)


def decide_reconfirmation(state: State, command: Command[Reconfirmation]) -> Decision:
    """Two approvers confirm disputed claims and suspended redemptions: they count again."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    _check_ids(statement.claim_ids, "claim_ids", MAX_CLAIMS)
    _check_ids(statement.redemption_ids, "redemption_ids", MAX_REDEMPTIONS)
    named = len(statement.claim_ids) + len(statement.redemption_ids)
    checks.expect(named > 0, "claim_ids, redemption_ids: at least one")
    claims = [state.claims.get(claim_id) for claim_id in statement.claim_ids]
    redemptions = [state.redemptions.get(redemption_id) for redemption_id in statement.redemption_ids]
    if None in claims or None in redemptions:
        return missing("a claim or redemption")
    known_claims = [claim for claim in claims if claim is not None]
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.APPROVER, Role.APPROVER, basis=statement.basis)
    _check_claims(refusals, state, statement.basis, known_claims, free=False)
    for redemption in redemptions:
        if redemption is not None:
            _check_redemption(refusals, state, statement.basis, redemption)
    if refusals.first:
        return refusals.first
    links = tuple(state.link(LinkKind.REDEMPTION, each) for each in statement.redemption_ids)
    return (_draft(command, Reconfirmed(), (*_claim_links(known_claims), *links)),)


def _check_redemption(refusals: Refusals, state: State, basis: DecisionBasis, redemption: Redemption) -> None:
    programme_id = state.vouchers[redemption.voucher_id].programme_id
    authority.check_bureau(refusals, basis, state.programmes[programme_id].bureau_id)
    if redemption.state == RedemptionState.PAID or not is_suspended(state, redemption):
        refusals.add(Reason.STATE_CONFLICT, "a redemption is paid or not suspended", redemption.subject_index)


def _draft(
    command: Command[Reconfirmation] | Command[ClaimSettingAside],
    payload: object,
    links: tuple[Link, ...],
) -> Draft:
    return Draft(
        payload=payload,
        stream_id=f"settlement/{command.statement.header.request_id.hex()}",
        actor=authority.actor_of(command),
        premises=authority.key_premises(command.keys),
        links=links,
    )


def evolve_reconfirmed(state: State, recorded: Recorded) -> None:
    """Fold a reconfirmation of redemptions: the signatures that are in doubt now stand from here on."""
    for redemption_id in recorded.statement.redemption_ids:
        redemption = state.redemptions[redemption_id]
        decided_by = tuple(
            signing._replace(cleared=True) if _in_doubt(state, signing) else signing
            for signing in redemption.decided_by
        )
        state.redemptions[redemption_id] = replace(redemption, decided_by=decided_by)


def decide_setting_aside(state: State, command: Command[ClaimSettingAside]) -> Decision:
    """Settle disputed claims that no redemption uses: they count nothing for good."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.expect(bool(statement.claim_ids), "claim_ids: at least one")
    _check_ids(statement.claim_ids, "claim_ids", MAX_CLAIMS)
    claims = [state.claims.get(claim_id) for claim_id in statement.claim_ids]
    if None in claims:
        return missing("a claim")
    known_claims = [claim for claim in claims if claim is not None]
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.CLERK, basis=statement.basis)
    _check_claims(refusals, state, statement.basis, known_claims, free=True)
    return refusals.first or (_draft(command, ClaimsSetAside(), _claim_links(known_claims)),)


def _record(state: State, recorded: Recorded, status: ClaimStatus) -> None:
    for claim_id in recorded.statement.claim_ids:
        row = state.claims[claim_id]
        state.claims[claim_id] = row._replace(status=status, last_index=recorded.index)


def record_reconfirmed(state: State, recorded: Recorded) -> None:
    """Write the rows of the claims that were reconfirmed."""
    _record(state, recorded, ClaimStatus.RECONFIRMED)


def record_set_aside(state: State, recorded: Recorded) -> None:
    """Write the rows of the claims that were set aside."""
    _record(state, recorded, ClaimStatus.SET_ASIDE)
