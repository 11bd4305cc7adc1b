"""From the programme to the end of a voucher under another policy: money, applications, grants, releases.

What a policy asks and what it gives are the auditor's own rules, applied to the counterfactual state. It must
not look at usage or payments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import errors_pb2, programme_pb2
from ledger_audit.dossiers import Application, Grant, Standing
from ledger_audit.entities import Contract, Programme
from ledger_audit.money import day_of_ms
from ledger_audit.rules_allocation import leave_queue, share_out
from ledger_audit.rules_application import is_excluded, is_startup, lacks
from ledger_audit.rules_grant import room_of, take
from ledger_audit.vouchers import add_voucher, release, validity_from
from ledger_audit.whatif_shadow import GRANT, Zero

if TYPE_CHECKING:
    from ledger_audit.entities import Policy
    from ledger_audit.fold import Fold
    from ledger_audit.watch import Seen
    from ledger_audit.whatif_shadow import Reason, Shadow

_PRO_RATA = programme_pb2.ALLOCATION_PRO_RATA
_EXCLUSIVE = errors_pb2.REJECTION_REASON_STACKING_EXCLUSIVE
_NOTHING_LEFT = errors_pb2.REJECTION_REASON_BUDGET_EXHAUSTED


def appropriated(shadow: Shadow, fold: Fold, seen: Seen) -> None:
    """A programme is opened or has a new policy: its appropriation is the plan's, or follows the record."""
    recorded = fold.state.programmes.get(seen.statement.programme_id)
    if recorded is None:
        return
    programme = shadow.state.programmes.get(recorded.programme_id)
    if programme is None:
        names = (recorded.programme_id, recorded.bureau_id, recorded.instrument, recorded.fiscal_year)
        programme = shadow.state.programmes[recorded.programme_id] = Programme(*names, 0, 0)
    policy = shadow.plan(recorded)
    amount = recorded.appropriation if policy is None else policy.parameters.appropriation_fen
    programme.available += amount - programme.appropriation
    programme.appropriation = amount


def contracted(shadow: Shadow, fold: Fold, seen: Seen) -> None:
    """A contract, with nothing on it."""
    recorded = fold.state.contracts.get(seen.statement.contract_id)
    if recorded is not None and recorded.index == seen.index:
        contract = Contract(recorded.contract_id, recorded.index, recorded.terms, recorded.prices)
        shadow.state.contracts[recorded.contract_id] = contract


def supported(shadow: Shadow, fold: Fold, seen: Seen) -> None:
    """Other public money on a contract, as recorded."""
    contract, recorded = (
        state.contracts.get(seen.statement.contract_id) for state in (shadow.state, fold.state)
    )
    if contract is not None and recorded is not None:
        contract.outside_support = recorded.outside_support


def applied(shadow: Shadow, fold: Fold, seen: Seen) -> None:
    """Whether the contract meets the policy, and whether it is a start-up's, is decided anew."""
    recorded = fold.state.applications.get(seen.statement.application_id)
    if recorded is None or recorded.index != seen.index:
        return
    programme = shadow.state.programmes[recorded.programme.programme_id]
    policy, startup, contract = shadow.plan(recorded.programme), recorded.startup, None
    if recorded.contract is not None:
        contract = shadow.state.contracts[recorded.contract.contract_id]
        if policy is not None:
            beneficiary = fold.state.participants.get(recorded.beneficiary_id)
            startup = is_startup(beneficiary, policy, day_of_ms(seen.recorded_ms))
            provider = fold.state.participants.get(contract.terms.provider_id)
            reasons = [lack.reason for lack in lacks(contract, provider, policy)]
            reasons += [_EXCLUSIVE] if is_excluded(contract, policy) else []
            if reasons:
                shadow.lacking[recorded.application_id] = min(reasons)
    names = (recorded.application_id, recorded.index, programme, recorded.beneficiary_id)
    application = Application(*names, contract, startup, recorded.newest)
    shadow.state.applications[recorded.application_id] = application


def granted(shadow: Shadow, fold: Fold, seen: Seen) -> None:
    """A grant is decided anew: it gets a voucher, waits for its window, or gets nothing.

    It waits only if it waited in the record, whose windows are the only ones.
    """
    said, recorded_state = seen.statement, fold.state
    application, recorded = (
        state.applications.get(said.application_id) for state in (shadow.state, recorded_state)
    )
    made = recorded_state.grants.get(said.voucher_id) or recorded_state.vouchers.get(said.voucher_id)
    if application is None or recorded is None or made is None or made.index != seen.index:
        return
    application.proposed = recorded.proposed
    given = made.entitlement if isinstance(made, Grant) else made.face
    waits = isinstance(made, Grant)
    policy, amount, reason = shadow.plan(recorded.programme), given, None
    if policy is None:
        policy = made.policy
    else:
        waits = waits and policy.parameters.allocation == _PRO_RATA
        named = said.named_approval
        amount, reason = _worth(shadow, application, policy, named_approval=named, waits=waits)
    if reason is not None:
        _give_nothing(shadow, seen, application, said.voucher_id, reason, given)
        return
    take(shadow.state, application, amount)
    if not waits:
        _issue(shadow, seen, application, policy, said.voucher_id, amount)
        return
    grant = Grant(said.voucher_id, seen.index, application, policy, amount)
    shadow.state.grants[said.voucher_id] = grant
    application.programme.queue.append(grant)


