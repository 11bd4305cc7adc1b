"""How claimed-back money ends: repaid or written off, and the fines beside it, never netted (rule I15).

This module must not know how an amount was determined.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ledger.domain import authority, checks
from ledger.domain.clawbacks import check_clawback, clawback_draft, end_clawback
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.entities import ClawbackState
from ledger.domain.events import FineImposed, RecoverableWrittenOff, RepaymentReceived
from ledger.domain.journal import Account, Draft, LinkKind, Recorded, transfer
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.vocabulary import Role

if TYPE_CHECKING:
    from ledger.domain.entities import Clawback
    from ledger.domain.state import State
    from ledger.domain.statements import Fine, RepaymentReceipt, WriteOff

    Decision = tuple[Draft, ...] | Rejection

LEAST_FINE, MOST_FINE = 10, 2
"""A clawback's fines together are at least a tenth and at most a half of what was determined."""


def _begin(
    command: Command[Fine] | Command[RepaymentReceipt] | Command[WriteOff], state: State
) -> Clawback | None:
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_subject_shape(statement.subject)
    checks.check_amount(statement.amount_fen, "amount_fen")
    return state.clawbacks.get(statement.clawback_id)


def _draft(
    state: State,
    command: Command[Any],
    clawback: Clawback,
    payload: object,
    *,
    debit: Account,
    credit: Account,
    **changes_fen: int,
) -> Draft:
    """The event with its double entry and the programme's totals after it."""
    programme_id = state.vouchers[clawback.voucher_id].programme_id
    totals = state.programme_totals(programme_id)
    after = totals._replace(**{name: getattr(totals, name) + change for name, change in changes_fen.items()})
    draft = clawback_draft(
        state, command, clawback, payload, (state.link(LinkKind.PROGRAMME, programme_id, after),)
    )
    postings = transfer(programme_id, debit=debit, credit=credit, amount_fen=command.statement.amount_fen)
    return replace(draft, postings=postings)


def decide_repayment(state: State, command: Command[RepaymentReceipt]) -> Decision:
    """Record money that came back, at most what is outstanding."""
    statement = command.statement
    clawback = _begin(command, state)
    checks.check_digest(statement.reference_fingerprint, "reference_fingerprint")
    checks.check_day(statement.received_day, "received_day")
    if clawback is None:
        return missing("the clawback")
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.PAYER, basis=statement.basis)
    check_clawback(refusals, state, command, clawback, "repayment-receipt")
    if statement.amount_fen > clawback.outstanding_fen:
        text = f"outstanding are {clawback.outstanding_fen} fen"
        refusals.add(Reason.STATE_CONFLICT, text, clawback.subject_index)
    return refusals.first or (
        _draft(
            state,
            command,
            clawback,
            RepaymentReceived(),
            debit=Account.RECOVERED,
            credit=Account.RECOVERABLE,
            recoverable_fen=-statement.amount_fen,
            recovered_fen=statement.amount_fen,
        ),
    )


def decide_write_off(state: State, command: Command[WriteOff]) -> Decision:
    """Give up all that is outstanding."""
    statement = command.statement
    clawback = _begin(command, state)
    if clawback is None:
        return missing("the clawback")
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.CLERK, Role.APPROVER, basis=statement.basis)
    check_clawback(refusals, state, command, clawback, "write-off")
    if statement.amount_fen != clawback.outstanding_fen:
        text = f"outstanding are {clawback.outstanding_fen} fen"
        refusals.add(Reason.STATE_CONFLICT, text, clawback.subject_index)
    return refusals.first or (
        _draft(
            state,
            command,
            clawback,
            RecoverableWrittenOff(),
            debit=Account.WRITTEN_OFF,
            credit=Account.RECOVERABLE,
            recoverable_fen=-statement.amount_fen,
        ),
    )


def decide_fine(state: State, command: Command[Fine]) -> Decision:
    """Impose a fine; with those before it, it lies between a tenth and a half of what was determined."""
    statement = command.statement
    clawback = _begin(command, state)
    if clawback is None:
        return missing("the clawback")
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.REVIEWER, basis=statement.basis)
    check_clawback(refusals, state, command, clawback, "fine")
    fines_fen = clawback.fines_fen + statement.amount_fen
    determined_fen = clawback.determined_fen
    if fines_fen * LEAST_FINE < determined_fen or fines_fen * MOST_FINE > determined_fen:
        text = f"the fines of this clawback together are 10 to 50 % of {determined_fen} fen"
        refusals.add(Reason.STATE_CONFLICT, text, clawback.subject_index)
    return refusals.first or (
        _draft(
            state,
            command,
            clawback,
            FineImposed(),
            debit=Account.FINES_DUE,
            credit=Account.FINES,
            fines_fen=statement.amount_fen,
        ),
    )


def evolve_recovery(state: State, recorded: Recorded) -> None:
    """Fold a repayment, a write-off or a fine; with nothing outstanding the clawback ends."""
    clawback = state.clawbacks[recorded.statement.clawback_id]
    amount_fen = recorded.statement.amount_fen
    if isinstance(recorded.payload, FineImposed):
        after = replace(clawback, fines_fen=clawback.fines_fen + amount_fen)
    elif isinstance(recorded.payload, RepaymentReceived):
        after = replace(clawback, repaid_fen=clawback.repaid_fen + amount_fen)
        recovered = after.outstanding_fen == 0
        target = ClawbackState.RECOVERED if recovered else ClawbackState.PARTLY_RECOVERED
        after = replace(after, state=target)
    else:
        after = replace(clawback, written_off_fen=amount_fen, state=ClawbackState.WRITTEN_OFF)
    state.clawbacks[clawback.clawback_id] = after
    if clawback.outstanding_fen and not after.outstanding_fen:
        end_clawback(state, after)
