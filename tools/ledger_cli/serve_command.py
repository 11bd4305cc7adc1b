"""`voucherd serve`: serve the ledger of a folder over gRPC until a signal comes."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger.app.publication import QuorumDelays
from ledger_cli.groups import part_app
from ledger_cli.options import Json

if TYPE_CHECKING:
    from ledger.domain.entities import Quotas
    from ledger_server.directory import LedgerDirectory
    from ledger_server.wiring import Witnessing

app = part_app("Serve the ledger of a folder over gRPC.")


@app.command()
def serve(
    directory: Annotated[Path, typer.Option("--dir", metavar="D", help="Folder of the ledger.")],
    listen: Annotated[str, typer.Option("--listen", metavar="HOST:PORT", help="Port 0 is any free one.")],
    store: Annotated[
        str, typer.Option("--store", metavar="URL", help="Event store in place of the folder's.")
    ] = "",
    public_listen: Annotated[
        str,
        typer.Option("--public-listen", metavar="HOST:PORT", help="Answer here what anyone may read."),
    ] = "",
    http_listen: Annotated[
        str,
        typer.Option("--http", metavar="HOST:PORT", help="Serve the log as static files over HTTP here."),
    ] = "",
    open_entries: Annotated[
        bool, typer.Option("--open-entries", help="Anyone may read entries, over HTTP and gRPC.")
    ] = False,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="Ask the witnesses of this C2SP tlog-policy."),
    ] = None,
    quorum_delays: Annotated[
        QuorumDelays,
        typer.Option("--quorum-delays", help="Receipts from which level on wait for the quorum."),
    ] = QuorumDelays.WITNESSED,
    metrics_listen: Annotated[
        str, typer.Option("--metrics", metavar="HOST:PORT", help="Offer Prometheus metrics here.")
    ] = "",
    accept_clock: Annotated[
        bool, typer.Option("--accept-clock", help="Start though the clock is a day ahead of the last record.")
    ] = False,
    quota_refusals: Annotated[
        int, typer.Option("--quota-refusals", metavar="N", help="Recorded refusals of a provider and day.")
    ] = 0,
    quota_claims: Annotated[
        int, typer.Option("--quota-claims", metavar="N", help="Claims of a provider and day.")
    ] = 0,
    quota_bytes: Annotated[
        int, typer.Option("--quota-bytes", metavar="N", help="Bytes of claims of a provider and day.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Serve a ledger: check every stored event, then answer until SIGTERM (exit 0) or ctrl-C (exit 130).

    Prints where it serves once it answers. Everything acknowledged is durable when it ends. Quotas that are
    given and differ from those in force are recorded in the ledger; 0 leaves a quota as it is by default.
    With --policy the witnesses are asked what they have seen of this log before anything is signed.
    """
    options = _Options(
        listen=listen,
        store=store,
        public_listen=public_listen,
        http_listen=http_listen,
        open_entries=open_entries,
        policy=policy,
        quorum_delays=quorum_delays,
        metrics_listen=metrics_listen,
        accept_clock=accept_clock,
        quotas=(quota_refusals, quota_claims, quota_bytes),
    )
    ended_by = asyncio.run(_serve(directory, options, as_json=as_json))
    if ended_by == signal.SIGINT:
        raise typer.Exit(130)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    listen: str
    store: str
    public_listen: str
    http_listen: str
    open_entries: bool
    policy: Path | None
    quorum_delays: QuorumDelays
    metrics_listen: str
    accept_clock: bool
    quotas: tuple[int, int, int]


async def _serve(directory: Path, options: _Options, *, as_json: bool) -> signal.Signals:
    """Serve until a signal comes; which one it was."""
    from ledger.web.address import parse_address
    from ledger_cli.output import print_object, say
    from ledger_cli.signals import ending
    from ledger_server.directory import LedgerDirectory
    from ledger_server.wiring import start_server

    place = LedgerDirectory(directory)
    ended = ending()
    witnesses = _witnesses(place, options.policy)
    waits = witnesses is not None and witnesses.policy.quorum != "none"
    ledger = place.open(
        store=options.store or None,
        accept_clock=options.accept_clock,
        quotas=_quotas(options.quotas),
        quorum_delays=options.quorum_delays if waits else None,
        hold_signing=witnesses is not None,
    )
    stop_metrics = None
    try:
        server = await start_server(
            ledger,
            listen=options.listen,
            tls=place.tls_files,
            public_listen=options.public_listen or None,
            http_listen=options.http_listen or None,
            open_entries=options.open_entries,
            witnesses=witnesses,
        )
        host = options.listen.rpartition(":")[0]
        if options.metrics_listen:
            address = parse_address(options.metrics_listen)
            _, stop_metrics = server.metrics.serve(host=address.host, port=address.port)
        value = {
            "listening": f"{host}:{server.port}",
            "public_port": server.public_port,
            "http_port": server.http_port,
            "ledger_id": ledger.ledger_id.hex(),
            "origin": ledger.origin,
            "events": ledger.size,
        }
        print_object("serve", value, as_json=as_json)
        ended_by = await ended
        say("stopping")
        await server.stop()
        return ended_by
    finally:
        if stop_metrics is not None:
            stop_metrics()
        await ledger.close()


def _witnesses(place: LedgerDirectory, policy: Path | None) -> Witnessing | None:
    """Whom to ask, by a tlog-policy; None without one."""
    if policy is None:
        return None
    from ledger.proof.note import Ed25519NoteVerifier
    from ledger.proof.policy import Policy
    from ledger_cli.audit_sources import text_of
    from ledger_server.wiring import Witnessing

    return Witnessing(
        policy=Policy.parse(text_of(policy) or ""),
        verifier=Ed25519NoteVerifier.parse(place.read_config().log_vkey),
        path=place.witnessed_checkpoint,
    )


def _quotas(given: tuple[int, int, int]) -> Quotas | None:
    """The quotas to publish: those given, the others by default; None where none is given."""
    from ledger.domain.entities import Quotas
    from ledger.errors import UsageError

    if min(given) < 0:
        raise UsageError("a quota is greater than 0", hint="leave the option out for the default")
    if not any(given):
        return None
    return Quotas(*(number or default for number, default in zip(given, Quotas(), strict=True)))
