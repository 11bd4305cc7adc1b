"""Rules of claiming money back, from the opening to the determination."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.decisions import by_party, decide, leaf_of
from ledger_audit.dossiers import Clawback, Step
from ledger_audit.form import check_subject
from ledger_audit.recompute import entitled_now
from ledger_audit.rules_contract import link_contract
from ledger_audit.rules_programme import link_programme
from ledger_audit.rules_redemption import premise_voucher
from ledger_audit.rules_verification import APPROVALS
from ledger_audit.signatures import CLERK, REVIEWER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger_audit.dossiers import Redemption
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act

MOVES: Mapping[str, frozenset[Step]] = MappingProxyType(
    {
        "clawback_notified": frozenset({Step.OPENED}),
        "clawback_appealed": frozenset({Step.NOTIFIED}),
        "clawback_determined": frozenset({Step.NOTIFIED, Step.APPEALED}),
        "repayment_received": frozenset({Step.DETERMINED, Step.PARTLY_RECOVERED}),
        "recoverable_written_off": frozenset({Step.DETERMINED, Step.PARTLY_RECOVERED}),
    }
)
"""The steps in which each event may happen."""


def clawback_opened(fold: Fold, act: Act) -> None:
    """A clerk opens a clawback of a fully paid redemption that has none open."""
    state, said = fold.state, act.statement
    redemption = state.redemptions.get(said.redemption_id)
    if redemption is None:
        raise act.missing("redemption", said.redemption_id)
    voucher = redemption.voucher
    decide(fold, act, [CLERK], bureau_id=voucher.programme.bureau_id)
    if len(redemption.approvals) >= APPROVALS:
        check_subject(act, redemption.approvals[APPROVALS - 1])
    act.require(_is_paid(redemption), "clawback", "a redemption that is fully paid", "one that is not")
    free = not any(other.is_open for other in redemption.clawbacks)
    act.require(free, "clawback", "a redemption without an open clawback", "one with")
    act.require(said.clawback_id not in state.clawbacks, "clawback", "a new id", said.clawback_id)
    act.equal(
        "clawback", entitled_now(fold, redemption, said.cause), act.event.clawback_opened.entitlement_fen
    )
    clawback = Clawback(said.clawback_id, act.index, redemption, said.cause, leaf_of(act))
    state.clawbacks[said.clawback_id] = clawback
    redemption.clawbacks.append(clawback)
    state.open_clawbacks.setdefault(voucher.beneficiary_id, []).append(clawback)
    _premise_redemption(act, redemption)
    act.link(event_pb2.LINK_KIND_CLAWBACK, said.clawback_id, clawback)
    act.link(event_pb2.LINK_KIND_REDEMPTION, redemption.redemption_id, redemption)
    act.stream = f"clawback/{said.clawback_id.hex()}"


def clawback_notified(fold: Fold, act: Act) -> None:
    """A clerk notifies the beneficiary."""
    clawback = clawback_of(fold, act)
    decide(fold, act, [CLERK], bureau_id=clawback.redemption.voucher.programme.bureau_id)
    _move(act, clawback, Step.NOTIFIED)


def clawback_appealed(fold: Fold, act: Act) -> None:
    """The beneficiary appeals."""
    clawback = clawback_of(fold, act)
    by_party(fold, act, clawback.redemption.voucher.beneficiary_id)
    _move(act, clawback, Step.APPEALED)


def clawback_determined(fold: Fold, act: Act) -> None:
    """A reviewer determines what is to be paid back on the facts of this day."""
    clawback = clawback_of(fold, act)
    redemption = clawback.redemption
    voucher = redemption.voucher
    programme, contract = voucher.programme, voucher.contract
    decide(fold, act, [REVIEWER], bureau_id=programme.bureau_id)
    entitled = entitled_now(fold, redemption, clawback.cause)
    act.equal("clawback", entitled, act.event.clawback_determined.entitlement_fen)
    amount, due = act.statement.amount_fen, max(0, redemption.paid - redemption.clawed_back - entitled)
    act.equal("clawback", due, amount)
    _move(act, clawback, Step.DETERMINED if amount else Step.CLOSED)
    clawback.determination = leaf_of(act)
    clawback.determined = amount
    settle(fold, clawback)
    _premise_redemption(act, redemption)
    act.link(event_pb2.LINK_KIND_REDEMPTION, redemption.redemption_id, redemption)
    if amount <= 0:
        return
    programme.recoverable += amount
    if contract is not None:
        contract.public_money -= amount
        contract.redeemed -= amount
    link_programme(act, programme)
    link_contract(act, contract)
    act.move(programme.programme_id, event_pb2.ACCOUNT_RECOVERABLE, event_pb2.ACCOUNT_RECOVERY_DUE, amount)


def clawback_of(fold: Fold, act: Act) -> Clawback:
    """The clawback, as premise and on its stream; its absence ends the judgement."""
    clawback = fold.state.clawbacks.get(act.statement.clawback_id)
    if clawback is None:
        raise act.missing("clawback", act.statement.clawback_id)
    act.premise(event_pb2.PREMISE_KIND_CLAWBACK, clawback.index)
    act.stream = f"clawback/{clawback.clawback_id.hex()}"
    return clawback


def require_step(act: Act, clawback: Clawback) -> None:
    """The event may happen where the clawback stands."""
    allowed = MOVES[act.kind]
    act.require(clawback.step in allowed, "clawback", " or ".join(sorted(allowed)), clawback.step)


def settle(fold: Fold, clawback: Clawback) -> None:
    """A clawback that is open no longer holds nothing."""
    beneficiary_id = clawback.redemption.voucher.beneficiary_id
    still = [other for other in fold.state.open_clawbacks.pop(beneficiary_id, []) if other.is_open]
    if still:
        fold.state.open_clawbacks[beneficiary_id] = still


def _move(act: Act, clawback: Clawback, after: Step) -> None:
    """The next step; the subject is the clawback's newest leaf."""
    require_step(act, clawback)
    check_subject(act, clawback.newest)
    clawback.step, clawback.newest = after, leaf_of(act)
    act.link(event_pb2.LINK_KIND_CLAWBACK, clawback.clawback_id, clawback)


def _is_paid(redemption: Redemption) -> bool:
    return len(redemption.approvals) >= APPROVALS and redemption.is_paid


def _premise_redemption(act: Act, redemption: Redemption) -> None:
    act.premise(event_pb2.PREMISE_KIND_REDEMPTION, redemption.index)
    premise_voucher(act, redemption.voucher)
