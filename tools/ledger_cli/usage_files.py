"""Usage files by format: their rows, their digest, and how a row is named in messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.client.attestations import RawLog
from ledger.client.usage.generic_csv import read_generic_csv
from ledger.client.usage.slurm import SlurmOptions, read_slurm
from ledger.errors import UsageError
from ledger_cli.output import say
from ledger_cli.values import file_digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ledger.client.usage.rows import UsageRow


FORMATS = ("csv", "slurm")


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageData:
    """A usage file that was read: rows in file order, digest and count, and the line of a row."""

    name: str
    rows: tuple[UsageRow, ...]
    raw_log: RawLog
    line_of: Callable[[int], int] | None


def read_usage(path: Path, *, form: str, slurm: SlurmOptions) -> UsageData:
    """Read the whole file. Raises UsageError naming file, line and column of the first bad row."""
    if form not in FORMATS:
        raise UsageError(f"--format: no {form[:40]!a}", hint=f"allowed: {', '.join(FORMATS)}")
    if form == "csv":
        rows = tuple(read_generic_csv(path))
        line_of: Callable[[int], int] | None = _csv_line
    else:
        usage = read_slurm(path, options=slurm)
        rows, line_of = usage.rows, None
        for reason, count in usage.left_out.items():
            say(f"{path.name}: {count} lines without usage: {reason}")
    digest = file_digest(path, option="--usage")
    return UsageData(
        name=path.name, rows=rows, raw_log=RawLog(digest=digest, row_count=len(rows)), line_of=line_of
    )


def _csv_line(row: int) -> int:
    """A row is one line, as no field may hold a line end; the header is line 1."""
    return row + 1
