"""What the audit commands read: sources, trust, and the auditor's own files.

It must not judge anything.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ledger.errors import UsageError
from ledger_audit.openings import Openings
from ledger_audit.remembered import Remembered
from ledger_audit.sources import Source, open_source
from ledger_audit.trust import Trust, load_accepted
from ledger_cli.output import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


_QUIET_S = 10.0


@contextmanager
def opened(location: str, who: Path | None) -> Iterator[Source]:
    """The source of a directory, of a web server or, with the identity's credentials, of a ledger server."""
    if who is None or not location.startswith(("grpc://", "grpcs://")):
        source = open_source(location)
        try:
            yield source
        finally:
            source.close()
        return
    from dataclasses import replace

    from ledger.client.channel import open_channel
    from ledger.client.identity import load_identity

    scheme, _, address = location.partition("://")
    identity = replace(load_identity(who), server=address)
    channel = open_channel(identity, insecure_development=scheme == "grpc")
    try:
        yield open_source(location, channel=channel)
    finally:
        channel.close()


def remembered_of(state: Path | None, *, no_state: bool) -> Remembered | None:
    """Where checkpoints are remembered: the folder that is given, or the user's; None if nowhere."""
    if no_state:
        return None
    if state is None:
        from platformdirs import user_state_path

        state = user_state_path("voucher-ledger", appauthor=False)
    return Remembered(state / "checkpoints")


def trust_of(trust: Path | None, log_key: str) -> Trust:
    """The trust file or the log key, of which exactly one is given."""
    if (trust is None) == (not log_key):
        raise UsageError("give either --trust FILE or --log-key VKEY")
    return Trust.load(trust) if trust is not None else Trust.from_log_key(log_key)


def trust_if_given(trust: Path | None, log_key: str) -> Trust | None:
    """The same, or None where neither is given: a report that can do without an audit."""
    return trust_of(trust, log_key) if trust is not None or log_key else None


def accepted_of(path: Path | None) -> tuple[tuple[str, int | None], ...]:
    """The findings that the auditor knows."""
    return load_accepted(path) if path is not None else ()


def openings_of(path: Path | None) -> Openings | None:
    """The openings of personal data that the auditor was given."""
    return Openings.load(path) if path is not None else None


def bytes_of(path: Path | None) -> bytes | None:
    """The content of a file that was named, or UsageError."""
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None


def text_of(path: Path | None) -> str | None:
    """The content of a text file that was named, or UsageError."""
    data = bytes_of(path)
    try:
        return data.decode("utf-8") if data is not None else None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8") from None


@contextmanager
def stepping(label: str) -> Iterator[Callable[[int, int], None]]:
    """Progress on stderr with rate and time left; takes entries done and entries in all.

    A bar where that is a terminal, else a line now and then, so that short work says nothing.
    """
    if not sys.stderr.isatty():
        yield _Lines(label)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(show_speed=True),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} events, {task.speed:,.0f}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=0)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _Lines:
    """Says every ten seconds how far long work is."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._begun = self._said = time.monotonic()
        self._first: int | None = None

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = done
        if now - self._said < _QUIET_S:
            return
        self._said = now
        rate = max(done - self._first, 1) / (now - self._begun)
        left = (total - done) / rate
        say(f"{self._label}: {done:,} of {total:,} events, {rate:,.0f}/s, {left:,.0f} s left")
