"""One HTTP exchange under a deadline and a limit of bytes. Redirects are answers like others."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import h11

from ledger.errors import ExitCode, LedgerError, UsageError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_READ_BYTES: Final = 64 * 1_024
_HEAD_BYTES: Final = 32 * 1_024
_PORTS: Final = {"http": 80, "https": 443}


class Unreachable(LedgerError):
    """The other side cannot be reached, is too slow, or does not speak HTTP within the limits."""

    exit_code = ExitCode.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, content type and the whole body."""

    status: int
    content_type: str
    body: bytes


def check_url(url: str) -> str:
    """The URL prefix without a trailing slash, if it is http(s) with a host and nothing but a path."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UsageError(f"{url!a} is not a URL") from None
    plain = url.isascii() and url.isprintable() and " " not in url and port != 0
    if parts.scheme not in _PORTS or not parts.hostname or parts.username or not plain or "?" in url:
        raise UsageError(f"{url!a} is not an http(s) URL", hint="allowed: http(s)://HOST[:PORT][/PATH]")
    if parts.fragment or parts.password:
        raise UsageError(f"{url!a} has more than host and path")
    return url.rstrip("/")


async def exchange(
    url: str,
    *,
    method: str = "GET",
    body: bytes = b"",
    content_type: str = "text/plain; charset=utf-8",
    within_s: float = 10.0,
    max_bytes: int = 1_048_576,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Send one request on a connection of its own and read the whole answer.

    Raises Unreachable for a failed connection, a certificate that does not hold, an answer that is no HTTP,
    is longer than `max_bytes` or takes longer than `within_s` in all. `tls` takes the place of the system's
    authorities.
    """
    parts = urlsplit(check_url(url))
    try:
        async with asyncio.timeout(within_s):
            return await _exchange(parts, method, body, content_type, max_bytes, tls)
    except TimeoutError:
        raise Unreachable(f"{parts.netloc} did not answer within {within_s:g} s") from None
    except h11.ProtocolError:
        raise Unreachable(f"{parts.netloc} does not answer in HTTP") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise Unreachable(f"{parts.netloc} cannot be reached: {reason}") from None


async def _exchange(
    parts: SplitResult,
    method: str,
    body: bytes,
    content_type: str,
    max_bytes: int,
    tls: ssl.SSLContext | None,
) -> Answer:
    secure = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
    port = parts.port or _PORTS[parts.scheme]
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=secure, limit=_READ_BYTES)
    try:
        http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES)
        headers = [("host", parts.netloc), ("connection", "close"), ("accept-encoding", "identity")]
        if body:
            headers += [("content-type", content_type), ("content-length", str(len(body)))]
        request = h11.Request(method=method, target=parts.path or "/", headers=headers)
        writer.write(http.send(request) or b"")
        if body:
            writer.write(http.send(h11.Data(data=body)) or b"")
        writer.write(http.send(h11.EndOfMessage()) or b"")
        await writer.drain()
        return await _answer(http, reader, parts.netloc, max_bytes)
    finally:
        writer.transport.abort()


async def _answer(http: h11.Connection, reader: asyncio.StreamReader, host: str, max_bytes: int) -> Answer:
    head: h11.Response | None = None
    data = bytearray()
    while True:
        event: Any = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await reader.read(_READ_BYTES))
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            data += event.data
            if len(data) > max_bytes:
                raise Unreachable(f"{host} answers with more than {max_bytes} bytes")
        elif not isinstance(event, h11.InformationalResponse):
            break
    if head is None:
        raise Unreachable(f"{host} does not answer in HTTP")
    kind = next((value for name, value in head.headers if name == b"content-type"), b"")
    return Answer(head.status_code, kind.decode("latin-1"), bytes(data))
