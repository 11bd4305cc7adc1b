"""`voucherctl audit reconcile`: the treasury's list against the ledger's payments and repayments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger_cli.options import Authorities, Json, Location, Reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger_audit.reconcile import Found, Reconciliation


def add_to(app: typer.Typer) -> None:
    """Add the command to a group."""
    app.command()(reconcile)


def reconcile(
    source: Location,
    treasury: Annotated[
        Path,
        typer.Option("--treasury", metavar="FILE", help="CSV: bank,reference,paid,amount and perhaps kind."),
    ],
    who: Reader = None,
    ca: Authorities = None,
    as_json: Json = False,
) -> None:
    """Compare the treasury's list with the ledger, both ways. Exit 0 all equal, 3 differences.

    It believes the leaves: run `audit verify` on the same source first.
    """
    from ledger_audit.reconcile import reconcile as run
    from ledger_cli.audit_sources import opened
    from ledger_cli.treasury_file import read_treasury

    rows = read_treasury(treasury)
    with opened(source, who, ca) as log:
        result = run(log, rows)
    _print(result, as_json=as_json)
    if result.exit_code:
        raise typer.Exit(int(result.exit_code))


def _print(result: Reconciliation, *, as_json: bool) -> None:
    """One object in fen, or tables in yuan."""
    from ledger.domain.quantities import format_yuan_plain
    from ledger_audit.reconcile import NAMES
    from ledger_cli.output import Column, print_object, print_rows

    money = str if as_json else format_yuan_plain
    differences = [_difference(found, money) for found in result.differences]
    programmes = {programme_id.hex(): sums.to_json(money) for programme_id, sums in result.programmes.items()}
    counts = {
        "result": "differences" if differences else "equal",
        "tree_size": result.tree_size,
        "rows": result.rows,
        "matched": result.matched,
    }
    unmatched = {
        f"{name}_file": money(result.unmatched.sum_fen(kind, "file")) for kind, name in NAMES.items()
    }
    if as_json:
        value = {**counts, "differences": differences, "programmes": programmes, "unmatched": unmatched}
        print_object("audit-reconcile", value, as_json=True)
        return
    for name, rows in (
        ("differences", differences),
        ("programmes", [{"programme": programme, **sums} for programme, sums in programmes.items()]),
    ):
        if rows:
            columns = [Column(key.upper().replace("_", " "), key) for key in rows[0]]
            print_rows(name, rows, columns, as_json=False)
    print_object("audit-reconcile", {**counts, "differences": len(differences)}, as_json=False)


def _difference(found: Found, money: Callable[[int], str]) -> dict[str, Any]:
    from ledger.domain.days import format_day
    from ledger.errors import LedgerError
    from ledger_audit.reconcile import Difference

    def shown(value: int | str | None) -> str | None:
        if not isinstance(value, int):
            return value
        if found.difference is not Difference.DAY:
            return money(value)
        try:
            return format_day(value)
        except LedgerError:
            # A leaf may say what no calendar has; the rules of the audit find it.
            return str(value)

    return {
        "difference": found.difference.value,
        "line": found.line,
        "index": found.index,
        "programme": found.programme_id.hex(),
        "file": shown(found.file),
        "ledger": shown(found.ledger),
    }
