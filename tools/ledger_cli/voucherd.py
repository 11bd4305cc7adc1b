"""`voucherd`: making, serving and demonstrating a ledger.

Only the list of parts is here; each is loaded when it is named.
"""

from __future__ import annotations

from typing import Annotated

import typer

from ledger_cli.groups import Part, main_group

PARTS = (
    Part("init", "ledger_cli.init_command", "Open a new ledger in a folder."),
    Part("serve", "ledger_cli.serve_command", "Serve the ledger of a folder over gRPC."),
    Part("migrate", "ledger_cli.migrate_command", "Move a ledger's events into another store."),
    Part("doctor", "ledger_cli.doctor_command", "Examine the folder of a ledger, to the last row."),
    Part("set-clock", "ledger_cli.clock_command", "Set the clock of a SIMULATED ledger."),
    Part("personal", "ledger_cli.personal_command", "Personal data behind commitments; its erasure."),
    Part("dev-identity", "ledger_cli.dev_identity_command", "Key, certificate, identity file: development."),
    Part("demo", "ledger_cli.demo_command", "Play a programme year, verify it, show a finding."),
)

app = typer.Typer(
    cls=main_group(PARTS),
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def voucherd(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Make and run a voucher ledger. Data goes to stdout, talk to stderr.

    Exit codes: 0 ok, 1 internal error, 2 usage, 3 findings, 4 not allowed, 5 could not check, 6 refused by
    a rule, 7 unavailable (repeat it), 130 interrupted.
    """


def main() -> None:
    """Run the program."""
    app(prog_name="voucherd")
