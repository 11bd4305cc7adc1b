"""Decisions on redemptions: a reviewer verifies, two approvers obligate the money (rules I10, I12).

This module must not know how an amount comes about or how it leaves the treasury (`payments`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ledger.domain import authority, checks
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.disputes import check_not_suspended
from ledger.domain.entities import Redemption, RedemptionState, Signing, VoucherState
from ledger.domain.events import RedemptionApproved, RedemptionVerified
from ledger.domain.holds import check_not_held
from ledger.domain.journal import (
    Account,
    Draft,
    Link,
    LinkKind,
    Posting,
    Premise,
    PremiseKind,
    Recorded,
    transfer,
)
from ledger.domain.redemptions import Facts, add_redeemed, recompute, voucher_premises
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.transitions import REDEMPTION_MOVES, check_move
from ledger.domain.vocabulary import Role
from ledger.domain.vouchers import release

if TYPE_CHECKING:
    from ledger.domain.entities import Officer, Voucher
    from ledger.domain.state import State
    from ledger.domain.statements import (
        DecisionBasis,
        RedemptionApproval,
        RedemptionVerification,
    )

    Decision = tuple[Draft, ...] | Rejection


_OWN_SIGNATURES = {Role.REVIEWER: slice(0, 1), Role.APPROVER: slice(0, 0), Role.PAYER: slice(3, None)}
_HELD_BACK = ("redemption-verification", "redemption-approval", "payment-order")


def check_decision(
    refusals: Refusals, state: State, command: Command[Any], redemption: Redemption, act: str, role: Role
) -> None:
    """Role, bureau, person, state and subject of a decision on a redemption (rule I12).

    A held voucher or a suspension keeps back everything up to the order, but records what a bank did.
    """
    basis: DecisionBasis = command.statement.basis
    voucher = state.vouchers[redemption.voucher_id]
    officers = authority.check_officers(refusals, state, command, role, basis=basis)
    authority.check_bureau(refusals, basis, state.programmes[voucher.programme_id].bureau_id)
    if act in _HELD_BACK:
        check_not_held(refusals, state, voucher)
        check_not_suspended(refusals, state, redemption)
    _check_separation(refusals, command, redemption, officers, role)
    check_move(
        refusals,
        REDEMPTION_MOVES,
        act,
        what="redemption",
        state=redemption.state,
        index=redemption.subject_index,
    )
    authority.check_subject(
        refusals,
        command.statement.subject,
        index=redemption.subject_index,
        leaf_hash=redemption.subject_hash,
        what="the redemption's newest leaf",
    )


def _check_separation(
    refusals: Refusals,
    command: Command[Any],
    redemption: Redemption,
    officers: tuple[Officer, ...],
    role: Role,
) -> None:
    """Nobody signs in two offices, and the two approvers are two; a reviewer or payer may sign again."""
    key = command.keys[0] if command.keys else None
    own = redemption.decided_by[_OWN_SIGNATURES[role]]
    for other in redemption.decided_by:
        same = any(officer.person_tag == other.person_tag for officer in officers)
        if other not in own and (same or (key is not None and key.key_id == other.key_id)):
            refusals.add(Reason.SEPARATION_OF_DUTY, "this person has signed for the redemption already")


def signer_of(state: State, recorded: Recorded) -> Signing:
    """The signature of the officer who made a decision."""
    key_id = recorded.statement.header.key_ids[0]
    tag = state.officers[state.keys[key_id].owner_id].person_tag
    return Signing(key_id, tag, recorded.recorded_ms)


def decide_verification(state: State, command: Command[RedemptionVerification]) -> Decision:
    """Verify a redemption at the amount that the ledger recomputes on this day."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_subject_shape(statement.subject)
    redemption = state.redemptions.get(statement.redemption_id)
    if redemption is None:
        return missing("the redemption")
    voucher = state.vouchers[redemption.voucher_id]
    refusals = Refusals()
    check_decision(refusals, state, command, redemption, "redemption-verification", Role.REVIEWER)
    if redemption.state != RedemptionState.REQUESTED:
        return refusals.first or missing("the request")
    worth = recompute(state, redemption, Facts(state.claims, state.evidence))
    for reason, message in worth.refusals:
        refusals.add(reason, message, voucher.index)
    base_fen, amount_fen = worth.base_fen, worth.amount_fen
    if statement.amount_fen != amount_fen:
        refusals.add(Reason.STATE_CONFLICT, f"the amount to verify is {amount_fen} fen", redemption.index)
    if refusals.first:
        return refusals.first
    links, postings = _verification_effects(state, voucher, redemption, amount_fen)
    draft = Draft(
        payload=RedemptionVerified(base_fen=base_fen),
        stream_id=f"redemption/{redemption.redemption_id.hex()}",
        actor=authority.actor_of(command),
        premises=(
            *authority.key_premises(command.keys),
            Premise(PremiseKind.REDEMPTION, redemption.index),
            *voucher_premises(state, voucher),
        ),
        links=(state.link(LinkKind.REDEMPTION, redemption.redemption_id), *links),
        postings=postings,
    )
    return (draft,)


