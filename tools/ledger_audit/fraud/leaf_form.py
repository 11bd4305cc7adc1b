"""`leaf_form`: a leaf that is no event of its place in the one encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from ledger.v1 import event_pb2
from ledger_audit.acts import STATEMENTS
from ledger_audit.fraud.leaves import NotShown, has_header, is_canonical
from ledger_audit.fraud.proof_type import ProofType, search_alone
from ledger_audit.fraud.verdict import Shown
from ledger_audit.scan import MAX_EVENT_SIZE, MAX_PAYLOAD_SIZE

if TYPE_CHECKING:
    from ledger_audit.fraud.case import Case

_ENCODING = "An event, and a statement in it, has exactly one encoding (format.md, section 1)."


def judge(case: Case) -> Shown:
    """Its header, size, grammar and encoding; what has fields that are not known here is not judged."""
    index = case.accused_index
    entry = case.entries[index]
    if not has_header(index, entry):
        return Shown(
            "An event begins with its own leaf index and a hash (format.md, section 1).",
            f"the leaf at {index} begins with other bytes",
        )
    if len(entry) > MAX_EVENT_SIZE:
        return Shown(
            f"An event has at most {MAX_EVENT_SIZE:,} bytes (format.md, section 1).",
            f"the leaf at {index} has {len(entry):,} bytes",
            {"bytes": len(entry)},
        )
    try:
        event = event_pb2.Event.FromString(entry)
    except DecodeError:
        return Shown(_ENCODING, f"the leaf at {index} does not parse")
    if is_canonical(event, entry) is False and event.WhichOneof("payload") is not None:
        return Shown(_ENCODING, f"the leaf at {index} is another encoding of the same event")
    for envelope in event.envelopes:
        shown = _judge_payload(index, envelope.payload_type, envelope.payload)
        if shown is not None:
            return shown
    raise NotShown("the leaf is in order, or has fields that are not known here")


def _judge_payload(index: int, payload_type: str, payload: bytes) -> Shown | None:
    message = STATEMENTS.get(payload_type)
    if message is None:
        return None
    if len(payload) > MAX_PAYLOAD_SIZE:
        return Shown(
            f"A statement has at most {MAX_PAYLOAD_SIZE:,} bytes (format.md, section 1).",
            f"a statement in the leaf at {index} has {len(payload):,} bytes",
            {"bytes": len(payload)},
        )
    try:
        statement = message.FromString(payload)
    except DecodeError:
        return Shown(_ENCODING, f"a statement in the leaf at {index} does not parse")
    if is_canonical(statement, payload) is False:
        return Shown(
            _ENCODING, f"a statement in the leaf at {index} is another encoding of the same statement"
        )
    return None


TYPE = ProofType(
    "leaf_form", "a leaf that is no event in the one encoding of its place", frozenset(), judge, search_alone
)
