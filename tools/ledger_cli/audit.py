"""`voucherctl audit`: export, verify, replay, trace and prove, without trusting a server.

The work is in `ledger_audit`, which is imported when a command runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger_cli.audit_bisect import add_to as add_bisect
from ledger_cli.audit_fraud import add_to as add_fraud
from ledger_cli.audit_indicators import add_to as add_indicators
from ledger_cli.audit_monitor import add_to as add_monitor
from ledger_cli.audit_reconcile import add_to as add_reconcile
from ledger_cli.audit_whatif import add_to as add_whatif
from ledger_cli.groups import part_app
from ledger_cli.options import (
    Authorities,
    Json,
    Location,
    LogKeyIfAny,
    NoState,
    Reader,
    StateFolder,
    TrustIfAny,
)

app = part_app("Export and verify a ledger without trusting its server.")


@app.command()
def export(
    source: Location,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to write it.")],
    trust: TrustIfAny = None,
    log_key: LogKeyIfAny = "",
    who: Reader = None,
    ca: Authorities = None,
    as_json: Json = False,
) -> None:
    """Copy a log into a C2SP tlog-tiles directory; a copy that was cut short goes on where it stopped.

    With trust nothing is fetched under a checkpoint that the trusted key did not sign.
    """
    from ledger_audit.export import export as run
    from ledger_cli.audit_progress import stepping
    from ledger_cli.audit_sources import opened, trust_if_given
    from ledger_cli.output import print_object

    trusted = trust_if_given(trust, log_key)
    with opened(source, who, ca) as log, stepping("exporting") as step:
        head = run(log, out, trust=trusted, progress=step)
    value = {
        "origin": head.origin,
        "tree_size": head.size,
        "root_hash": head.root.hex(),
        "export_dir": str(out),
    }
    print_object("audit-export", value, as_json=as_json)


@app.command()
def verify(
    source: Location,
    trust: Annotated[Path | None, typer.Option("--trust", metavar="FILE", help="Trust file (JSON).")] = None,
    log_key: Annotated[str, typer.Option("--log-key", metavar="VKEY", help="The log's verifier key.")] = "",
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", metavar="FILE", help="A checkpoint that the log must contain."),
    ] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", metavar="FILE", help="Witness policy (C2SP tlog-policy).")
    ] = None,
    receipts: Annotated[
        Path | None, typer.Option("--receipts", metavar="DIR", help="Receipts: *.tlog-proof beside *.event.")
    ] = None,
    openings: Annotated[
        Path | None,
        typer.Option("--openings", metavar="FILE", help="Openings, from `voucherd personal export`."),
    ] = None,
    accepted: Annotated[
        Path | None, typer.Option("--accepted", metavar="FILE", help="Findings that you know already (JSON).")
    ] = None,
    digests: Annotated[
        Path | None,
        typer.Option("--digests", metavar="FILE", help="Write the state digests that were recomputed."),
    ] = None,
    state: StateFolder = None,
    no_state: NoState = False,
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=1, max=64, help="Worker processes.")
    ] = 1,
    who: Reader = None,
    ca: Authorities = None,
    as_json: Json = False,
) -> None:
    """Check every byte, signature and rule. Exit 0 ok, 3 findings, 5 something could not be checked."""
    from ledger_audit.digest_file import DigestFile
    from ledger_audit.verify import verify as run
    from ledger_cli.audit_output import print_report
    from ledger_cli.audit_progress import stepping
    from ledger_cli.audit_sources import (
        accepted_of,
        bytes_of,
        opened,
        openings_of,
        remembered_of,
        text_of,
        trust_of,
    )

    secrets = openings_of(openings)
    known = accepted_of(accepted)
    trusted = trust_of(trust, log_key)
    with opened(source, who, ca) as log, stepping("verifying") as step:
        report = run(
            log,
            trust=trusted,
            checkpoint=bytes_of(checkpoint),
            policy=text_of(policy),
            receipts=receipts,
            openings=secrets,
            accepted=known,
            remembered=remembered_of(state, no_state=no_state),
            workers=workers,
            progress=step,
        )
    if digests is not None:
        DigestFile(report.genesis_leaf_hash, report.tree_size, report.digests).save(digests)
    print_report(report, as_json=as_json)
    if report.exit_code:
        raise typer.Exit(int(report.exit_code))


@app.command()
def replay(
    source: Location,
    at: Annotated[int, typer.Option("--at", metavar="INDEX", min=0, help="The last event to take in.")],
    who: Reader = None,
    ca: Authorities = None,
    as_json: Json = False,
) -> None:
    """Recompute the state after an event. Signatures and tree are not looked at: that is verify."""
    from ledger_audit.replay import replay as run
    from ledger_cli.audit_output import print_replay
    from ledger_cli.audit_progress import stepping
    from ledger_cli.audit_sources import opened

    with opened(source, who, ca) as log, stepping("replaying") as step:
        result = run(log, at=at, progress=step)
    print_replay(result, as_json=as_json)


@app.command()
def trace(
    source: Location,
    payment: Annotated[
        str, typer.Argument(metavar="PAYMENT_ID", help="A redemption id, or the leaf index of a payment.")
    ],
    who: Reader = None,
    ca: Authorities = None,
    as_json: Json = False,
) -> None:
    """Follow a payment back to the devices, by order, approvals, verification, request and claims."""
    from ledger_audit.trace import trace as run
    from ledger_cli.audit_output import print_trace
    from ledger_cli.audit_progress import stepping
    from ledger_cli.audit_sources import opened

    with opened(source, who, ca) as log, stepping("looking for payments") as step:
        found = run(log, payment, progress=step)
    print_trace(found, as_json=as_json)


@app.command()
def prove(
    source: Location,
    index: Annotated[int, typer.Argument(metavar="INDEX", min=0, help="Leaf index of the event.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write FILE.tlog-proof and FILE.event; else print it."),
    ] = None,
    who: Reader = None,
    ca: Authorities = None,
    as_json: Json = False,
) -> None:
    """Prove that an event is in the log: its C2SP tlog-proof, and with --out its bytes beside it."""
    import base64

    from ledger_audit.prove import prove as run
    from ledger_audit.prove import write_proof
    from ledger_cli.audit_sources import opened
    from ledger_cli.output import print_object

    with opened(source, who, ca) as log:
        made = run(log, index=index)
    if out is not None:
        proof, event = write_proof(made, out)
        value = {"index": index, "proof": str(proof), "event": str(event)}
    elif as_json:
        value = {
            "index": index,
            "tlog_proof": made.tlog_proof.decode(),
            "event": base64.b64encode(made.event).decode(),
        }
    else:
        typer.echo(made.tlog_proof.decode(), nl=False)
        return
    print_object("audit-prove", value, as_json=as_json)


add_bisect(app)
add_fraud(app)
add_reconcile(app)
add_indicators(app)
add_whatif(app)
add_monitor(app)
