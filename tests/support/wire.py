"""Protobuf bytes taken apart and put together otherwise: encodings that parsers take and a ledger must not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

VARINT, FIXED64, LENGTH = 0, 1, 2
_MORE = 0x80


class Field(NamedTuple):
    """One field of a message: its number, wire type, and value (a varint, or bytes)."""

    number: int
    wire_type: int
    value: int | bytes


def varint(value: int, *, width: int = 0) -> bytes:
    """A varint, minimal, or padded with empty groups to `width` bytes."""
    out = bytearray()
    while value >= _MORE or len(out) + 1 < width:
        out.append(value & 0x7F | _MORE)
        value >>= 7
    out.append(value)
    return bytes(out)


def split(data: bytes) -> list[Field]:
    """The fields of a message in their order."""
    fields = []
    position = 0
    while position < len(data):
        tag, position = _read(data, position)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == VARINT:
            value, position = _read(data, position)
            fields.append(Field(number, wire_type, value))
            continue
        length, position = (8, position) if wire_type == FIXED64 else _read(data, position)
        fields.append(Field(number, wire_type, data[position : position + length]))
        position += length
    return fields


def join(fields: Iterable[Field]) -> bytes:
    """The message of the fields, minimally encoded."""
    return b"".join(field_bytes(field) for field in fields)


def field_bytes(field: Field, *, tag_width: int = 0, value_width: int = 0) -> bytes:
    """One field; the widths pad the varint of its tag, and that of its value or length."""
    out = varint(field.number << 3 | field.wire_type, width=tag_width)
    if isinstance(field.value, int):
        return out + varint(field.value, width=value_width)
    length = b"" if field.wire_type == FIXED64 else varint(len(field.value), width=value_width)
    return out + length + field.value


def _read(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position += 1
        shift += 7
        if byte < _MORE:
            return value, position
