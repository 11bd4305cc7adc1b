"""Rules of vouchers: issue, expiry and closing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit import signatures
from ledger_audit.entitlement import cap_limit, ceiling, eligible_amount, entitlement
from ledger_audit.form import check_basis, check_subject
from ledger_audit.money import add_months, day_of_ms, day_start_ms
from ledger_audit.rules_application import check_exclusive, check_unbound
from ledger_audit.signatures import APPROVER
from ledger_audit.state import Application, BeneficiaryYear, Policy, Voucher

if TYPE_CHECKING:
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act


def voucher_issued(fold: Fold, act: Act) -> None:
    """An approver grants an application; the face is encumbered."""
    state, statement = fold.state, act.statement
    application = state.applications.get(statement.application_id)
    if application is None:
        raise act.missing("application", statement.application_id)
    programme, contract = application.programme, application.contract
    policy = programme.policy
    if policy is None:
        raise act.missing("policy in force", programme.programme_id)
    officers = signatures.require_officers(state, act, [APPROVER])
    check_basis(state, act, officers, role=APPROVER, bureau_id=programme.bureau_id)
    check_subject(act, index=application.index, leaf_hash=application.leaf_hash)
    act.require(not application.granted, "voucher", "an application that is not granted", "a granted one")
    act.require(statement.voucher_id not in state.vouchers, "voucher", "a new id", statement.voucher_id)
    check_unbound(act, contract, programme)
    check_exclusive(act, contract, policy)
    year_id = programme.programme_id + contract.terms.beneficiary_id
    year = state.years.setdefault(year_id, BeneficiaryYear())
    face = act.event.voucher_issued.face_fen
    _check_face(act, application, policy, year, face)
    voucher = _make_voucher(fold, act, application, policy, face)
    application.granted = True
    programme.available -= face
    programme.encumbered += face
    year.granted += face
    contract.public_money += face
    contract.live.add(programme.programme_id)
    _check_budget(act, voucher)
    act.premise(event_pb2.PREMISE_KIND_APPLICATION, application.index)
    act.premise(event_pb2.PREMISE_KIND_CONTRACT, contract.index)
    act.premise(event_pb2.PREMISE_KIND_POLICY, policy.index)
    act.link(event_pb2.LINK_KIND_PROGRAMME, programme.programme_id, programme, programme.totals())
    act.link(event_pb2.LINK_KIND_BENEFICIARY_YEAR, year_id, year, (year.granted,))
    act.link(event_pb2.LINK_KIND_VOUCHER, voucher.voucher_id, voucher, voucher.totals())
    link_contract(act, voucher)
    act.link(event_pb2.LINK_KIND_APPLICATION, application.application_id, application)
    act.move(programme.programme_id, event_pb2.ACCOUNT_ENCUMBERED, event_pb2.ACCOUNT_AVAILABLE, face)
    act.actor = act.first_owner
    act.stream = f"voucher/{voucher.voucher_id.hex()}"


def voucher_expired(fold: Fold, act: Act) -> None:
    """After its validity a voucher gives back what is unused."""
    voucher = _system_voucher(fold, act, act.event.voucher_expired.voucher_id)
    due_ms = day_start_ms(voucher.valid_until_day)
    act.require(act.event.recorded_ms >= due_ms, "expiry", f"at or after {due_ms}", act.event.recorded_ms)
    active = not voucher.expired and not voucher.closed
    act.require(active, "expiry", "an active voucher", "one that is expired or closed")
    released = act.event.voucher_expired.released_fen
    act.equal("expiry", voucher.unused, released)
    voucher.expired = True
    voucher.contract.live.discard(voucher.programme.programme_id)
    release(voucher, fold, released)
    act.premise(event_pb2.PREMISE_KIND_VOUCHER, voucher.index)
    act.link(event_pb2.LINK_KIND_VOUCHER, voucher.voucher_id, voucher, voucher.totals())
    link_release(fold, act, voucher, released)


def voucher_closed(fold: Fold, act: Act) -> None:
    """Right after the payment that makes all of the face paid."""
    voucher = _system_voucher(fold, act, act.event.voucher_closed.voucher_id)
    before = fold.closing_voucher
    act.require(before is voucher, "closing", "right after the payment that uses it up", "otherwise")
    voucher.closed = True
    act.require(bool(act.event.ordinal), "ordinal", "an ordinal above 0", act.event.ordinal)
    act.premise(event_pb2.PREMISE_KIND_VOUCHER, voucher.index)
    act.link(event_pb2.LINK_KIND_VOUCHER, voucher.voucher_id, voucher, voucher.totals())


def release(voucher: Voucher, fold: Fold, released: int) -> None:
    """Give released money back to the appropriation, the beneficiary's room and the contract's."""
    programme = voucher.programme
    voucher.released += released
    programme.available += released
    programme.encumbered -= released
    _year(fold, voucher).granted -= released
    voucher.contract.public_money -= released


def link_release(fold: Fold, act: Act, voucher: Voucher, released: int) -> None:
    """Expect the links and the postings of a release."""
    programme, year = voucher.programme, _year(fold, voucher)
    act.link(event_pb2.LINK_KIND_PROGRAMME, programme.programme_id, programme, programme.totals())
    year_id = programme.programme_id + voucher.beneficiary_id
    act.link(event_pb2.LINK_KIND_BENEFICIARY_YEAR, year_id, year, (year.granted,))
    link_contract(act, voucher)
    if released:
        act.move(programme.programme_id, event_pb2.ACCOUNT_AVAILABLE, event_pb2.ACCOUNT_ENCUMBERED, released)


def link_contract(act: Act, voucher: Voucher) -> None:
    """Expect the link of the voucher's contract."""
    contract = voucher.contract
    totals = (contract.public_money, contract.outside_support)
    act.link(event_pb2.LINK_KIND_CONTRACT, contract.contract_id, contract, totals)


