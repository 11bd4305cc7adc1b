"""Read usage from the generic CSV: one row a device interval, times in RFC 3339.

This module parses and refuses; it must not skip, repair or reorder rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from ledger.client.usage.csv_table import opened, read_table, time_at
from ledger.client.usage.rows import Place, UsageRow
from ledger.domain.days import format_rfc3339
from ledger.domain.quantities import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

COLUMNS = (
    "cluster",
    "job_id",
    "tenant",
    "node",
    "device_id",
    "device_model",
    "start_time",
    "end_time",
    "state",
)
_TIME_COLUMNS = ("start_time", "end_time")
_TEXT_COLUMNS = tuple(column for column in COLUMNS if column not in _TIME_COLUMNS)


def read_generic_csv(path: Path) -> Iterator[UsageRow]:
    """The rows of a generic CSV file, one at a time, in file order.

    Raises UsageError as `parse_generic_csv`, and if the file cannot be read; rows before the error have
    been yielded then.
    """
    with opened(path) as stream:
        yield from parse_generic_csv(stream, name=path.name)


def parse_generic_csv(stream: BinaryIO, *, name: str) -> Iterator[UsageRow]:
    """The rows of a generic CSV stream, one at a time, in file order; `name` names it in errors.

    The first line is the header: each of `COLUMNS` once, in any order, and no other. Fields may be quoted;
    a byte order mark and CRLF are accepted. Raises UsageError naming file, line, column, the text and what
    is allowed, for the first bad row: a wrong number of columns, empty or unprintable text, a malformed
    time, an interval that ends before it starts, broken quoting, a NUL byte.
    """
    for place, fields in read_table(stream, name=name, columns=COLUMNS):
        yield _row(fields, place)


def _row(fields: Mapping[str, str], place: Place) -> UsageRow:
    texts = {column: place.text(fields[column], column=column) for column in _TEXT_COLUMNS}
    start_ms, end_ms = (time_at(fields, column, place=place) for column in _TIME_COLUMNS)
    if end_ms < start_ms:
        raise place.error(
            f"{printable(fields['end_time'])} is before the start",
            allowed=f"{format_rfc3339(start_ms)} or later",
            column="end_time",
        )
    return UsageRow(start_ms=start_ms, end_ms=end_ms, **texts)
