"""The end of vouchers: expiry, revocation, closing, and the money that goes back (rules I1, I2, I4).

This module must not know how a voucher came about (`grants`), usage or payments.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.domain import authority, checks
from ledger.domain.commands import Command, ExpireVoucher, Refusals, missing
from ledger.domain.days import start_ms
from ledger.domain.entities import Voucher, VoucherState
from ledger.domain.events import VoucherClosed, VoucherExpired, VoucherRevoked
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
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.transitions import VOUCHER_MOVES, check_move
from ledger.domain.vocabulary import Role

if TYPE_CHECKING:
    from ledger.domain.state import State
    from ledger.domain.statements import VoucherRevocation

    Decision = tuple[Draft, ...] | Rejection


def check_voucher(refusals: Refusals, voucher: Voucher, act: str) -> None:
    """The act fits the voucher's state; of an expired voucher VOUCHER_EXPIRED says so."""
    if voucher.state == VoucherState.EXPIRED:
        refusals.add(Reason.VOUCHER_EXPIRED, "the voucher has expired", voucher.index)
    else:
        check_move(refusals, VOUCHER_MOVES, act, what="voucher", state=voucher.state, index=voucher.index)


def contract_links(state: State, contract_id: bytes, change_fen: int) -> tuple[Link, ...]:
    """The contract's link after its public money changed; nothing where there is no contract."""
    if not contract_id:
        return ()
    totals = state.contract_totals(contract_id)
    after = totals._replace(public_money_fen=totals.public_money_fen + change_fen)
    return (state.link(LinkKind.CONTRACT, contract_id, after),)


def programme_link(state: State, programme_id: bytes, change_fen: int) -> Link:
    """The programme's link after money was encumbered (+) or released (−)."""
    totals = state.programme_totals(programme_id)
    after = totals._replace(
        available_fen=totals.available_fen - change_fen, encumbered_fen=totals.encumbered_fen + change_fen
    )
    return state.link(LinkKind.PROGRAMME, programme_id, after)


def granted_link(state: State, programme_id: bytes, beneficiary_id: bytes, change_fen: int) -> Link:
    """The link of a beneficiary's year after its grants changed."""
    granted = state.granted_fen(programme_id=programme_id, beneficiary_id=beneficiary_id) + change_fen
    return state.link(LinkKind.BENEFICIARY_YEAR, programme_id + beneficiary_id, (granted,))


def release(state: State, voucher: Voucher, amount_fen: int) -> tuple[tuple[Link, ...], tuple[Posting, ...]]:
    """Links and postings of money that goes back from a voucher to the appropriation."""
    links = (
        programme_link(state, voucher.programme_id, -amount_fen),
        granted_link(state, voucher.programme_id, voucher.beneficiary_id, -amount_fen),
        *contract_links(state, voucher.contract_id, -amount_fen),
    )
    postings = transfer(
        voucher.programme_id, debit=Account.AVAILABLE, credit=Account.ENCUMBERED, amount_fen=amount_fen
    )
    return links, postings


def _ending(state: State, voucher: Voucher) -> tuple[int, tuple[Link, ...], tuple[Posting, ...]]:
    """What a voucher that ends gives back: the amount, links and postings."""
    totals = state.voucher_totals(voucher.voucher_id)
    released_fen = totals.rest_fen
    after = totals._replace(released_fen=totals.released_fen + released_fen)
    links, postings = release(state, voucher, released_fen)
    return released_fen, (state.link(LinkKind.VOUCHER, voucher.voucher_id, after), *links), postings


def decide_expiry(state: State, command: Command[ExpireVoucher]) -> Decision:
    """Expire a voucher whose validity is over; what no redemption holds is released."""
    voucher = state.vouchers.get(command.statement.voucher_id)
    if voucher is None:
        return missing("the voucher")
    refusals = Refusals()
    check_voucher(refusals, voucher, "voucher-expiry")
    if command.now_ms < start_ms(voucher.valid_until_day):
        refusals.add(Reason.STATE_CONFLICT, "the voucher's validity is not over", voucher.index)
    if refusals.first:
        return refusals.first
    released_fen, links, postings = _ending(state, voucher)
    draft = Draft(
        payload=VoucherExpired(voucher_id=voucher.voucher_id, released_fen=released_fen),
        stream_id=f"voucher/{voucher.voucher_id.hex()}",
        actor=None,
        premises=(Premise(PremiseKind.VOUCHER, voucher.index),),
        links=links,
        postings=postings,
        signed=False,
    )
    return (draft,)


def evolve_voucher_expired(state: State, recorded: Recorded) -> None:
    """Fold an expiry."""
    _end(state, recorded.payload.voucher_id, VoucherState.EXPIRED)


def _end(state: State, voucher_id: bytes, after: VoucherState) -> None:
    state.vouchers[voucher_id] = replace(state.vouchers[voucher_id], state=after)


def decide_revocation(state: State, command: Command[VoucherRevocation]) -> Decision:
    """Revoke a voucher; redemptions that were requested keep their money, the rest is released."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_subject_shape(statement.subject)
    voucher = state.vouchers.get(statement.voucher_id)
    if voucher is None:
        return missing("the voucher")
    refusals = Refusals()
    authority.check_officers(refusals, state, command, Role.CLERK, Role.APPROVER, basis=statement.basis)
    authority.check_bureau(refusals, statement.basis, state.programmes[voucher.programme_id].bureau_id)
    check_voucher(refusals, voucher, "voucher-revocation")
    authority.check_subject(
        refusals,
        statement.subject,
        index=voucher.index,
        leaf_hash=voucher.issue_hash,
        what="the voucher's issue",
    )
    if refusals.first:
        return refusals.first
    released_fen, links, postings = _ending(state, voucher)
    draft = Draft(
        payload=VoucherRevoked(released_fen=released_fen),
        stream_id=f"voucher/{voucher.voucher_id.hex()}",
        actor=authority.actor_of(command),
        premises=(*authority.key_premises(command.keys), Premise(PremiseKind.VOUCHER, voucher.index)),
        links=links,
        postings=postings,
    )
    return (draft,)


def evolve_voucher_revoked(state: State, recorded: Recorded) -> None:
    """Fold a revocation."""
    _end(state, recorded.statement.voucher_id, VoucherState.REVOKED)


def closing(state: State, voucher: Voucher) -> Draft | None:
    """The SYSTEM event that closes an active voucher once its whole face is redeemed and paid."""
    totals = state.voucher_totals(voucher.voucher_id)
    if voucher.state != VoucherState.ACTIVE or not totals.face_fen == totals.redeemed_fen == totals.paid_fen:
        return None
    return Draft(
        payload=VoucherClosed(voucher_id=voucher.voucher_id),
        stream_id=f"voucher/{voucher.voucher_id.hex()}",
        actor=None,
        premises=(Premise(PremiseKind.VOUCHER, voucher.index),),
        links=(state.link(LinkKind.VOUCHER, voucher.voucher_id, totals),),
        signed=False,
    )


def evolve_voucher_closed(state: State, recorded: Recorded) -> None:
    """Fold a closing."""
    _end(state, recorded.payload.voucher_id, VoucherState.CLOSED)
