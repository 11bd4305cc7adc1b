"""Puts a server together around an open ledger, starts it and stops it. The ledger stays the caller's."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any, Final

from grpc import aio
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from ledger.errors import UsageError
from ledger.v1 import (
    application_service_pb2_grpc,
    claim_service_pb2_grpc,
    log_service_pb2_grpc,
    operation_service_pb2_grpc,
    programme_service_pb2_grpc,
    redemption_service_pb2_grpc,
    registry_service_pb2_grpc,
    subscription_service_pb2_grpc,
    voucher_service_pb2_grpc,
)
from ledger_server.health import HealthMonitor
from ledger_server.identity import PeerDirectory
from ledger_server.interceptors import Pipeline
from ledger_server.limits import MAX_CONCURRENT_RPCS, MAX_RECEIVED_BYTES, STREAM_RECHECK_S
from ledger_server.listening import TlsFiles, bind, credentials, parse_address
from ledger_server.methods import SERVICES
from ledger_server.pages import Pager
from ledger_server.public_web import serve_public
from ledger_server.servicers.application import ApplicationServicer
from ledger_server.servicers.claim import ClaimServicer
from ledger_server.servicers.log import LogServicer
from ledger_server.servicers.operation import OperationServicer
from ledger_server.servicers.programme import ProgrammeServicer
from ledger_server.servicers.redemption import RedemptionServicer
from ledger_server.servicers.registry import RegistryServicer
from ledger_server.servicers.subscription import SubscriptionServicer
from ledger_server.servicers.voucher import VoucherServicer
from ledger_server.telemetry import Metrics, json_logger
from ledger_server.witnesses import WitnessGatherer, Witnessing
from ledger_server.writes import Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from structlog.typing import FilteringBoundLogger

    from ledger.web.server import WebServer
    from ledger_server.port import LedgerPort

__all__ = ["RunningServer", "TlsFiles", "Witnessing", "start_server"]

DEFAULT_GRACE_S: Final = 5.0

_COLLECT_AFTER: Final = (50_000, 20, 50)

_OPTIONS: Final = (
    # Two servers would otherwise share one port without a word.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MAX_RECEIVED_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.max_ping_strikes", 2),
)

# The type checker misses the methods that a writing servicer's class is given; a test looks for each of them.
_WRITING: Final[tuple[tuple[Callable[..., Any], Callable[[Any, aio.Server], None]], ...]] = (
    (RegistryServicer, registry_service_pb2_grpc.add_RegistryServiceServicer_to_server),
    (ProgrammeServicer, programme_service_pb2_grpc.add_ProgrammeServiceServicer_to_server),
    (ApplicationServicer, application_service_pb2_grpc.add_ApplicationServiceServicer_to_server),
    (VoucherServicer, voucher_service_pb2_grpc.add_VoucherServiceServicer_to_server),
    (ClaimServicer, claim_service_pb2_grpc.add_ClaimServiceServicer_to_server),
    (RedemptionServicer, redemption_service_pb2_grpc.add_RedemptionServiceServicer_to_server),
)


class RunningServer:
    """A server that answers on `port`, and on `public_port` and `http_port` where anyone may read."""

    def __init__(
        self,
        *,
        server: aio.Server,
        port: int,
        public_port: int | None,
        health: HealthMonitor,
        metrics: Metrics,
        stopping: asyncio.Event,
        log: FilteringBoundLogger,
        web: WebServer | None,
        gatherer: WitnessGatherer | None,
    ) -> None:
        self._server = server
        self._health = health
        self._stopping = stopping
        self._log = log
        self.port = port
        self._web = web
        self._gatherer = gatherer
        self.public_port = public_port
        self.http_port = web.port if web is not None else None
        self.metrics = metrics

    async def stop(self, grace: float | None = DEFAULT_GRACE_S) -> None:
        """Take no new calls, say goodbye to subscribers and let running calls end within `grace` seconds."""
        self._log.info("stopping", grace_s=grace)
        await self._health.leave()
        self._stopping.set()
        if self._gatherer is not None:
            await self._gatherer.stop()
        if self._web is not None:
            await self._web.stop(grace or 0.0)
        await self._server.stop(grace)
        self._log.info("stopped")

    async def wait_for_termination(self) -> None:
        """Return when the server has stopped."""
        await self._server.wait_for_termination()


async def start_server(
    ledger: LedgerPort,
    *,
    listen: str,
    tls: TlsFiles | None,
    development_insecure: bool = False,
    public_listen: str | None = None,
    log: FilteringBoundLogger | None = None,
    recheck_s: float = STREAM_RECHECK_S,
    http_listen: str | None = None,
    open_entries: bool = False,
    witnesses: Witnessing | None = None,
) -> RunningServer:
    """Serve the ledger at `listen` (HOST:PORT, port 0 = any) under mutual TLS.

    At `public_listen` nobody is asked for a certificate and only what anyone may read is answered. Without
    `tls` the server starts only with `development_insecure`, on loopback addresses; callers then name
    themselves in the header `development-participant`. At `http_listen` the log is static files; with
    `open_entries` anyone may read entries, there and over gRPC. `witnesses` are asked first what they have
    seen of this log, then for cosignatures. Raises UsageError for what is not allowed and AddressUnavailable
    for an address that is taken.
    """
    if tls is None and not development_insecure:
        raise UsageError(
            "a server without TLS is refused",
            hint="give certificate, key and client authorities; only for development: the explicit flag",
        )
    log = log or json_logger()
    metrics = Metrics()
    metrics.follow(ledger)
    gatherer = None
    if witnesses is not None:
        gatherer = WitnessGatherer(ledger, witnesses, metrics=metrics, log=log)
        await gatherer.ask_first()
    stopping = asyncio.Event()
    directory = PeerDirectory(
        ledger_id=ledger.ledger_id,
        state=lambda: ledger.state,
        insecure=tls is None,
    )
    pipeline = Pipeline(
        directory=directory, metrics=metrics, log=log, recheck_s=recheck_s, open_entries=open_entries
    )
    server = aio.server(
        interceptors=[pipeline], options=_OPTIONS, maximum_concurrent_rpcs=MAX_CONCURRENT_RPCS
    )
    health = HealthMonitor(ledger=ledger, log=log)
    _add_servicers(server, ledger, metrics=metrics, stopping=stopping, health=health)
    port = _bind(server, listen, tls, ask_client=True)
    public_port = _bind(server, public_listen, tls, ask_client=False) if public_listen else None
    web = None
    if http_listen:
        address = parse_address(http_listen)
        web = await serve_public(ledger, address, open_entries=open_entries, metrics=metrics, log=log)
    if gatherer is not None:
        gatherer.start()
    await health.start()
    await server.start()
    _settle_memory()
    log.info(
        "serving",
        port=port,
        public_port=public_port,
        http_port=web.port if web is not None else None,
        tls=tls is not None,
        origin=ledger.origin,
    )
    return RunningServer(
        server=server,
        port=port,
        public_port=public_port,
        health=health,
        metrics=metrics,
        stopping=stopping,
        log=log,
        web=web,
        gatherer=gatherer,
    )


def _settle_memory() -> None:
    """Keep the cycle collector from walking the fold again and again under load.

    What is there when serving begins stays until the end, and statements make no cycles; with the defaults
    of the interpreter the collector took a tenth of the time that claims may take.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


