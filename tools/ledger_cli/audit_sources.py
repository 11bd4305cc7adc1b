"""What the audit commands read: sources, trust, and the auditor's own files.

It must not judge anything.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ledger.errors import UsageError
from ledger_audit.accepted import Accepted, load_accepted
from ledger_audit.openings import Openings
from ledger_audit.remembered import Remembered
from ledger_audit.sources import Source, open_source
from ledger_audit.trust import Trust
from ledger_cli.output import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def opened(location: str, who: Path | None, ca: Path | None = None) -> Iterator[Source]:
    """The source of a directory, of a web server or, with the identity's credentials, of a ledger server."""
    if who is None or not location.startswith(("grpc://", "grpcs://")):
        source = open_source(location, ca=ca)
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
    if ca is not None:
        identity = replace(identity, ca=ca)
    channel = open_channel(identity, insecure_development=scheme == "grpc")
    try:
        yield open_source(location, channel=channel)
    finally:
        channel.close()


def remembered_of(state: Path | None, *, no_state: bool) -> Remembered | None:
    """Where checkpoints are remembered: the folder that is given, or the user's; None if nowhere.

    An audit that nobody asked to remember anything does not fail for want of a home.
    """
    if no_state:
        return None
    if state is None:
        from platformdirs import user_state_path

        state = user_state_path("voucher-ledger", appauthor=False)
        if not _is_writable(state / "checkpoints"):
            say(f"nothing is remembered: {state} cannot be written; name another folder with --state")
            return None
    return Remembered(state / "checkpoints")


def _is_writable(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made itself if need be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def trust_of(trust: Path | None, log_key: str) -> Trust:
    """The trust file or the log key, of which exactly one is given."""
    if (trust is None) == (not log_key):
        raise UsageError("give either --trust FILE or --log-key VKEY")
    return Trust.load(trust) if trust is not None else Trust.from_log_key(log_key)


def trust_if_given(trust: Path | None, log_key: str) -> Trust | None:
    """The same, or None where neither is given: a report that can do without an audit."""
    return trust_of(trust, log_key) if trust is not None or log_key else None


def accepted_of(path: Path | None) -> tuple[Accepted, ...]:
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