def _year(fold: Fold, voucher: Voucher) -> BeneficiaryYear:
    year_id = voucher.programme.programme_id + voucher.beneficiary_id
    return fold.state.years.setdefault(year_id, BeneficiaryYear())


def _system_voucher(fold: Fold, act: Act, voucher_id: bytes) -> Voucher:
    """The voucher of a SYSTEM event; its actor and request digest are checked."""
    fold.check_system_digest(act, voucher_id)
    voucher = fold.state.vouchers.get(voucher_id)
    if voucher is None:
        raise act.missing("voucher", voucher_id)
    act.stream = f"voucher/{voucher_id.hex()}"
    return voucher


def _check_face(act: Act, application: Application, policy: Policy, year: BeneficiaryYear, face: int) -> None:
    """Face = min(entitlement, cap room, stacking room, available) > 0 (I1, I2, I3, I4)."""
    contract, startup = application.contract, application.startup
    limit = cap_limit(policy, startup=startup, named_approval=act.statement.named_approval)
    parts = [(part.origin, part.amount_fen) for part in contract.terms.origin_amounts]
    base = eligible_amount(contract, policy)
    rooms = [
        entitlement(policy, startup=startup, base_fen=base, parts=parts),
        limit - year.granted,
        application.programme.available,
    ]
    stacking = ceiling(contract, policy, startup=startup)
    if stacking is not None:
        rooms.append(stacking - contract.public_money)
        act.require(face <= rooms[-1], "i4_stacking", f"at most {rooms[-1]}", face)
    act.require(face <= rooms[1], "i2_cap", f"at most {rooms[1]}", face)
    act.require(face == min(rooms) and face > 0, "face", f"{min(rooms)}, above 0", face)


def _check_budget(act: Act, voucher: Voucher) -> None:
    programme = voucher.programme
    used = programme.encumbered + programme.obligated + programme.disbursed
    act.require(used <= programme.appropriation, "i1_budget", f"at most {programme.appropriation}", used)


def _make_voucher(fold: Fold, act: Act, application: Application, policy: Policy, face: int) -> Voucher:
    """The voucher with the bounds of all usage under it; its validity is checked."""
    state, contract, issued = fold.state, application.contract, act.event.voucher_issued
    terms = contract.terms
    from_day = day_of_ms(act.event.recorded_ms)
    until_day = add_months(from_day, policy.parameters.validity_months)
    act.equal("voucher", (from_day, until_day), (issued.valid_from_day, issued.valid_until_day))
    provider = state.participants.get(terms.provider_id)
    admitted_day = provider.admitted_from_day if provider is not None else terms.from_day
    lo_day = max(terms.from_day, admitted_day, issued.valid_from_day)
    hi_day = min(terms.to_day + 1, issued.valid_until_day)
    voucher = Voucher(
        act.statement.voucher_id,
        len(state.vouchers_by_number),
        act.index,
        application.programme,
        contract,
        policy,
        application.startup,
        terms.beneficiary_id,
        terms.provider_id,
        terms.document_digest,
        provider.admission if provider is not None else None,
        face,
        issued.valid_from_day,
        issued.valid_until_day,
        day_start_ms(lo_day),
        day_start_ms(hi_day),
        frozenset(policy.parameters.allowed_vendors),
    )
    state.vouchers[voucher.voucher_id] = voucher
    state.vouchers_by_number.append(voucher)
    return voucher
