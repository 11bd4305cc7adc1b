"""For each state machine: a town in every state, a statement for every act, and how to see the state.

The statement is right in all but perhaps the state. This module must not know which act fits which state.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from unit.domain.clawed import determined, notified, paid
from unit.domain.registrar import at, ident, terms, yuan
from unit.domain.scribe import Line
from unit.domain.town import Town, small_town, with_voucher

from ledger.domain.entities import ApplicationState, ClaimStatus, ClawbackState, RedemptionState, VoucherState
from ledger.domain.policy import Allocation, Instrument
from ledger.domain.rejections import Rejection
from ledger.domain.vocabulary import ParticipantKind, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import IntEnum

    from ledger.domain.policy import PolicyParameters

    Make = Callable[[Town], Any]

HOUR = 3_600_000


@dataclass(frozen=True)
class Machine:
    """A machine as tests drive it; `what` is its name in refusals."""

    what: str
    states: Mapping[Any, Callable[[], Town]]
    acts: Mapping[str, Make]
    state_of: Callable[[Town], IntEnum]


def walk(town: Town, acts: Mapping[str, Make], *names: str) -> Town:
    """The town after these acts."""
    for name in names:
        town.ok(acts[name](town))
    return town


# Applications, with a notice of one day.


def _policy(*, shared: bool) -> PolicyParameters:
    allocation = Allocation.PRO_RATA if shared else Allocation.FCFS
    return terms(public_notice_days=1, allocation=allocation)


def _applied(*names: str, shared: bool = False) -> Town:
    town = small_town(_policy(shared=shared))
    town.ok(town.calendar(2026, "1" * 365))
    town.ok(town.contract("c", "1_000"))
    town.ok(town.apply("a", "c"))
    return walk(town, APPLICATION_ACTS, *names)


def _unfunded() -> Town:
    town = _applied(*_TO_NOTICE, "voucher-grant", shared=True)
    town.open_programme(label="next", year=2027)
    town.ok(town.policy(_policy(shared=False)))
    town.ok(town.contract("all", "20_000_000"))
    town.award("w", "all")
    town.ok(town.policy(terms(appropriation_fen=town.totals_of("gpu")[1])))
    return walk(town, APPLICATION_ACTS, "fund-allocation")


def _after_the_notice(town: Town) -> Any:
    town.now_ms = max(town.now_ms, at("2026-01-06"))
    return town.grant("v", "a")


APPLICATION_ACTS: Mapping[str, Make] = {
    "application-return": lambda town: town.give_back("a"),
    "application-resubmission": lambda town: town.resubmit("a"),
    "application-check": lambda town: town.check("a"),
    "application-review": lambda town: town.review("a"),
    "application-publication": lambda town: town.publicise("a"),
    "objection-record": lambda town: town.object("o", "a"),
    "application-rejection": lambda town: town.reject("a"),
    "application-withdrawal": lambda town: town.withdraw("a"),
    "voucher-grant": _after_the_notice,
    "fund-allocation": lambda town: town.allocate(),
}
_TO_NOTICE = ("application-check", "application-review", "application-publication")
APPLICATIONS = Machine(
    what="application",
    states={
        ApplicationState.SUBMITTED: _applied,
        ApplicationState.RETURNED: lambda: _applied("application-return"),
        ApplicationState.CHECKED: lambda: _applied(*_TO_NOTICE[:1]),
        ApplicationState.REVIEWED: lambda: _applied(*_TO_NOTICE[:2]),
        ApplicationState.PUBLICISED: lambda: _applied(*_TO_NOTICE),
        ApplicationState.GRANTED: lambda: _applied(*_TO_NOTICE, "voucher-grant"),
        ApplicationState.QUEUED: lambda: _applied(*_TO_NOTICE, "voucher-grant", shared=True),
        ApplicationState.UNFUNDED: _unfunded,
        ApplicationState.REJECTED: lambda: _applied("application-rejection"),
        ApplicationState.WITHDRAWN: lambda: _applied("application-withdrawal"),
    },
    acts=APPLICATION_ACTS,
    state_of=lambda town: town.state.applications[ident("a")].state,
)


# Vouchers: each state with a clerk's hold, which all acts but its release end first.


def _ended(town: Town, end: VoucherState) -> Town:
    if end == VoucherState.CLOSED:
        town.approve_twice("r")
        town.ok(town.order("r"))
    town.ok(town.hold("v"))
    if end == VoucherState.CLOSED:
        town.ok(town.pay("r"))
    elif end == VoucherState.REVOKED:
        town.ok(town.revoke_voucher("v"))
    elif end == VoucherState.EXPIRED:
        town.ok(_after_its_time(town))
    return town


def _used(end: VoucherState) -> Town:
    town = with_voucher()
    town.ok(town.metered("u0", "v", "1_000"))
    if end == VoucherState.CLOSED:
        town.redeemed("r", "v", "8_000_000")
    return _ended(town, end)


def _served(end: VoucherState) -> Town:
    town = small_town()
    town.provider("models", ParticipantKind.MODEL, device_count=0)
    town.open_programme(label="model", instrument=Instrument.MODEL)
    town.ok(town.contract("c", "1_000", provider="models"))
    town.award("v", "c", programme="model")
    town.evidence("e", "c", "1_000")
    town.now_ms = at("2026-06-01")
    if end == VoucherState.CLOSED:
        town.ok(town.served("u0", "v", 100_000, span=(at("2026-03-01"), at("2026-03-02"))))
        town.ok(town.redeem("r", "v", ["u0"], invoices={"i-e": 100_000}, payments={"p-e": 100_000}))
    return _ended(town, end)


def _free(town: Town) -> Town:
    town.ok(town.unhold("v"))
    return town


def _after_its_time(town: Town) -> Any:
    town.now_ms = max(town.now_ms, at("2027-01-05"))
    return town.expire("v")


def _request(town: Town) -> Any:
    return town.redeem("s", "v", ["u0"], invoices={"i-e": 100_000}, payments={"p-e": 100_000})


VOUCHERS = Machine(
    what="voucher",
    states={state: partial(_used, state) for state in VoucherState},
    acts={
        "usage-attestation": lambda town: _free(town).metered("u", "v", "1_000"),
        "redemption-request": lambda town: _request(_free(town)),
        "voucher-hold": lambda town: _free(town).hold("v"),
        "hold-release": lambda town: town.unhold("v"),
        "voucher-expiry": lambda town: _after_its_time(_free(town)),
        "voucher-revocation": lambda town: _free(town).revoke_voucher("v"),
    },
    state_of=lambda town: town.state.vouchers[ident("v")].state,
)
SERVICES = Machine(
    what="voucher",
    states={state: partial(_served, state) for state in VoucherState},
    acts={
        "service-attestation": lambda town: _free(town).served(
            "u", "v", 1, span=(at("2026-04-01"), at("2026-04-02"))
        ),
    },
    state_of=VOUCHERS.state_of,
)


# Redemptions.


def _redeemed(*names: str) -> Town:
    town = with_voucher()
    town.ok(town.appoint("approver-3", Role.APPROVER))
    town.redeemed("r", "v", "1_000")
    return walk(town, REDEMPTION_ACTS, *names)


def _approval(town: Town) -> Any:
    """By an approver who has not signed yet."""
    signed = min(len(town.state.redemptions[ident("r")].decided_by), 3)
    return town.approve("r", by=("approver-1", "approver-1", "approver-2", "approver-3")[signed])


REDEMPTION_ACTS: Mapping[str, Make] = {
    "redemption-verification": lambda town: town.verify("r"),
    "redemption-approval": _approval,
    "payment-order": lambda town: town.order("r"),
    "payment-confirmation": lambda town: town.pay("r"),
    "payment-failure": lambda town: town.fail("r"),
    "clawback-opening": lambda town: town.open_clawback("k", "r"),
}
_APPROVED = ("redemption-verification", "redemption-approval", "redemption-approval")
REDEMPTIONS = Machine(
    what="redemption",
    states={
        RedemptionState.REQUESTED: _redeemed,
        RedemptionState.VERIFIED: lambda: _redeemed(*_APPROVED[:1]),
        RedemptionState.APPROVED_ONCE: lambda: _redeemed(*_APPROVED[:2]),
        RedemptionState.APPROVED: lambda: _redeemed(*_APPROVED),
        RedemptionState.ORDERED: lambda: _redeemed(*_APPROVED, "payment-order"),
        RedemptionState.PAID: lambda: _redeemed(*_APPROVED, "payment-order", "payment-confirmation"),
    },
    acts=REDEMPTION_ACTS,
    state_of=lambda town: town.state.redemptions[ident("r")].state,
)


# Clawbacks of 3,000,000.


def _opened() -> Town:
    town = paid()
    town.ok(town.outside("c", "3_000_000"))
    town.ok(town.open_clawback("k", "r"))
    return town


def _closed() -> Town:
    town = paid()
    town.ok(town.open_clawback("k", "r"))
    town.ok(town.notify("k"))
    town.ok(town.determine("k", 0))
    return town


def _recovered(amount: str) -> Town:
    town = determined()
    town.ok(town.repay("k", amount))
    return town


def _outstanding(town: Town) -> int:
    known = town.state.clawbacks[ident("k")]
    return max(known.outstanding_fen, 1)


CLAWBACK_ACTS: Mapping[str, Make] = {
    "clawback-notice": lambda town: town.notify("k"),
    "clawback-appeal": lambda town: town.appeal("k"),
    "clawback-determination": lambda town: town.determine("k", "3_000_000"),
    "repayment-receipt": lambda town: town.repay("k", 1),
    "write-off": lambda town: town.write_off("k", _outstanding(town)),
    "fine": lambda town: town.fine("k", yuan("300_000")),
}
CLAWBACKS = Machine(
    what="clawback",
    states={
        ClawbackState.OPENED: _opened,
        ClawbackState.NOTIFIED: notified,
        ClawbackState.APPEALED: lambda: walk(notified(), CLAWBACK_ACTS, "clawback-appeal"),
        ClawbackState.DETERMINED: determined,
        ClawbackState.PARTLY_RECOVERED: lambda: _recovered("1_000_000"),
        ClawbackState.RECOVERED: lambda: _recovered("3_000_000"),
        ClawbackState.WRITTEN_OFF: lambda: walk(determined(), CLAWBACK_ACTS, "write-off"),
        ClawbackState.CLOSED: _closed,
    },
    acts=CLAWBACK_ACTS,
    state_of=lambda town: town.state.clawbacks[ident("k")].state,
)


# Claims whose key is revoked.


def _disputed(*names: str, refused: bool = False) -> Town:
    town = with_voucher()
    town.ok(town.register_key("cloud", "cloud/2"))
    start = at("2026-03-01")
    if refused:
        town.ok(town.hold("v"))
    answer = town.send(town.claim("u", "v", Line(0, start, start + HOUR)))[0]
    if isinstance(answer, Rejection) != refused:
        raise AssertionError(answer)
    if refused:
        town.ok(town.unhold("v"))
    town.ok(town.revoke("cloud", 0))
    return walk(town, CLAIM_ACTS, *names)


def _superseding(town: Town) -> Any:
    start = at("2026-03-01")
    leaf = town.claim_rows[ident("u")].leaf_index
    label = f"u/{len(town.events)}"
    return town.claim(label, "v", Line(0, start, start + HOUR), superseding=leaf, by="cloud/2")


CLAIM_ACTS: Mapping[str, Make] = {
    "usage-attestation": _superseding,
    "reconfirmation": lambda town: town.reconfirm(["u"]),
    "claim-setting-aside": lambda town: town.set_aside("u"),
}
CLAIMS = Machine(
    what="claim",
    states={
        ClaimStatus.ACCEPTED: _disputed,
        ClaimStatus.REFUSED: lambda: _disputed(refused=True),
        ClaimStatus.SUPERSEDED: lambda: _disputed("usage-attestation"),
        ClaimStatus.RECONFIRMED: lambda: _disputed("reconfirmation"),
        ClaimStatus.SET_ASIDE: lambda: _disputed("claim-setting-aside"),
    },
    acts=CLAIM_ACTS,
    state_of=lambda town: ClaimStatus(town.claim_rows[ident("u")].status),
)
DRIVEN = (APPLICATIONS, VOUCHERS, SERVICES, REDEMPTIONS, CLAWBACKS, CLAIMS)
