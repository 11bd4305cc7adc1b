"""Events to stored bytes and back: the only place where a leaf is made.

Bytes are made once and hashed once; reading never re-serialises them to verify. This module must not decide
anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from google.protobuf.message import DecodeError

from ledger.codec.envelopes import SignedEnvelope, from_message
from ledger.codec.registry import Entry, entry_of_event, event_name
from ledger.codec.statements import decode_statement
from ledger.domain.journal import Account, Link, LinkKind, Posting
from ledger.errors import MalformedError
from ledger.proof.hashing import leaf_hash
from ledger.v1 import event_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.domain.journal import Draft

MAX_EVENT_SIZE = 60_000
RULES_VERSION = 1
HEADER_SIZE = 43
DIGEST = "state_digested"
_WITHOUT_REQUEST = frozenset({"ledger_opened", DIGEST})
"""Events that nobody can ask for again."""


class Place(NamedTuple):
    """Where and when an event is recorded, and for which request."""

    # Hides tuple.index on purpose: no caller searches a place for a value.
    index: int  # type: ignore[assignment]
    prev_leaf_hash: bytes
    recorded_ms: int
    stream_version: int
    request_id: bytes
    request_digest: bytes
    ordinal: int | None = None
    submitter: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """A stored event, decoded: its act, payload, statement (None for SYSTEM) and links."""

    entry: Entry
    index: int
    prev_leaf_hash: bytes
    leaf_hash: bytes
    recorded_ms: int
    stream_id: str
    stream_version: int
    actor: bytes
    submitter: bytes
    request_id: bytes
    request_digest: bytes
    opens_request: bool
    payload: Any
    statement: Any
    links: tuple[Link, ...]
    size_bytes: int
    postings: tuple[Posting, ...]
    envelopes: tuple[SignedEnvelope, ...]


def encode_event(draft: Draft, place: Place, envelopes: Sequence[SignedEnvelope]) -> bytes:
    """The stored bytes of a decided event; MalformedError if it is too large for a bundle."""
    entry = entry_of_event(event_name(draft.payload))
    message = event_pb2.Event(
        index=place.index,
        prev_leaf_hash=place.prev_leaf_hash,
        rules_version=RULES_VERSION,
        recorded_ms=place.recorded_ms,
        effective_ms=place.recorded_ms if draft.effective_ms is None else draft.effective_ms,
        stream_id=draft.stream_id,
        stream_version=place.stream_version,
        request_id=place.request_id,
        request_digest=place.request_digest,
        ordinal=place.ordinal,
        actor=draft.actor or b"",
        submitter=place.submitter,
    )
    # Parts are added in place: a part that is made first is copied with all that is in it.
    for envelope in envelopes:
        part = message.envelopes.add(payload_type=envelope.payload_type, payload=envelope.payload)
        for algorithm, signature in envelope.signatures:
            part.signatures.add(algorithm=algorithm, signature=signature)
    add_premise = message.premises.add
    for kind, index in draft.premises:
        add_premise(kind=kind, index=index)
    add_link = message.links.add
    for link_kind, entity, prev, totals, device in draft.links:
        add_link(kind=link_kind, entity=entity, device=device, prev=prev, totals=totals)
    for account, programme_id, amount_fen in draft.postings:
        message.postings.add(account=account, programme_id=programme_id, amount_fen=amount_fen)
    field = getattr(message, entry.event_name)
    field.SetInParent()
    field.CopyFrom(entry.encode_event(draft.payload))
    data = message.SerializeToString(deterministic=True)
    if len(data) > MAX_EVENT_SIZE:
        raise MalformedError(f"the event would have {len(data):,} bytes, at most {MAX_EVENT_SIZE:,} fit")
    return data


def columns_of(data: bytes) -> tuple[str, int, str]:
    """Stream, version and type name of a stored event, by which a store finds it; else MalformedError."""
    try:
        message = event_pb2.Event.FromString(data)
    except DecodeError as error:
        raise MalformedError("a stored event does not parse") from error
    return message.stream_id, message.stream_version, message.WhichOneof("payload") or ""


def decode_event(data: bytes) -> StoredEvent:
    """Decode a stored event with its statement; MalformedError for bytes that no version of ours wrote."""
    try:
        message = event_pb2.Event.FromString(data)
    except DecodeError as error:
        raise MalformedError("a stored event does not parse") from error
    name = message.WhichOneof("payload")
    if name is None:
        raise MalformedError(
            "a stored event has an unknown type", hint="Read it with the version that wrote it."
        )
    try:
        return _stored(data, message, name)
    except ValueError as error:
        raise MalformedError("a stored event has a value that no version of ours knows") from error


def _stored(data: bytes, message: event_pb2.Event, name: str) -> StoredEvent:
    entry = entry_of_event(name)
    envelopes = tuple(from_message(envelope) for envelope in message.envelopes)
    statement = decode_statement(envelopes[0])[1] if envelopes else None
    return StoredEvent(
        entry=entry,
        index=message.index,
        prev_leaf_hash=message.prev_leaf_hash,
        leaf_hash=leaf_hash(data),
        recorded_ms=message.recorded_ms,
        stream_id=message.stream_id,
        stream_version=message.stream_version,
        actor=message.actor,
        submitter=message.submitter,
        request_id=message.request_id,
        request_digest=message.request_digest,
        opens_request=not message.HasField("ordinal") and name not in _WITHOUT_REQUEST,
        payload=entry.decode_event(getattr(message, name)),
        statement=statement,
        links=tuple(
            Link(
                LinkKind(link.kind),
                link.entity,
                link.prev if link.HasField("prev") else None,
                tuple(link.totals),
                link.device if link.HasField("device") else None,
            )
            for link in message.links
        ),
        size_bytes=len(data),
        postings=tuple(
            Posting(Account(posting.account), posting.programme_id, posting.amount_fen)
            for posting in message.postings
        ),
        envelopes=envelopes,
    )
