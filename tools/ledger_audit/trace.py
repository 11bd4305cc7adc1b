"""From a payment back to the device time or service that it paid for, leaf by leaf along premises and links.

It reads what the leaves say and judges nothing; `verify` does that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.errors import UsageError
from ledger.proof.hashing import leaf_hash
from ledger.v1 import event_pb2
from ledger_audit.replay import tree_size
from ledger_audit.scan import parse_again
from ledger_audit.sources import Source, read_entry

if TYPE_CHECKING:
    from collections.abc import Callable

_ID_DIGITS = 32
_CLAIM = event_pb2.LINK_KIND_CLAIM
_ACCEPTED = frozenset({"claim_accepted", "service_claim_accepted"})
_VERIFICATION, _APPROVAL = event_pb2.PREMISE_KIND_VERIFICATION, event_pb2.PREMISE_KIND_APPROVAL
_ORDER, _REQUEST = event_pb2.PREMISE_KIND_ORDER, event_pb2.PREMISE_KIND_REDEMPTION
_VOUCHER, _CONTRACT, _POLICY = (
    event_pb2.PREMISE_KIND_VOUCHER,
    event_pb2.PREMISE_KIND_CONTRACT,
    event_pb2.PREMISE_KIND_POLICY,
)


class _Leaf:
    """A leaf with its event and statement."""

    def __init__(self, index: int, entry: bytes) -> None:
        self.index = index
        self.leaf_hash = leaf_hash(entry)
        event, statement = parse_again(entry)
        if event is None:
            raise UsageError(f"event {index} does not parse", hint="Run audit verify.")
        self.event = event
        self.statement: Any = statement

    @property
    def kind(self) -> str:
        """The event type."""
        return self.event.WhichOneof("payload") or ""

    def previous_claim(self, claim_id: bytes) -> int:
        """The leaf before in the history of a claim."""
        for link in self.event.links:
            if link.kind == _CLAIM and link.entity == claim_id and link.HasField("prev"):
                if link.prev < self.index:
                    return link.prev
                break
        raise UsageError(f"event {self.index} links no claim before it", hint="Run audit verify.")

    def premise(self, kind: int) -> int:
        """The last leaf that it names as a premise of this kind."""
        named = [premise.index for premise in self.event.premises if premise.kind == kind]
        if not named or named[-1] >= self.index:
            raise UsageError(f"event {self.index} names no such premise", hint="Run audit verify.")
        return named[-1]

    def say(self, **more: object) -> dict[str, Any]:
        """Its place, its actor and whatever else."""
        event = self.event
        place = {"index": self.index, "leaf_hash": self.leaf_hash.hex(), "event": self.kind}
        return {**place, "actor": event.actor.hex(), "recorded_ms": str(event.recorded_ms), **more}


def trace(
    source: Source, payment: str, *, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Everything that the payments of a redemption (its id in hexadecimal) or one payment (its leaf) rest on.

    Raises UsageError for another text, and for an id or leaf that is none.
    """
    size = tree_size(source)

    def leaf(index: int) -> _Leaf:
        return _Leaf(index, read_entry(source, index=index, size=size))

    payments = [leaf(index) for index in _payment_indexes(source, payment, size, progress)]
    if any(paid.kind != "payment_confirmed" for paid in payments) or not payments:
        raise UsageError(f"{payment} is no payment and no redemption that was paid")
    orders = [leaf(paid.premise(_ORDER)) for paid in payments]
    second = leaf(orders[0].premise(_APPROVAL))
    first, verification = leaf(second.premise(_APPROVAL)), leaf(second.premise(_VERIFICATION))
    request = leaf(verification.premise(_REQUEST))
    voucher, policy = leaf(request.premise(_VOUCHER)), leaf(request.premise(_POLICY))
    contract = leaf(request.premise(_CONTRACT)) if request.statement.claim_ids else None
    claims = [_accepted(leaf, request, claim_id) for claim_id in request.statement.claim_ids]
    return {
        "redemption_id": request.statement.redemption_id.hex(),
        "paid_fen": str(sum(paid.statement.amount_fen for paid in payments)),
        "payments": [_money(paid, instalment=paid.statement.instalment) for paid in payments],
        "orders": [_money(order, attempt=order.statement.attempt) for order in orders],
        "approvals": [_money(first), _money(second)],
        "verification": _money(verification),
        "request": request.say(
            base_fen=str(request.event.redemption_requested.base_fen),
            amount_fen=str(request.event.redemption_requested.amount_fen),
        ),
        "claims": [_claim(claim) for claim in claims],
        "voucher": voucher.say(face_fen=str(getattr(voucher.event, voucher.kind).face_fen)),
        "contract": contract.say(amount_fen=str(contract.statement.amount_fen)) if contract else None,
        "policy": policy.say(version=policy.statement.version, rate_bp=policy.statement.parameters.rate_bp),
    }


def _accepted(leaf: Callable[[int], _Leaf], request: _Leaf, claim_id: bytes) -> _Leaf:
    """The leaf that accepted a claim, which others may have confirmed again since."""
    found = leaf(request.previous_claim(claim_id))
    while found.kind not in _ACCEPTED:
        found = leaf(found.previous_claim(claim_id))
    return found


def _payment_indexes(
    source: Source, payment: str, size: int, progress: Callable[[int, int], None] | None
) -> list[int]:
    """The leaves of the payments that are meant."""
    if payment.isascii() and payment.isdigit() and len(payment) < _ID_DIGITS:
        if int(payment) >= size:
            raise UsageError(f"the log has no event {payment}")
        return [int(payment)]
    if len(payment) != _ID_DIGITS or set(payment) - set("0123456789abcdef"):
        raise UsageError("a payment is a leaf index or a redemption id of 32 hexadecimal digits")
    stream = f"redemption/{payment}"
    name = stream.encode()
    found = []
    for start, entries in source.chunks(start=0, stop=size, size=size):
        for index, entry in enumerate(entries, start):
            event = parse_again(entry)[0] if name in entry else None
            if event is not None and event.stream_id == stream and event.HasField("payment_confirmed"):
                found.append(index)
        if progress is not None:
            progress(start + len(entries), size)
    return found


def _money(leaf: _Leaf, **more: object) -> dict[str, Any]:
    key_ids = [key_id.hex() for key_id in leaf.statement.header.key_ids]
    return leaf.say(amount_fen=str(leaf.statement.amount_fen), key_ids=key_ids, **more)


def _claim(leaf: _Leaf) -> dict[str, Any]:
    said = leaf.statement
    used: dict[str, int] = {}
    if leaf.kind == "claim_accepted":
        for position, allocated_ms in zip(said.lines.device, said.lines.allocated_ms, strict=False):
            device = said.device_ids[position].hex()
            used[device] = used.get(device, 0) + allocated_ms
    devices = {device: str(ms) for device, ms in used.items()}
    key_ids = [key_id.hex() for key_id in said.header.key_ids]
    return leaf.say(
        claim_id=said.claim_id.hex(),
        amount_fen=str(said.total_amount_fen),
        device_ms=devices,
        key_ids=key_ids,
    )
