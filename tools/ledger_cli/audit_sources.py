"""What the audit commands read: sources, trust, and the auditor's own files.

It must not judge anything.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ledger.errors import UsageError
from ledger_audit.openings import Openings
from ledger_audit.sources import Source, open_source
from ledger_audit.trust import Trust, load_accepted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def opened(location: str, who: Path | None) -> Iterator[Source]:
    """The source of a directory or, with the identity's credentials, of a server."""
    if not location.startswith(("grpc://", "grpcs://")):
        yield open_source(location)
        return
    if who is None:
        yield open_source(location)
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
def stepping(label: str) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on stderr where that is a terminal; takes entries done and entries in all."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
