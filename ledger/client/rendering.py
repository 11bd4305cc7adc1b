"""Messages as plain values for people and for JSON: hexadecimal ids, 64-bit numbers as text, enum names.

The values are for reading only: nothing that is rendered here is ever signed, hashed or sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from ledger.errors import MalformedError
from ledger.v1 import event_pb2

if TYPE_CHECKING:
    from google.protobuf.message import Message


def plain(message: Message, *, complete: bool = False) -> dict[str, Any]:
    """The message by field names: bytes in hexadecimal, int64 as decimal text, enums by their full name.

    Only the fields that are set, or with `complete` all: an absent message or optional value is None
    then, and enums go without their prefix (an unspecified one is empty).
    """
    if not complete:
        return {field.name: _value(field, value, complete=False) for field, value in message.ListFields()}
    return {field.name: _complete(message, field) for field in message.DESCRIPTOR.fields}


def plain_event(data: bytes) -> dict[str, Any]:
    """A stored event by field names, its payload's name as `event_type`, its statements parsed.

    Raises MalformedError for bytes that are no event.
    """
    event = event_pb2.Event()
    try:
        event.MergeFromString(data)
    except DecodeError as error:
        raise MalformedError("the bytes are no event") from error
    return {"event_type": event.WhichOneof("payload") or "", **plain(event)}


def _complete(message: Message, field: Any) -> Any:
    if field.has_presence and not message.HasField(field.name):
        return None
    return _value(field, getattr(message, field.name), complete=True)


def _value(field: Any, value: Any, *, complete: bool) -> Any:
    if field.is_repeated:
        return [_one(field, item, complete=complete) for item in value]
    return _one(field, value, complete=complete)


def _one(field: Any, value: Any, *, complete: bool) -> Any:
    if field.type == field.TYPE_MESSAGE:
        return plain(value, complete=complete)
    if field.type == field.TYPE_BYTES:
        return value.hex()
    if field.type == field.TYPE_ENUM:
        return _enum(field, value, short=complete)
    if field.cpp_type in {field.CPPTYPE_INT64, field.CPPTYPE_UINT64}:
        return str(value)
    return value


def _enum(field: Any, value: int, *, short: bool) -> str | int:
    by_number = field.enum_type.values_by_number if field.enum_type is not None else {}
    known = by_number.get(value)
    if known is None:
        return value
    if not short:
        return str(known.name)
    first = by_number[0].name
    return str(known.name.removeprefix(first.removesuffix("UNSPECIFIED"))) if value else ""
