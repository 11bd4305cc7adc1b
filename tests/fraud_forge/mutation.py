"""Leaves whose fields take wild values, still in the one encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError

from ledger.v1 import event_pb2
from ledger_audit.acts import STATEMENTS

if TYPE_CHECKING:
    import random

    from google.protobuf.message import Message

_KEPT = frozenset({"index", "prev_leaf_hash", "rules_version", "ledger_id", "payload_type"})
_HIGHEST = {
    FieldDescriptor.TYPE_UINT32: (1 << 32) - 1,
    FieldDescriptor.TYPE_INT32: (1 << 31) - 1,
    FieldDescriptor.TYPE_ENUM: (1 << 31) - 1,
    FieldDescriptor.TYPE_UINT64: (1 << 64) - 1,
    FieldDescriptor.TYPE_INT64: (1 << 63) - 1,
    FieldDescriptor.TYPE_SINT64: (1 << 63) - 1,
}
_SIGNED = frozenset({FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_SINT64})


def mutated(entry: bytes, chance: random.Random) -> bytes:
    """The event with a few fields changed, of the event or of a statement in it."""
    try:
        event = event_pb2.Event.FromString(entry)
    except DecodeError:
        return entry
    for _ in range(chance.choice((1, 1, 2, 4))):
        if not event.envelopes or chance.random() < 0.4:
            _change(event, chance)
            continue
        envelope = chance.choice(list(event.envelopes))
        try:
            statement = STATEMENTS[envelope.payload_type].FromString(envelope.payload)
        except (KeyError, DecodeError):
            continue
        _change(statement, chance)
        envelope.payload = statement.SerializeToString(deterministic=True)
    return event.SerializeToString(deterministic=True)


def _change(message: Message, chance: random.Random) -> None:
    """Change one field of a message or of one in it."""
    fields = [field for field in message.DESCRIPTOR.fields if field.name not in _KEPT]
    if not fields:
        return
    field = chance.choice(fields)
    value: Any = getattr(message, field.name)
    if field.message_type is not None:
        inside = list(value) if field.is_repeated else [value] if message.HasField(field.name) else []
        if inside and chance.random() < 0.7:
            _change(chance.choice(inside), chance)
        elif field.is_repeated:
            _shorten_or_grow(value, chance)
    elif field.is_repeated:
        if len(value) and chance.random() < 0.5:
            value[chance.randrange(len(value))] = _wild(field, chance)
        elif chance.random() < 0.5:
            del value[:]
        else:
            value.append(_wild(field, chance))
    elif field.has_presence and chance.random() < 0.3:
        message.ClearField(field.name)
    else:
        setattr(message, field.name, _wild(field, chance))


def _shorten_or_grow(values: Any, chance: random.Random) -> None:
    if chance.random() < 0.5:
        del values[:]
    else:
        values.add()


def _wild(field: FieldDescriptor, chance: random.Random) -> Any:
    if field.type == FieldDescriptor.TYPE_BYTES:
        return chance.choice((b"", bytes(16), b"x" * 32, chance.randbytes(16), b"short"))
    if field.type == FieldDescriptor.TYPE_STRING:
        return chance.choice(("", "x", "é" * 3))
    if field.type == FieldDescriptor.TYPE_BOOL:
        return chance.random() < 0.5
    highest = _HIGHEST[field.type]
    lowest = -highest - 1 if field.type in _SIGNED else 0
    return chance.choice((0, 1, 2, 3, highest, lowest, chance.randrange(200)))
