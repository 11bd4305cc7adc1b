"""Cursors of the event stream as text: INDEX:HASH:EPOCH."""

from __future__ import annotations

from ledger.client.subscription import Cursor
from ledger.domain.quantities import printable
from ledger.errors import LedgerError, UsageError
from ledger.proof.strict import parse_decimal
from ledger_cli.values import digest_of

_PARTS = 3
_MAX_EPOCH = 2**32 - 1


def format_cursor(cursor: Cursor) -> str:
    """The text that `parse_cursor` reads."""
    return f"{cursor.index}:{cursor.leaf_hash.hex()}:{cursor.epoch}"


def parse_cursor(text: str) -> Cursor:
    """A cursor of an earlier line; UsageError for anything else."""
    parts = text.split(":")
    try:
        if len(parts) != _PARTS:
            raise UsageError("not three parts")
        index, digest, epoch = parts
        return Cursor(
            parse_decimal(index, what="the index"),
            digest_of(digest, option="--after"),
            parse_decimal(epoch, what="the epoch", maximum=_MAX_EPOCH),
        )
    except LedgerError as error:
        raise UsageError(
            f"--after: {printable(text)} is not a cursor: {error.summary}", hint="allowed: INDEX:HASH:EPOCH"
        ) from error
