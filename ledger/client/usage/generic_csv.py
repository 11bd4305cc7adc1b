"""Read usage from the generic CSV: one row a device interval, times in RFC 3339.

This module parses and refuses; it must not skip, repair or reorder rows.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, BinaryIO

from ledger.client.usage.rows import MAX_LINE_SIZE, Place, UsageRow, check_count, check_header, read_lines
from ledger.domain.days import format_rfc3339, parse_rfc3339_ms
from ledger.domain.quantities import printable
from ledger.errors import LedgerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
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
_TIME_ALLOWED = 'RFC 3339 with an offset, for example "2026-05-06T09:00:00+08:00"'


def read_generic_csv(path: Path) -> Iterator[UsageRow]:
    """The rows of a generic CSV file, one at a time, in file order.

    Raises UsageError as `parse_generic_csv`, and if the file cannot be read; rows before the error have
    been yielded then.
    """
    try:
        with path.open("rb") as stream:
            yield from parse_generic_csv(stream, name=path.name)
    except OSError as error:
        raise UsageError(f"{path.name}: cannot be read: {error.strerror}", hint="check the path") from error


def parse_generic_csv(stream: BinaryIO, *, name: str) -> Iterator[UsageRow]:
    """The rows of a generic CSV stream, one at a time, in file order; `name` names it in errors.

    The first line is the header: each of `COLUMNS` once, in any order, and no other. Fields may be quoted;
    a byte order mark and CRLF are accepted. Raises UsageError naming file, line, column, the text and what
    is allowed, for the first bad row: a wrong number of columns, empty or unprintable text, a malformed
    time, an interval that ends before it starts, broken quoting, a NUL byte.
    """
    rows = _numbered(stream, name=name)
    place, header = next(rows, (Place(name=name, line=1), []))
    check_header(header, place=place)
    for column in (*COLUMNS, *header):
        if column not in header or column not in COLUMNS:
            problem = "missing" if column not in header else "unknown"
            raise place.error(f"{problem} column {printable(column)}", allowed=", ".join(COLUMNS))
    index_of = {column: header.index(column) for column in COLUMNS}
    for row_place, fields in rows:
        check_count(fields, header, place=row_place)
        yield _row(fields, index_of, row_place)


def _row(fields: Sequence[str], index_of: dict[str, int], place: Place) -> UsageRow:
    texts = {column: place.text(fields[index_of[column]], column=column) for column in _TEXT_COLUMNS}
    start_ms, end_ms = (
        _parse_time(fields[index_of[column]], place=place, column=column) for column in _TIME_COLUMNS
    )
    if end_ms < start_ms:
        raise place.error(
            f"{printable(fields[index_of['end_time']])} is before the start",
            allowed=f"{format_rfc3339(start_ms)} or later",
            column="end_time",
        )
    return UsageRow(start_ms=start_ms, end_ms=end_ms, **texts)


def _parse_time(text: str, *, place: Place, column: str) -> int:
    try:
        return parse_rfc3339_ms(text)
    except LedgerError as error:
        raise place.error(f"{printable(text)} is not a time", allowed=_TIME_ALLOWED, column=column) from error


def _numbered(stream: BinaryIO, *, name: str) -> Iterator[tuple[Place, list[str]]]:
    """Rows with the line on which each starts: a quoted field may hold line ends."""
    reader = csv.reader(read_lines(stream, name=name), strict=True)
    while True:
        place = Place(name=name, line=reader.line_num + 1)
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise place.error(
                f"not CSV: {error}", allowed=f"commas, double quotes, fields below {MAX_LINE_SIZE} characters"
            ) from error
        yield place, fields
