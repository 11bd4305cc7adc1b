"""An HTTP/1.1 server whose connections, memory and times are bounded.

When all connections are taken, the one that has kept a request's head back longest makes room. It must not
know what a path means.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from ledger.web.address import Address, AddressUnavailable
from ledger.web.connection import Connection
from ledger.web.limits import Limits
from ledger.web.messages import Request, Response, refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Handler = Callable[[Request], Awaitable[Response]]

_FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)
_BACKLOG: Final = 256


class WebServer:
    """A server that answers on `port`; made by `serve_web`."""

    def __init__(
        self,
        handler: Handler,
        *,
        limits: Limits,
        on_answer: Callable[[Request, int], None],
        on_fault: Callable[[str, Exception], None],
    ) -> None:
        self._handler = handler
        self._limits = limits
        self._on_answer = on_answer
        self._on_fault = on_fault
        self._working = asyncio.Semaphore(limits.working)
        self._tasks: set[asyncio.Task[None]] = set()
        # In the order in which they began to wait: the first is the one that makes room.
        self._waiting: dict[asyncio.Task[None], None] = {}
        self._server: asyncio.Server | None = None
        self.port = 0

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._tasks)

    async def start(self, address: Address) -> None:
        """Listen; AddressUnavailable if that does not work."""
        try:
            self._server = await asyncio.start_server(
                self._accept, address.host, address.port, backlog=_BACKLOG
            )
        except OSError as error:
            raise AddressUnavailable(
                f"cannot listen on {address.text}: {error.strerror}",
                hint="another server has the port (see `ss -ltn`), or the address is not this machine's",
            ) from None
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self, grace_s: float = 5.0) -> None:
        """Take no new connections; answers under way may end within `grace_s`."""
        if self._server is not None:
            self._server.close()
        for task in list(self._waiting):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) >= self._limits.connections:
            oldest = next(iter(self._waiting), None)
            if oldest is None:
                writer.write(_FULL)
                writer.close()
                return
            del self._waiting[oldest]
            oldest.cancel()
        task = asyncio.create_task(self._serve(reader, writer), name="http-connection")
        self._tasks.add(task)
        self._waiting[task] = None
        task.add_done_callback(self._left)

    def _left(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._waiting.pop(task, None)
        if not task.cancelled():
            task.result()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()

        def on_waiting(waits: bool) -> None:
            if task is not None:
                self._waiting.pop(task, None)
                if waits:
                    self._waiting[task] = None

        connection = Connection(
            reader, writer, limits=self._limits, answer=self._answer, on_waiting=on_waiting
        )
        try:
            await connection.run()
        except Exception as error:  # noqa: BLE001 - a body that cannot be read any more, or worse
            self._on_fault("an answer", error)
        finally:
            # Nothing is left to send but to a client that does not take it.
            writer.transport.abort()

    async def _answer(self, request: Request) -> Response:
        async with self._working:
            try:
                response = await self._handler(request)
            except Exception as error:  # noqa: BLE001 - the guard is for what nobody expected
                self._on_fault(f"{request.method} {request.path}", error)
                response = refusal(500)
        self._on_answer(request, response.status)
        return response


async def serve_web(
    handler: Handler,
    *,
    listen: Address,
    limits: Limits | None = None,
    on_answer: Callable[[Request, int], None] = lambda _request, _status: None,
    on_fault: Callable[[str, Exception], None] = lambda _where, _error: None,
) -> WebServer:
    """Serve `handler` at an address; what it raises is a fault, told to `on_fault` and answered with 500."""
    server = WebServer(handler, limits=limits or Limits(), on_answer=on_answer, on_fault=on_fault)
    await server.start(listen)
    return server
