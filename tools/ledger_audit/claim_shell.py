"""The event around an attestation, field by field, once its bytes are known not to be the expected ones.

It must not change any state.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ledger_audit.acts import BY_EVENT

if TYPE_CHECKING:
    from ledger.v1 import event_pb2
    from ledger_audit.fold import Fold

Fail = Callable[[str, object, object], None]

_PAYLOAD_TYPE = BY_EVENT["claim_accepted"].payload_type


def explain_shell(fold: Fold, fail: Fail, event: event_pb2.Event, said: Any, last_ms: int) -> None:
    """Report every field that is not the expected one; links and premises are judged by the caller."""
    envelopes = event.envelopes
    if len(envelopes) != 1:
        fail("envelopes", 1, len(envelopes))
    if envelopes[0].payload_type != _PAYLOAD_TYPE:
        fail("payload_type", _PAYLOAD_TYPE, envelopes[0].payload_type)
    signatures = len(envelopes[0].signatures)
    if signatures != 1:
        fail("signers", "one signature", f"{signatures} signatures")
    if event.request_id != said.header.request_id:
        fail("request_id", said.header.request_id, event.request_id)
    digest = sha256(envelopes[0].payload).digest()
    if event.request_digest != digest:
        fail("request_digest", digest, event.request_digest)
    stream = f"claim/{said.claim_id.hex()}"
    if event.stream_id != stream or event.stream_version != 1:
        fail("stream", f"{stream} 1", f"{event.stream_id} {event.stream_version}")
    if event.actor != said.provider_id:
        fail("actor", said.provider_id, event.actor)
    if event.HasField("ordinal"):
        fail("ordinal", "none", event.ordinal)
    if event.effective_ms != last_ms:
        fail("effective_ms", last_ms, event.effective_ms)
    if event.postings:
        fail("postings", "none", f"{len(event.postings)} postings")
        fold.frame.check_balance(event, fail)
