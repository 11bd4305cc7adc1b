"""What a ledger must refuse: other encodings of a statement, other types, and what is too large."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.spoiling import (
    ACT,
    TYPE,
    Bench,
    spoiling_bench,
)
from support.wire import LENGTH, VARINT, Field, field_bytes, join, split, varint

from ledger.app.outcomes import Accepted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The house whose claims are spoiled here."""
    yield from spoiling_bench(tmp_path_factory.mktemp("bad"))


def test_the_claim_that_every_test_here_spoils_is_good(bench: Bench) -> None:
    """Without the one fault it is accepted."""
    assert isinstance(bench.send(bench.sign(bench.payload())), Accepted)


# Other bytes for the same message


def _non_minimal(number: int, **widths: int) -> Callable[[bytes], bytes]:
    def change(payload: bytes) -> bytes:
        fields = split(payload)
        return b"".join(field_bytes(field, **(widths if field.number == number else {})) for field in fields)

    return change


def _nested(change: Callable[[bytes], bytes], number: int = 14) -> Callable[[bytes], bytes]:
    def apply(payload: bytes) -> bytes:
        return join(
            field._replace(value=change(field.value))
            if field.number == number and isinstance(field.value, bytes)
            else field
            for field in split(payload)
        )

    return apply


def _unpacked(payload: bytes) -> bytes:
    """`device_models` as one field a value."""
    fields: list[Field] = []
    for field in split(payload):
        if field.number == 12 and isinstance(field.value, bytes):
            fields += [Field(12, VARINT, value) for value in field.value]
        else:
            fields.append(field)
    return join(fields)


def _twice(payload: bytes) -> bytes:
    fields = split(payload)
    position = next(place for place, field in enumerate(fields) if field.number == 8)
    return join([*fields[: position + 1], *fields[position:]])


def _swapped(payload: bytes) -> bytes:
    fields = split(payload)
    return join([fields[1], fields[0], *fields[2:]])


def _halved(payload: bytes) -> bytes:
    """The header in two parts, which parsers merge."""
    first, *rest = split(payload)
    assert isinstance(first.value, bytes)
    header = split(first.value)
    return join([first._replace(value=join(header[:1])), first._replace(value=join(header[1:])), *rest])


OTHER_BYTES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "no message": lambda _: b"\xff\xff\xff",
    "cut short": lambda payload: payload[:-1],
    "a byte more": lambda payload: payload + b"\0",
    "a tag with more bytes than it needs": _non_minimal(8, tag_width=2),
    "a varint with more bytes than it needs": _non_minimal(8, value_width=2),
    "a varint of ten bytes": _non_minimal(8, value_width=10),
    "a length with more bytes than it needs": _non_minimal(2, value_width=2),
    "fields in another order": _swapped,
    "fields reversed": lambda payload: join(reversed(split(payload))),
    "a default written out": lambda payload: payload + varint(24 << 3) + b"\0",
    "an empty field written out": lambda payload: payload + varint(9 << 3 | LENGTH) + b"\0",
    "a singular field twice": _twice,
    "a message in two parts": _halved,
    "a packed column unpacked": _unpacked,
    "an unknown field": lambda payload: payload + field_bytes(Field(99, VARINT, 1)),
    "an unknown field within": _nested(lambda lines: lines + field_bytes(Field(99, LENGTH, b"x"))),
    "another order within": _nested(lambda lines: join(reversed(split(lines)))),
    "a group": lambda payload: payload + varint(30 << 3 | 3) + varint(30 << 3 | 4),
    "a string that is not UTF-8": lambda payload: join([Field(9, LENGTH, b"\xff\xfe"), *split(payload)]),
    "a wrong wire type": lambda payload: payload + field_bytes(Field(24, LENGTH, b"x")),
    "field number 0": lambda payload: payload + b"\0\0",
    "no header": lambda payload: join(split(payload)[1:]),
    "no lines": lambda payload: join(field for field in split(payload) if field.number != 14),
}


@pytest.mark.parametrize("name", OTHER_BYTES)
def test_any_other_encoding_is_refused_although_it_is_signed(bench: Bench, name: str) -> None:
    """Two parsers must not read one leaf differently, so one encoding of a statement exists."""
    change = OTHER_BYTES[name]
    payload = bench.payload()
    changed = change(payload)
    assert changed != payload
    assert bench.refused(bench.sign(changed)).reason.name == "MALFORMED"


def test_taking_a_statement_apart_and_joining_it_changes_nothing(bench: Bench) -> None:
    """The changes above are the ones that they are named for."""
    payload = bench.payload()
    assert join(split(payload)) == payload


@pytest.mark.parametrize(
    "payload_type",
    ["", "application/json", TYPE + " ", TYPE.upper(), TYPE.replace("v1", "v2"), "ü" + TYPE,
     TYPE.replace(ACT, "payment-order"), TYPE.replace(ACT, "claim-refusal"), TYPE.replace(ACT, "voucher-expiry")],
)  # fmt: skip
def test_a_wrong_payload_type_is_refused(bench: Bench, payload_type: str) -> None:
    """Also one that is registered for another act, and one of an act that nobody signs."""
    assert bench.refused(bench.sign(bench.payload(), payload_type=payload_type)).reason.name == "MALFORMED"


@pytest.mark.parametrize("size", [45_001, 200_000])
def test_an_oversized_payload_is_refused(bench: Bench, size: int) -> None:
    """45,000 bytes are the most, whatever is in them."""
    statement = bench.attestation()
    statement.strings.append("x" * size)
    assert bench.refused(bench.sign(bench.payload(statement))).reason.name == "MALFORMED"
