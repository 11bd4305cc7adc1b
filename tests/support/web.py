"""HTTP servers of the project in this process, and clients that speak to them in raw bytes."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ledger.web.address import Address
from ledger.web.server import WebServer, serve_web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ledger.web.limits import Limits
    from ledger.web.messages import Request, Response

    Handler = Callable[[Request], Awaitable[Response]]

LOOPBACK = Address("127.0.0.1", 0)


def running(test: Callable[[], Awaitable[None]], *, within_s: float = 30.0) -> None:
    """Run a test on a loop of its own, with a deadline."""
    asyncio.run(asyncio.wait_for(test(), within_s))


async def becoming(probe: Callable[[], object], *, within_s: float = 20.0) -> None:
    """Return as soon as the probe is true."""
    async with asyncio.timeout(within_s):
        while not probe():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.005)


@asynccontextmanager
async def serving(handler: Handler, *, limits: Limits | None = None, **told: Any) -> AsyncIterator[WebServer]:
    """A server on any port of loopback."""
    server = await serve_web(handler, listen=LOOPBACK, limits=limits, **told)
    try:
        yield server
    finally:
        await server.stop(0.1)


async def raw(port: int, *parts: bytes) -> bytes:
    """Everything that comes back on one connection for bytes that are sent part by part."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        return await reader.read()
    finally:
        writer.transport.abort()


def get(path: str, *headers: str, method: str = "GET", close: bool = True) -> bytes:
    """The bytes of a request without a body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: a", *headers, *(["Connection: close"] if close else [])]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def parsed(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(status.split(" ")[1]), headers, body
