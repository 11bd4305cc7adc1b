"""`voucherctl scenario`: play scenario files through the real server, each on a ledger of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger_cli.groups import part_app
from ledger_cli.options import Json

if TYPE_CHECKING:
    from ledger_play.scenario.run import ScenarioResult

app = part_app("Play scenario files: what people do, and what must come out.")


@app.callback()
def scenario() -> None:
    """Play scenario files: what people do, and what must come out."""


@app.command()
def run(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Scenario files (TOML).")],
    store: Annotated[
        str, typer.Option("--store", metavar="URL", help="Event store, for example memory: .")
    ] = "",
    as_json: Json = False,
) -> None:
    """Play each file on a fresh ledger, over gRPC with every role's own key, and audit it offline.

    Exit 0 if everything came out as expected, 3 if not (which step, expected, actual), 2 if a file is
    malformed; of several files a failed one counts most. --json prints one object a file.
    """
    from ledger.errors import ExitCode, UsageError
    from ledger_cli.output import print_line, say, schema
    from ledger_play.scenario.run import FAILED, MALFORMED, run_file

    if len(files) > 1 and store not in {"", "memory:"}:
        raise UsageError("one store holds one ledger, and each file has its own", hint="play one file")
    results = []
    for path in files:
        result = run_file(path, store=store)
        results.append(result.result)
        if as_json:
            print_line({"schema": schema("scenario"), **result.to_json()})
        else:
            _tell(result)
        if result.error is not None:
            say(f"error: {result.error.diagnostics()}")
    if FAILED in results:
        raise typer.Exit(int(ExitCode.FINDINGS))
    if MALFORMED in results:
        raise typer.Exit(int(ExitCode.USAGE))


def _tell(result: ScenarioResult) -> None:
    """One line for a file, and what came out otherwise."""
    from ledger_cli.groups import safe

    counted = f": {result.steps} steps, {result.events} events" if result.events else ""
    typer.echo(safe(f"{result.result:<9}  {result.file}{counted}"))
    failure = result.failure
    if failure is None:
        return
    where = (
        "the audit"
        if result.line is None
        else f"step {failure.position + 1} ({failure.do}, line {result.line})"
    )
    typer.echo(safe(f"  {where}, {failure.key}: expected {failure.expected}, actual {failure.actual}"))
    if failure.why:
        typer.echo(safe(f"  {failure.why}"))
