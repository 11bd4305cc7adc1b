"""`voucherd migrate`: move a ledger's events into another store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger_cli.groups import part_app
from ledger_cli.options import Json

app = part_app("Move a ledger's events into another store.")


@app.command()
def migrate(
    directory: Annotated[Path, typer.Option("--dir", metavar="D", help="Folder of the ledger.")],
    to: Annotated[str, typer.Option("--to", metavar="URL", help="Empty store, made where it is not there.")],
    as_json: Json = False,
) -> None:
    """Copy every event into an empty store, check it whole, and let the folder name it from then on.

    Stop the server first. Events are copied verbatim and replayed; the new store is put in force only where
    every byte, the head and the locked checkpoint agree. The old store stays as it is.
    """
    import sys

    from ledger_cli.output import print_object, say
    from ledger_server.directory import LedgerDirectory
    from ledger_server.migrating import migrate as run

    place = LedgerDirectory(directory)
    terminal = sys.stderr.isatty()
    folded = run(place, to=to, progress=lambda done, size: say(f"{done:,} of {size:,}") if terminal else None)
    value = {"events": folded.size, "head": folded.head.hex(), "store": str(place.location())}
    print_object("migrate", value, as_json=as_json)