def _verification_effects(
    state: State, voucher: Voucher, redemption: Redemption, amount_fen: int
) -> tuple[tuple[Link, ...], tuple[Posting, ...]]:
    fallen_fen = redemption.amount_fen - amount_fen
    if fallen_fen == 0:
        return (), ()
    totals = state.voucher_totals(voucher.voucher_id)
    after = totals._replace(redeemed_fen=totals.redeemed_fen - fallen_fen)
    if voucher.state not in (VoucherState.EXPIRED, VoucherState.REVOKED):
        return (state.link(LinkKind.VOUCHER, voucher.voucher_id, after),), ()
    after = after._replace(released_fen=after.released_fen + fallen_fen)
    links, postings = release(state, voucher, fallen_fen)
    return (state.link(LinkKind.VOUCHER, voucher.voucher_id, after), *links), postings


def evolve_redemption_verified(state: State, recorded: Recorded) -> None:
    """Fold a verification; base and amount take the recomputed values."""
    statement: RedemptionVerification = recorded.statement
    redemption = state.redemptions[statement.redemption_id]
    voucher = state.vouchers[redemption.voucher_id]
    add_redeemed(state, voucher, statement.amount_fen - redemption.amount_fen)
    state.redemptions[redemption.redemption_id] = replace(
        redemption,
        base_fen=recorded.payload.base_fen,
        amount_fen=statement.amount_fen,
        state=RedemptionState.VERIFIED,
        subject_index=recorded.index,
        subject_hash=recorded.leaf_hash,
        verification_index=recorded.index,
        decided_by=(signer_of(state, recorded),),
    )


def decide_approval(state: State, command: Command[RedemptionApproval]) -> Decision:
    """Approve a verified redemption; the second approver's signature obligates the money."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_subject_shape(statement.subject)
    redemption = state.redemptions.get(statement.redemption_id)
    if redemption is None:
        return missing("the redemption")
    voucher = state.vouchers[redemption.voucher_id]
    refusals = Refusals()
    check_decision(refusals, state, command, redemption, "redemption-approval", Role.APPROVER)
    if (
        statement.amount_fen != redemption.amount_fen
        or statement.payee_commitment != redemption.payee_commitment
    ):
        refusals.add(
            Reason.STATE_CONFLICT, "amount or payee is not the redemption's", redemption.subject_index
        )
    if refusals.first:
        return refusals.first
    first_index = redemption.first_approval_index
    links = [state.link(LinkKind.REDEMPTION, redemption.redemption_id)]
    premises = [Premise(PremiseKind.VERIFICATION, redemption.verification_index or 0)]
    postings: tuple[Posting, ...] = ()
    if first_index is not None:
        totals = state.programme_totals(voucher.programme_id)
        after = totals._replace(
            encumbered_fen=totals.encumbered_fen - redemption.amount_fen,
            obligated_fen=totals.obligated_fen + redemption.amount_fen,
        )
        links.append(state.link(LinkKind.PROGRAMME, voucher.programme_id, after))
        premises.append(Premise(PremiseKind.APPROVAL, first_index))
        postings = transfer(
            voucher.programme_id,
            debit=Account.OBLIGATED,
            credit=Account.ENCUMBERED,
            amount_fen=redemption.amount_fen,
        )
    draft = Draft(
        payload=RedemptionApproved(approvals=1 if first_index is None else 2),
        stream_id=f"redemption/{redemption.redemption_id.hex()}",
        actor=authority.actor_of(command),
        premises=(*authority.key_premises(command.keys), *premises),
        links=tuple(links),
        postings=postings,
        completes=() if first_index is None else (first_index,),
    )
    return (draft,)


def evolve_redemption_approved(state: State, recorded: Recorded) -> None:
    """Fold an approval; until the second one the subject stays the verification's leaf."""
    redemption = state.redemptions[recorded.statement.redemption_id]
    decided_by = (*redemption.decided_by, signer_of(state, recorded))
    if recorded.payload.approvals == 1:
        after = replace(
            redemption,
            state=RedemptionState.APPROVED_ONCE,
            first_approval_index=recorded.index,
            decided_by=decided_by,
        )
    else:
        after = replace(
            redemption,
            state=RedemptionState.APPROVED,
            second_approval_index=recorded.index,
            second_approval_hash=recorded.leaf_hash,
            subject_index=recorded.index,
            subject_hash=recorded.leaf_hash,
            decided_by=decided_by,
        )
    state.redemptions[redemption.redemption_id] = after
