"""Holds of vouchers: by an office, by the auditor, and by an open clawback of the same beneficiary.

This module must not know what a hold prevents; the rules that refuse on a held voucher ask here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.domain import authority, checks
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.events import HoldReleased, VoucherHeld
from ledger.domain.journal import Draft, LinkKind, Premise, PremiseKind, Recorded
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.vocabulary import Role
from ledger.domain.vouchers import check_voucher

if TYPE_CHECKING:
    from ledger.domain.entities import Voucher
    from ledger.domain.state import State
    from ledger.domain.statements import HoldRelease, VoucherHold

    Decision = tuple[Draft, ...] | Rejection

HOLDERS = (Role.CLERK, Role.AUDITOR)


def is_held(state: State, voucher: Voucher) -> bool:
    """Whether an office holds the voucher, or a clawback on another voucher of its beneficiary is open."""
    if voucher.held_by:
        return True
    clawed = state.clawed_vouchers.get(voucher.beneficiary_id)
    return bool(clawed) and any(other != voucher.voucher_id for other in clawed or ())


def check_not_held(refusals: Refusals, state: State, voucher: Voucher) -> None:
    """Note VOUCHER_HELD for a held voucher."""
    if is_held(state, voucher):
        refusals.add(Reason.VOUCHER_HELD, "the voucher is held", voucher.index)


def _office(state: State, command: Command[VoucherHold] | Command[HoldRelease]) -> Role:
    """The role in which the signer acts: its own if it may hold, else the clerk's, which it lacks."""
    key = command.keys[0] if command.keys else None
    officer = state.officers.get(key.owner_id) if key is not None else None
    return officer.role if officer is not None and officer.role in HOLDERS else Role.CLERK


def _check(
    refusals: Refusals,
    state: State,
    command: Command[VoucherHold] | Command[HoldRelease],
    voucher: Voucher,
    office: Role,
) -> None:
    basis = command.statement.basis
    authority.check_officers(refusals, state, command, office, basis=basis)
    if office != Role.AUDITOR:
        authority.check_bureau(refusals, basis, state.programmes[voucher.programme_id].bureau_id)


def _draft(
    state: State, command: Command[VoucherHold] | Command[HoldRelease], voucher: Voucher, payload: object
) -> Draft:
    totals = state.voucher_totals(voucher.voucher_id)
    return Draft(
        payload=payload,
        stream_id=f"voucher/{voucher.voucher_id.hex()}",
        actor=authority.actor_of(command),
        premises=(*authority.key_premises(command.keys), Premise(PremiseKind.VOUCHER, voucher.index)),
        links=(state.link(LinkKind.VOUCHER, voucher.voucher_id, totals),),
    )


def decide_hold(state: State, command: Command[VoucherHold]) -> Decision:
    """Hold a voucher in the signer's office, once."""
    checks.check_basis_shape(command.statement.basis)
    voucher = state.vouchers.get(command.statement.voucher_id)
    if voucher is None:
        return missing("the voucher")
    refusals = Refusals()
    office = _office(state, command)
    _check(refusals, state, command, voucher, office)
    check_voucher(refusals, voucher, "voucher-hold")
    if office in voucher.held_by:
        text = "the office holds the voucher already; allowed: hold-release"
        refusals.add(Reason.STATE_CONFLICT, text, voucher.index)
    return refusals.first or (_draft(state, command, voucher, VoucherHeld()),)


def decide_hold_release(state: State, command: Command[HoldRelease]) -> Decision:
    """End the hold of the signer's office; the other office's and a clawback's stay."""
    checks.check_basis_shape(command.statement.basis)
    voucher = state.vouchers.get(command.statement.voucher_id)
    if voucher is None:
        return missing("the voucher")
    refusals = Refusals()
    office = _office(state, command)
    _check(refusals, state, command, voucher, office)
    if office not in voucher.held_by:
        text = "the office does not hold the voucher; allowed: voucher-hold"
        refusals.add(Reason.STATE_CONFLICT, text, voucher.index)
    return refusals.first or (_draft(state, command, voucher, HoldReleased()),)


def _signer_role(state: State, recorded: Recorded) -> Role:
    return state.officers[state.keys[recorded.statement.header.key_ids[0]].owner_id].role


def evolve_voucher_held(state: State, recorded: Recorded) -> None:
    """Fold a hold."""
    voucher = state.vouchers[recorded.statement.voucher_id]
    held_by = voucher.held_by | {_signer_role(state, recorded)}
    state.vouchers[voucher.voucher_id] = replace(voucher, held_by=held_by)


def evolve_hold_released(state: State, recorded: Recorded) -> None:
    """Fold the end of a hold."""
    voucher = state.vouchers[recorded.statement.voucher_id]
    held_by = voucher.held_by - {_signer_role(state, recorded)}
    state.vouchers[voucher.voucher_id] = replace(voucher, held_by=held_by)
