"""HTTP exchanges with one server over a kept connection, each within a time and a number of bytes.

Redirects are answers like others, and nothing is asked of any other host. A body that is shorter than the
server said is a failed transfer. It must not know what is fetched.
"""

from __future__ import annotations

import socket
import ssl
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import h11

from ledger.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PORTS = {"http": 80, "https": 443}
_READ_BYTES = 1 << 18
_MAX_HEAD_BYTES = 1 << 15
_CONNECT_S, _SILENCE_S = 10.0, 20.0
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_ENCODINGS = frozenset({b"identity", b"gzip", b"x-gzip"})


class TransferError(Exception):
    """No whole answer was had; the text says why. A `final` one would fail again."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


@dataclass(frozen=True, slots=True)
class Url:
    """An http(s) address: where to connect, the path below which all lies, and perhaps a query."""

    scheme: str
    host: str
    port: int
    prefix: str
    query: str = ""

    @property
    def netloc(self) -> str:
        """The `Host` header's value."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def target(self, path: str) -> str:
        """The request target of a path below the address."""
        whole = f"{self.prefix}/{path}" if path else self.prefix or "/"
        return f"{whole}?{self.query}" if self.query else whole

    @classmethod
    def parse(cls, text: str, *, may_have_query: bool = False) -> Url:
        """The address, or UsageError, which does not repeat it, for one with user, password or fragment."""
        plain = text.isascii() and text.isprintable() and not set(text) & set(' #\\"<>^`{|}')
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            plain, parts, port = False, urlsplit(""), None
        plain = plain and (may_have_query or "?" not in text)
        if not plain or parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc or port == 0:
            raise UsageError(
                "an address is http(s)://HOST[:PORT][/PATH]", hint="Leave out user, password, ? and #."
            )
        prefix = parts.path if may_have_query else parts.path.rstrip("/")
        return cls(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], prefix, parts.query)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; a body that is longer than the limit is cut after one byte more."""

    status: int
    headers: Mapping[bytes, bytes]
    body: bytes


class Connection:
    """Exchanges with one server, one after the other. Another thread may call `close` at any time."""

    def __init__(self, url: Url, *, tls: ssl.SSLContext | None) -> None:
        self._url = url
        self._tls = tls
        self._socket: socket.socket | None = None
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self._closed = False

    def exchange(
        self,
        path: str,
        *,
        limit: int,
        within_s: float,
        method: str = "GET",
        body: bytes = b"",
        content_type: str = "application/json",
    ) -> Answer:
        """The answer to a request for a path below the address.

        Raises TransferError if it does not come whole within that time; the next exchange connects again.
        """
        deadline = time.monotonic() + within_s
        try:
            connected = self._connected(deadline)
            self._send(connected, deadline, path, method, body, content_type)
            answer = self._receive(connected, deadline, limit)
        except (OSError, ValueError, h11.ProtocolError) as error:
            self._drop()
            untrusted = isinstance(error, ssl.SSLCertVerificationError)
            raise TransferError(_reason(error), final=untrusted or self._closed) from None
        except BaseException:
            self._drop()
            raise
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        else:
            self._drop()
        return answer

    def close(self) -> None:
        """End the connection; an exchange that is under way fails, and so does every later one."""
        self._closed = True
        connected = self._socket
        if connected is not None:
            try:
                connected.shutdown(socket.SHUT_RDWR)
            except OSError:
                # It was closed by the other side, or never connected.
                return

    def _connected(self, deadline: float) -> socket.socket:
        if self._closed:
            raise ConnectionAbortedError("it was given up")
        if self._socket is None:
            within_s = min(_CONNECT_S, _left(deadline))
            plain = socket.create_connection((self._url.host, self._url.port), timeout=within_s)
            # Set before the handshake, so that `close` and `_drop` know it.
            self._socket = plain
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
            if self._url.scheme == "https":
                context = self._tls or ssl.create_default_context()
                self._socket = context.wrap_socket(plain, server_hostname=self._url.host)
        return self._socket

    def _send(
        self, connected: socket.socket, deadline: float, path: str, method: str, body: bytes, kind: str
    ) -> None:
        headers = [
            ("Host", self._url.netloc),
            ("User-Agent", "voucherctl"),
            ("Accept-Encoding", "gzip, identity"),
        ]
        if method == "POST":
            headers += [("Content-Type", kind), ("Content-Length", str(len(body)))]
        request = h11.Request(method=method, target=self._url.target(path), headers=headers)
        data = self._http.send(request) or b""
        if body:
            data += self._http.send(h11.Data(data=body)) or b""
        data += self._http.send(h11.EndOfMessage()) or b""
        connected.settimeout(min(_SILENCE_S, _left(deadline)))
        connected.sendall(data)

    def _receive(self, connected: socket.socket, deadline: float, limit: int) -> Answer:
        event = self._event(connected, deadline)
        while isinstance(event, h11.InformationalResponse):
            event = self._event(connected, deadline)
        if not isinstance(event, h11.Response):
            raise TransferError("the connection was closed before an answer")
        headers = dict(event.headers)
        body = _Body(headers, limit)
        while isinstance(data := self._event(connected, deadline), h11.Data):
            body.add(data.data)
            if body.is_over:
                break
        else:
            body.finish()
        return Answer(event.status_code, headers, body.content())

    def _event(self, connected: socket.socket, deadline: float) -> Any:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            connected.settimeout(min(_SILENCE_S, _left(deadline)))
            self._http.receive_data(connected.recv(_READ_BYTES))
        return event

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class _Body:
    """A body as it comes in, unpacked where it is packed, up to the limit and one byte more.

    Only of a plain body whose length was said it is sure that there really is more than the limit.
    """

    def __init__(self, headers: Mapping[bytes, bytes], limit: int) -> None:
        encoding = headers.get(b"content-encoding", b"identity").lower()
        if encoding not in _ENCODINGS:
            raise TransferError(
                f"the answer is in an encoding that nobody asked for: {encoding!r}", final=True
            )
        self._unpack = None if encoding == b"identity" else zlib.decompressobj(_GZIP_WINDOW)
        self._data = bytearray()
        self._limit = limit
        self._length = b"content-length" in headers
        self._framed = self._length or b"transfer-encoding" in headers

    @property
    def is_over(self) -> bool:
        """Whether there is more than the limit."""
        return len(self._data) > self._limit

    def add(self, data: bytes) -> None:
        """Take in what came; never more than the limit and one byte is kept."""
        room = self._limit + 1 - len(self._data)
        if self._unpack is None:
            self._data += data[:room]
        else:
            try:
                self._data += self._unpack.decompress(data, room)
            except zlib.error:
                raise TransferError("the answer is packed wrongly") from None
        if self.is_over and (self._unpack is not None or not self._length):
            raise TransferError(f"the answer does not end within {self._limit} bytes", final=True)

    def finish(self) -> None:
        """Check that the body ended where the server said, and what was packed with it."""
        if self._data and not self._framed:
            raise TransferError("the server does not say how long the answer is", final=True)
        if self._unpack is not None and (not self._unpack.eof or self._unpack.unused_data):
            raise TransferError("the packed answer was cut short, or goes on after its end")

    def content(self) -> bytes:
        """What came so far."""
        return bytes(self._data)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate does not hold: {error.verify_message}"
    if isinstance(error, h11.ProtocolError):
        return f"the answer is no HTTP or was cut short ({error})"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
