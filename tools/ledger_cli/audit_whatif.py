"""`voucherctl audit whatif`: what the same history would have granted and paid under another policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger_cli.options import Authorities, Json, Location, LogKeyIfAny, Reader, TrustIfAny

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ledger_audit.whatif import Comparison, WhatIf

Row = dict[str, Any]


def add_to(app: typer.Typer) -> None:
    """Add the command to a group."""
    app.command()(whatif)


def whatif(
    source: Location,
    profile: Annotated[
        str,
        typer.Option("--profile", metavar="NAME", help="The other policy: shipped profile, or a .toml file."),
    ],
    trust: TrustIfAny = None,
    log_key: LogKeyIfAny = "",
    who: Reader = None,
    ca: Authorities = None,
    as_json: Json = False,
) -> None:
    """Replay the record under another policy and compare what it grants and pays.

    What the ledger refused is not in the record and stays refused. With trust the log is verified in the
    same pass, without it the rules alone are recomputed. Exit 3 if that finds something, 5 if it could not
    be done.
    """
    from ledger.client.statements.programme import policy_parameters
    from ledger.domain.policy import Instrument
    from ledger.profiles.loader import load_profile
    from ledger_audit.whatif import plan_of
    from ledger_audit.whatif import whatif as run
    from ledger_cli.audit_progress import stepping
    from ledger_cli.audit_sources import opened, trust_if_given

    loaded = load_profile(profile)
    policies = {
        int(Instrument[name]): policy_parameters(values) for name, values in loaded.programmes.items()
    }
    trusted = trust_if_given(trust, log_key)
    with opened(source, who, ca) as log, stepping("replaying") as step:
        result = run(log, plan_of(policies), trust=trusted, progress=step)
    _print(result, profile=loaded.name, as_json=as_json)
    if result.checked.exit_code:
        raise typer.Exit(int(result.checked.exit_code))


def _print(result: WhatIf, *, profile: str, as_json: bool) -> None:
    """One object in fen, or tables in yuan: every programme, and the beneficiaries with a difference."""
    from ledger.domain.quantities import format_yuan
    from ledger_audit.whatif import NOTES
    from ledger_cli.audit_output import say_checked
    from ledger_cli.output import Column, print_object, print_rows, say

    value = {"profile": profile, **result.to_json()}
    if as_json:
        print_object("audit-whatif", value, as_json=True)
        return
    programmes: list[Row] = []
    beneficiaries: list[Row] = []
    for row in result.programmes:
        name = {"programme": row.programme_id.hex()}
        what = {**name, "instrument": row.instrument, "year": row.fiscal_year, "replayed": row.replayed}
        programmes += [
            {**what, **line} for line in _lines({"appropriation": row.appropriation, **row.sums}, format_yuan)
        ]
        for beneficiary_id, sums in row.beneficiaries.items():
            changed = {measure: found for measure, found in sums.items() if found.difference}
            beneficiaries += [
                {**name, "beneficiary": beneficiary_id.hex(), **line} for line in _lines(changed, format_yuan)
            ]
    nothing = [{**zero, "recorded": format_yuan(int(zero["recorded"]))} for zero in value["nothing"]]
    for title, rows in (("programmes", programmes), ("beneficiaries", beneficiaries), ("nothing", nothing)):
        if rows:
            print_rows(title, rows, [Column(key.upper(), key) for key in rows[0]], as_json=False)
    totals = {
        f"{line['measure']} difference": line["difference"] for line in _lines(result.totals, format_yuan)
    }
    refused = {f"claims not accepted, {name}": count for name, count in result.unaccepted_claims.items()}
    print_object("audit-whatif", {"profile": profile, **totals, **refused}, as_json=False)
    for note in NOTES:
        say(note)
    say_checked(result.checked)


def _lines(sums: Mapping[str, Comparison], money: Callable[[int], str]) -> Iterator[Row]:
    """A line for each measure."""
    for measure, found in sums.items():
        yield {
            "measure": measure.replace("_", " "),
            "recorded": money(found.recorded),
            "what-if": money(found.counterfactual),
            "difference": money(found.difference),
        }
