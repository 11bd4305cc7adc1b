"""Rules of ordering, confirming and failing payments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.decisions import leaf_of
from ledger_audit.form import check_subject
from ledger_audit.money import day_start_ms
from ledger_audit.rules_programme import link_programme
from ledger_audit.rules_verification import APPROVALS, check_decision, redemption_of, require_payable
from ledger_audit.signatures import PAYER
from ledger_audit.state import Due
from ledger_audit.vouchers import link_voucher

if TYPE_CHECKING:
    from ledger_audit.dossiers import Redemption
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act


def payment_ordered(fold: Fold, act: Act) -> None:
    """The payer orders the next unpaid instalment of an approved redemption."""
    redemption, order = redemption_of(fold, act), act.statement
    check_decision(fold, act, redemption, PAYER)
    if len(redemption.approvals) < APPROVALS or redemption.verified is None:
        act.fail("payment", "a redemption approved twice", f"{len(redemption.approvals)} approvals")
        return _take_order(act, redemption)
    check_subject(act, redemption.approvals[1])
    require_payable(fold, act, redemption)
    act.require(redemption.order is None, "payment", "no open order", "one")
    amounts = redemption.instalments
    done = redemption.instalments_paid
    act.require(done < len(amounts), "payment", "an unpaid instalment", "none is left")
    act.equal("payment", (done + 1, redemption.attempts + 1), (order.instalment, order.attempt))
    amount = amounts[done] if done < len(amounts) else 0
    act.equal("i10_amounts", amount, order.amount_fen)
    act.equal("payment", redemption.request.payee_commitment, order.payee_commitment)
    act.premise(event_pb2.PREMISE_KIND_VERIFICATION, redemption.verified[0])
    act.premise(event_pb2.PREMISE_KIND_APPROVAL, redemption.approvals[1][0])
    _take_order(act, redemption)
    return None


def _take_order(act: Act, redemption: Redemption) -> None:
    redemption.order = leaf_of(act)
    redemption.order_amount = act.statement.amount_fen
    redemption.attempts += 1
    act.link(event_pb2.LINK_KIND_REDEMPTION, redemption.redemption_id, redemption)


def payment_confirmed(fold: Fold, act: Act) -> None:
    """The ordered instalment was paid and is disbursed."""
    redemption, statement = redemption_of(fold, act), act.statement
    _answer(fold, act, redemption)
    amount = statement.amount_fen
    act.equal("i10_amounts", redemption.order_amount, amount)
    act.effective_ms = day_start_ms(statement.paid_day)
    voucher = redemption.voucher
    programme = voucher.programme
    programme.obligated -= amount
    programme.disbursed += amount
    voucher.paid += amount
    redemption.paid += amount
    redemption.instalments_paid += 1
    redemption.attempts = 0
    link_programme(act, programme)
    link_voucher(act, voucher)
    act.move(programme.programme_id, event_pb2.ACCOUNT_DISBURSED, event_pb2.ACCOUNT_OBLIGATED, amount)
    if voucher.active and voucher.paid == voucher.redeemed == voucher.face:
        fold.state.due.append(Due("voucher_closed", voucher.voucher_id, "closing"))


def payment_failed(fold: Fold, act: Act) -> None:
    """The ordered instalment was not paid; it may be ordered again."""
    _answer(fold, act, redemption_of(fold, act))


def _answer(fold: Fold, act: Act, redemption: Redemption) -> None:
    """Confirmation or failure of the open order, same instalment."""
    check_decision(fold, act, redemption, PAYER)
    act.link(event_pb2.LINK_KIND_REDEMPTION, redemption.redemption_id, redemption)
    order = redemption.order
    if order is None:
        act.fail("payment", "an open order", "none")
        return
    check_subject(act, order)
    act.equal("payment", redemption.instalments_paid + 1, act.statement.instalment)
    act.premise(event_pb2.PREMISE_KIND_ORDER, order[0])
    redemption.order = None
