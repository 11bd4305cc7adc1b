"""`voucherctl`: what providers, officers, auditors and subscribers do from a terminal.

Only the list of parts is here; each is loaded when it is named.
"""

from __future__ import annotations

from typing import Annotated

import typer

from ledger_cli.groups import Part, main_group

PARTS = (
    Part("provider", "ledger_cli.provider", "Attest usage, send attestations, see what became of them."),
    Part("bureau", "ledger_cli.bureau", "Programmes, participants, vouchers, redemptions, payments; lists."),
    Part("keys", "ledger_cli.keys", "Make keys, sign with several people, register and revoke keys."),
    Part("subscribe", "ledger_cli.subscribe", "Follow the event stream as NDJSON."),
    Part("explain", "ledger_cli.explain_command", "Explain a reason of refusal."),
    Part("audit", "ledger_cli.audit", "Export and verify a ledger without trusting its server."),
    Part("witness", "ledger_cli.witness", "Run a witness: cosign checkpoints, and what was recomputed."),
    Part("scenario", "ledger_cli.scenario_command", "Play scenario files and compare what comes out."),
)

app = typer.Typer(
    cls=main_group(PARTS),
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def voucherctl(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Work with a voucher ledger. Data goes to stdout, talk to stderr.

    Exit codes: 0 ok, 1 internal error, 2 usage, 3 findings, 4 not allowed, 5 could not check, 6 refused by
    a rule, 7 unavailable (repeat it), 130 interrupted.
    """


def main() -> None:
    """Run the program."""
    app(prog_name="voucherctl")
