"""`voucherctl bureau` lists: what exists; every row ends with the next possible step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger_cli import steps
from ledger_cli.options import As, Insecure, Json
from ledger_cli.output import Column, print_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_NEXT = Column("NEXT STEP", "next_step")


def add_to(app: typer.Typer) -> None:
    """Put the commands into a group."""
    for command in (
        programmes,
        participants,
        devices,
        contracts,
        applications,
        vouchers,
        claims,
        redemptions,
    ):
        app.command()(command)


def programmes(who: As, insecure: Insecure = False, as_json: Json = False) -> None:
    """Programmes with their money."""
    from ledger_cli.acting import reading

    with reading(who, insecure=insecure) as client:
        _show(
            "programmes",
            client.list_programmes(),
            steps.after_programme,
            ("programme_id", "instrument", "fiscal_year", "policy_version"),
            yuan=("appropriation", "available", "encumbered", "obligated", "disbursed"),
            as_json=as_json,
        )


def participants(who: As, insecure: Insecure = False, as_json: Json = False) -> None:
    """Participants and officers."""
    from ledger_cli.acting import reading

    with reading(who, insecure=insecure) as client:
        _show(
            "participants",
            client.list_participants(),
            steps.after_participant,
            ("participant_id", "kind", "role", "credit_code", "admitted", "items"),
            as_json=as_json,
        )


def devices(
    who: As,
    provider: Annotated[str, typer.Option("--provider", metavar="ID", help="The provider.")],
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Devices of a provider."""
    from ledger_cli.acting import reading
    from ledger_cli.values import id_of

    provider_id = id_of(provider, option="--provider")
    with reading(who, insecure=insecure) as client:
        _show(
            "devices",
            client.list_devices(provider_id),
            steps.after_device,
            ("device_id", "model", "device_ms", "last_end_ms"),
            as_json=as_json,
        )


def contracts(who: As, insecure: Insecure = False, as_json: Json = False) -> None:
    """Contracts."""
    from ledger_cli.acting import reading

    with reading(who, insecure=insecure) as client:
        _show(
            "contracts",
            client.list_contracts(),
            steps.after_contract,
            ("contract_id", "beneficiary_id", "provider_id", "item"),
            yuan=("amount", "public_money"),
            flatten="registration",
            as_json=as_json,
        )


def applications(who: As, insecure: Insecure = False, as_json: Json = False) -> None:
    """Applications."""
    from ledger_cli.acting import reading

    with reading(who, insecure=insecure) as client:
        _show(
            "applications",
            client.list_applications(),
            steps.after_application,
            ("application_id", "programme_id", "contract_id", "state", "startup"),
            as_json=as_json,
        )


def vouchers(
    who: As,
    programme: Annotated[str, typer.Option("--programme", metavar="ID", help="Only its vouchers.")] = "",
    participant: Annotated[str, typer.Option("--participant", metavar="ID", help="Only its vouchers.")] = "",
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Vouchers."""
    from ledger.domain.days import day_of_ms
    from ledger_cli.acting import reading
    from ledger_cli.values import id_of

    programme_id = id_of(programme, option="--programme") if programme else b""
    participant_id = id_of(participant, option="--participant") if participant else b""
    with reading(who, insecure=insecure) as client:
        today = day_of_ms(client.get_ledger().ledger_time_ms)
        _show(
            "vouchers",
            client.list_vouchers(programme_id=programme_id, participant_id=participant_id),
            lambda row: steps.after_voucher(row, today=today),
            ("voucher_id", "beneficiary_id", "state"),
            yuan=("face", "redeemed", "paid", "released"),
            as_json=as_json,
        )


def claims(
    who: As,
    voucher: Annotated[str, typer.Option("--voucher", metavar="ID", help="The voucher.")],
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Claims of a voucher."""
    from ledger_cli.acting import reading
    from ledger_cli.values import id_of

    voucher_id = id_of(voucher, option="--voucher")
    with reading(who, insecure=insecure) as client:
        _show(
            "claims",
            client.list_claims(voucher_id),
            steps.after_claim,
            ("claim_id", "sequence", "state", "device_ms", "disputed", "index"),
            yuan=("amount",),
            as_json=as_json,
        )


def redemptions(
    who: As,
    voucher: Annotated[str, typer.Option("--voucher", metavar="ID", help="Only of this voucher.")] = "",
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Redemptions."""
    from ledger_cli.acting import reading
    from ledger_cli.values import id_of

    voucher_id = id_of(voucher, option="--voucher") if voucher else b""
    with reading(who, insecure=insecure) as client:
        _show(
            "redemptions",
            client.list_redemptions(voucher_id),
            steps.after_redemption,
            ("redemption_id", "voucher_id", "state", "paid_count"),
            yuan=("amount",),
            as_json=as_json,
        )


def _show(
    name: str,
    items: Iterable[Any],
    step: Callable[[dict[str, Any]], str],
    keys: tuple[str, ...],
    *,
    yuan: tuple[str, ...] = (),
    flatten: str = "",
    as_json: bool,
) -> None:
    """Print items: JSON has all fields in fen; the table chosen ones, amounts in yuan."""
    from ledger.client.rendering import plain
    from ledger.domain.quantities import format_yuan_plain

    rows = []
    for item in items:
        row = plain(item, complete=True)
        row["next_step"] = step(row)
        if not as_json:
            row.update(row.get(flatten) or {})
            row.update({key: format_yuan_plain(int(row[f"{key}_fen"])) for key in yuan})
        rows.append(row)
    columns = [Column(key.upper().replace("_", " "), key) for key in (*keys, *yuan)]
    print_rows(name, rows, [*columns, _NEXT], as_json=as_json)
