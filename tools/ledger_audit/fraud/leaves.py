"""One leaf of an excerpt, opened strictly, and what its fields say.

A leaf that this reader does not understand to the last byte shows nothing. This module must not judge a rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from google.protobuf.message import DecodeError

from ledger.errors import LedgerError
from ledger.proof.ed25519 import ED25519
from ledger.proof.hashing import leaf_hash
from ledger.proof.keys import key_id
from ledger.v1 import event_pb2, genesis_pb2, registry_pb2
from ledger_audit.acts import BY_EVENT, STATEMENTS

if TYPE_CHECKING:
    from google.protobuf.message import Message

RULES_VERSION = 1
HEADER_SIZE = 43
_NEW_KEY = frozenset({"officer_appointed", "key_registered"})


class NotShown(Exception):
    """The leaves do not show what the proof says; the text says why."""


class LinkView(NamedTuple):
    """A link with its entity, which for a device is the id in the statement's table."""

    kind: int
    entity: bytes
    prev: int | None
    totals: tuple[int, ...]


class NewKey(NamedTuple):
    """A public key that a leaf registers, and for whom."""

    public_key: bytes
    holder: str
    """`root`, `officer` or `party`."""
    owner: bytes
    role: int
    person: bytes


@dataclass(frozen=True, slots=True)
class Leaf:
    """An event in its one encoding, of a known type and rules version 1."""

    index: int
    entry: bytes
    leaf_hash: bytes
    event: event_pb2.Event
    kind: str
    statements: tuple[Any, ...]
    """The statement of each envelope; None where its type is unknown or its encoding not the one."""

    @property
    def name(self) -> str:
        """How a sentence names it."""
        return f"event {self.index} ({self.kind})"

    @property
    def payload(self) -> Any:
        """The event's own message."""
        return getattr(self.event, self.kind)

    @property
    def has_statement(self) -> bool:
        """Whether its first envelope holds a statement of its own act."""
        spec = BY_EVENT[self.kind].statement
        return spec is not None and bool(self.statements) and type(self.statements[0]) is spec

    @property
    def said(self) -> Any:
        """The statement of its own act; NotShown where there is none."""
        if not self.has_statement:
            raise NotShown(f"{self.name} holds no statement of its act")
        return self.statements[0]

    @property
    def signing_ids(self) -> list[bytes]:
        """The ids of the signing keys that were registered before: no new ones, none of the genesis."""
        ids = list(self.said.header.key_ids)
        if self.kind == "ledger_opened":
            return []
        return ids[:-1] if self.kind in _NEW_KEY else ids

    def premises(self, kind: int) -> list[int | None]:
        """The leaf indexes of its premises of a kind; None for one without index."""
        return [
            premise.index if premise.HasField("index") else None
            for premise in self.event.premises
            if premise.kind == kind
        ]

    def premise(self, kind: int) -> int | None:
        """The leaf index of its one premise of a kind; None where there is not exactly one."""
        named = self.premises(kind)
        return named[0] if len(named) == 1 else None

    def links(self, kind: int | None = None) -> list[LinkView]:
        """Its links, or those of a kind; a device that is not in the statement's table is left out."""
        found = []
        for link in self.event.links:
            if kind is not None and link.kind != kind:
                continue
            entity = self._device(link.device) if link.HasField("device") else link.entity
            if entity is not None:
                prev = link.prev if link.HasField("prev") else None
                found.append(LinkView(link.kind, entity, prev, tuple(link.totals)))
        return found

    def link(self, kind: int, entity: bytes | None = None) -> LinkView | None:
        """Its one link of a kind (and of an entity); None where there is not exactly one."""
        found = [link for link in self.links(kind) if entity is None or link.entity == entity]
        return found[0] if len(found) == 1 else None

    def registered(self) -> dict[bytes, NewKey]:
        """The keys that it registers, by key id; those of another algorithm or length are left out."""
        if not self.has_statement:
            return {}
        said = self.statements[0]
        keys: list[tuple[str, NewKey]] = []
        if isinstance(said, genesis_pb2.Genesis):
            keys = [
                (root.algorithm, NewKey(root.public_key, "root", said.header.ledger_id, 0, root.person_tag))
                for root in said.roots
            ]
        elif isinstance(said, registry_pb2.OfficerAppointment):
            officer = NewKey(said.public_key, "officer", said.officer_id, said.role, said.person_tag)
            keys = [(said.algorithm, officer)]
        elif isinstance(said, registry_pb2.KeyRegistration):
            keys = [(said.algorithm, NewKey(said.public_key, "party", said.participant_id, 0, b""))]
        found = {}
        for algorithm, key in keys:
            try:
                found[key_id(ED25519, key.public_key)] = key
            except LedgerError:
                continue
            if algorithm != ED25519:
                del found[key_id(ED25519, key.public_key)]
        return found

    def _device(self, position: int) -> bytes | None:
        ids = getattr(self.statements[0], "device_ids", ()) if self.has_statement else ()
        return ids[position] if position < len(ids) else None


def open_leaf(index: int, entry: bytes) -> Leaf:
    """The leaf, or NotShown: no event of its place in the one encoding, or of an unknown kind or version."""
    if not has_header(index, entry):
        raise NotShown(f"leaf {index} is not an event with that index")
    try:
        event = event_pb2.Event.FromString(entry)
    except DecodeError:
        raise NotShown(f"leaf {index} does not parse as an event") from None
    if is_canonical(event, entry) is not True:
        raise NotShown(f"leaf {index} is not in the one encoding, or has fields that are not known here")
    kind = event.WhichOneof("payload")
    if kind is None or kind not in BY_EVENT:
        raise NotShown(f"leaf {index} is of an event type that is not known here")
    if event.rules_version != RULES_VERSION:
        raise NotShown(f"leaf {index} is of rules version {event.rules_version}")
    statements = tuple(open_statement(e.payload_type, e.payload) for e in event.envelopes)
    return Leaf(index, entry, leaf_hash(entry), event, kind, statements)


def open_statement(payload_type: str, payload: bytes) -> Any:
    """The statement of a known type in its one encoding, else None."""
    message = STATEMENTS.get(payload_type)
    if message is None:
        return None
    try:
        statement = message.FromString(payload)
    except DecodeError:
        return None
    return statement if is_canonical(statement, payload) else None


def has_header(index: int, entry: bytes) -> bool:
    """Whether bytes 0 to 42 carry this index and the field of a hash."""
    return (
        len(entry) >= HEADER_SIZE
        and entry[:9] == b"\x09" + index.to_bytes(8, "little")
        and entry[9:11] == b"\x12\x20"
    )


def is_canonical(message: Message, data: bytes) -> bool | None:
    """Whether the bytes are the message's one encoding; None where it has fields that are not known here.

    The message is the parsed one.
    """
    size = message.ByteSize()
    message.DiscardUnknownFields()
    if message.ByteSize() != size:
        return None
    return message.SerializeToString(deterministic=True) == data
