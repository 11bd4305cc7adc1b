"""Repeat a call while the server is not available, within one deadline.

Only requests that have one effect however often they are sent may come here: signed statements and reads.
This module must not know a method.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import grpc

from ledger.client.errors import Unavailable, error_for, is_transient

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long to try and how to wait, in seconds.

    The n-th wait is random in [0, min(longest_wait_s, first_wait_s × 2^n)] and never below what the
    server asks for. `clock`, `sleep` and `jitter` are there for tests.
    """

    deadline_s: float = 30.0
    attempts: int = 6
    first_wait_s: float = 0.1
    longest_wait_s: float = 5.0
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    jitter: Callable[[], float] = field(default=random.random, repr=False)

    def call(self, send: Callable[[float], T]) -> T:
        """`send(seconds left)`, repeated while it is unavailable; LedgerError once it is given up."""
        end = self.clock() + self.deadline_s
        for attempt in range(self.attempts):
            try:
                return send(max(0.001, end - self.clock()))
            except grpc.RpcError as error:
                failure = error_for(error)
                wait = self._wait(attempt, failure)
                last = attempt + 1 == self.attempts or self.clock() + wait >= end
                if last or not _worth_repeating(failure):
                    raise failure from error
                self.sleep(wait)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _wait(self, attempt: int, failure: Exception) -> float:
        wished = failure.retry_after_s if isinstance(failure, Unavailable) else None
        longest = min(self.longest_wait_s, self.first_wait_s * 2.0**attempt)
        return max(wished or 0.0, longest * self.jitter())


def _worth_repeating(failure: Exception) -> bool:
    """A server's own fault is answered at once: it would fail again."""
    return isinstance(failure, Unavailable) and is_transient(failure.reason) and failure.reason != "INTERNAL"
