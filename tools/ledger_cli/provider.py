"""`voucherctl provider`: attest usage, send the attestations, see what became of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger_cli.bureau_registry import register_devices
from ledger_cli.groups import part_app
from ledger_cli.keys import generate
from ledger_cli.options import As, Insecure, Json, VoucherId

app = part_app("Attest usage, send attestations, see what became of them.")
app.command("keygen")(generate)
app.command("register-devices")(register_devices)

Outbox = Annotated[Path, typer.Argument(metavar="OUTBOX", help="Folder of signed attestations.")]
Vouchers = Annotated[
    list[str] | None,
    typer.Option("--voucher", metavar="TENANT=ID", help="Voucher of a tenant's rows; repeatable."),
]
VoucherMap = Annotated[
    Path | None,
    typer.Option("--vouchers", metavar="FILE", help='TOML with [vouchers]: "TENANT" = "ID".'),
]
Prices = Annotated[
    list[str] | None,
    typer.Option("--price", metavar="MODEL=YUAN", help="Per card-hour, where the contract has no prices."),
]
TermsFile = Annotated[
    Path | None, typer.Option("--terms", metavar="FILE", help="Terms fetched before; asks no server.")
]
Supersede = Annotated[
    int | None,
    typer.Option("--supersede", metavar="LEAF_INDEX", min=0, help="Accepted claim that this usage replaces."),
]
SupersedeReason = Annotated[
    str, typer.Option("--reason", help="With --supersede: LOG_CORRECTED or PRICE_CORRECTED.")
]
NewOutbox = Annotated[Path, typer.Option("--out", metavar="OUTBOX", help="Folder for signed attestations.")]
PurposeName = Annotated[str, typer.Option("--purpose", help="TRAINING or INFERENCE.")]


@app.command()
def terms(
    who: As,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Terms file to write, JSON.")],
    voucher: Vouchers = None,
    vouchers: VoucherMap = None,
    price: Prices = None,
    purpose: PurposeName = "TRAINING",
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Fetch what attestations have to say about vouchers, to attest on a machine without a network."""
    from ledger.client.terms import fetch_head
    from ledger.client.terms_file import write_terms
    from ledger_cli.acting import reading
    from ledger_cli.output import print_object
    from ledger_cli.voucher_terms import fetch_all, voucher_map

    wanted = voucher_map(voucher, vouchers)
    with reading(who, insecure=insecure) as client:
        found = fetch_all(client, wanted, prices=price, purpose=purpose)
        heads = {
            item.voucher_id: fetch_head(client, voucher_id=item.voucher_id, provider_id=item.provider_id)
            for item in found.values()
        }
    write_terms(out, found, heads=heads)
    print_object("terms", {"file": str(out), "tenants": len(found)}, as_json=as_json)


@app.command()
def attest(
    who: As,
    usage: Annotated[Path, typer.Option("--usage", metavar="FILE", help="Usage file.")],
    form: Annotated[str, typer.Option("--format", help="csv or slurm.")],
    out: NewOutbox,
    voucher: Vouchers = None,
    vouchers: VoucherMap = None,
    terms_file: TermsFile = None,
    price: Prices = None,
    purpose: PurposeName = "TRAINING",
    supersede: Supersede = None,
    reason: SupersedeReason = "",
    skip_unmapped: Annotated[
        bool, typer.Option("--skip-unmapped", help="Leave out rows of tenants without a voucher.")
    ] = False,
    skip_outside: Annotated[
        bool, typer.Option("--skip-outside", help="Leave out rows outside contract or validity.")
    ] = False,
    utc_offset: Annotated[str, typer.Option("--utc-offset", help="Slurm: offset of its times.")] = "+08:00",
    cluster: Annotated[str, typer.Option("--cluster", help="Slurm: cluster where the file has none.")] = "",
    model: Annotated[str, typer.Option("--device-model", help="Slurm: model where the file has none.")] = "",
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Make and sign attestations from a usage file into an outbox; nothing is sent.

    Rows of one tenant go to one voucher. Rows that overlap on a device, unknown models and devices, and
    rows outside the voucher are refused before anything is signed. With --supersede one attestation is made,
    in place of an accepted claim of yours on the same voucher that no redemption uses.
    """
    from ledger.client.usage.slurm import SlurmOptions
    from ledger_cli.attest import Request, attest_usage, superseding_of
    from ledger_cli.usage_files import read_usage

    slurm = SlurmOptions(utc_offset=utc_offset, cluster=cluster, device_model=model)
    data = read_usage(usage, form=form, slurm=slurm)
    request = Request(
        who=who,
        out=out,
        voucher=voucher,
        vouchers=vouchers,
        terms_file=terms_file,
        price=price,
        purpose=purpose,
        superseding=superseding_of(supersede, reason),
        skip_unmapped=skip_unmapped,
        skip_outside=skip_outside,
        insecure=insecure,
    )
    attest_usage(data, request, as_json=as_json)


@app.command("attest-service")
def attest_service(
    who: As,
    usage: Annotated[
        Path, typer.Option("--usage", metavar="FILE", help="CSV: unit,quantity,start,end,amount.")
    ],
    voucher: VoucherId,
    out: NewOutbox,
    terms_file: TermsFile = None,
    supersede: Supersede = None,
    reason: SupersedeReason = "",
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Make and sign attestations of a model service or a data exchange into an outbox; nothing is sent.

    Each row says what was delivered in an interval: a unit's code, a whole number of units, start and end
    (RFC 3339) and the amount in yuan. All rows are of the one voucher. `provider submit` sends them.
    """
    from ledger_cli.attest import Request, superseding_of
    from ledger_cli.attest_service import attest_services
    from ledger_cli.values import id_of

    voucher_id = id_of(voucher, option="--voucher")
    request = Request(
        who=who,
        out=out,
        voucher=[f"service={voucher}"],
        terms_file=terms_file,
        superseding=superseding_of(supersede, reason),
        insecure=insecure,
    )
    attest_services(usage, request, voucher_id=voucher_id, as_json=as_json)


@app.command()
def submit(
    who: As,
    outbox: Outbox,
    no_proofs: Annotated[
        bool, typer.Option("--no-proofs", help="Do not fetch the receipts' proofs.")
    ] = False,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy", metavar="FILE", help="Wait for receipts that the quorum of this tlog-policy cosigned."
        ),
    ] = None,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Send what has no answer yet; may be stopped and begun again. Exit 6 if any claim was refused."""
    from ledger.client.outbox import PENDING
    from ledger.client.outbox import Outbox as Folder
    from ledger_cli.acting import reading
    from ledger_cli.attest import print_results
    from ledger_cli.audit_sources import text_of
    from ledger_cli.output import progress

    witnesses = text_of(policy) or ""
    folder = Folder.load(outbox)
    waiting = sum(result.state == PENDING for result in folder.results())
    with (
        reading(who, insecure=insecure) as client,
        progress("claims", total=waiting) as advance,
    ):
        client.policy = witnesses
        results = folder.submit(client, with_proofs=not no_proofs, progress=advance)
    print_results(results, as_json=as_json, refused_is_error=True)


@app.command()
def status(outbox: Outbox, as_json: Json = False) -> None:
    """Show what was signed, sent and answered, from the outbox alone."""
    from ledger.client.outbox import Outbox as Folder
    from ledger_cli.attest import print_results

    print_results(Folder.load(outbox).results(), as_json=as_json, refused_is_error=False)
