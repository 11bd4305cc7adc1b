"""Steps after the grant that end or hold a voucher, and those that claim money back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.client.signing import new_id
from ledger.client.statements import clawback as clawbacks
from ledger.client.statements import shared
from ledger.client.statements import voucher as vouchers
from ledger.domain.vocabulary import ClawbackCause

if TYPE_CHECKING:
    from ledger.client.types import Clawback
    from ledger_play.scenario import money_steps as steps
    from ledger_play.scenario.turn import Turn


def hold(turn: Turn, step: steps.OnVoucher) -> None:
    """Hold a voucher."""
    clerk = turn.officer("clerk")
    voucher_id = turn.world.vouchers[step.voucher].voucher_id
    statement = vouchers.voucher_hold(basis=clerk.basis("HOLD"), voucher_id=voucher_id)
    turn.decide("clerk", "voucher-hold", statement, by=clerk)


def release(turn: Turn, step: steps.OnVoucher) -> None:
    """End the hold of a voucher."""
    clerk = turn.officer("clerk")
    voucher_id = turn.world.vouchers[step.voucher].voucher_id
    statement = vouchers.hold_release(basis=clerk.basis("HOLD_OVER"), voucher_id=voucher_id)
    turn.decide("clerk", "hold-release", statement, by=clerk)


def expire(turn: Turn, step: steps.OnVoucher) -> None:
    """Expire a voucher: an act of the system that an officer asks for, so nobody signs it."""
    voucher_id = turn.world.vouchers[step.voucher].voucher_id
    turn.officer("clerk").client.expire_voucher(voucher_id, request_id=new_id())


def revoke(turn: Turn, step: steps.OnVoucher) -> None:
    """Revoke a voucher."""
    clerk = turn.officer("clerk")
    voucher_id = turn.world.vouchers[step.voucher].voucher_id
    found = turn.world.find_voucher(voucher_id)
    statement = vouchers.voucher_revocation(
        basis=clerk.basis("REVOCATION"),
        voucher_id=voucher_id,
        subject=shared.subject(leaf_index=0, leaf_hash=bytes(32)) if found is None else found.subject,
    )
    turn.decide("clerk", "voucher-revocation", statement, by=clerk, alone=False)


def clawback(turn: Turn, step: steps.OpenClawback) -> None:
    """Open a clawback and serve the notice."""
    world = turn.world
    clerk = turn.officer("clerk")
    clawback_id = world.id_of("clawback", step.id)
    redemption = world.reader.get_redemption(world.redemptions[step.redemption])
    opening = clawbacks.clawback_opening(
        basis=clerk.basis("ENTITLEMENT_RECOMPUTED"),
        clawback_id=clawback_id,
        redemption_id=redemption.redemption_id,
        subject=redemption.subject,
        cause=ClawbackCause[step.cause],
    )
    turn.decide("clerk", "clawback-opening", opening, by=clerk)
    world.clawbacks[step.id] = clawback_id
    notice = clawbacks.clawback_notice(
        basis=clerk.basis("NOTICE_SERVED"),
        clawback_id=clawback_id,
        subject=_clawback(turn, step.id).subject,
        document_digest=world.digest_of("notice", step.id),
    )
    turn.decide("clerk", "clawback-notice", notice, by=clerk)


def _clawback(turn: Turn, label: str) -> Clawback:
    return turn.world.reader.get_clawback(turn.world.clawbacks[label])


def determine(turn: Turn, step: steps.Determine) -> dict[str, object]:
    """Determine what the ledger recomputes."""
    reviewer = turn.officer("reviewer")
    found = _clawback(turn, step.clawback)
    statement = clawbacks.clawback_determination(
        basis=reviewer.basis("DETERMINED"),
        clawback_id=found.clawback_id,
        subject=found.subject,
        amount_fen=found.determinable_fen,
    )
    turn.decide("reviewer", "clawback-determination", statement, by=reviewer)
    return {"expect_amount": _clawback(turn, step.clawback).determined_fen}


def repay(turn: Turn, step: steps.OfClawback) -> None:
    """Confirm a repayment."""
    world = turn.world
    payer = turn.officer("payer")
    found = _clawback(turn, step.clawback)
    statement = clawbacks.repayment_receipt(
        basis=payer.basis("REPAID"),
        clawback_id=found.clawback_id,
        subject=found.subject,
        amount_fen=step.amount,
        reference_fingerprint=world.digest_of("repayment", step.clawback, new_id().hex()),
        received_day=world.today,
    )
    turn.decide("payer", "repayment-receipt", statement, by=payer)


def fine(turn: Turn, step: steps.OfClawback) -> None:
    """Impose a fine."""
    reviewer = turn.officer("reviewer")
    found = _clawback(turn, step.clawback)
    statement = clawbacks.fine(
        basis=reviewer.basis("FRAUD"),
        clawback_id=found.clawback_id,
        subject=found.subject,
        amount_fen=step.amount,
    )
    turn.decide("reviewer", "fine", statement, by=reviewer)


def write_off(turn: Turn, step: steps.WriteOff) -> None:
    """Give up what is outstanding; where that is nothing, the ledger says so itself."""
    clerk = turn.officer("clerk")
    found = _clawback(turn, step.clawback)
    statement = clawbacks.write_off(
        basis=clerk.basis("IRRECOVERABLE"),
        clawback_id=found.clawback_id,
        subject=found.subject,
        amount_fen=max(1, found.outstanding_fen),
    )
    turn.decide("clerk", "write-off", statement, by=clerk, alone=False)
