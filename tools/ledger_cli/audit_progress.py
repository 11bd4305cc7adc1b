"""How far a long audit is, how fast it goes and how long it will take: a bar on a terminal, else lines."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ledger_cli.output import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LINE_EVERY_S = 10.0
_DRAW_EVERY_S = 0.2
_MINUTE_S, _HOUR_S = 60, 3600


@contextmanager
def stepping(label: str) -> Iterator[Callable[[int, int], None]]:
    """Yields what is told entries done and entries in all, as often as the caller likes."""
    if not sys.stderr.isatty():
        yield Lines(label)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,} of {task.total:,}, {task.fields[rate]:,}/s"),
        TimeRemainingColumn(),
    )
    # Drawn by the caller's steps: a thread that draws would keep worker processes from being forked.
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task(label, total=0, rate=0)
        rate = Rate()
        drawn_s = 0.0

        def step(done: int, total: int) -> None:
            nonlocal drawn_s
            now_s = time.monotonic()
            if now_s - drawn_s >= _DRAW_EVERY_S:
                drawn_s = now_s
                bar.update(task, completed=done, total=total, rate=round(rate.at(done, now_s)), refresh=True)

        yield step


class Rate:
    """Entries a second since the first step: what is read again or kept from before does not count."""

    def __init__(self) -> None:
        self._began: tuple[int, float] | None = None

    def at(self, done: int, now_s: float) -> float:
        """The mean rate at this step; 0 at the first one."""
        if self._began is None:
            self._began = (done, now_s)
        first, began_s = self._began
        return (done - first) / (now_s - began_s) if now_s > began_s else 0.0


class Lines:
    """Says where it is every ten seconds; a short audit says nothing."""

    def __init__(self, label: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._label = label
        self._clock = clock
        self._rate = Rate()
        self._said_s = clock()

    def __call__(self, done: int, total: int) -> None:
        """Take a step."""
        now_s = self._clock()
        rate = self._rate.at(done, now_s)
        if now_s - self._said_s < _LINE_EVERY_S:
            return
        self._said_s = now_s
        left = f", about {duration((total - done) / rate)} left" if rate > 0 else ""
        say(f"{self._label}: {done:,} of {total:,} events, {round(rate):,}/s{left}")


def duration(seconds: float) -> str:
    """A time for people: 45 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S} s"
    return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S} min"
