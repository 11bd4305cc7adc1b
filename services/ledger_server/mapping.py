"""Outcomes of the write path as messages: receipts and refusals.

Envelopes come in through `ledger.codec.envelopes`; nothing is decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ledger.v1 import receipt_pb2

if TYPE_CHECKING:
    from ledger.app.outcomes import Accepted, Refused
    from ledger.v1 import errors_pb2


def receipt(accepted: Accepted, *, event: bytes = b"", tlog_proof: bytes = b"") -> receipt_pb2.Receipt:
    """Where an accepted statement stands, with the proof if there is one."""
    return receipt_pb2.Receipt(
        index=accepted.index,
        leaf_hash=accepted.leaf_hash,
        event_count=accepted.event_count,
        repeated_request=accepted.repeated,
        event=event,
        tlog_proof=tlog_proof,
    )


def refusal(refused: Refused) -> receipt_pb2.Refusal:
    """A refusal inside a batch."""
    return receipt_pb2.Refusal(
        reason=cast("errors_pb2.RejectionReason.ValueType", refused.reason.value),
        message=refused.message,
        conflicting_index=refused.conflicting_index,
        recorded_index=refused.recorded_index,
    )
