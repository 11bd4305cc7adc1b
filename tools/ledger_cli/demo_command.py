"""`voucherd demo`: a programme year on a real server, verified by the auditor, with one byte changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger_cli.groups import part_app
from ledger_cli.options import Json

app = part_app("Play a programme year, verify it, show a finding.")


@app.command()
def demo(
    directory: Annotated[Path, typer.Option("--dir", metavar="D", help="New folder for the demonstration.")],
    usage: Annotated[
        Path | None, typer.Option("--usage", metavar="FILE", help="Usage CSV; without: the sample.")
    ] = None,
    keep_serving: Annotated[
        bool, typer.Option("--keep-serving", help="Serve at the end until ctrl-C.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Play a programme year with every role, export it, verify it, change a byte and find it.

    Exit 0 if the export verifies and the change is found.
    """
    import json

    from ledger.errors import ExitCode
    from ledger_cli.output import say
    from ledger_play.demo import run

    def tell(line: str) -> None:
        say(line) if as_json else typer.echo(line)

    def wait() -> None:
        import threading

        tell("serving until ctrl-C")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            tell("stopping")

    result = run(directory, usage=usage, say=tell, keep_serving=wait if keep_serving else None)
    if as_json:
        typer.echo(json.dumps(result.to_json(), ensure_ascii=False))
    if result.verify_exit != ExitCode.OK or result.tamper_exit != ExitCode.FINDINGS:
        raise typer.Exit(int(ExitCode.FINDINGS))
