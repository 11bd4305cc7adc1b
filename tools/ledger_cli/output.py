"""What a command prints: data to stdout as text or JSON, talk and progress to stderr.

Every JSON object names its schema; amounts and 64-bit numbers are text, counts are numbers. This module
must not know a command.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from ledger_cli.groups import safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

SCHEMA_PREFIX = "voucher-ledger/cli"


class Column(NamedTuple):
    """A column of a table: its heading, and the key of the row that it shows."""

    heading: str
    key: str


def say(text: str) -> None:
    """A line for a person, on stderr."""
    typer.echo(safe(text), err=True)


def schema(name: str) -> str:
    """The schema name of a command's JSON."""
    return f"{SCHEMA_PREFIX}/{name}/1"


def print_object(name: str, value: Mapping[str, Any], *, as_json: bool) -> None:
    """One object: as JSON, or one `key: value` line for each value that is not empty."""
    if as_json:
        typer.echo(json.dumps({"schema": schema(name), **value}, ensure_ascii=False))
        return
    for key, item in value.items():
        if item not in (None, "", []):
            typer.echo(safe(f"{key}: {_cell(item)}"))


def print_rows(
    name: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], *, as_json: bool
) -> None:
    """A list: one JSON object with `items` and `count`, or an aligned table."""
    if as_json:
        value = {"schema": schema(name), "count": len(rows), "items": list(rows)}
        typer.echo(json.dumps(value, ensure_ascii=False))
        return
    if not rows:
        say("none")
        return
    table = [[column.heading for column in columns]]
    table += [[safe(_cell(row.get(column.key))) for column in columns] for row in rows]
    widths = [max(len(line[place]) for line in table) for place in range(len(columns))]
    for line in table:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def print_line(value: Mapping[str, Any]) -> None:
    """One NDJSON line of a stream, flushed."""
    typer.echo(json.dumps(value, ensure_ascii=False))
    sys.stdout.flush()


@contextmanager
def progress(label: str, *, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr where that is a terminal; yields what is told how much more is done."""
    if not sys.stderr.isatty() or total == 0:
        yield lambda _count: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda count: bar.advance(task, count)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(_cell(item) for item in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
