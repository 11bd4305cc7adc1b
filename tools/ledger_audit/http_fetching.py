"""Getting the files of a log from an HTTP server: again where that may help, and never for ever.

Threads may fetch at the same time, each over a connection of its own. It must not judge what it gets.
"""

from __future__ import annotations

import random
import ssl
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from ledger.errors import UsageError
from ledger_audit.errors import AbsentError, CouldNotCheckError
from ledger_audit.http_exchange import Answer, Connection, TransferError, Url

if TYPE_CHECKING:
    from pathlib import Path

_HINT = "Try again later; an export goes on where it stopped."
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_TOO_MANY = HTTPStatus.TOO_MANY_REQUESTS
_RETRY_AFTER_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a file is asked for, for how long an answer may take, and all of that together; seconds."""

    attempts: int = 5
    answer_s: float = 60.0
    total_s: float = 120.0
    first_pause_s: float = 0.2
    longest_pause_s: float = 10.0


class Fetcher:
    """Fetches files below one address."""

    def __init__(
        self, url: Url, *, tls: ssl.SSLContext | None = None, patience: Patience | None = None
    ) -> None:
        self.url = url
        self.tls = tls
        self.patience = patience or Patience()
        self._local = threading.local()
        self._lock = threading.Lock()
        self._connections: list[Connection] = []
        self._closed = threading.Event()

    def get(self, name: str, *, limit: int) -> bytes:
        """The file of that name, cut after `limit` + 1 bytes.

        Raises AbsentError if the server says that there is none, and CouldNotCheckError for another answer
        or if none came whole in the end.
        """
        deadline = time.monotonic() + self.patience.total_s
        pause_s = self.patience.first_pause_s
        why = ""
        for attempt in range(self.patience.attempts):
            if attempt:
                pause_s = self._wait(pause_s, deadline)
            try:
                answer = self._connection().exchange(name, limit=limit, within_s=self._time(deadline))
            except TransferError as error:
                why = str(error)
                if error.final or self._closed.is_set() or time.monotonic() >= deadline:
                    break
                continue
            if answer.status == HTTPStatus.OK:
                return answer.body
            if answer.status in _GONE:
                raise AbsentError(f"there is no {name}: the server answers {answer.status}")
            why = f"the server answers {answer.status}"
            if answer.status != _TOO_MANY and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise CouldNotCheckError(f"cannot read {name}: {why}{_elsewhere(answer)}")
            pause_s = max(pause_s, _retry_after_s(answer))
        raise CouldNotCheckError(f"cannot read {name}: {why}", hint=_HINT)

    def close(self) -> None:
        """Give up whatever is under way."""
        self._closed.set()
        with self._lock:
            for connection in self._connections:
                connection.close()

    def _connection(self) -> Connection:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = Connection(self.url, tls=self.tls)
            with self._lock:
                self._connections.append(connection)
            if self._closed.is_set():
                connection.close()
        return connection

    def _time(self, deadline: float) -> float:
        return max(0.0, min(self.patience.answer_s, deadline - time.monotonic()))

    def _wait(self, pause_s: float, deadline: float) -> float:
        """Pause, not longer than there is time; the next pause is twice as long."""
        longest_s = self.patience.longest_pause_s
        # Many auditors that were refused at one moment do not all come again at one moment.
        spread_s = min(pause_s, longest_s) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
        self._closed.wait(max(0.0, min(spread_s, deadline - time.monotonic())))
        return min(2 * pause_s, longest_s)


def tls_context(ca: Path | None) -> ssl.SSLContext | None:
    """A context that trusts the authorities of a PEM file alone; None, the system's, without one."""
    if ca is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(ca))
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"cannot read authorities from {ca}: {error.strerror or 'no certificate'}") from None


def _elsewhere(answer: Answer) -> str:
    """Where a redirect leads, which nobody follows: the address was chosen by the user."""
    location = answer.headers.get(b"location", b"")
    return f", it sends to {location[:200].decode('latin-1')}" if location else ""


def _retry_after_s(answer: Answer) -> float:
    text = answer.headers.get(b"retry-after", b"")
    return float(text) if text.isdigit() and len(text) <= _RETRY_AFTER_DIGITS else 0.0
