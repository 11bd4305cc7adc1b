"""What one event adds to the totals of an entity, from its own leaf and those that it names.

Written from the tables of docs/reference/format.md, section 3. It must not compare with what a link says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from ledger.v1 import event_pb2

if TYPE_CHECKING:
    from ledger_audit.fraud.leaves import Leaf

Totals = tuple[int, ...]
Others = Mapping[int, "Leaf"]
"""Leaves that may be needed, by index: a superseded claim, a queued grant, a request."""

PROGRAMME, YEAR = event_pb2.LINK_KIND_PROGRAMME, event_pb2.LINK_KIND_BENEFICIARY_YEAR
VOUCHER, CONTRACT = event_pb2.LINK_KIND_VOUCHER, event_pb2.LINK_KIND_CONTRACT
INVOICE, PAYMENT = event_pb2.LINK_KIND_INVOICE, event_pb2.LINK_KIND_PAYMENT
DEVICE = event_pb2.LINK_KIND_DEVICE

LENGTHS: Mapping[int, int] = MappingProxyType(
    {PROGRAMME: 7, YEAR: 1, VOUCHER: 5, CONTRACT: 2, INVOICE: 1, PAYMENT: 1, DEVICE: 1}
)
"""Totals by kind of link; other kinds have none."""
_BALANCES = (
    event_pb2.ACCOUNT_AVAILABLE,
    event_pb2.ACCOUNT_ENCUMBERED,
    event_pb2.ACCOUNT_OBLIGATED,
    event_pb2.ACCOUNT_DISBURSED,
    event_pb2.ACCOUNT_RECOVERABLE,
    event_pb2.ACCOUNT_RECOVERED,
    event_pb2.ACCOUNT_FINES_DUE,
)
_RELEASING = frozenset({"voucher_expired", "voucher_revoked"})
_STILL = frozenset({"voucher_closed", "voucher_held", "hold_released", "service_claim_accepted"})


def change(leaf: Leaf, kind: int, entity: bytes, others: Others) -> Totals | None:
    """What the event adds to each total; None where these leaves do not tell."""
    if kind not in LENGTHS:
        return ()
    return _CHANGES[kind](leaf, entity, others)


def superseded(leaf: Leaf, others: Others) -> tuple[bool, Leaf | None]:
    """Whether a claim supersedes another one, and that one's leaf where it is there."""
    if not leaf.has_statement or not leaf.said.HasField("superseded_index"):
        return False, None
    old = others.get(leaf.said.superseded_index)
    return True, old if old is not None and old.kind == leaf.kind else None


def released(leaf: Leaf) -> int:
    """What the event gives back of an encumbered face, fen, by its postings."""
    return sum(
        posting.amount_fen
        for posting in leaf.event.postings
        if posting.account == event_pb2.ACCOUNT_AVAILABLE
    )


def _programme(leaf: Leaf, entity: bytes, _others: Others) -> Totals | None:
    sums = dict.fromkeys(map(int, _BALANCES), 0)
    for posting in leaf.event.postings:
        if posting.programme_id == entity and posting.account in sums:
            sums[int(posting.account)] += posting.amount_fen
    return tuple(sums.values())


def _granted(leaf: Leaf, others: Others) -> int | None:
    """What the event adds to the money granted to a beneficiary, and to the public money on a contract."""
    if leaf.kind == "voucher_issued":
        return int(leaf.payload.face_fen)
    if leaf.kind == "grant_queued":
        return int(leaf.payload.entitlement_fen)
    if leaf.kind in _RELEASING:
        return -int(leaf.payload.released_fen)
    if leaf.kind == "redemption_verified":
        return -released(leaf)
    if leaf.kind == "voucher_allotted":
        grant = others.get(_premise(leaf, event_pb2.PREMISE_KIND_GRANT))
        if grant is not None and grant.kind == "grant_queued":
            return int(leaf.payload.face_fen - grant.payload.entitlement_fen)
    return None


def _year(leaf: Leaf, _entity: bytes, others: Others) -> Totals | None:
    granted = _granted(leaf, others)
    return None if granted is None else (granted,)


def _contract(leaf: Leaf, _entity: bytes, others: Others) -> Totals | None:
    if leaf.kind in {"contract_registered", "acceptance_registered"}:
        return 0, 0
    if leaf.kind == "outside_support_declared":
        return 0, leaf.said.amount_fen
    if leaf.kind == "clawback_determined":
        return -leaf.said.amount_fen, 0
    granted = _granted(leaf, others)
    return None if granted is None else (granted, 0)


def _voucher(leaf: Leaf, _entity: bytes, others: Others) -> Totals | None:
    if leaf.kind in {"voucher_issued", "voucher_allotted"}:
        return leaf.payload.face_fen, 0, 0, 0, 0
    if leaf.kind == "claim_accepted":
        replaces, old = superseded(leaf, others)
        if replaces and old is None:
            return None
        before = old.said.total_allocated_ms if old is not None else 0
        return 0, leaf.said.total_allocated_ms - before, 0, 0, 0
    if leaf.kind == "redemption_requested":
        return 0, 0, leaf.payload.amount_fen, 0, 0
    if leaf.kind == "redemption_verified":
        return _fallen(leaf, others)
    if leaf.kind == "payment_confirmed":
        return 0, 0, 0, leaf.said.amount_fen, 0
    if leaf.kind in _RELEASING:
        return 0, 0, 0, 0, leaf.payload.released_fen
    return (0, 0, 0, 0, 0) if leaf.kind in _STILL else None


def _fallen(leaf: Leaf, others: Others) -> Totals | None:
    """A verification gives back what it does not confirm; of an ended voucher that is released."""
    request = others.get(_premise(leaf, event_pb2.PREMISE_KIND_REDEMPTION))
    if request is None or request.kind != "redemption_requested":
        return None
    fallen = request.payload.amount_fen - leaf.said.amount_fen
    return 0, 0, -fallen, 0, fallen if leaf.event.postings else 0


def _evidence(leaf: Leaf, entity: bytes, _others: Others) -> Totals | None:
    if leaf.kind == "redemption_requested":
        uses = (*leaf.said.invoices, *leaf.said.payments)
        return (sum(use.amount_fen for use in uses if use.fingerprint == entity),)
    return (0,) if leaf.kind in {"invoice_registered", "payment_registered", "invoice_cancelled"} else None


def _device(leaf: Leaf, entity: bytes, others: Others) -> Totals | None:
    if leaf.kind == "devices_registered":
        return (0,)
    if leaf.kind != "claim_accepted":
        return None
    replaces, old = superseded(leaf, others)
    if replaces and old is None:
        return None
    return (_used(leaf, entity) - (_used(old, entity) if old is not None else 0),)


def _used(leaf: Leaf, device: bytes) -> int:
    """The allocated milliseconds of a device in a claim."""
    said = leaf.said
    ids: Sequence[bytes] = said.device_ids
    lines = zip(said.lines.device, said.lines.allocated_ms, strict=False)
    return sum(ms for place, ms in lines if place < len(ids) and ids[place] == device)


def _premise(leaf: Leaf, kind: int) -> int:
    index = leaf.premise(kind)
    return -1 if index is None else index


_CHANGES: Mapping[int, Callable[[Leaf, bytes, Others], Totals | None]] = MappingProxyType(
    {
        PROGRAMME: _programme,
        YEAR: _year,
        VOUCHER: _voucher,
        CONTRACT: _contract,
        INVOICE: _evidence,
        PAYMENT: _evidence,
        DEVICE: _device,
    }
)