def allocated(shadow: Shadow, fold: Fold, seen: Seen) -> None:
    """A window closes: what waits gets its share."""
    del fold
    programme = shadow.state.programmes.get(seen.statement.programme_id)
    if programme is not None:
        queue, programme.queue = programme.queue, []
        share_out(queue, programme.available)


def allotted(shadow: Shadow, fold: Fold, seen: Seen) -> None:
    """A grant of the window gets its voucher; one that did not wait here has it already, or nothing."""
    said = seen.event.voucher_allotted  # type: ignore[union-attr]
    grant, recorded = (state.grants.get(said.voucher_id) for state in (shadow.state, fold.state))
    if grant is None or recorded is None or said.voucher_id in shadow.state.vouchers:
        return
    kept = shadow.keeps(recorded.application.programme)
    face = said.face_fen if kept else grant.share
    leave_queue(shadow.state, grant, face)
    if face > 0:
        _issue(shadow, seen, grant.application, grant.policy, grant.voucher_id, face)
    else:
        _give_nothing(shadow, seen, grant.application, grant.voucher_id, _NOTHING_LEFT, said.face_fen)


def ended(shadow: Shadow, fold: Fold, seen: Seen) -> None:
    """A voucher expires, is revoked or closes when it does in the record; a closing frees nothing."""
    payload = seen.statement or getattr(seen.event, seen.kind)
    voucher, recorded = (state.vouchers.get(payload.voucher_id) for state in (shadow.state, fold.state))
    if voucher is None or recorded is None or not voucher.active:
        return
    voucher.end(recorded.standing)
    if recorded.standing is Standing.CLOSED:
        return
    if voucher.contract is not None:
        voucher.contract.live.discard(voucher.programme.programme_id)
    release(shadow.state, voucher, voucher.unused)


def _worth(
    shadow: Shadow, application: Application, policy: Policy, *, named_approval: bool, waits: bool
) -> tuple[int, Reason | None]:
    """What a grant comes to; 0 with the first reason in the ledger's order."""
    reasons = []
    contract, available = application.contract, application.programme.available
    lacking = shadow.lacking.get(application.application_id)
    if lacking is not None:
        reasons.append(lacking)
    if contract is not None and is_excluded(contract, policy):
        reasons.append(_EXCLUSIVE)
    room = room_of(shadow.state, application, policy, named_approval=named_approval)
    if room.stacking is not None and room.stacking <= 0:
        reasons.append(errors_pb2.REJECTION_REASON_STACKING_CEILING)
    if room.cap <= 0:
        hard = room_of(shadow.state, application, policy, named_approval=True).cap
        used_up, unnamed = (
            errors_pb2.REJECTION_REASON_CAP_EXHAUSTED,
            errors_pb2.REJECTION_REASON_NAMED_APPROVAL_REQUIRED,
        )
        reasons.append(unnamed if hard > 0 else used_up)
    if not waits and available <= 0:
        reasons.append(_NOTHING_LEFT)
    if room.entitlement <= 0:
        reasons.append(errors_pb2.REJECTION_REASON_STATE_CONFLICT)
    if reasons:
        return 0, min(reasons)
    return room.least if waits else min(room.least, available), None


def _issue(
    shadow: Shadow, seen: Seen, application: Application, policy: Policy, voucher_id: bytes, face: int
) -> None:
    """The face is encumbered, the voucher valid from the day of the event on."""
    programme = application.programme
    programme.available -= face
    programme.encumbered += face
    leaf, validity = (seen.index, seen.leaf_hash), validity_from(seen.recorded_ms, policy)
    add_voucher(shadow.state, leaf, application, policy, voucher_id, face, validity)


def _give_nothing(
    shadow: Shadow, seen: Seen, application: Application, voucher_id: bytes, reason: Reason, recorded: int
) -> None:
    shadow.reasons[voucher_id] = reason
    programme_id, beneficiary_id = application.programme.programme_id, application.beneficiary_id
    if recorded > 0:
        zero = Zero(seen.index, GRANT, voucher_id, programme_id, beneficiary_id, reason, recorded)
        shadow.zeros.append(zero)
