"""Values that people type: ids, days, instants, amounts, pairs; each refused with what is allowed.

This module must not decide by a value.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, TypeVar

from ledger.domain.days import parse_day, parse_rfc3339_ms
from ledger.domain.identifiers import parse_id
from ledger.domain.quantities import BP_FULL, parse_yuan, printable
from ledger.errors import LedgerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from enum import IntEnum
    from pathlib import Path

E = TypeVar("E", bound="IntEnum")
T = TypeVar("T")

_DIGEST = re.compile(r"[0-9a-f]{64}")
_PERCENT = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))?")


def id_of(text: str, *, option: str) -> bytes:
    """A 16-byte id in hexadecimal."""
    return _named(parse_id, text, option)


def digest_of(text: str, *, option: str) -> bytes:
    """32 bytes in hexadecimal: a key id, a fingerprint, a commitment."""
    if _DIGEST.fullmatch(text) is None:
        raise UsageError(
            f"{option}: {printable(text)} is not 32 bytes", hint="allowed: 64 hexadecimal digits"
        )
    return bytes.fromhex(text)


def day_of(text: str, *, option: str) -> int:
    """A day, YYYY-MM-DD."""
    return _named(parse_day, text, option)


def instant_of(text: str, *, option: str) -> int:
    """An instant, RFC 3339, as ms since 1970."""
    return _named(parse_rfc3339_ms, text, option)


def fen_of(text: str, *, option: str) -> int:
    """An amount in yuan with two decimals, as fen."""
    return _named(parse_yuan, text, option)


def bp_of(text: str, *, option: str) -> int:
    """A share in per cent, 0 to 100 with at most two decimals, as basis points."""
    match = _PERCENT.fullmatch(text)
    share_bp = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")) if match else BP_FULL + 1
    if share_bp > BP_FULL:
        raise UsageError(
            f"{option}: {printable(text)} is no share", hint="allowed: 0 to 100, for example 33.34"
        )
    return share_bp


def enum_of(kind: type[E], text: str, *, option: str) -> E:
    """A member of an enum by its name."""
    try:
        return kind[text]
    except KeyError:
        allowed = ", ".join(member.name for member in kind)
        raise UsageError(f"{option}: no {printable(text)}", hint=f"allowed: {allowed}") from None


def pairs_of(
    texts: Sequence[str] | None, *, option: str, value: Callable[[str], T] | None = None
) -> dict[str, T]:
    """NAME=VALUE pairs, each name once; the last `=` separates."""
    found: dict[str, T] = {}
    for text in texts or ():
        name, equals, rest = text.rpartition("=")
        if not equals or name in found:
            raise UsageError(f"{option}: {printable(text)}", hint="allowed: NAME=VALUE, each NAME once")
        found[name] = value(rest) if value is not None else rest  # type: ignore[assignment]
    return found


def file_digest(path: Path, *, option: str) -> bytes:
    """SHA-256 of a file."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError as error:
        raise UsageError(f"{option}: {path}: cannot be read: {error.strerror}") from error


def _named(parse: Callable[[str], T], text: str, option: str) -> T:
    try:
        return parse(text)
    except LedgerError as error:
        raise UsageError(f"{option}: {error.summary}", hint=error.hint) from error
