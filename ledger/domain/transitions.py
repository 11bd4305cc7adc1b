"""The state machines as data: which act moves what from where to where (docs/reference/format.md, section 4).

The rules look here whether an act fits, so that a refusal can name the acts that would. This module must not
read the ledger's state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.domain.entities import ApplicationState, ClaimStatus, ClawbackState, RedemptionState, VoucherState
from ledger.domain.rejections import Reason

if TYPE_CHECKING:
    from enum import IntEnum

    from ledger.domain.commands import Refusals


@dataclass(frozen=True, slots=True)
class Move:
    """An act, the states in which it is possible and those that it may lead to; none = it stays."""

    act: str
    sources: tuple[IntEnum, ...]
    targets: tuple[IntEnum, ...] = ()


_A, _V, _R, _C, _U = ApplicationState, VoucherState, RedemptionState, ClawbackState, ClaimStatus
_BEFORE_GRANT = (_A.SUBMITTED, _A.RETURNED, _A.CHECKED, _A.REVIEWED, _A.PUBLICISED)
_AFTER_DETERMINATION = (_C.DETERMINED, _C.PARTLY_RECOVERED, _C.RECOVERED, _C.WRITTEN_OFF)

APPLICATION_MOVES = (
    Move("application-return", (_A.SUBMITTED, _A.CHECKED, _A.REVIEWED), (_A.RETURNED,)),
    Move("application-resubmission", (_A.RETURNED,), (_A.SUBMITTED,)),
    Move("application-check", (_A.SUBMITTED,), (_A.CHECKED,)),
    Move("application-review", (_A.CHECKED,), (_A.REVIEWED,)),
    Move("application-publication", (_A.REVIEWED,), (_A.PUBLICISED,)),
    Move("objection-record", (_A.PUBLICISED,)),
    Move("application-rejection", _BEFORE_GRANT, (_A.REJECTED,)),
    Move("application-withdrawal", _BEFORE_GRANT, (_A.WITHDRAWN,)),
    Move("voucher-grant", (_A.PUBLICISED,), (_A.GRANTED, _A.QUEUED)),
    Move("fund-allocation", (_A.QUEUED,), (_A.GRANTED, _A.UNFUNDED)),
)
VOUCHER_MOVES = (
    Move("usage-attestation", (_V.ACTIVE,)),
    Move("service-attestation", (_V.ACTIVE,)),
    Move("redemption-request", (_V.ACTIVE,)),
    Move("voucher-hold", (_V.ACTIVE,)),
    Move("hold-release", tuple(VoucherState)),
    Move("voucher-expiry", (_V.ACTIVE,), (_V.EXPIRED,)),
    Move("voucher-revocation", (_V.ACTIVE,), (_V.REVOKED,)),
    Move("voucher-closing", (_V.ACTIVE,), (_V.CLOSED,)),
)
REDEMPTION_MOVES = (
    Move("redemption-verification", (_R.REQUESTED,), (_R.VERIFIED,)),
    Move("redemption-approval", (_R.VERIFIED, _R.APPROVED_ONCE), (_R.APPROVED_ONCE, _R.APPROVED)),
    Move("payment-order", (_R.APPROVED,), (_R.ORDERED,)),
    Move("payment-confirmation", (_R.ORDERED,), (_R.APPROVED, _R.PAID)),
    Move("payment-failure", (_R.ORDERED,), (_R.APPROVED,)),
    Move("clawback-opening", (_R.PAID,)),
)
CLAWBACK_MOVES = (
    Move("clawback-notice", (_C.OPENED,), (_C.NOTIFIED,)),
    Move("clawback-appeal", (_C.NOTIFIED,), (_C.APPEALED,)),
    Move("clawback-determination", (_C.NOTIFIED, _C.APPEALED), (_C.DETERMINED, _C.CLOSED)),
    Move(
        "repayment-receipt",
        (_C.DETERMINED, _C.PARTLY_RECOVERED),
        (_C.PARTLY_RECOVERED, _C.RECOVERED),
    ),
    Move("write-off", (_C.DETERMINED, _C.PARTLY_RECOVERED), (_C.WRITTEN_OFF,)),
    Move("fine", _AFTER_DETERMINATION),
)
CLAIM_MOVES = (
    Move("usage-attestation", (_U.ACCEPTED, _U.RECONFIRMED), (_U.SUPERSEDED,)),
    Move("reconfirmation", (_U.ACCEPTED,), (_U.RECONFIRMED,)),
    Move("claim-setting-aside", (_U.ACCEPTED,), (_U.SET_ASIDE,)),
)
MACHINES: tuple[tuple[str, tuple[Move, ...]], ...] = (
    ("application", APPLICATION_MOVES),
    ("voucher", VOUCHER_MOVES),
    ("redemption", REDEMPTION_MOVES),
    ("clawback", CLAWBACK_MOVES),
    ("claim", CLAIM_MOVES),
)


def check_move(
    refusals: Refusals, moves: tuple[Move, ...], act: str, *, what: str, state: IntEnum, index: int
) -> None:
    """Note STATE_CONFLICT, with the state and the acts that fit it, unless the act does."""
    if any(move.act == act and state in move.sources for move in moves):
        return
    allowed = ", ".join(move.act for move in moves if state in move.sources) or "nothing"
    refusals.add(Reason.STATE_CONFLICT, f"the {what} is {state.name}; allowed: {allowed}", index)
