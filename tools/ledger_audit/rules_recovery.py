"""Rules of repayments, write-offs and fines after a determination."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.decisions import decide
from ledger_audit.dossiers import Clawback, Step
from ledger_audit.form import check_subject
from ledger_audit.rules_clawback import clawback_of, require_step, settle
from ledger_audit.rules_programme import link_programme
from ledger_audit.signatures import APPROVER, CLERK, PAYER, REVIEWER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act

FINE_LEAST, FINE_MOST = 10, 2
"""All fines together are at least a tenth and at most half of the amount determined."""


def repayment_received(fold: Fold, act: Act) -> None:
    """The payer records money that came back, at most what is outstanding."""
    clawback, amount = _after_determination(fold, act, [PAYER])
    require_step(act, clawback)
    most = clawback.outstanding
    act.require(0 < amount <= most, "recovery", f"1 to {most}", amount)
    clawback.repaid += amount
    clawback.step = Step.PARTLY_RECOVERED if clawback.outstanding > 0 else Step.RECOVERED
    settle(fold, clawback)
    programme = clawback.redemption.voucher.programme
    programme.recoverable -= amount
    programme.recovered += amount
    _post(act, clawback, event_pb2.ACCOUNT_RECOVERED, event_pb2.ACCOUNT_RECOVERABLE, amount)


def recoverable_written_off(fold: Fold, act: Act) -> None:
    """A clerk and an approver give up all that is outstanding."""
    clawback, amount = _after_determination(fold, act, [CLERK, APPROVER])
    require_step(act, clawback)
    rest = clawback.outstanding
    act.require(amount == rest and amount > 0, "recovery", f"{rest}, above 0", amount)
    clawback.written_off += amount
    clawback.step = Step.WRITTEN_OFF
    settle(fold, clawback)
    clawback.redemption.voucher.programme.recoverable -= amount
    _post(act, clawback, event_pb2.ACCOUNT_WRITTEN_OFF, event_pb2.ACCOUNT_RECOVERABLE, amount)


def fine_imposed(fold: Fold, act: Act) -> None:
    """A reviewer imposes a fine, in any step after the determination of an amount."""
    clawback, amount = _after_determination(fold, act, [REVIEWER])
    determined = clawback.determined
    act.require(determined > 0, "fine", "an amount that was determined", determined)
    act.require(amount > 0, "fine", "a fine above 0", amount)
    clawback.fines += amount
    fines = clawback.fines
    good = FINE_LEAST * fines >= determined and FINE_MOST * fines <= determined
    act.require(good, "fine", f"10 to 50 % of {determined}", fines)
    clawback.redemption.voucher.programme.fines += amount
    _post(act, clawback, event_pb2.ACCOUNT_FINES_DUE, event_pb2.ACCOUNT_FINES, amount)


def _after_determination(fold: Fold, act: Act, roles: Sequence[int]) -> tuple[Clawback, int]:
    """The clawback and the amount; the subject is the determination's leaf."""
    clawback = clawback_of(fold, act)
    decide(fold, act, roles, bureau_id=clawback.redemption.voucher.programme.bureau_id)
    if clawback.determination is None:
        act.fail("clawback", "a determined clawback", clawback.step)
    else:
        check_subject(act, clawback.determination)
    return clawback, act.statement.amount_fen


def _post(act: Act, clawback: Clawback, debit: int, credit: int, amount: int) -> None:
    """Expect links and postings of money that moved."""
    programme = clawback.redemption.voucher.programme
    act.link(event_pb2.LINK_KIND_CLAWBACK, clawback.clawback_id, clawback)
    link_programme(act, programme)
    act.move(programme.programme_id, debit, credit, amount)
