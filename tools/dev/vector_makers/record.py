"""Encodings of events and statements: the byte profile, written by hand tag by tag."""

from __future__ import annotations

from ledger.proof.hashing import leaf_hash
from vector_makers.casework import INVALID, Case, case, digest

COMMENT = (
    "Bytes of one message. A reader accepts exactly those in the byte profile (format.md, section 1) that"
    " are messages of the named type. leaf_hash is given for valid events."
)
_MORE = 0x80
_START = b"\x09" + (7).to_bytes(8, "little") + b"\x12\x20" + digest("previous")


def _varint(value: int) -> bytes:
    value %= 1 << 64
    out = bytearray()
    while value >= _MORE:
        out.append(value % _MORE | _MORE)
        value >>= 7
    return bytes([*out, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


_CLOSED = _bytes(49, _bytes(1, digest("voucher", 16)))


def _event(*, middle: bytes = b"") -> bytes:
    """A `voucher_closed` of leaf 7; `middle` stands between stream version and payload."""
    head = _START + _number(3, 1) + _number(4, 1_750_000_000_000) + _number(5, 1_750_000_000_000)
    stream = _bytes(6, b"voucher/" + digest("voucher", 16).hex().encode()) + _number(7, 2)
    request = _bytes(8, digest("request", 16)) + _bytes(9, digest("digest"))
    return head + stream + request + middle + _CLOSED


def _line(**changed: bytes) -> bytes:
    """A statement's ServiceLine, field by field."""
    fields = {
        "unit": _bytes(1, b"TOKENS"),
        "quantity": _number(2, 300),
        "start": _number(3, 1_750_000_000_000),
        "end": _number(4, 1_750_000_060_000),
        "amount": _number(5, 129),
    }
    return b"".join({**fields, **changed}.values())


def cases() -> list[Case]:
    """All cases."""
    link = _bytes(15, _number(1, 3) + _bytes(2, digest("voucher", 16)) + _number(4, 5))

    def event(comment: str, data: bytes, *flags: str) -> Case:
        return case(comment, *flags, message="Event", bytes=data, leaf_hash=leaf_hash(data))

    def wrong(comment: str, data: bytes, *flags: str, message: str = "Event") -> Case:
        return case(comment, *flags, result=INVALID, message=message, bytes=data)

    def line(comment: str, data: bytes, *flags: str) -> Case:
        return case(comment, *flags, message="ServiceLine", bytes=data)

    plain = _event()
    totals = _varint(12_000) + _varint(0) + _varint(7)
    return [
        event("a plain event", plain),
        event("links with a present prev of 0", _event(middle=link[:-2] + b"\x20\x00"), "presence"),
        event(
            "totals packed",
            _event(middle=_bytes(15, _number(1, 4) + _bytes(2, b"c") + _bytes(5, totals))),
            "packed",
        ),
        wrong("nothing at all follows a tag", plain + b"\x08", "cut"),
        wrong("cut in the middle of a field", plain[:-3], "cut"),
        wrong("a field twice", plain + _CLOSED, "repeated-field"),
        wrong("stream version before stream id", _START + _number(7, 2) + _bytes(6, b"s"), "order"),
        wrong("an unknown field", _event(middle=_bytes(31, b"x")), "unknown-field"),
        wrong(
            "an unknown field of a link",
            _event(middle=_bytes(15, _number(1, 3) + _bytes(9, b"x"))),
            "unknown-field",
        ),
        wrong("an explicit 0 in a field without presence", _START + _number(3, 0), "default"),
        wrong("an empty text in a field without presence", _START + _bytes(6, b""), "default"),
        wrong(
            "an empty packed field",
            _event(middle=_bytes(15, _number(1, 4) + _bytes(5, b""))),
            "default",
            "packed",
        ),
        wrong(
            "totals not packed",
            _event(middle=_bytes(15, _number(1, 4) + _number(5, 7) + _number(5, 8))),
            "packed",
        ),
        wrong(
            "totals packed in two pieces",
            _event(middle=_bytes(15, _bytes(5, b"\x07") + _bytes(5, b"\x08"))),
            "packed",
        ),
        wrong("rules version 1 as a varint of two bytes", _START + b"\x18\x81\x00", "varint"),
        wrong("the tag of the rules version in two bytes", _START + b"\x98\x00\x01", "varint"),
        wrong("a length in two bytes", _START + b"\x32\x81\x00s", "varint"),
        wrong("a varint of eleven bytes", _START + b"\x18" + b"\x80" * 10 + b"\x01", "varint"),
        wrong("a text that is not UTF-8", _START + _bytes(6, b"\xff"), "utf-8"),
        wrong("a text with a surrogate", _START + _bytes(6, b"\xed\xa0\x80"), "utf-8"),
        wrong("a group", plain + b"\xfb\x03\xfc\x03", "wire-type"),
        wrong("the index as a varint", b"\x08\x07" + plain[9:], "wire-type"),
        wrong("field number 0", plain + b"\x00\x00", "tag"),
        line("a service line", _line()),
        line("an amount of 0 is absent", _line(amount=b""), "default"),
        line("a negative amount takes ten bytes", _line(amount=_number(5, -1)), "negative"),
        wrong(
            "a negative amount in five bytes is another number",
            _line(amount=b"\x28\xff\xff\xff\xff\x8f"),
            "negative",
            "varint",
            message="ServiceLine",
        ),
        wrong("an amount of 0 written out", _line(amount=_number(5, 0)), "default", message="ServiceLine"),
        wrong(
            "fields in another order", _line(unit=b"") + _bytes(1, b"TOKENS"), "order", message="ServiceLine"
        ),
    ]
