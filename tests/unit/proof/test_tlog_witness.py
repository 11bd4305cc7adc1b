"""C2SP tlog-witness: requests and sizes have one spelling; everything else is malformed."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError
from ledger.proof.tlog_witness import AddCheckpoint, log_path, parse_size, render_size

NODE = bytes(range(32))
LINE = b64encode(NODE)
NOTE = b"log.example\n3\nAAAA\n\n\xe2\x80\x94 log.example AAAA\n"


def test_a_request_as_in_the_specification() -> None:
    """Old size line, proof lines, empty line, checkpoint."""
    body = b"old 20852014\n" + LINE + b"\n" + LINE + b"\n\n" + NOTE
    request = AddCheckpoint(20852014, (NODE, NODE), NOTE)
    assert AddCheckpoint.parse(body) == request
    assert request.render() == body


@given(st.integers(0, 2**64 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=63), st.binary())
def test_requests_are_read_as_they_were_written(size: int, proof: list[bytes], note: bytes) -> None:
    """For every size, proof and note, also a note that is none."""
    request = AddCheckpoint(size, tuple(proof), note)
    assert AddCheckpoint.parse(request.render()) == request


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n" + NOTE[:10],
        b"new 0\n\n" + NOTE,
        b"old  0\n\n" + NOTE,
        b"old 00\n\n" + NOTE,
        b"old +0\n\n" + NOTE,
        b"old -1\n\n" + NOTE,
        b"old 1_0\n\n" + NOTE,
        b"old 1 \n\n" + NOTE,
        b"old \n\n" + NOTE,
        b"old 1\r\n\n" + NOTE,
        b"old \xd9\xa1\n\n" + NOTE,
        b"old 18446744073709551616\n\n" + NOTE,
        b"old 1\n" + LINE[:-1] + b"\n\n" + NOTE,
        b"old 1\n" + LINE[:-4] + b"\n\n" + NOTE,
        b"old 1\n" + LINE[:-2] + b"9=\n\n" + NOTE,
        b"old 1\n " + LINE + b"\n\n" + NOTE,
        b"old 1\n" + LINE.replace(b"A", b"_") + b"\n\n" + NOTE,
        b"old 1\n" + LINE + LINE + b"\n\n" + NOTE,
        b"old 1\n" + (LINE + b"\n") * 64 + b"\n" + NOTE,
        b"\nold 1\n\n" + NOTE,
        b"old 1\n\n" + b"x" * 600_000,
        b"\xff\xfe\n\n" + NOTE,
    ],
)
def test_other_spellings_are_malformed(body: bytes) -> None:
    """int() laxities, base64 laxities, one line too many, too long, another order."""
    with pytest.raises(MalformedError):
        AddCheckpoint.parse(body)


def test_sizes_of_a_conflict() -> None:
    """Decimal digits and one newline."""
    assert render_size(0) == b"0\n"
    assert parse_size(b"18446744073709551615\n") == 2**64 - 1
    for wrong in (b"", b"\n", b"1", b"01\n", b" 1\n", b"1\n\n", b"1 \n", b"+1\n", b"0x1\n", b"\xff\n"):
        with pytest.raises(MalformedError):
            parse_size(wrong)


def test_where_a_log_is_published() -> None:
    """The lower-case hexadecimal SHA-256 of the origin."""
    assert log_path("example.com/behind-the-sofa") == (
        "5fd2dc0beb4ce54da5050cf6d5c75248b023abad441c3cecde3976fbe9da4fe4/checkpoint"
    )
