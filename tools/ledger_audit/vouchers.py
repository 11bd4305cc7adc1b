"""Making vouchers and giving money back: what the rules of grant, allocation and end share.

It must not decide when that may be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2, programme_pb2
from ledger_audit.dossiers import Application, Leaf, Voucher
from ledger_audit.money import add_months, day_of_ms, day_start_ms
from ledger_audit.rules_contract import link_contract
from ledger_audit.rules_programme import link_programme

if TYPE_CHECKING:
    from ledger_audit.entities import Participant, Policy, Programme
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act
    from ledger_audit.state import State


def make_voucher(
    fold: Fold,
    act: Act,
    application: Application,
    policy: Policy,
    voucher_id: bytes,
    face: int,
    stated: tuple[int, int],
) -> Voucher:
    """The voucher of this event with the bounds of all usage under it; its stated validity is checked."""
    check_validity(act, policy, stated)
    return add_voucher(fold.state, (act.index, act.leaf_hash), application, policy, voucher_id, face, stated)


def add_voucher(
    state: State,
    leaf: Leaf,
    application: Application,
    policy: Policy,
    voucher_id: bytes,
    face: int,
    validity: tuple[int, int],
) -> Voucher:
    """Take a new voucher into the state."""
    contract = application.contract
    terms = contract.terms if contract is not None else None
    provider = state.participants.get(terms.provider_id) if terms is not None else None
    voucher = Voucher(
        voucher_id,
        len(state.vouchers_by_number),
        *leaf,
        application.programme,
        contract,
        policy,
        application.startup,
        application.beneficiary_id,
        terms.provider_id if terms is not None else b"",
        provider,
        terms.document_digest if terms is not None else b"",
        face,
        *validity,
        0,
        0,
        frozenset(policy.parameters.allowed_vendors),
        contract.prices if contract is not None else {},
    )
    _set_bounds(voucher, provider)
    state.vouchers[voucher_id] = voucher
    state.vouchers_by_number.append(voucher)
    return voucher


def check_validity(act: Act, policy: Policy, stated: tuple[int, int]) -> None:
    """The validity is the one that follows from the day of recording."""
    act.equal("voucher", validity_from(act.event.recorded_ms, policy), stated)


def validity_from(recorded_ms: int, policy: Policy) -> tuple[int, int]:
    """From the day of recording for the policy's months, end exclusive."""
    from_day = day_of_ms(recorded_ms)
    return from_day, add_months(from_day, policy.parameters.validity_months)


def starts_free(policy: Policy) -> bool:
    """Whether usage may precede the voucher (EX_POST)."""
    return policy.parameters.mode == programme_pb2.MODE_EX_POST


def _set_bounds(voucher: Voucher, provider: Participant | None) -> None:
    """Usage lies in the contract, the validity, the admission and the days on which the item is listed."""
    if voucher.contract is None:
        return
    terms = voucher.contract.terms
    first_days = [terms.from_day]
    if not starts_free(voucher.policy):
        first_days.append(voucher.valid_from_day)
    if provider is not None:
        first_days += [provider.admitted_from_day, provider.items.get(terms.item, terms.from_day)]
    voucher.lo_ms = day_start_ms(max(first_days))
    voucher.hi_ms = day_start_ms(min(terms.to_day + 1, voucher.valid_until_day))


def link_year(fold: Fold, act: Act, programme: Programme, beneficiary_id: bytes) -> None:
    """Expect the link of the beneficiary in the programme."""
    year_id, year = fold.state.year(programme, beneficiary_id)
    act.link(event_pb2.LINK_KIND_BENEFICIARY_YEAR, year_id, year, (year.granted,))


def release(state: State, voucher: Voucher, released: int) -> None:
    """Give released money back to the appropriation, the beneficiary's room and the contract's."""
    programme = voucher.programme
    voucher.released += released
    programme.available += released
    programme.encumbered -= released
    _, year = state.year(programme, voucher.beneficiary_id)
    year.granted -= released
    if voucher.contract is not None:
        voucher.contract.public_money -= released


def link_release(fold: Fold, act: Act, voucher: Voucher, released: int) -> None:
    """Expect the links and the postings of a release."""
    programme = voucher.programme
    link_programme(act, programme)
    link_year(fold, act, programme, voucher.beneficiary_id)
    link_contract(act, voucher.contract)
    act.move(programme.programme_id, event_pb2.ACCOUNT_AVAILABLE, event_pb2.ACCOUNT_ENCUMBERED, released)


def link_voucher(act: Act, voucher: Voucher) -> None:
    """Expect the voucher's link with its totals now."""
    act.link(event_pb2.LINK_KIND_VOUCHER, voucher.voucher_id, voucher, voucher.totals())


def voucher_of(fold: Fold, act: Act, voucher_id: bytes) -> Voucher:
    """The issued voucher; its absence ends the judgement."""
    voucher = fold.state.vouchers.get(voucher_id)
    if voucher is None:
        raise act.missing("voucher", voucher_id)
    return voucher


def require_active(act: Act, check: str, voucher: Voucher) -> None:
    """The voucher is neither expired, revoked nor closed."""
    act.require(voucher.active, check, "an ACTIVE voucher", voucher.standing)


def require_not_held(fold: Fold, act: Act, voucher: Voucher) -> None:
    """Neither an office nor an open clawback holds the voucher."""
    act.require(not fold.state.is_held(voucher), "hold", "a voucher that is not held", "a held one")
