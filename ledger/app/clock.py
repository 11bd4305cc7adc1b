"""Ledger time: the system's clock, watched, or a simulated one that an operator sets.

Nothing else in the application reads a clock. A clock that cannot be trusted stops writing (rule I18).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from ledger.errors import ExitCode, LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BEHIND_MS = 2_000
MAX_GAIN_MS = 5_000
MAX_AHEAD_AT_START_MS = 86_400_000
SYSTEM_SLACK_MS = 300_000
_NS_PER_MS = 1_000_000


class ClockError(LedgerError):
    """The clock is unsafe, or may not be set this way."""

    exit_code = ExitCode.REFUSED


class LedgerClock(Protocol):
    """Gives the time of recording."""

    slack_ms: int

    def now_ms(self, last_recorded_ms: int) -> int:
        """max(now, last record), ms since 1970; ClockError if the clock cannot be trusted."""

    def set_ms(self, ms: int, last_recorded_ms: int) -> int:
        """Set a simulated clock; ClockError on any other."""


class SystemClock:
    """The machine's clock, compared with its monotonic clock and with the last record."""

    slack_ms = SYSTEM_SLACK_MS

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._wall_ns = wall_ns
        self._monotonic_ns = monotonic_ns
        self._start_wall_ms = wall_ns() // _NS_PER_MS
        self._start_monotonic_ms = monotonic_ns() // _NS_PER_MS

    def check_start(self, last_recorded_ms: int, *, accept_ahead: bool = False) -> None:
        """Refuse to start where the clock is behind the last record or more than a day ahead of it."""
        ahead_ms = self._start_wall_ms - last_recorded_ms
        if last_recorded_ms and ahead_ms < -MAX_BEHIND_MS:
            raise ClockError(
                "the clock is behind the last record", hint="Set the machine's clock, then start again."
            )
        if ahead_ms > MAX_AHEAD_AT_START_MS and not accept_ahead:
            raise ClockError(
                f"the clock is {ahead_ms // 3_600_000} hours ahead of the last record",
                hint="If the time is right, start once more with --accept-clock.",
            )

    def now_ms(self, last_recorded_ms: int) -> int:
        """The machine's time, never before the last record."""
        wall_ms = self._wall_ns() // _NS_PER_MS
        elapsed_ms = self._monotonic_ns() // _NS_PER_MS - self._start_monotonic_ms
        if wall_ms - self._start_wall_ms - elapsed_ms > MAX_GAIN_MS:
            raise ClockError(
                "the clock has jumped ahead", hint="Set the machine's clock and restart the server."
            )
        if wall_ms < last_recorded_ms - MAX_BEHIND_MS:
            raise ClockError(
                "the clock is behind the last record", hint="Set the machine's clock, then restart."
            )
        return max(wall_ms, last_recorded_ms)

    def set_ms(self, ms: int, last_recorded_ms: int) -> int:
        """Never: a SYSTEM clock cannot be set."""
        del ms, last_recorded_ms
        raise ClockError("this ledger's clock is SYSTEM and cannot be set")


class SimulatedClock:
    """A clock that stands still between settings; until the first one it follows the machine's."""

    slack_ms = 0

    def __init__(self, wall_ns: Callable[[], int] = time.time_ns) -> None:
        self._wall_ns = wall_ns
        self._set_ms: int | None = None

    def now_ms(self, last_recorded_ms: int) -> int:
        """The time that was set, never before the last record."""
        now_ms = self._wall_ns() // _NS_PER_MS if self._set_ms is None else self._set_ms
        return max(now_ms, last_recorded_ms)

    def set_ms(self, ms: int, last_recorded_ms: int) -> int:
        """Move to `ms`; ClockError if that is before the present ledger time."""
        floor_ms = last_recorded_ms if self._set_ms is None else max(self._set_ms, last_recorded_ms)
        if ms < floor_ms:
            raise ClockError(
                "the clock would go back", hint=f"Ledger time is {floor_ms} ms; name a later one."
            )
        self._set_ms = ms
        return ms
