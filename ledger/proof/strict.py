"""The two text forms shared by every format here: decimal numbers and base64.

Each has exactly one spelling for a value. This module must not be lenient: no sign, no leading
zero, no other digits than ASCII ones, no missing padding, no stray trailing bits.
"""

from __future__ import annotations

import base64
import binascii

from ledger.errors import MalformedError

MAX_UINT64 = 2**64 - 1
_MAX_UINT64_DIGITS = 20
_DIGITS = frozenset("0123456789")


def parse_decimal(text: str, *, what: str, maximum: int = MAX_UINT64) -> int:
    """The number written as ASCII digits without a leading zero, at most `maximum`.

    Raises MalformedError for any other spelling, so `str(parse_decimal(t)) == t`
    (C2SP tlog-checkpoint, "Note text").
    """
    if not text or len(text) > _MAX_UINT64_DIGITS or not _DIGITS.issuperset(text):
        raise MalformedError(f"{what} is not a decimal number")
    if text[0] == "0" and text != "0":
        raise MalformedError(f"{what} has a leading zero")
    value = int(text)
    if value > maximum:
        raise MalformedError(f"{what} is above {maximum}")
    return value


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str, *, what: str) -> bytes:
    """The bytes of canonical standard base64, or MalformedError (RFC 4648 sections 3.5 and 4)."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise MalformedError(f"{what} is not base64") from None
    if encode_base64(data) != text:
        raise MalformedError(f"{what} is not canonical base64")
    return data


def decode_utf8(data: bytes, *, what: str) -> str:
    """Text of valid UTF-8 whose only ASCII control character is the newline.

    Raises MalformedError otherwise (C2SP signed-note, "Format").
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedError(f"{what} is not UTF-8") from None
    if any(character < " " and character != "\n" for character in text):
        raise MalformedError(f"{what} has a control character")
    return text
