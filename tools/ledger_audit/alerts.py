"""Telling others of a finding: a webhook, or a command that gets it on its standard input.

Neither can hold up the monitor for longer than a limit, and what could not be told is told again later. No
shell reads anything, and nothing of a log becomes an argument.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from ledger_audit.http_exchange import Connection, TransferError, Url

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping, Sequence

SCHEMA = "voucher-ledger/audit-alert/1"
_PENDING = 100
_ATTEMPTS = 3
_ANSWER_S, _COMMAND_S, _PAUSE_S = 10.0, 60.0, 1.0
_ANSWER_BYTES = 1 << 16
_STDERR = 2
_OK, _REDIRECT = 200, 300


class Alerts:
    """Sends alerts, the oldest first; at most a hundred wait."""

    def __init__(
        self,
        *,
        webhook: Url | None = None,
        command: Sequence[str] = (),
        tls: ssl.SSLContext | None = None,
        pause_s: float = _PAUSE_S,
    ) -> None:
        self._webhook = webhook
        self._command = tuple(command)
        self._tls = tls
        self._pause_s = pause_s
        self._waiting: deque[bytes] = deque(maxlen=_PENDING)

    def add(self, alert: Mapping[str, Any]) -> None:
        """Take an alert, to be sent with the next `send`."""
        if self._webhook is not None or self._command:
            self._waiting.append(json.dumps({"schema": SCHEMA, **alert}, ensure_ascii=False).encode())

    def send(self) -> list[str]:
        """Send what waits; for what could not be sent, and waits on, why."""
        while self._waiting:
            why = self._post(self._waiting[0]) if self._webhook is not None else ""
            why = why or (self._run(self._waiting[0]) if self._command else "")
            if why:
                return [why]
            self._waiting.popleft()
        return []

    def _post(self, data: bytes) -> str:
        why = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(self._pause_s * 2 ** (attempt - 1))
            connection = Connection(self._webhook, tls=self._tls) if self._webhook is not None else None
            if connection is None:
                return ""
            try:
                answer = connection.exchange(
                    "", method="POST", body=data, limit=_ANSWER_BYTES, within_s=_ANSWER_S
                )
            except TransferError as error:
                why = f"the webhook did not answer: {error}"
                continue
            finally:
                connection.close()
            if _OK <= answer.status < _REDIRECT:
                return ""
            why = f"the webhook answers {answer.status}"
        return why

    def _run(self, data: bytes) -> str:
        """Run the command; what it prints is talk."""
        try:
            done = subprocess.run(  # noqa: S603 - the auditor's own command, no shell
                self._command, input=data, stdout=_STDERR, check=False, timeout=_COMMAND_S
            )
        except subprocess.TimeoutExpired:
            return f"{self._command[0]} did not end within {_COMMAND_S:.0f} s"
        except OSError as error:
            return f"{self._command[0]} cannot be run: {error.strerror}"
        return f"{self._command[0]} ended with {done.returncode}" if done.returncode else ""
