"""JSON from outside, read once and strictly: one spelling of an object, no floats, no bytes without end.

It must not know what the values mean.
"""

from __future__ import annotations

import json
from typing import Any

from ledger.errors import MalformedError
from ledger.proof.hashing import HASH_SIZE
from ledger.proof.strict import decode_base64


def load_object(data: bytes, *, what: str, max_bytes: int) -> dict[str, Any]:
    """The JSON object that `data` is (RFC 8259); MalformedError for anything else.

    A field named twice, a number that is no integer, nesting without end and more than `max_bytes`
    bytes are refused.
    """
    if len(data) > max_bytes:
        raise MalformedError(f"{what} has more than {max_bytes} bytes")
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=object_once, parse_float=_refuse, parse_constant=_refuse
        )
    except (ValueError, RecursionError):
        raise MalformedError(f"{what} is not JSON of integers, texts, lists and objects") from None
    if not isinstance(value, dict):
        raise MalformedError(f"{what} is not a JSON object")
    return value


def fields_of(value: object, names: frozenset[str], *, what: str) -> dict[str, Any]:
    """The object with exactly these fields, or MalformedError."""
    if not isinstance(value, dict) or set(value) != names:
        raise MalformedError(f"{what} has exactly the fields {', '.join(sorted(names))}")
    return value


def list_of(value: object, *, what: str, most: int) -> list[Any]:
    """The list of at most so many items, or MalformedError."""
    if not isinstance(value, list) or len(value) > most:
        raise MalformedError(f"{what} is not a list of at most {most} items")
    return value


def text_of(value: object, *, what: str) -> str:
    """The text, or MalformedError."""
    if not isinstance(value, str):
        raise MalformedError(f"{what} is not a text")
    return value


def index_of(value: object, *, what: str) -> int:
    """The leaf index, 0 … 2^53 − 1 so that every JSON reader has it exactly, or MalformedError."""
    if type(value) is not int or not 0 <= value < 1 << 53:
        raise MalformedError(f"{what} is not an index")
    return value


def bytes_of(value: object, *, what: str) -> bytes:
    """The bytes of canonical base64, or MalformedError."""
    return decode_base64(text_of(value, what=what), what=what)


def hash_of(value: object, *, what: str) -> bytes:
    """The 32 bytes of canonical base64, or MalformedError."""
    data = bytes_of(value, what=what)
    if len(data) != HASH_SIZE:
        raise MalformedError(f"{what} has not {HASH_SIZE} bytes")
    return data


def object_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; MalformedError where it names a field twice."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise MalformedError("a JSON object names a field twice")
    return value


def _refuse(text: str) -> Any:
    raise ValueError(text)
