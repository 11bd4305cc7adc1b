"""Rules of what becomes of a voucher: holds, revocation, expiry, closing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit import signatures
from ledger_audit.decisions import decide
from ledger_audit.dossiers import Standing, Voucher
from ledger_audit.form import check_subject
from ledger_audit.money import day_start_ms
from ledger_audit.signatures import APPROVER, AUDITOR, CLERK
from ledger_audit.vouchers import link_release, link_voucher, release, require_active, voucher_of

if TYPE_CHECKING:
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act


def voucher_held(fold: Fold, act: Act) -> None:
    """A clerk or an auditor holds an active voucher for the office."""
    voucher, role = _by_holder(fold, act)
    require_active(act, "hold", voucher)
    act.require(role not in voucher.holds, "hold", "no hold of this office", "one")
    voucher.hold(role, held=True)


def hold_released(fold: Fold, act: Act) -> None:
    """A clerk or an auditor ends the hold of the office."""
    voucher, role = _by_holder(fold, act)
    act.require(role in voucher.holds, "hold", "a hold of this office", "none")
    voucher.hold(role, held=False)


def voucher_revoked(fold: Fold, act: Act) -> None:
    """A clerk and an approver revoke an active voucher, which gives back what is unused."""
    voucher = _concerned(fold, act, act.statement.voucher_id)
    decide(fold, act, [CLERK, APPROVER], bureau_id=voucher.programme.bureau_id)
    check_subject(act, (voucher.index, voucher.leaf_hash))
    _end(fold, act, voucher, Standing.REVOKED, act.event.voucher_revoked.released_fen, "revocation")


def voucher_expired(fold: Fold, act: Act) -> None:
    """After its validity a voucher gives back what is unused."""
    voucher = _system_voucher(fold, act, act.event.voucher_expired.voucher_id)
    due_ms = day_start_ms(voucher.valid_until_day)
    act.require(act.event.recorded_ms >= due_ms, "expiry", f"at or after {due_ms}", act.event.recorded_ms)
    _end(fold, act, voucher, Standing.EXPIRED, act.event.voucher_expired.released_fen, "expiry")


def voucher_closed(fold: Fold, act: Act) -> None:
    """Right after the payment that makes all of the face paid."""
    voucher = _system_voucher(fold, act, act.event.voucher_closed.voucher_id)
    act.require(fold.was_due(act), "closing", "right after the payment that uses it up", "otherwise")
    voucher.end(Standing.CLOSED)
    act.require(bool(act.event.ordinal), "ordinal", "an ordinal above 0", act.event.ordinal)
    link_voucher(act, voucher)


def _end(fold: Fold, act: Act, voucher: Voucher, standing: Standing, released: int, check: str) -> None:
    """It was active and releases what is unused."""
    require_active(act, check, voucher)
    act.equal(check, voucher.unused, released)
    voucher.end(standing)
    if voucher.contract is not None:
        voucher.contract.live.discard(voucher.programme.programme_id)
    release(fold.state, voucher, released)
    link_voucher(act, voucher)
    link_release(fold, act, voucher, released)


def _by_holder(fold: Fold, act: Act) -> tuple[Voucher, int]:
    """The voucher and the role of the one signer: a clerk of the programme's bureau, or any auditor."""
    voucher = _concerned(fold, act, act.statement.voucher_id)
    first = signatures.officer_of(fold.state, act.keys[0]) if act.keys else None
    role = AUDITOR if first is not None and first.role == AUDITOR else CLERK
    decide(fold, act, [role], bureau_id=voucher.programme.bureau_id if role == CLERK else None)
    link_voucher(act, voucher)
    return voucher, role


def _system_voucher(fold: Fold, act: Act, voucher_id: bytes) -> Voucher:
    """The voucher of a SYSTEM event; its request digest is checked."""
    fold.check_system_digest(act, voucher_id)
    return _concerned(fold, act, voucher_id)


def _concerned(fold: Fold, act: Act, voucher_id: bytes) -> Voucher:
    voucher = voucher_of(fold, act, voucher_id)
    act.premise(event_pb2.PREMISE_KIND_VOUCHER, voucher.index)
    act.stream = f"voucher/{voucher_id.hex()}"
    return voucher
