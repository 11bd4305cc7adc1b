"""`voucherctl bureau` lists: what exists; every row ends with the next possible step."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger_cli import steps
from ledger_cli.list_command import Listing, list_command
from ledger_cli.options import ContractId, ProviderId, VoucherId

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.client.api import LedgerClient
    from ledger_cli.acting import Reading


def add_to(app: typer.Typer) -> None:
    """Put the commands into a group."""
    for command in (
        programmes,
        calendars,
        participants,
        holdings,
        devices,
        contracts,
        evidence,
        applications,
        objections,
        vouchers,
        claims,
        redemptions,
        clawbacks,
    ):
        app.command()(command)


@list_command(
    "programme_id",
    "instrument",
    "fiscal_year",
    "policy_version",
    yuan=(
        *("appropriation", "available", "queued", "encumbered", "obligated", "disbursed"),
        *("recoverable", "recovered", "fines"),
    ),
)
def programmes(reader: Reading) -> Listing:
    """Programmes with their money."""
    return Listing(reader.client.list_programmes(), steps.after_programme)


@list_command("year", "version", "days", "working_day_count", "index")
def calendars(reader: Reading) -> Listing:
    """Calendars in force."""
    from ledger.client.rendering import plain

    rows = (plain(calendar, complete=True) for calendar in reader.client.list_calendars())
    counted = (
        {**row, "days": len(row["working_days"]), "working_day_count": row["working_days"].count("1")}
        for row in rows
    )
    return Listing(counted, steps.after_calendar)


@list_command("participant_id", "kind", "role", "credit_code", "admitted", "suspended", "items")
def participants(reader: Reading) -> Listing:
    """Participants and officers."""
    return Listing(reader.client.list_participants(), steps.after_participant)


@list_command("owner_id", "owned_id", "share_bp", "as_of_day", "index", days=("as_of_day",))
def holdings(reader: Reading) -> Listing:
    """Declared holdings, the newest declaration of each pair."""
    return Listing(reader.client.list_holdings(), steps.after_holding)


@list_command("device_id", "model", "device_ms", "last_end_ms")
def devices(reader: Reading, provider: ProviderId) -> Listing:
    """Devices of a provider."""
    from ledger_cli.values import id_of

    provider_id = id_of(provider, option="--provider")
    return Listing(reader.client.list_devices(provider_id), steps.after_device)


@list_command(
    "contract_id",
    "beneficiary_id",
    "provider_id",
    "item",
    yuan=("amount", "public_money", "outside_support"),
    flatten="registration",
)
def contracts(reader: Reading) -> Listing:
    """Contracts."""
    return Listing(reader.client.list_contracts(), steps.after_contract)


@list_command("fingerprint", "kind", "status", "index", yuan=("amount", "consumed"))
def evidence(reader: Reading, contract: ContractId) -> Listing:
    """Invoices, payments and acceptance papers of a contract."""
    from ledger_cli.values import id_of

    contract_id = id_of(contract, option="--contract")
    return Listing(reader.client.list_evidence(contract_id), steps.after_evidence)


@list_command(
    "application_id",
    "programme_id",
    "contract_id",
    "award",
    "startup",
    "state",
    "last_notice_day",
    "open_objections",
    days=("last_notice_day",),
)
def applications(reader: Reading) -> Listing:
    """Applications, with the last day of their public notice."""
    today = _today(reader.client)
    return Listing(reader.client.list_applications(), lambda row: steps.after_application(row, today=today))


@list_command("objection_id", "application_id", "decided", "upheld")
def objections(
    reader: Reading,
    application: Annotated[
        str, typer.Option("--application", metavar="ID", help="All of this one; without: open ones of all.")
    ] = "",
) -> Listing:
    """Objections: those that are open, or all of one application."""
    from ledger_cli.values import id_of

    if application:
        application_id = id_of(application, option="--application")
        return Listing(_objections(reader.client, application_id), steps.after_objection)
    disputed = [item.application_id for item in reader.client.list_applications() if item.open_objections]
    everything = chain.from_iterable(
        _objections(reader.client, application_id) for application_id in disputed
    )
    return Listing((row for row in everything if not row["decided"]), steps.after_objection)


@list_command("voucher_id", "beneficiary_id", "state", "held", yuan=("face", "redeemed", "paid", "released"))
def vouchers(
    reader: Reading,
    programme: Annotated[str, typer.Option("--programme", metavar="ID", help="Only its vouchers.")] = "",
    participant: Annotated[str, typer.Option("--participant", metavar="ID", help="Only its vouchers.")] = "",
) -> Listing:
    """Vouchers."""
    from ledger_cli.values import id_of

    programme_id = id_of(programme, option="--programme") if programme else b""
    participant_id = id_of(participant, option="--participant") if participant else b""
    today, services = _today(reader.client), _services(reader.client)
    found = reader.client.list_vouchers(programme_id=programme_id, participant_id=participant_id)
    return Listing(found, lambda row: steps.after_voucher(row, today=today, services=services))


@list_command("claim_id", "sequence", "state", "device_ms", "disputed", "index", yuan=("amount",))
def claims(reader: Reading, voucher: VoucherId) -> Listing:
    """Claims of a voucher."""
    from ledger_cli.values import id_of

    voucher_id = id_of(voucher, option="--voucher")
    return Listing(reader.client.list_claims(voucher_id), steps.after_claim)


@list_command(
    "redemption_id", "voucher_id", "state", "paid_count", "suspended", yuan=("amount", "clawed_back")
)
def redemptions(
    reader: Reading,
    voucher: Annotated[str, typer.Option("--voucher", metavar="ID", help="Only of this voucher.")] = "",
) -> Listing:
    """Redemptions."""
    from ledger_cli.values import id_of

    voucher_id = id_of(voucher, option="--voucher") if voucher else b""
    return Listing(reader.client.list_redemptions(voucher_id), steps.after_redemption)


@list_command(
    "clawback_id",
    "redemption_id",
    "cause",
    "state",
    yuan=("determinable", "determined", "outstanding", "fines"),
)
def clawbacks(reader: Reading) -> Listing:
    """Clawbacks, with what is still outstanding."""
    return Listing(reader.client.list_clawbacks(), steps.after_clawback)


def _today(client: LedgerClient) -> int:
    """The ledger's day."""
    from ledger.domain.days import day_of_ms

    return day_of_ms(client.get_ledger().ledger_time_ms)


def _services(client: LedgerClient) -> frozenset[str]:
    """The programmes whose vouchers buy services, not device time."""
    from ledger.client.rendering import plain

    rows = (plain(programme, complete=True) for programme in client.list_programmes())
    return frozenset(row["programme_id"] for row in rows if row["instrument"] != "GPU_TRAINING")


def _objections(client: LedgerClient, application_id: bytes) -> Iterator[dict[str, Any]]:
    """All objections to an application as rows that name it."""
    from ledger.client.rendering import plain

    for objection in client.get_application(application_id).objections:
        yield {"application_id": application_id.hex(), **plain(objection, complete=True)}
