"""Clawbacks up to their determination: opened, notified, appealed, determined (rules I4, I16).

This module must not know how the money comes back (`recoveries`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ledger.domain import authority, checks
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.entities import Clawback, ClawbackState
from ledger.domain.events import (
    ClawbackAppealed,
    ClawbackDetermined,
    ClawbackNotified,
    ClawbackOpened,
)
from ledger.domain.journal import Account, Draft, Link, LinkKind, Premise, PremiseKind, Recorded, transfer
from ledger.domain.redemptions import Facts, add_redeemed, entitlement_today_fen, voucher_premises
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.transitions import CLAWBACK_MOVES, REDEMPTION_MOVES, check_move
from ledger.domain.vocabulary import ClawbackCause, Role
from ledger.domain.vouchers import contract_links

if TYPE_CHECKING:
    from ledger.domain.entities import Redemption
    from ledger.domain.state import State
    from ledger.domain.statements import (
        ClawbackAppeal,
        ClawbackDetermination,
        ClawbackNotice,
        ClawbackOpening,
    )

    Decision = tuple[Draft, ...] | Rejection


def _entitled_fen(state: State, redemption: Redemption, facts: Facts, cause: ClawbackCause) -> int:
    """What the redemption is worth on the facts of this day, fen; an award that was got by fraud nothing."""
    if cause == ClawbackCause.FRAUD and state.vouchers[redemption.voucher_id].award:
        return 0
    return entitlement_today_fen(state, redemption, facts)


def determinable_fen(state: State, redemption: Redemption, facts: Facts, cause: ClawbackCause) -> int:
    """What would have to be paid back for this cause on the facts of this day, fen."""
    paid_fen = redemption.amount_fen - redemption.clawed_back_fen
    return max(0, paid_fen - _entitled_fen(state, redemption, facts, cause))


def decide_opening(state: State, command: Command[ClawbackOpening]) -> Decision:
    """Open a clawback of a redemption that is fully paid and has no other one open."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_subject_shape(statement.subject)
    checks.check_id(statement.clawback_id, "clawback_id")
    redemption = state.redemptions.get(statement.redemption_id)
    if redemption is None:
        return missing("the redemption")
    voucher = state.vouchers[redemption.voucher_id]
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.CLERK, basis=statement.basis)
    authority.check_bureau(refusals, statement.basis, state.programmes[voucher.programme_id].bureau_id)
    index = redemption.subject_index
    check_move(
        refusals, REDEMPTION_MOVES, "clawback-opening", what="redemption", state=redemption.state, index=index
    )
    if redemption.open_clawback:
        refusals.add(Reason.STATE_CONFLICT, "a clawback of the redemption is open", index)
    authority.check_subject(
        refusals,
        statement.subject,
        index=index,
        leaf_hash=redemption.subject_hash,
        what="the redemption's second approval",
    )
    if statement.clawback_id in state.clawbacks:
        known = state.clawbacks[statement.clawback_id].index
        refusals.add(Reason.STATE_CONFLICT, "the clawback id is in use", known)
    if refusals.first:
        return refusals.first
    facts = Facts(state.claims, state.evidence)
    draft = Draft(
        payload=ClawbackOpened(entitlement_fen=_entitled_fen(state, redemption, facts, statement.cause)),
        stream_id=f"clawback/{statement.clawback_id.hex()}",
        actor=authority.actor_of(command),
        premises=(
            *authority.key_premises(command.keys),
            Premise(PremiseKind.REDEMPTION, redemption.index),
            *voucher_premises(state, voucher),
        ),
        links=(
            state.link(LinkKind.CLAWBACK, statement.clawback_id),
            state.link(LinkKind.REDEMPTION, redemption.redemption_id),
        ),
    )
    return (draft,)


def evolve_clawback_opened(state: State, recorded: Recorded) -> None:
    """Fold an opening: the beneficiary's other vouchers are held from here on."""
    statement: ClawbackOpening = recorded.statement
    redemption = state.redemptions[statement.redemption_id]
    voucher = state.vouchers[redemption.voucher_id]
    beneficiary_id = voucher.beneficiary_id
    state.clawbacks[statement.clawback_id] = Clawback(
        clawback_id=statement.clawback_id,
        redemption_id=redemption.redemption_id,
        voucher_id=voucher.voucher_id,
        beneficiary_id=beneficiary_id,
        cause=statement.cause,
        index=recorded.index,
        subject_index=recorded.index,
        subject_hash=recorded.leaf_hash,
    )
    state.redemptions[redemption.redemption_id] = replace(redemption, open_clawback=True)
    clawed = state.clawed_vouchers.get(beneficiary_id) or ()
    state.clawed_vouchers[beneficiary_id] = (*clawed, voucher.voucher_id)


def end_clawback(state: State, clawback: Clawback) -> None:
    """Fold the end of a clawback: it holds nothing any more."""
    redemption = state.redemptions[clawback.redemption_id]
    state.redemptions[clawback.redemption_id] = replace(redemption, open_clawback=False)
    clawed = list(state.clawed_vouchers.get(clawback.beneficiary_id) or ())
    clawed.remove(clawback.voucher_id)
    state.clawed_vouchers[clawback.beneficiary_id] = tuple(clawed)


