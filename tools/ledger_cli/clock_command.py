"""`voucherd set-clock`: set the clock of a SIMULATED ledger."""

from __future__ import annotations

from typing import Annotated

import typer

from ledger_cli.groups import part_app
from ledger_cli.options import As, Insecure, Json

app = part_app("Set the clock of a SIMULATED ledger.")


@app.command("set-clock")
def set_clock(
    who: As,
    time: Annotated[
        str, typer.Argument(metavar="TIME", help="RFC 3339, for example 2026-05-06T09:00:00+08:00.")
    ],
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Set the ledger's time, never back; it then stands still. Act --as the operator."""
    from ledger.client.errors import RpcRefused
    from ledger.domain.days import format_rfc3339
    from ledger_cli.acting import reading
    from ledger_cli.output import print_object
    from ledger_cli.values import instant_of

    wanted_ms = instant_of(time, option="TIME")
    with reading(who, insecure=insecure) as client:
        try:
            now_ms = client.set_clock(wanted_ms)
        except RpcRefused as error:
            present = format_rfc3339(client.get_ledger().ledger_time_ms)
            error.hint = f"the ledger's time is {present}; {error.hint}"
            raise
    value = {"ledger_time_ms": str(now_ms), "ledger_time": format_rfc3339(now_ms)}
    print_object("clock", value, as_json=as_json)
