"""What `voucherd personal` reads: a value and a salt from stdin or a file, neither ever shown in an error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ledger.errors import ExitCode, LedgerError, UsageError
from ledger.proof.commitment import MAX_VALUE_SIZE, SALT_SIZE
from ledger_cli.output import say

if TYPE_CHECKING:
    from pathlib import Path

_TOO_LONG = MAX_VALUE_SIZE + 3
"""A value, its line end, and one byte more."""


class ErasureNotRecorded(LedgerError):
    """Personal data is destroyed only after the decision to do so is a leaf."""

    exit_code = ExitCode.REFUSED


def read_value(path: Path | None) -> bytes:
    """The value in a file, or on stdin without one: UTF-8 text without the one line end after it."""
    name = f"--value {path}" if path is not None else "stdin"
    data = _read(path, name)
    data = data.removesuffix(b"\n").removesuffix(b"\r")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{name}: not UTF-8", hint="allowed: UTF-8 text") from None
    if not 0 < len(data) <= MAX_VALUE_SIZE or not text.isprintable():
        raise UsageError(
            f"{name}: empty, too long, or more than one line",
            hint=f"allowed: one line of 1 to {MAX_VALUE_SIZE} bytes",
        )
    return data


def read_salt(path: Path) -> bytes:
    """The 32 bytes that a file holds in hexadecimal."""
    name = f"--salt {path}"
    text = _read(path, name).strip()
    if len(text) != 2 * SALT_SIZE or not set(text) <= set(b"0123456789abcdef"):
        raise UsageError(f"{name}: no salt", hint=f"allowed: {2 * SALT_SIZE} hexadecimal digits")
    return bytes.fromhex(text.decode("ascii"))


def _read(path: Path | None, name: str) -> bytes:
    if path is None:
        if sys.stdin.isatty():
            say("type the value, then enter and ctrl-D")
        return sys.stdin.buffer.read(_TOO_LONG)
    try:
        with path.open("rb") as stream:
            return stream.read(_TOO_LONG)
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror}") from None
