"""The byte profile: one encoding of a message and no other (docs/reference/format.md, section 1).

Two readers must not read one leaf differently, so bytes that are not what this encoding would be are refused.
This module must not know any message by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from google.protobuf.message import DecodeError

from ledger.errors import MalformedError

if TYPE_CHECKING:
    from google.protobuf.message import Message

M = TypeVar("M", bound="Message")


def parse(message_type: type[M], data: bytes) -> M:
    """Parse bytes that follow the profile; MalformedError for any others.

    Parsing, dropping unknown fields and serialising deterministically gives the same bytes exactly when the
    profile holds, because no message of ours has a map, a float, a group or an Any.
    """
    try:
        message = message_type.FromString(data)
    except DecodeError:
        name = message_type.DESCRIPTOR.name
        raise MalformedError(f"not a {name} message") from None
    message.DiscardUnknownFields()
    if message.SerializeToString(deterministic=True) != data:
        name = message_type.DESCRIPTOR.name
        raise MalformedError(f"{name}: not in the byte profile, or with unknown fields")
    return message