def _bind(server: aio.Server, text: str, tls: TlsFiles | None, *, ask_client: bool) -> int:
    address = parse_address(text)
    if tls is None and not address.is_loopback:
        raise UsageError(
            f"{text} can be reached from outside and there is no TLS",
            hint="a development server without TLS listens on 127.0.0.1, ::1 or localhost",
        )
    secure = None if tls is None else credentials(tls, ask_client=ask_client)
    return bind(server, address, secure)


def _add_servicers(
    server: aio.Server,
    ledger: LedgerPort,
    *,
    metrics: Metrics,
    stopping: asyncio.Event,
    health: HealthMonitor,
) -> None:
    writer = Writer(ledger=ledger, metrics=metrics)
    pager = Pager(ledger.ledger_id)
    for make, add in _WRITING:
        add(make(ledger=ledger, writer=writer, pager=pager), server)
    log_service_pb2_grpc.add_LogServiceServicer_to_server(LogServicer(ledger=ledger), server)
    operation_service_pb2_grpc.add_OperationServiceServicer_to_server(
        OperationServicer(ledger=ledger), server
    )
    subscription_service_pb2_grpc.add_SubscriptionServiceServicer_to_server(
        SubscriptionServicer(ledger=ledger, metrics=metrics, stopping=stopping), server
    )
    health_pb2_grpc.add_HealthServicer_to_server(health.servicer, server)
    reflection.enable_server_reflection(SERVICES, server)
