"""The part of an audit that needs no history: leaf hashes, sizes, byte profile and signatures.

A chunk is scanned alone, here or in a worker process; only the public keys are given from
outside. It must not judge who may sign.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from google.protobuf.message import DecodeError

from ledger.errors import LedgerError
from ledger.proof.ed25519 import ED25519, SIGNATURE_SIZE, SMALL_ORDER_ENCODINGS, Verifier
from ledger.proof.keys import key_id
from ledger.v1 import claim_pb2, envelope_pb2, event_pb2, genesis_pb2, registry_pb2
from ledger_audit.acts import BY_EVENT, KEY_REGISTERING, PAE_PREFIXES, STATEMENTS
from ledger_audit.claim_cut import END, Cut, cut_claim

MAX_EVENT_SIZE = 60_000
MAX_PAYLOAD_SIZE = 45_000

Verify = Callable[[bytes, bytes], object]
Raw = tuple[str, int, str, str]
"""A finding before it is collected: check, index, expected, actual."""
Due = tuple[Verify, bytes, bytes, int, int]
"""A signature to verify: under what, the signature, the message, leaf index and number."""
Parsed = event_pb2.Event | Cut | None
Statement = Any
"""A parsed statement of any act; all of them have a header."""

_parse_event = event_pb2.Event.FromString
_CLAIM_TYPE = BY_EVENT["claim_accepted"].payload_type
_CLAIM_PREFIX = PAE_PREFIXES[_CLAIM_TYPE]
_parse_claim = claim_pb2.UsageAttestation.FromString


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
                Verifier(public_key)
                verify = Ed25519PublicKey.from_public_bytes(public_key).verify
            except (LedgerError, ValueError):
                continue
            self.public_keys[identity] = public_key
            self.verifiers[identity] = verify

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
    events: list[Parsed] = field(default_factory=list)
    """The event, or of an accepted claim what was cut out of it; None where it does not parse."""
    statements: list[Statement | None] = field(default_factory=list)
    """The statement of the first envelope, where there is one of a known type that parses."""
    findings: list[Raw] = field(default_factory=list)


def scan(start: int, entries: list[bytes], keys: KeyTable) -> Scan:
    """Hash, parse and verify the entries of one chunk."""
    result = Scan(start)
    hashes, events, statements, findings = result.hashes, result.events, result.statements, result.findings
    verifiers = keys.verifiers
    due: list[Due] = []
    index = start - 1
    for entry in entries:
        index += 1
        hashes.append(sha256(b"\x00" + entry).digest())
        if len(entry) > MAX_EVENT_SIZE:
            findings.append(("size", index, f"at most {MAX_EVENT_SIZE}", str(len(entry))))
        cut = cut_claim(entry) if entry[-3:] == END else None
        if cut is not None:
            statement = _statement(index, _CLAIM_TYPE, cut.payload, findings)
            if statement is not None:
                events.append(cut)
                statements.append(statement)
                for identity in statement.header.key_ids[:1]:
                    verify = verifiers.get(identity)
                    if verify is not None:
                        payload = cut.payload
                        message = _CLAIM_PREFIX + b"%d %b" % (len(payload), payload)
                        due.append((verify, cut.signature, message, index, 0))
                continue
        try:
            event = _parse_event(entry)
        except DecodeError:
            findings.append(("byte_profile", index, "an event", "bytes that do not parse"))
            events.append(None)
            statements.append(None)
            continue
        if event.WhichOneof("payload") is not None:
            event.DiscardUnknownFields()
            if event.SerializeToString(deterministic=True) != entry:
                findings.append(("byte_profile", index, "the one encoding of this event", "another encoding"))
        events.append(event)
        first = None
        for number, envelope in enumerate(event.envelopes[:]):
            payload_type, payload = envelope.payload_type, envelope.payload
            statement = _statement(index, payload_type, payload, findings)
            if number == 0:
                first = statement
            if statement is not None:
                key_ids = statement.header.key_ids[:]
                _collect(index, envelope, payload_type, payload, key_ids, verifiers, due, findings)
        statements.append(first)
    _verify_all(due, findings)
    return result


def hash_only(start: int, entries: list[bytes]) -> Scan:
    """Only the leaf hashes: for an audit of chain and tree alone."""
    return Scan(start, [sha256(b"\x00" + entry).digest() for entry in entries])


def parse_quickly(entry: bytes) -> tuple[Parsed, Statement | None]:
    """What `scan` gives of an entry, where another process has judged it."""
    cut = cut_claim(entry) if entry[-3:] == END else None
    if cut is not None:
        try:
            return cut, _parse_claim(cut.payload)
        except DecodeError:
            pass
    return parse_again(entry)


def parse_again(entry: bytes) -> tuple[event_pb2.Event | None, Statement | None]:
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


def _statement(index: int, payload_type: str, payload: bytes, findings: list[Raw]) -> Statement | None:
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


def _collect(
    index: int,
    envelope: envelope_pb2.Envelope,
    payload_type: str,
    payload: bytes,
    key_ids: list[bytes],
    verifiers: dict[bytes, Verify],
    due: list[Due],
    findings: list[Raw],
) -> None:
    """Note each signature whose key is known; an unknown key is judged where history is known."""
    message = PAE_PREFIXES[payload_type] + b"%d %b" % (len(payload), payload)
    number = 0
    for identity, signed in zip(key_ids, envelope.signatures[:], strict=False):
        signature = signed.signature
        if signed.algorithm != ED25519 or len(signature) != SIGNATURE_SIZE:
            findings.append(
                ("signature", index, f"{ED25519}, 64 bytes", f"signature {number}: {signed.algorithm}")
            )
        else:
            verify = verifiers.get(identity)
            if verify is not None:
                due.append((verify, signature, message, index, number))
        number += 1  # noqa: SIM113 - enumerate costs more here


def _verify_all(due: list[Due], findings: list[Raw]) -> None:
    """Verify signatures in one go, which keeps the processor's caches on them."""
    for verify, signature, message, index, number in due:
        if signature[:32] in SMALL_ORDER_ENCODINGS:
            findings.append(("signature", index, "an R of large order", f"signature {number}: a small one"))
        try:
            verify(signature, message)
        except InvalidSignature:
            findings.append(
                ("signature", index, "a valid signature", f"signature {number}: it does not verify")
            )


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
    "KeyTable",
    "Parsed",
    "Raw",
    "Scan",
    "hash_only",
    "parse_again",
    "parse_quickly",
    "scan",
]
