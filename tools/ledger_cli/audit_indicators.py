"""`voucherctl audit indicators`: what may be worth a look in a ledger that keeps every rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger_cli.options import Authorities, Json, Location, LogKeyIfAny, Reader, TrustIfAny

if TYPE_CHECKING:
    from ledger_audit.indicators import Leads


def add_to(app: typer.Typer) -> None:
    """Add the command to a group."""
    app.command()(indicators)


def indicators(
    source: Location,
    trust: TrustIfAny = None,
    log_key: LogKeyIfAny = "",
    threshold: Annotated[
        list[str] | None,
        typer.Option("--threshold", metavar="NAME=VALUE", help="Where an indicator begins; repeatable."),
    ] = None,
    who: Reader = None,
    ca: Authorities = None,
    as_json: Json = False,
) -> None:
    """List leads to fraud. They are no findings: exit 0 with leads, too.

    With trust the log is verified in the same pass, without it the rules alone are recomputed. Exit 3 if
    that finds something, 5 if it could not be done.
    """
    from ledger_audit.indicators import look
    from ledger_audit.indicators_types import Thresholds
    from ledger_cli.audit_progress import stepping
    from ledger_cli.audit_sources import opened, trust_if_given

    thresholds = Thresholds()
    for text in threshold or ():
        thresholds = thresholds.changed(text)
    trusted = trust_if_given(trust, log_key)
    with opened(source, who, ca) as log, stepping("looking") as step:
        leads = look(log, thresholds=thresholds, trust=trusted, progress=step)
    _print(leads, as_json=as_json)
    if leads.checked.exit_code:
        raise typer.Exit(int(leads.checked.exit_code))


def _print(leads: Leads, *, as_json: bool) -> None:
    """One object, or tables; what was checked meanwhile is said on stderr."""
    from ledger_cli.audit_output import say_checked
    from ledger_cli.output import Column, print_object, print_rows

    value = leads.to_json()
    if as_json:
        print_object("audit-indicators", value, as_json=True)
        return
    tables: dict[str, list[dict[str, Any]]] = {name: value[name] for name in ("records", "alerts")}
    columns = {
        "records": ("indicator", "applicant", "indexes", "sentence"),
        "alerts": ("applicant", "indicators"),
    }
    for name, rows in tables.items():
        if rows:
            headed = [
                Column("ALERT: APPLICANT" if key == "applicant" and name == "alerts" else key.upper(), key)
                for key in columns[name]
            ]
            print_rows(name, rows, headed, as_json=False)
    shown = {"records": len(value["records"]), "alerts": len(value["alerts"])}
    print_object("audit-indicators", {**shown, **value["thresholds"]}, as_json=False)
    say_checked(leads.checked)
