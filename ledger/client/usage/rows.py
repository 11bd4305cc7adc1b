"""The row that every usage reader yields, and what all readers share: lines, columns and errors.

This module knows no file format. It must not price, sign or send usage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from ledger.domain.quantities import printable
from ledger.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_LINE_SIZE = 65_536
MAX_TEXT_LENGTH = 128

_BOM = b"\xef\xbb\xbf"
_TEXT_ALLOWED = f"1 to {MAX_TEXT_LENGTH} printable characters without white space at either end"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """One device's use by one job over [start_ms, end_ms), instants in ms since 1970-01-01T00:00:00Z.

    `device_id` is the text that the file gives or, for Slurm, `node/gpuN`. The interval may be empty.
    """

    cluster: str
    job_id: str
    tenant: str
    node: str
    device_id: str
    device_model: str
    start_ms: int
    end_ms: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line of a named usage file, from 1; it makes the errors of that line."""

    name: str
    line: int

    def error(self, problem: str, *, allowed: str, column: str = "") -> UsageError:
        """A UsageError that names file, line and column, the problem and what is allowed."""
        where = f"{self.name}, line {self.line}{f', column {column}' if column else ''}"
        return UsageError(f"{where}: {problem}", hint=f"allowed: {allowed}")

    def text(self, value: str, *, column: str) -> str:
        """Return `value` if it is short printable text without outer white space; UsageError otherwise."""
        if 0 < len(value) <= MAX_TEXT_LENGTH and value.isprintable() and value == value.strip():
            return value
        raise self.error(f"{printable(value)} is not a name", allowed=_TEXT_ALLOWED, column=column)


def read_lines(stream: BinaryIO, *, name: str) -> Iterator[str]:
    """The lines of a UTF-8 stream with their line ends, a leading byte order mark removed.

    Reads one line at a time. Raises UsageError for a line over 64 KiB, a NUL byte or bytes that are not
    UTF-8, naming file and line.
    """
    line = 0
    while data := stream.readline(MAX_LINE_SIZE + 1):
        line += 1
        place = Place(name=name, line=line)
        if len(data) > MAX_LINE_SIZE:
            raise place.error("the line is too long", allowed=f"at most {MAX_LINE_SIZE} bytes a line")
        if b"\0" in data:
            raise place.error(f"NUL at byte {data.index(0) + 1}", allowed="text without NUL bytes")
        try:
            yield (data.removeprefix(_BOM) if line == 1 else data).decode("utf-8")
        except UnicodeDecodeError as error:
            raise place.error(f"byte {error.start + 1} is not UTF-8", allowed="UTF-8 text") from error


def check_header(header: Sequence[str], *, place: Place) -> None:
    """Refuse a header that names a column twice or leaves one without a name."""
    seen: set[str] = set()
    for column in header:
        if column in seen or not column:
            problem = f"column {printable(column)} is there twice" if column else "a column has no name"
            raise place.error(problem, allowed="each column once, each with a name")
        seen.add(column)


def check_count(fields: Sequence[str], header: Sequence[str], *, place: Place) -> None:
    """Refuse a row whose number of fields is not the header's."""
    if len(fields) != len(header):
        raise place.error(f"{len(fields)} columns", allowed=f"{len(header)} columns, as in the header")
