"""Rules of allocating money to a queue of grants, each of which then gets its share (PRO_RATA)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.decisions import decide
from ledger_audit.dossiers import Step
from ledger_audit.rules_contract import link_contract
from ledger_audit.rules_grant import check_budget
from ledger_audit.rules_programme import link_programme, programme_of
from ledger_audit.signatures import APPROVER, CLERK
from ledger_audit.state import Due, State
from ledger_audit.vouchers import check_validity, link_voucher, link_year, make_voucher

if TYPE_CHECKING:
    from ledger_audit.dossiers import Grant
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act

_NOTHING = (0, 0, 0, 0, 0)


def funds_allocated(fold: Fold, act: Act) -> None:
    """A clerk and an approver close the window: the queue is served in its order, scaled if need be."""
    programme = programme_of(fold, act, act.statement.programme_id)
    decide(fold, act, [CLERK, APPROVER], bureau_id=programme.bureau_id)
    queue, programme.queue = programme.queue, []
    act.require(bool(queue), "allocation", "a grant that waits", "none")
    queued, available = sum(grant.entitlement for grant in queue), programme.available
    said = act.event.funds_allocated
    act.equal("allocation", (queued, available), (said.queued_fen, said.available_fen))
    share_out(queue, available)
    for grant in queue:
        fold.state.due.append(Due("voucher_allotted", grant.voucher_id, "allocation"))
    link_programme(act, programme)
    act.stream = f"programme/{programme.programme_id.hex()}"


def voucher_allotted(fold: Fold, act: Act) -> None:
    """A queued grant gets its share; with nothing it stays without a voucher."""
    said = act.event.voucher_allotted
    act.require(
        fold.was_due(act), "allocation", "right after the allocation, in the queue's order", "otherwise"
    )
    act.require(bool(act.event.ordinal), "ordinal", "an ordinal above 0", act.event.ordinal)
    grant = fold.state.grants.get(said.voucher_id)
    if grant is None or said.voucher_id in fold.state.vouchers:
        raise act.missing("queued grant", said.voucher_id)
    application, face = grant.application, said.face_fen
    programme, contract = application.programme, application.contract
    act.equal("allocation", grant.share, face)
    leave_queue(fold.state, grant, face)
    programme.available -= face
    programme.encumbered += face
    check_budget(act, programme)
    act.premise(event_pb2.PREMISE_KIND_GRANT, grant.index)
    act.premise(event_pb2.PREMISE_KIND_POLICY, grant.policy.index)
    link_programme(act, programme)
    link_year(fold, act, programme, application.beneficiary_id)
    _link_voucher(fold, act, grant, face)
    link_contract(act, contract)
    act.link(event_pb2.LINK_KIND_APPLICATION, application.application_id, application)
    act.move(programme.programme_id, event_pb2.ACCOUNT_ENCUMBERED, event_pb2.ACCOUNT_AVAILABLE, face)
    act.stream = f"voucher/{said.voucher_id.hex()}"


def share_out(queue: list[Grant], available: int) -> None:
    """Everybody gets what it is entitled to or, where that is more than there is, the floor of its share."""
    queued = sum(grant.entitlement for grant in queue)
    for grant in queue:
        grant.share = grant.entitlement
        if queued > available:
            grant.share = grant.entitlement * available // queued


def leave_queue(state: State, grant: Grant, face: int) -> None:
    """What the grant does not get leaves the beneficiary's room and the contract, which nothing may bind."""
    application = grant.application
    programme, contract = application.programme, application.contract
    application.step = Step.GRANTED if face else Step.UNFUNDED
    lost = grant.entitlement - face
    _, year = state.year(programme, application.beneficiary_id)
    year.granted -= lost
    if contract is not None:
        contract.public_money -= lost
        if not face:
            contract.live.discard(programme.programme_id)


def _link_voucher(fold: Fold, act: Act, grant: Grant, face: int) -> None:
    """Expect the voucher's link; without a face there is no voucher, and all its totals are 0."""
    said = act.event.voucher_allotted
    stated = (said.valid_from_day, said.valid_until_day)
    if face:
        voucher = make_voucher(fold, act, grant.application, grant.policy, said.voucher_id, face, stated)
        link_voucher(act, voucher)
        return
    check_validity(act, grant.policy, stated)
    act.link(event_pb2.LINK_KIND_VOUCHER, said.voucher_id, grant, _NOTHING)
