"""JSON from outside is read in one way only."""

from __future__ import annotations

import pytest

from ledger.errors import MalformedError
from ledger_audit.strict_json import bytes_of, fields_of, hash_of, index_of, list_of, load_object, text_of


def test_an_object_of_integers_texts_and_lists_is_read() -> None:
    """Also with white space, in any order of fields."""
    data = b' {"b": [1, {"c": "\\u00e9"}], "a": -2, "d": null, "e": true} '
    value = load_object(data, what="it", max_bytes=len(data))
    assert value == {"b": [1, {"c": "é"}], "a": -2, "d": None, "e": True}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'"text"',
        b"{} {}",
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": 1.0}',
        b'{"a": 1e3}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 01}',
        b'{"a": 1,}',
        b"{'a': 1}",
        b'{"a": "\xff"}',
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": "\n"}',
        b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda data: repr(data[:24]),
)
def test_anything_else_is_refused(data: bytes) -> None:
    """With one error, whatever is wrong."""
    with pytest.raises(MalformedError):
        load_object(data, what="it", max_bytes=1_000_000)


def test_too_many_bytes_are_refused_before_they_are_parsed() -> None:
    """The limit is inclusive."""
    assert load_object(b"{}", what="it", max_bytes=2) == {}
    with pytest.raises(MalformedError, match="more than 2 bytes"):
        load_object(b"{} ", what="it", max_bytes=2)


def test_an_object_has_exactly_its_fields() -> None:
    """Not one less, not one more, and it is an object."""
    names = frozenset({"a", "b"})
    assert fields_of({"a": 1, "b": 2}, names, what="it") == {"a": 1, "b": 2}
    for value in ({"a": 1}, {"a": 1, "b": 2, "c": 3}, ["a", "b"], None):
        with pytest.raises(MalformedError, match="exactly the fields a, b"):
            fields_of(value, names, what="it")


def test_lists_and_texts_are_what_they_are() -> None:
    """A list is at most so long; nothing is converted."""
    assert list_of([1, 2], what="it", most=2) == [1, 2]
    assert text_of("x", what="it") == "x"
    for value in ([1, 2, 3], (1,), "ab", {"0": 1}, None):
        with pytest.raises(MalformedError):
            list_of(value, what="it", most=2)
    for value in (1, None, b"x", ["x"]):
        with pytest.raises(MalformedError):
            text_of(value, what="it")


def test_an_index_is_a_number_that_every_reader_has_exactly() -> None:
    """0 to 2^53 − 1; true is no number."""
    assert [index_of(value, what="it") for value in (0, (1 << 53) - 1)] == [0, (1 << 53) - 1]
    for value in (-1, 1 << 53, True, "1", 1.0, None):
        with pytest.raises(MalformedError):
            index_of(value, what="it")


def test_a_hash_has_its_length() -> None:
    """32 bytes."""
    assert hash_of("A" * 43 + "=", what="it") == bytes(32)
    for text in ("", "AA==", "A" * 44):
        with pytest.raises(MalformedError):
            hash_of(text, what="it")


def test_base64_has_one_spelling() -> None:
    """Canonical, padded, of the standard alphabet."""
    assert bytes_of("AA==", what="it") == b"\0"
    assert bytes_of("", what="it") == b""
    for text in ("AA", "AB==", "AA=", "A-==", " AA==", "AA==\n", "AAA=="):
        with pytest.raises(MalformedError):
            bytes_of(text, what="it")
