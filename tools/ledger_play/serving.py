"""Runs a ledger's server inside this process, on an event loop of its own thread.

Whoever plays against it talks gRPC like anybody else. This module must not act for a role.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Self

from ledger_server.telemetry import json_logger
from ledger_server.wiring import RunningServer, start_server

if TYPE_CHECKING:
    from types import TracebackType

    from ledger.app.application import LedgerApplication
    from ledger.app.ledger import Ledger
    from ledger_server.directory import LedgerDirectory


class EmbeddedServer:
    """A context in which the ledger of a folder is served at `listen`; `port` is the one that it got.

    `store` is a store URL in place of the folder's own database, `application` a store that is open already.
    """

    def __init__(
        self,
        directory: LedgerDirectory,
        *,
        listen: str,
        store: str = "",
        application: LedgerApplication | None = None,
    ) -> None:
        self._directory = directory
        self._listen = listen
        self._store = store or None
        self._application = application
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ledger-server", daemon=True)
        self._ledger: Ledger | None = None
        self._running: RunningServer | None = None
        self.port = 0

    def __enter__(self) -> Self:
        """Start and return once the server answers."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop gracefully: everything acknowledged is checkpointed."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> None:
        self._ledger = self._directory.open(store=self._store, application=self._application)
        self._running = await start_server(
            self._ledger,
            listen=self._listen,
            tls=self._directory.tls_files,
            log=json_logger(level=logging.WARNING),
        )
        self.port = self._running.port

    async def _stop(self) -> None:
        if self._running is not None:
            await self._running.stop()
        if self._ledger is not None:
            await self._ledger.close()
