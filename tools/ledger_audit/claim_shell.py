"""The event around an attestation, field by field, once its bytes are known not to be the expected ones.

It must not change any state.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ledger.v1 import event_pb2
from ledger_audit.acts import BY_EVENT
from ledger_audit.frame import LinkValue, read_links
from ledger_audit.scan import parse_again

if TYPE_CHECKING:
    from ledger_audit.fold import Fold

Fail = Callable[[str, object, object], None]

_PAYLOAD_TYPE = BY_EVENT["claim_accepted"].payload_type


def explain_event(
    fold: Fold,
    fail: Fail,
    index: int,
    leaf_hash: bytes,
    entry: bytes,
    said: Any,
    last_ms: int,
    links: list[LinkValue],
) -> None:
    """Report every field but the premises that is not the expected one; of links only those given."""
    event, _ = parse_again(entry)
    if event is None:
        fail("byte_profile", "an event", "bytes that do not parse")
        return
    actual = read_links(event)
    if len(links) < len(actual) and all(link[0] != event_pb2.LINK_KIND_DEVICE for link in links):
        actual = actual[: len(links)]
    fold.frame.check_links(index, leaf_hash, links, actual)
    _explain_fields(fold, fail, event, said, last_ms)
    event.DiscardUnknownFields()
    if event.SerializeToString(deterministic=True) != entry:
        fail("byte_profile", "the one encoding of this event", "another encoding")


def _explain_fields(fold: Fold, fail: Fail, event: event_pb2.Event, said: Any, last_ms: int) -> None:
    envelopes = event.envelopes
    if len(envelopes) != 1:
        fail("envelopes", 1, len(envelopes))
        return
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
