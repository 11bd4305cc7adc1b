"""`postings`: a double entry that does not sum to zero, or is not the one of its event."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.fraud.leaves import Leaf, NotShown
from ledger_audit.fraud.proof_type import ProofType, search_alone
from ledger_audit.fraud.verdict import Shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger_audit.fraud.case import Case

_AVAILABLE, _ENCUMBERED = event_pb2.ACCOUNT_AVAILABLE, event_pb2.ACCOUNT_ENCUMBERED
_TABLE: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "programme_opened": (_AVAILABLE, event_pb2.ACCOUNT_APPROPRIATION),
        "voucher_issued": (_ENCUMBERED, _AVAILABLE),
        "voucher_allotted": (_ENCUMBERED, _AVAILABLE),
        "voucher_expired": (_AVAILABLE, _ENCUMBERED),
        "voucher_revoked": (_AVAILABLE, _ENCUMBERED),
        "redemption_approved": (event_pb2.ACCOUNT_OBLIGATED, _ENCUMBERED),
        "payment_confirmed": (event_pb2.ACCOUNT_DISBURSED, event_pb2.ACCOUNT_OBLIGATED),
        "clawback_determined": (event_pb2.ACCOUNT_RECOVERABLE, event_pb2.ACCOUNT_RECOVERY_DUE),
        "repayment_received": (event_pb2.ACCOUNT_RECOVERED, event_pb2.ACCOUNT_RECOVERABLE),
        "recoverable_written_off": (event_pb2.ACCOUNT_WRITTEN_OFF, event_pb2.ACCOUNT_RECOVERABLE),
        "fine_imposed": (event_pb2.ACCOUNT_FINES_DUE, event_pb2.ACCOUNT_FINES),
    }
)
"""Debit and credit of the events whose amount their own leaf says."""
_OTHERS = frozenset({"policy_published", "redemption_verified"})
"""Their amounts need more leaves: only that they sum to zero is judged."""


def judge(case: Case) -> Shown:
    """The accused leaf alone: sums by programme, then accounts and amount by the table of its type."""
    leaf = case.accused
    sums: dict[bytes, int] = {}
    for posting in leaf.event.postings:
        sums[posting.programme_id] = sums.get(posting.programme_id, 0) + posting.amount_fen
    for programme_id, total in sums.items():
        if total:
            return Shown(
                "The postings of an event sum to zero in every programme (I15).",
                f"{leaf.name} posts {total} fen more than nothing in the programme {programme_id.hex()}",
                {"sum_fen": total},
            )
    if leaf.kind in _OTHERS:
        raise NotShown(f"the postings of {leaf.name} sum to zero; their amount is not judged")
    debit, credit = _TABLE.get(leaf.kind, (0, 0))
    amount = _amount(leaf) if leaf.kind in _TABLE else 0
    wanted = [(debit, amount), (credit, -amount)] if amount else []
    posted = [(int(posting.account), posting.amount_fen) for posting in leaf.event.postings]
    if posted != wanted or len(sums) > 1:
        return Shown(
            "An event that moves money has the postings of its type, another one has none (I15).",
            f"{leaf.name} has the postings {_text(posted)}, its type has {_text(wanted)}",
            {"amount_fen": amount},
        )
    raise NotShown(f"{leaf.name} has the postings of its type")


def _amount(leaf: Leaf) -> int:
    """The money that the event moves, fen."""
    if leaf.kind == "programme_opened":
        return int(leaf.said.appropriation_fen)
    if leaf.kind in {"voucher_issued", "voucher_allotted"}:
        return int(leaf.payload.face_fen)
    if leaf.kind in {"voucher_expired", "voucher_revoked"}:
        return int(leaf.payload.released_fen)
    if leaf.kind == "redemption_approved" and leaf.payload.approvals < 2:  # noqa: PLR2004 - the second one obligates
        return 0
    return int(leaf.said.amount_fen)


def _text(postings: list[tuple[int, int]]) -> str:
    return ", ".join(f"{_name(account)} {amount:+d}" for account, amount in postings) or "none"


def _name(account: int) -> str:
    names = {int(number): name for name, number in event_pb2.Account.items()}
    return names.get(account, str(account)).removeprefix("ACCOUNT_")


TYPE = ProofType(
    "postings",
    "postings that do not sum to zero or are not those of the event",
    frozenset(),
    judge,
    search_alone,
)
