"""`voucherctl bureau`: every step from a programme to a payment, and lists of what exists.

The commands are in `bureau_*`; here they are only put together.
"""

from __future__ import annotations

import typer

from ledger_cli import bureau_contract, bureau_programme, bureau_redemption, bureau_registry, lists

app = typer.Typer(no_args_is_help=True, help="Programmes, participants, vouchers, redemptions, payments.")
for part in (bureau_programme, bureau_registry, bureau_contract, bureau_redemption):
    part.add_to(app)
app.add_typer(lists.app, name="list")