def check_clawback(
    refusals: Refusals, state: State, command: Command[Any], clawback: Clawback, act: str
) -> None:
    """The act fits the clawback's state and has the right subject; an officer's is of its bureau."""
    statement = command.statement
    voucher = state.vouchers[clawback.voucher_id]
    if hasattr(statement, "basis"):
        authority.check_bureau(refusals, statement.basis, state.programmes[voucher.programme_id].bureau_id)
    check_move(
        refusals, CLAWBACK_MOVES, act, what="clawback", state=clawback.state, index=clawback.subject_index
    )
    authority.check_subject(
        refusals,
        statement.subject,
        index=clawback.subject_index,
        leaf_hash=clawback.subject_hash,
        what="the clawback's newest leaf, or its determination",
    )


def clawback_draft(
    state: State, command: Command[Any], clawback: Clawback, payload: object, links: tuple[Link, ...] = ()
) -> Draft:
    """The event of an act on a clawback."""
    return Draft(
        payload=payload,
        stream_id=f"clawback/{clawback.clawback_id.hex()}",
        actor=authority.actor_of(command),
        premises=(*authority.key_premises(command.keys), Premise(PremiseKind.CLAWBACK, clawback.index)),
        links=(state.link(LinkKind.CLAWBACK, clawback.clawback_id), *links),
    )


def decide_notice(state: State, command: Command[ClawbackNotice]) -> Decision:
    """Record that the beneficiary was notified."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_subject_shape(statement.subject)
    checks.check_digest(statement.document_digest, "document_digest")
    clawback = state.clawbacks.get(statement.clawback_id)
    if clawback is None:
        return missing("the clawback")
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.CLERK, basis=statement.basis)
    check_clawback(refusals, state, command, clawback, "clawback-notice")
    return refusals.first or (clawback_draft(state, command, clawback, ClawbackNotified()),)


def decide_appeal(state: State, command: Command[ClawbackAppeal]) -> Decision:
    """Record the beneficiary's appeal."""
    statement = command.statement
    checks.check_subject_shape(statement.subject)
    checks.check_digest(statement.document_digest, "document_digest")
    clawback = state.clawbacks.get(statement.clawback_id)
    if clawback is None:
        return missing("the clawback")
    refusals = Refusals()
    authority.check_parties(refusals, command, clawback.beneficiary_id)
    check_clawback(refusals, state, command, clawback, "clawback-appeal")
    return refusals.first or (clawback_draft(state, command, clawback, ClawbackAppealed()),)


def _move(state: State, recorded: Recorded, target: ClawbackState, *, determined_fen: int = 0) -> Clawback:
    clawback = state.clawbacks[recorded.statement.clawback_id]
    after = replace(
        clawback,
        state=target,
        subject_index=recorded.index,
        subject_hash=recorded.leaf_hash,
        determined_fen=determined_fen,
    )
    state.clawbacks[clawback.clawback_id] = after
    return after


def evolve_clawback_notified(state: State, recorded: Recorded) -> None:
    """Fold a notice."""
    _move(state, recorded, ClawbackState.NOTIFIED)


def evolve_clawback_appealed(state: State, recorded: Recorded) -> None:
    """Fold an appeal."""
    _move(state, recorded, ClawbackState.APPEALED)


def decide_determination(state: State, command: Command[ClawbackDetermination]) -> Decision:
    """Determine what is to be paid back: what was paid less what the redemption is worth today."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_subject_shape(statement.subject)
    checks.check_amount(statement.amount_fen, "amount_fen", low=0)
    clawback = state.clawbacks.get(statement.clawback_id)
    if clawback is None:
        return missing("the clawback")
    redemption = state.redemptions[clawback.redemption_id]
    voucher = state.vouchers[clawback.voucher_id]
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.REVIEWER, basis=statement.basis)
    check_clawback(refusals, state, command, clawback, "clawback-determination")
    facts = Facts(state.claims, state.evidence)
    amount_fen = determinable_fen(state, redemption, facts, clawback.cause)
    if statement.amount_fen != amount_fen:
        refusals.add(
            Reason.STATE_CONFLICT, f"the amount to determine is {amount_fen} fen", clawback.subject_index
        )
    if refusals.first:
        return refusals.first
    payload = ClawbackDetermined(entitlement_fen=_entitled_fen(state, redemption, facts, clawback.cause))
    links: tuple[Link, ...] = (state.link(LinkKind.REDEMPTION, redemption.redemption_id),)
    if amount_fen:
        totals = state.programme_totals(voucher.programme_id)
        after = totals._replace(recoverable_fen=totals.recoverable_fen + amount_fen)
        programme_link = state.link(LinkKind.PROGRAMME, voucher.programme_id, after)
        links = (*links, programme_link, *contract_links(state, voucher.contract_id, -amount_fen))
    draft = clawback_draft(state, command, clawback, payload, links)
    premises = (Premise(PremiseKind.REDEMPTION, redemption.index), *voucher_premises(state, voucher))
    postings = transfer(
        voucher.programme_id,
        debit=Account.RECOVERABLE,
        credit=Account.RECOVERY_DUE,
        amount_fen=amount_fen,
    )
    return (replace(draft, premises=(*draft.premises, *premises), postings=postings),)


def evolve_clawback_determined(state: State, recorded: Recorded) -> None:
    """Fold a determination; one of 0 closes the clawback."""
    amount_fen = recorded.statement.amount_fen
    target = ClawbackState.DETERMINED if amount_fen else ClawbackState.CLOSED
    clawback = _move(state, recorded, target, determined_fen=amount_fen)
    redemption = state.redemptions[clawback.redemption_id]
    state.redemptions[redemption.redemption_id] = replace(
        redemption, clawed_back_fen=redemption.clawed_back_fen + amount_fen
    )
    add_redeemed(state, state.vouchers[clawback.voucher_id], -amount_fen)
    if not amount_fen:
        end_clawback(state, clawback)
