"""Health by service: reading is served as long as the server runs, writing only while it goes on."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from grpc_health.v1 import health
from grpc_health.v1.health_pb2 import HealthCheckResponse

from ledger_server.methods import LEDGER_SERVICES

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from ledger_server.port import LedgerPort

READING_SERVICES: Final = frozenset({"ledger.v1.LogService", "ledger.v1.SubscriptionService"})
OVERALL: Final = ""
POLL_S: Final = 0.5


class HealthMonitor:
    """Keeps the standard health service in step with whether the ledger takes statements."""

    def __init__(self, *, ledger: LedgerPort, log: FilteringBoundLogger, poll_s: float = POLL_S) -> None:
        self.servicer = health.aio.HealthServicer()
        self._ledger = ledger
        self._log = log
        self._poll_s = poll_s
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Say how things stand, then keep watching."""
        for service in READING_SERVICES:
            await self.servicer.set(service, HealthCheckResponse.SERVING)
        writable = self._ledger.writable
        await self._say(writable=writable)
        self._task = asyncio.create_task(self._watch(writable=writable))

    async def leave(self) -> None:
        """NOT_SERVING everywhere, for good."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self.servicer.enter_graceful_shutdown()

    async def _watch(self, *, writable: bool) -> None:
        while True:
            await asyncio.sleep(self._poll_s)
            if self._ledger.writable != writable:
                writable = self._ledger.writable
                await self._say(writable=writable)

    async def _say(self, *, writable: bool) -> None:
        status = HealthCheckResponse.SERVING if writable else HealthCheckResponse.NOT_SERVING
        if writable:
            self._log.info("writing")
        else:
            self._log.warning("not writing", reason=self._ledger.stop_reason)
        for service in (OVERALL, *LEDGER_SERVICES):
            if service not in READING_SERVICES:
                await self.servicer.set(service, status)
