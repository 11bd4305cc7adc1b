"""A C2SP tlog-tiles log on any web server, read over http or https by a client that expects the worst.

Answers are bounded in size and time, redirects are not followed, nothing is decompressed. What could not be
had is CouldNotCheckError; what was had whole is judged by others.
"""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ledger.errors import UsageError
from ledger.proof.tiles import MAX_ENTRY_SIZE, TILE_WIDTH, bundle_at
from ledger_audit.errors import CouldNotCheckError
from ledger_audit.tile_source import AbsentError, TileSource, read_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from ledger_audit.tile_source import Chunk

CHECKPOINT_BYTES = 1 << 20
TILE_BYTES = 32 * TILE_WIDTH
BUNDLE_BYTES = TILE_WIDTH * (MAX_ENTRY_SIZE + 2)
ATTEMPTS = 4
FIRST_WAIT_S = 0.25
MAX_WAIT_S = 10.0
TIMEOUT_S = 30.0
"""Of connecting, and of each reading from the network."""
ANSWER_S = 180.0
"""Of a whole answer, however steadily it trickles."""
AHEAD = 4
"""Bundles that are fetched before they are asked for, each over a connection of its own."""
_PIECE = 1 << 16
_OK, _NOT_FOUND, _GONE, _TOO_MANY, _SERVER_ERROR = 200, 404, 410, 429, 500


class _PassingError(Exception):
    """A failure that another attempt may not meet."""

    def __init__(self, why: str, wait_s: float = 0.0) -> None:
        super().__init__(why)
        self.why = why
        self.wait_s = wait_s


class HttpSource(TileSource):
    """The log below `url`, laid out like an export; https trusts the system's authorities."""

    directory = None

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise UsageError("a log's address is http(s)://host[:port][/prefix]", hint="Leave out ? and #.")
        if parts.username is not None or parts.password is not None:
            raise UsageError(
                "a log's address carries no user or password", hint="Tiles are public: leave it out."
            )
        try:
            self._port = parts.port
            self._context = ssl.create_default_context() if parts.scheme == "https" else None
        except ValueError:
            raise UsageError("a log's address has an impossible port") from None
        self._host = parts.hostname
        self._prefix = parts.path.rstrip("/")
        self._local = threading.local()
        self._connections: list[http.client.HTTPConnection] = []
        self._pool = ThreadPoolExecutor(AHEAD, "ledger-http")

    def close(self) -> None:
        """Drop the connections."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for connection in self._connections:
            with suppress(OSError):
                connection.close()

    def chunks(self, *, start: int, stop: int, size: int) -> Iterator[Chunk]:
        """One chunk a bundle file; the next ones are fetched meanwhile."""
        bundles = iter(range(start // TILE_WIDTH, -(-stop // TILE_WIDTH)))
        waiting: deque[tuple[int, Future[bytes]]] = deque()

        def fetch_next() -> None:
            bundle = next(bundles, None)
            if bundle is not None:
                path = bundle_at(index=bundle, size=size)
                waiting.append((bundle, self._pool.submit(self.read_wider, path)))

        for _ in range(AHEAD):
            fetch_next()
        try:
            while waiting:
                bundle, fetched = waiting.popleft()
                data = fetched.result()
                fetch_next()
                first = bundle * TILE_WIDTH
                entries = read_bundle(data, path=bundle_at(index=bundle, size=size), start=first)
                yield first, entries[: stop - first]
        finally:
            for _, fetched in waiting:
                fetched.cancel()

    def read(self, name: str) -> bytes:
        """The file below the log's address, tried again a few times where that may help."""
        wait_s = FIRST_WAIT_S
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._get(name)
            except _PassingError as error:
                if attempt == ATTEMPTS:
                    raise CouldNotCheckError(
                        f"cannot read {name}: {error.why}",
                        hint="Try again; an export goes on where it stopped.",
                    ) from None
                time.sleep(min(max(wait_s, error.wait_s), MAX_WAIT_S))
                wait_s *= 2
        raise AssertionError

    def _get(self, name: str) -> bytes:
        begun = time.monotonic()
        connection = self._connection()
        try:
            headers = {"Accept-Encoding": "identity", "User-Agent": "voucherctl"}
            connection.request("GET", f"{self._prefix}/{name}", headers=headers)
            answer = connection.getresponse()
            self._check_status(answer, name)
            data = _read_bounded(answer, name, _limit_of(name), begun + ANSWER_S)
        except ssl.SSLCertVerificationError as error:
            self._drop()
            raise CouldNotCheckError(
                f"the server's certificate is not trusted: {error.verify_message}",
                hint="Name a file with its authority in SSL_CERT_FILE.",
            ) from None
        except (OSError, http.client.HTTPException) as error:
            self._drop()
            raise _PassingError(_text_of(error)) from None
        except BaseException:
            self._drop()
            raise
        return data

    def _check_status(self, answer: http.client.HTTPResponse, name: str) -> None:
        status = answer.status
        if status == _TOO_MANY or status >= _SERVER_ERROR:
            after = answer.getheader("Retry-After", "")
            raise _PassingError(f"the server answers {status}", float(after) if after.isdecimal() else 0.0)
        if status in {_NOT_FOUND, _GONE}:
            raise AbsentError(f"cannot read {name}: the server has no such file")
        if status != _OK:
            raise CouldNotCheckError(
                f"cannot read {name}: the server answers {status}",
                hint="Give the address of the log itself: redirects are not followed.",
            )
        if answer.getheader("Content-Encoding", "identity").lower() != "identity":
            raise CouldNotCheckError(f"cannot read {name}: the server compresses what was asked for as it is")

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            if self._context is None:
                connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
            else:
                connection = http.client.HTTPSConnection(
                    self._host, self._port, timeout=TIMEOUT_S, context=self._context
                )
            self._local.connection = connection
            self._connections.append(connection)
        return connection

    def _drop(self) -> None:
        """A connection in an unknown state is not used again; it opens anew by itself."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            with suppress(OSError):
                connection.close()


def _read_bounded(answer: http.client.HTTPResponse, name: str, limit: int, end_s: float) -> bytes:
    """The whole body; CouldNotCheckError where it is longer than such a file can be, or takes too long."""
    pieces: list[bytes] = []
    size = 0
    while piece := answer.read1(_PIECE):
        size += len(piece)
        if size > limit:
            raise CouldNotCheckError(f"cannot read {name}: the answer is longer than {limit} bytes")
        if time.monotonic() > end_s:
            raise CouldNotCheckError(f"cannot read {name}: the answer takes too long")
        pieces.append(piece)
    if answer.length not in (None, 0):
        raise _PassingError(f"the transfer was cut short at {size} bytes")
    return b"".join(pieces)


def _limit_of(name: str) -> int:
    if name.startswith("tile/entries/"):
        return BUNDLE_BYTES
    return TILE_BYTES if name.startswith("tile/") else CHECKPOINT_BYTES


def _text_of(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "the server does not answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "the server does not speak HTTP" if isinstance(error, http.client.HTTPException) else str(error)
