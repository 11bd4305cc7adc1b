"""Read what a model service or a data exchange delivered: CSV with unit, quantity, start, end, amount.

This module parses and refuses; it must not price, skip, repair or reorder rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from ledger.client.usage.csv_table import opened, read_table, time_at
from ledger.domain.days import format_rfc3339
from ledger.domain.quantities import INT64_MAX, parse_yuan, printable
from ledger.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ledger.client.usage.rows import Place

COLUMNS = ("unit", "quantity", "start", "end", "amount")

_UNIT = re.compile(r"[A-Z0-9_]{1,32}")
_QUANTITY = re.compile(r"[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRow:
    """Units delivered in [start_ms, end_ms), ms since 1970, and their amount, fen; `line` is the file's."""

    unit: str
    quantity: int
    start_ms: int
    end_ms: int
    amount_fen: int
    line: int


def read_service_csv(path: Path) -> Iterator[ServiceRow]:
    """The rows of a file, one at a time, in file order; UsageError as `parse_service_csv`."""
    with opened(path) as stream:
        yield from parse_service_csv(stream, name=path.name)


def parse_service_csv(stream: BinaryIO, *, name: str) -> Iterator[ServiceRow]:
    """The rows of a stream, one at a time, in file order; `name` names it in errors.

    The header has each of `COLUMNS` once, in any order, and no other. A unit is a code of A-Z, 0-9 and _, a
    quantity a whole number above 0, times are RFC 3339, the amount is in yuan with two decimals. Raises
    UsageError naming file, line, column, the text and what is allowed, for the first bad row.
    """
    for place, fields in read_table(stream, name=name, columns=COLUMNS):
        yield _row(fields, place)


def _row(fields: Mapping[str, str], place: Place) -> ServiceRow:
    if _UNIT.fullmatch(fields["unit"]) is None:
        raise place.error(
            f"{printable(fields['unit'])} is no unit",
            allowed="1 to 32 of A-Z, 0-9 and _, for example TOKENS_M",
            column="unit",
        )
    if _QUANTITY.fullmatch(fields["quantity"]) is None or int(fields["quantity"]) > INT64_MAX:
        raise place.error(
            f"{printable(fields['quantity'])} is no quantity",
            allowed="a whole number above 0",
            column="quantity",
        )
    start_ms, end_ms = (time_at(fields, column, place=place) for column in ("start", "end"))
    if end_ms <= start_ms:
        raise place.error(
            f"{printable(fields['end'])} is not after the start",
            allowed=f"after {format_rfc3339(start_ms)}",
            column="end",
        )
    return ServiceRow(
        unit=fields["unit"],
        quantity=int(fields["quantity"]),
        start_ms=start_ms,
        end_ms=end_ms,
        amount_fen=_amount(fields["amount"], place),
        line=place.line,
    )


def _amount(text: str, place: Place) -> int:
    try:
        return parse_yuan(text)
    except LedgerError as error:
        raise place.error(
            f"{printable(text)} is no amount", allowed="yuan, for example 12.50", column="amount"
        ) from error
