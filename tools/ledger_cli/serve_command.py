"""`voucherd serve`: serve the ledger of a folder over gRPC until a signal comes."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger_cli.groups import part_app
from ledger_cli.options import Json

if TYPE_CHECKING:
    from ledger.domain.entities import Quotas

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
    """
    ended_by = asyncio.run(
        _serve(
            directory,
            listen=listen,
            store=store,
            public_listen=public_listen,
            metrics_listen=metrics_listen,
            accept_clock=accept_clock,
            quotas=(quota_refusals, quota_claims, quota_bytes),
            as_json=as_json,
        )
    )
    if ended_by == signal.SIGINT:
        raise typer.Exit(130)


async def _serve(
    directory: Path,
    *,
    listen: str,
    store: str,
    public_listen: str,
    metrics_listen: str,
    accept_clock: bool,
    quotas: tuple[int, int, int],
    as_json: bool,
) -> signal.Signals:
    """Serve until a signal comes; which one it was."""
    from ledger_cli.output import print_object, say
    from ledger_server.directory import LedgerDirectory
    from ledger_server.listening import parse_address
    from ledger_server.wiring import start_server

    place = LedgerDirectory(directory)
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[signal.Signals] = loop.create_future()

    def end(name: signal.Signals) -> None:
        if not ended.done():
            ended.set_result(name)

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, end, name)
    ledger = place.open(store=store or None, accept_clock=accept_clock, quotas=_quotas(quotas))
    stop_metrics = None
    try:
        server = await start_server(
            ledger, listen=listen, tls=place.tls_files, public_listen=public_listen or None
        )
        host = listen.rpartition(":")[0]
        if metrics_listen:
            address = parse_address(metrics_listen)
            _, stop_metrics = server.metrics.serve(host=address.host, port=address.port)
        value = {
            "listening": f"{host}:{server.port}",
            "public_port": server.public_port,
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


def _quotas(given: tuple[int, int, int]) -> Quotas | None:
    """The quotas to publish: those given, the others by default; None where none is given."""
    from ledger.domain.entities import Quotas
    from ledger.errors import UsageError

    if min(given) < 0:
        raise UsageError("a quota is greater than 0", hint="leave the option out for the default")
    if not any(given):
        return None
    return Quotas(*(number or default for number, default in zip(given, Quotas(), strict=True)))
