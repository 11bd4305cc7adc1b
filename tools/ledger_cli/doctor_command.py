"""`voucherd doctor`: examine the folder of a ledger, from its keys to its last row."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger_cli.groups import part_app
from ledger_cli.options import Json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger_server.doctor import Examined

app = part_app("Examine the folder of a ledger: keys, database, records, derived tables.")


@app.command()
def doctor(
    directory: Annotated[Path, typer.Option("--dir", metavar="D", help="Folder of the ledger.")],
    store: Annotated[
        str, typer.Option("--store", metavar="URL", help="Event store in place of the folder's.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Examine a ledger where it lies; nothing is changed.

    Every record is compared with its columns, the chain and the locked checkpoint; every derived table is
    made anew and compared, unless a server is writing. Rules and signatures are what `voucherctl audit
    verify` checks. Exit 0 healthy, 3 something is wrong, 5 something could not be examined.
    """
    from ledger.errors import ExitCode
    from ledger_cli.output import say
    from ledger_server.directory import LedgerDirectory
    from ledger_server.doctor import Doctor, Health

    with _telling() as progress:
        checks = Doctor(LedgerDirectory(directory), store=store or None, progress=progress).examine()
    _print(checks, as_json=as_json)
    found = {check.health for check in checks}
    if Health.FAILED in found:
        say("Keep the folder as it is, and restore a backup elsewhere.")
        raise typer.Exit(int(ExitCode.FINDINGS))
    if Health.SKIPPED in found:
        raise typer.Exit(int(ExitCode.COULD_NOT_CHECK))


def _print(checks: list[Examined], *, as_json: bool) -> None:
    from ledger_cli.groups import safe
    from ledger_cli.output import print_object

    if as_json:
        rows = [
            {
                "name": check.name,
                "status": check.health.value,
                "detail": check.detail,
                "faults": [{"check": f.check, "index": f.index, "text": f.text} for f in check.faults],
            }
            for check in checks
        ]
        print_object("doctor", {"checks": rows}, as_json=True)
        return
    for check in checks:
        typer.echo(safe(f"{check.health.value:8} {check.name:16} {check.detail}".rstrip()))
        for fault in check.faults:
            typer.echo(safe(f"         {fault.text}"))


@contextmanager
def _telling() -> Iterator[Callable[[str, int], None]]:
    """A line on stderr that says how far long work is, where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _what, _done: None
        return
    from rich.console import Console

    with Console(stderr=True).status("examining") as status:
        yield lambda what, done: status.update(f"{what}: {done:,} events")
