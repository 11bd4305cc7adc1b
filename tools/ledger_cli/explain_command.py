"""`voucherctl explain`: what a reason of refusal means and what to do about it."""

from __future__ import annotations

from typing import Annotated

import typer

from ledger_cli.groups import part_app
from ledger_cli.options import Json
from ledger_cli.output import Column, print_object, print_rows

app = part_app("Explain a reason of refusal.")


@app.command()
def explain(
    reason: Annotated[str, typer.Argument(metavar="REASON|CODE", help="Name or number.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Every reason, in order of precedence.")] = False,
    as_json: Json = False,
) -> None:
    """Explain a reason: its cause, what to do, and whether repeating helps."""
    from ledger.errors import UsageError
    from ledger_cli.explain import EXPLANATIONS, Explanation
    from ledger_cli.explain import explain as find

    def row(item: Explanation) -> dict[str, object]:
        return {
            "reason": item.reason.name,
            "code": int(item.reason),
            "cause": item.cause,
            "action": item.action,
            "retry": item.retry,
        }

    if everything == bool(reason):
        raise UsageError("give one reason, or --all", hint="for example: voucherctl explain DEVICE_OVERLAP")
    if everything:
        columns = (
            Column("CODE", "code"),
            Column("REASON", "reason"),
            Column("RETRY", "retry"),
            Column("CAUSE", "cause"),
        )
        print_rows("reasons", [row(item) for item in EXPLANATIONS], columns, as_json=as_json)
    else:
        print_object("reason", row(find(reason)), as_json=as_json)
