"""Payment of approved redemptions: ordered, paid or failed, instalment by instalment (rules I10, I12).

This module must not know how an amount came about.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ledger.domain import authority, checks
from ledger.domain.approvals import check_decision, signer_of
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.days import start_ms
from ledger.domain.entities import Redemption, RedemptionState
from ledger.domain.events import PaymentConfirmed, PaymentFailed, PaymentOrdered
from ledger.domain.journal import Account, Draft, LinkKind, Premise, PremiseKind, Recorded, transfer
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.vocabulary import Role
from ledger.domain.vouchers import closing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.domain.state import State
    from ledger.domain.statements import PaymentConfirmation, PaymentFailure, PaymentOrder

    Decision = tuple[Draft, ...] | Rejection


def _check_shape(statement: PaymentOrder | PaymentConfirmation | PaymentFailure) -> None:
    checks.check_basis_shape(statement.basis)
    checks.check_subject_shape(statement.subject)
    checks.expect(statement.instalment >= 1, "instalment: from 1")


def decide_order(state: State, command: Command[PaymentOrder]) -> Decision:
    """Order the next unpaid instalment; an open order must be paid or fail first."""
    statement = command.statement
    _check_shape(statement)
    redemption = state.redemptions.get(statement.redemption_id)
    if redemption is None:
        return missing("the redemption")
    refusals = Refusals()
    check_decision(refusals, state, command, redemption, "payment-order", Role.PAYER)
    if redemption.state == RedemptionState.APPROVED:
        _check_order(refusals, statement, redemption)
    if refusals.first:
        return refusals.first
    draft = _draft(
        state,
        command,
        redemption,
        PaymentOrdered(),
        premises=(
            Premise(PremiseKind.VERIFICATION, redemption.verification_index or 0),
            Premise(PremiseKind.APPROVAL, redemption.second_approval_index or 0),
        ),
    )
    return (draft,)


def _check_order(refusals: Refusals, statement: PaymentOrder, redemption: Redemption) -> None:
    due = redemption.paid_count + 1
    expected = (
        due,
        redemption.attempt + 1,
        redemption.instalments_fen()[due - 1],
        redemption.payee_commitment,
    )
    stated = (statement.instalment, statement.attempt, statement.amount_fen, statement.payee_commitment)
    if stated != expected:
        text = f"due is instalment {due}, attempt {expected[1]}, {expected[2]} fen to the named payee"
        refusals.add(Reason.STATE_CONFLICT, text, redemption.subject_index)


def _draft(
    state: State,
    command: Command[Any],
    redemption: Redemption,
    payload: object,
    *,
    premises: tuple[Premise, ...],
) -> Draft:
    return Draft(
        payload=payload,
        stream_id=f"redemption/{redemption.redemption_id.hex()}",
        actor=authority.actor_of(command),
        premises=(*authority.key_premises(command.keys), *premises),
        links=(state.link(LinkKind.REDEMPTION, redemption.redemption_id),),
    )


def evolve_payment_ordered(state: State, recorded: Recorded) -> None:
    """Fold an order: it is open and becomes the subject of what follows."""
    redemption = state.redemptions[recorded.statement.redemption_id]
    state.redemptions[redemption.redemption_id] = replace(
        redemption,
        state=RedemptionState.ORDERED,
        attempt=redemption.attempt + 1,
        subject_index=recorded.index,
        subject_hash=recorded.leaf_hash,
        decided_by=(*redemption.decided_by, signer_of(state, recorded)),
    )


def decide_confirmation(state: State, command: Command[PaymentConfirmation]) -> Decision:
    """Record that the open order was paid: the instalment is disbursed."""
    statement = command.statement
    _check_shape(statement)
    checks.check_digest(statement.reference_fingerprint, "reference_fingerprint")
    checks.check_day(statement.paid_day, "paid_day")
    redemption = state.redemptions.get(statement.redemption_id)
    if redemption is None:
        return missing("the redemption")
    refusals = Refusals()
    amount_fen = _check_open_order(refusals, state, command, redemption, "payment-confirmation")
    if statement.amount_fen != amount_fen:
        refusals.add(Reason.STATE_CONFLICT, "the amount is not the order's", redemption.subject_index)
    if refusals.first:
        return refusals.first
    voucher = state.vouchers[redemption.voucher_id]
    programme = state.programme_totals(voucher.programme_id)
    programme = programme._replace(
        obligated_fen=programme.obligated_fen - amount_fen, disbursed_fen=programme.disbursed_fen + amount_fen
    )
    totals = state.voucher_totals(voucher.voucher_id)
    totals = totals._replace(paid_fen=totals.paid_fen + amount_fen)
    order = Premise(PremiseKind.ORDER, redemption.subject_index)
    draft = _draft(state, command, redemption, PaymentConfirmed(), premises=(order,))
    return (
        replace(
            draft,
            links=(
                *draft.links,
                state.link(LinkKind.PROGRAMME, voucher.programme_id, programme),
                state.link(LinkKind.VOUCHER, voucher.voucher_id, totals),
            ),
            postings=transfer(
                voucher.programme_id, debit=Account.DISBURSED, credit=Account.OBLIGATED, amount_fen=amount_fen
            ),
            effective_ms=start_ms(statement.paid_day),
        ),
    )


def _check_open_order(
    refusals: Refusals,
    state: State,
    command: Command[PaymentConfirmation] | Command[PaymentFailure],
    redemption: Redemption,
    act: str,
) -> int:
    check_decision(refusals, state, command, redemption, act, Role.PAYER)
    due = redemption.paid_count + 1
    if redemption.state != RedemptionState.ORDERED or command.statement.instalment != due:
        refusals.add(Reason.STATE_CONFLICT, "no order of that instalment is open", redemption.subject_index)
        return -1
    return redemption.instalments_fen()[due - 1]


def evolve_payment_confirmed(state: State, recorded: Recorded) -> None:
    """Fold a payment; the next instalment may be ordered on the second approval."""
    redemption = state.redemptions[recorded.statement.redemption_id]
    paid_count = redemption.paid_count + 1
    done = paid_count == len(redemption.instalments_bp)
    _back_to_approved(
        state,
        recorded,
        replace(redemption, paid_count=paid_count, attempt=0),
        RedemptionState.PAID if done else RedemptionState.APPROVED,
    )


def close_if_done(state: State, recorded: Recorded) -> Iterator[Draft]:
    """The closing of the voucher that follows its last payment."""
    redemption = state.redemptions[recorded.statement.redemption_id]
    draft = closing(state, state.vouchers[redemption.voucher_id])
    if draft is not None:
        yield draft


def decide_failure(state: State, command: Command[PaymentFailure]) -> Decision:
    """Record that the open order failed: the instalment may be ordered again."""
    statement = command.statement
    _check_shape(statement)
    checks.check_digest(statement.reference_fingerprint, "reference_fingerprint")
    redemption = state.redemptions.get(statement.redemption_id)
    if redemption is None:
        return missing("the redemption")
    refusals = Refusals()
    _check_open_order(refusals, state, command, redemption, "payment-failure")
    if refusals.first:
        return refusals.first
    order = Premise(PremiseKind.ORDER, redemption.subject_index)
    return (_draft(state, command, redemption, PaymentFailed(), premises=(order,)),)


def evolve_payment_failed(state: State, recorded: Recorded) -> None:
    """Fold a failure."""
    redemption = state.redemptions[recorded.statement.redemption_id]
    _back_to_approved(state, recorded, redemption, RedemptionState.APPROVED)


def _back_to_approved(
    state: State, recorded: Recorded, redemption: Redemption, after: RedemptionState
) -> None:
    state.redemptions[redemption.redemption_id] = replace(
        redemption,
        state=after,
        decided_by=(*redemption.decided_by, signer_of(state, recorded)),
        subject_index=redemption.second_approval_index or 0,
        subject_hash=redemption.second_approval_hash,
    )
