"""Exact money and usage quantities: fen, basis points, device-milliseconds.

This module parses, renders and multiplies integers. It must not use floats, decimals or any rounding
other than the two floors defined here.
"""

from __future__ import annotations

import re

from ledger.errors import MalformedError

INT64_MAX = 9_223_372_036_854_775_807
BP_FULL = 10_000
MS_PER_HOUR = 3_600_000

_FEN_PER_YUAN = 100
_SHOWN_LENGTH = 40
_MAX_LENGTH = 24
_YUAN = re.compile(r"(-?)(0|[1-9][0-9]{0,16})\.([0-9]{2})")
_YUAN_ALLOWED = 'an amount in yuan with exactly two decimals and no separators, for example "1234.56"'


def printable(text: str) -> str:
    """Return `text` quoted for an error message: ASCII only, escaped, at most about 40 characters."""
    shown = ascii(text[:_SHOWN_LENGTH])
    return f"{shown}…" if len(text) > _SHOWN_LENGTH else shown


def check_fen(value: int, *, name: str) -> int:
    """Return an amount in fen, refusing one below 0 or above the int64 range (rule: section 2, money).

    Raises MalformedError naming `name`.
    """
    return check_range(value, name=name, low=0, high=INT64_MAX)


def check_range(value: int, *, name: str, low: int, high: int) -> int:
    """Return `value` if `low <= value <= high`; raise MalformedError naming `name` otherwise."""
    if not low <= value <= high:
        raise MalformedError(f"{name}: {value} is out of range", hint=f"allowed: {low} to {high}")
    return value


def parse_yuan(text: str, *, signed: bool = False) -> int:
    """Parse yuan text such as `"1234.56"` into fen (int64), exactly.

    Accepts only what `format_yuan_plain` renders: ASCII digits, no leading zeros, exactly two decimals, no
    separators, no plus sign; a leading `-` only with `signed`. Raises MalformedError for anything else and
    for amounts beyond int64.
    """
    match = _YUAN.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if match is None:
        raise MalformedError(f"{printable(text)} is not an amount", hint=f"allowed: {_YUAN_ALLOWED}")
    sign, yuan, cents = match.groups()
    fen = int(yuan) * _FEN_PER_YUAN + int(cents)
    if sign and (not signed or fen == 0):
        raise MalformedError(f"{printable(text)} is not allowed here", hint="allowed: an unsigned amount")
    if fen > INT64_MAX:
        raise MalformedError(
            f"{printable(text)} is too large", hint=f"allowed: at most {format_yuan_plain(INT64_MAX)}"
        )
    return -fen if sign else fen


def format_yuan(fen: int) -> str:
    """Render fen as yuan for people, with thousands separators: `123456` → `"1,234.56"`."""
    yuan, cents = divmod(abs(fen), _FEN_PER_YUAN)
    return f"{'-' if fen < 0 else ''}{yuan:,}.{cents:02d}"


def format_yuan_plain(fen: int) -> str:
    """Render fen as yuan for machines, without separators: `123456` → `"1234.56"`.

    `parse_yuan(format_yuan_plain(fen), signed=True) == fen` over the int64 range but its lowest value.
    """
    yuan, cents = divmod(abs(fen), _FEN_PER_YUAN)
    return f"{'-' if fen < 0 else ''}{yuan}.{cents:02d}"


def usage_amount_fen(*, device_ms: int, price_fen: int) -> int:
    """The price in fen of one usage line: `floor(device_ms × price_fen / 3,600,000)`.

    `device_ms` is allocated device-milliseconds, `price_fen` the price of one card-hour in fen; both are
    at least 0. Raises MalformedError if an argument or the result leaves int64. Source: the first of the
    two floors of the money rules.
    """
    check_range(device_ms, name="device_ms", low=0, high=INT64_MAX)
    check_fen(price_fen, name="price_fen")
    return check_fen(device_ms * price_fen // MS_PER_HOUR, name="usage amount in fen")


def entitlement_fen(*, rate_bp: int, base_fen: int) -> int:
    """The subsidy in fen on an eligible base: `floor(rate_bp × base_fen / 10,000)`.

    `rate_bp` is in basis points, 0 to 10,000. Raises MalformedError for a rate or base out of range.
    Source: rule I3, the second of the two floors of the money rules.
    """
    check_range(rate_bp, name="rate_bp", low=0, high=BP_FULL)
    check_fen(base_fen, name="base_fen")
    return rate_bp * base_fen // BP_FULL
