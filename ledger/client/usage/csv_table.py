"""What all CSV formats share: the rows of a table with named columns, and the times in them.

This module knows no column. It parses and refuses; it must not skip, repair or reorder rows.
"""

from __future__ import annotations

import csv
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from ledger.client.usage.rows import MAX_LINE_SIZE, Place, check_count, check_header, read_lines
from ledger.domain.days import parse_rfc3339_ms
from ledger.domain.quantities import printable
from ledger.errors import LedgerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_TIME_ALLOWED = 'RFC 3339 with an offset, for example "2026-05-06T09:00:00+08:00"'


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file as a stream; UsageError naming it if it cannot be read, also while it is read."""
    try:
        with path.open("rb") as stream:
            yield stream
    except OSError as error:
        raise UsageError(f"{path.name}: cannot be read: {error.strerror}", hint="check the path") from error


def read_table(
    stream: BinaryIO, *, name: str, columns: Sequence[str], optional: Sequence[str] = ()
) -> Iterator[tuple[Place, Mapping[str, str]]]:
    """The rows of a CSV stream with the line on which each starts, in file order; `name` names it in errors.

    The first line is the header: each of `columns` once, those of `optional` or not, in any order, and no
    other. Fields may be quoted; a byte order mark and CRLF are accepted. Raises UsageError naming file, line
    and what is allowed, for the first row with a wrong number of columns, broken quoting or a NUL byte.
    """
    rows = _numbered(stream, name=name)
    place, header = next(rows, (Place(name=name, line=1), []))
    check_header(header, place=place)
    for column in (*columns, *header):
        if column not in header or column not in {*columns, *optional}:
            problem = "missing" if column not in header else "unknown"
            allowed = ", ".join((*columns, *(f"{name} (optional)" for name in optional)))
            raise place.error(f"{problem} column {printable(column)}", allowed=allowed)
    for row_place, fields in rows:
        check_count(fields, header, place=row_place)
        yield row_place, dict(zip(header, fields, strict=True))


def time_at(fields: Mapping[str, str], column: str, *, place: Place) -> int:
    """The RFC 3339 time in a column, ms since 1970; UsageError naming the place for anything else."""
    try:
        return parse_rfc3339_ms(fields[column])
    except LedgerError as error:
        raise place.error(
            f"{printable(fields[column])} is not a time", allowed=_TIME_ALLOWED, column=column
        ) from error


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
