"""The part of an audit that needs no history: leaf hashes, sizes, byte profile and signatures.

A chunk is scanned alone, here or in a worker process; only the public keys are given from
outside. It must not judge who may sign.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from google.protobuf.message import DecodeError, Message
from ledger.errors import LedgerError
from ledger.proof.ed25519 import ED25519, SIGNATURE_SIZE, SMALL_ORDER_ENCODINGS, Verifier
from ledger.proof.keys import key_id
from ledger.v1 import event_pb2, genesis_pb2, registry_pb2

from ledger_audit.acts import KEY_REGISTERING, PAE_PREFIXES, STATEMENTS

MAX_EVENT_SIZE = 60_000
MAX_PAYLOAD_SIZE = 45_000

Verify = Callable[[bytes, bytes], object]
Raw = tuple[str, int, str, str]
"""A finding before it is collected: check, index, expected, actual."""

_parse_event = event_pb2.Event.FromString


class KeyTable:
    """Public keys by key id, as the events that register them give them; no word on their validity."""

    def __init__(self) -> None:
        self.verifiers: dict[bytes, Verify] = {}
        self.public_keys: dict[bytes, bytes] = {}

    def add(self, public_keys: Iterable[bytes]) -> None:
        """Make keys known; those that no signature could be verified under are left out."""
        for public_key in public_keys:
            try:
                identity = key_id(ED25519, public_key)
                verifier = Verifier(public_key)
            except (LedgerError, ValueError):
                continue
            self.public_keys[identity] = public_key
            self.verifiers[identity] = verifier.verify

    def learn(self, entries: list[bytes]) -> list[bytes]:
        """Make the keys known that these events register, and give them."""
        found = [key for entry in entries if entry[-3:] in KEY_REGISTERING for key in _registered_keys(entry)]
        self.add(found)
        return found


@dataclass(slots=True)
class Scan:
    """What a chunk is, and what is wrong with it."""

    start: int
    hashes: list[bytes] = field(default_factory=list)
    events: list[event_pb2.Event | None] = field(default_factory=list)
    """None where an event does not parse."""
    statements: list[Message | None] = field(default_factory=list)
    """The statement of the first envelope, where there is one of a known type that parses."""
    findings: list[Raw] = field(default_factory=list)


def scan(start: int, entries: list[bytes], keys: KeyTable) -> Scan:
    """Hash, parse and verify the entries of one chunk."""
    result = Scan(start)
    hashes, events, statements, findings = result.hashes, result.events, result.statements, result.findings
    verifiers = keys.verifiers
    index = start - 1
    for entry in entries:
        index += 1
        hashes.append(sha256(b"\x00" + entry).digest())
        if len(entry) > MAX_EVENT_SIZE:
            findings.append(("size", index, f"at most {MAX_EVENT_SIZE}", str(len(entry))))
        try:
            event = _parse_event(entry)
        except DecodeError:
            findings.append(("byte_profile", index, "an event", "bytes that do not parse"))
            events.append(None)
            statements.append(None)
            continue
        unknown = event.WhichOneof("payload") is None
        event.DiscardUnknownFields()
        if event.SerializeToString(deterministic=True) != entry and not unknown:
            findings.append(("byte_profile", index, "the one encoding of this event", "another encoding"))
        events.append(event)
        first = None
        for number, envelope in enumerate(event.envelopes):
            statement = _statement(index, envelope.payload_type, envelope.payload, findings)
            if number == 0:
                first = statement
            if statement is not None:
                _verify(index, envelope, statement, verifiers, findings)
        statements.append(first)
    return result


def hash_only(start: int, entries: list[bytes]) -> Scan:
    """Only the leaf hashes: for an audit of chain and tree alone."""
    return Scan(start, [sha256(b"\x00" + entry).digest() for entry in entries])


def parse_again(entry: bytes) -> tuple[event_pb2.Event | None, Message | None]:
    """Event and first statement of an entry that another process has judged."""
    try:
        event = _parse_event(entry)
    except DecodeError:
        return None, None
    for envelope in event.envelopes:
        statement = STATEMENTS.get(envelope.payload_type)
        if statement is None:
            return event, None
        try:
            return event, statement.FromString(envelope.payload)
        except DecodeError:
            return event, None
    return event, None


def _statement(index: int, payload_type: str, payload: bytes, findings: list[Raw]) -> Message | None:
    message = STATEMENTS.get(payload_type)
    if message is None:
        return None
    if len(payload) > MAX_PAYLOAD_SIZE:
        findings.append(("size", index, f"a payload of at most {MAX_PAYLOAD_SIZE}", str(len(payload))))
    try:
        statement = message.FromString(payload)
    except DecodeError:
        findings.append(("byte_profile", index, "a statement", "a payload that does not parse"))
        return None
    statement.DiscardUnknownFields()
    if statement.SerializeToString(deterministic=True) != payload:
        findings.append(("byte_profile", index, "the one encoding of this payload", "another encoding"))
    return statement


def _verify(
    index: int, envelope: object, statement: Message, verifiers: dict[bytes, Verify], findings: list[Raw]
) -> None:
    """Verify each signature whose key is known; an unknown key is judged where history is known."""
    payload = envelope.payload  # type: ignore[attr-defined]
    message = PAE_PREFIXES[envelope.payload_type] + b"%d %b" % (len(payload), payload)  # type: ignore[attr-defined]
    for number, (identity, signed) in enumerate(
        zip(statement.header.key_ids, envelope.signatures, strict=False)  # type: ignore[attr-defined]
    ):
        signature = signed.signature
        if signed.algorithm != ED25519 or len(signature) != SIGNATURE_SIZE:
            findings.append(("signature", index, f"{ED25519}, 64 bytes", f"signature {number}: {signed.algorithm}"))
            continue
        verify = verifiers.get(identity)
        if verify is None:
            continue
        try:
            verify(signature, message)
        except (LedgerError, InvalidSignature) as error:
            why = error.summary if isinstance(error, LedgerError) else "it does not verify"
            findings.append(("signature", index, "a valid signature", f"signature {number}: {why}"))


def _registered_keys(entry: bytes) -> list[bytes]:
    """The public keys that a key-registering event names, none if it does not parse."""
    _, statement = parse_again(entry)
    if isinstance(statement, genesis_pb2.Genesis):
        return [root.public_key for root in statement.roots]
    if isinstance(statement, registry_pb2.OfficerAppointment | registry_pb2.KeyRegistration):
        return [statement.public_key]
    return []


__all__ = [
    "MAX_EVENT_SIZE",
    "MAX_PAYLOAD_SIZE",
    "SMALL_ORDER_ENCODINGS",
    "KeyTable",
    "Raw",
    "Scan",
    "hash_only",
    "parse_again",
    "scan",
]
