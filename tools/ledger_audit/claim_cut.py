"""Cutting the payload out of an accepted claim's event without parsing the event.

Such an event has one shape, so its payload and signature stand at its end. What stands before them
is compared later with what the rules expect (`encode`), which judges all of the event's bytes; an event
of any other shape is parsed instead. It must not judge anything.
"""

from __future__ import annotations

from typing import NamedTuple

from ledger_audit.acts import BY_EVENT

END = b"\x92\x03\x00"
SIGNATURE_FIELD = b"\x1a\x4b\x0a\x07ed25519\x12\x40"
TYPE_FIELD = b"\x0a%c%b\x12" % (
    len(BY_EVENT["claim_accepted"].payload_type),
    BY_EVENT["claim_accepted"].payload_type.encode("ascii"),
)
"""An envelope's payload type and the tag of its payload."""
AFTER_PAYLOAD = len(SIGNATURE_FIELD) + 64 + len(END)

_START = b"\x18\x01\x20"
_START_AT = 43
_RECORDED_AT = 46
_MORE = 0x80
_CONTINUATION_BITS, _SIX_BYTES = 0x808080808080, 0x008080808080


class Cut(NamedTuple):
    """Where the envelope's type begins, the payload, the signature, and the time of recording."""

    type_at: int
    payload: bytes
    signature: bytes
    recorded_ms: int


def cut_claim(entry: bytes) -> Cut | None:
    """The parts of an event that may be an accepted claim; None for any other shape.

    Times of six varint bytes, which is 1971 to 2109, and payloads of 128 to 16,383 bytes are known.
    """
    size = len(entry)
    if entry[_START_AT:_RECORDED_AT] != _START or entry[-AFTER_PAYLOAD:-67] != SIGNATURE_FIELD:
        return None
    type_at = entry.find(TYPE_FIELD, _RECORDED_AT)
    start = type_at + len(TYPE_FIELD) + 2
    if type_at < 0 or start >= size:
        return None
    low, high = entry[start - 2], entry[start - 1]
    if (low & 127) + (high << 7) != size - AFTER_PAYLOAD - start or low < _MORE or high >= _MORE:
        return None
    t = int.from_bytes(entry[46:52], "little")
    if t & _CONTINUATION_BITS != _SIX_BYTES:
        return None
    recorded_ms = (
        t & 0x7F
        | t >> 1 & 0x3F80
        | t >> 2 & 0x1FC000
        | t >> 3 & 0xFE00000
        | t >> 4 & 0x7F0000000
        | t >> 5 & 0x3F800000000
    )
    return Cut(type_at, entry[start : size - AFTER_PAYLOAD], entry[-67:-3], recorded_ms)
