"""`voucherctl audit monitor`: follow a log, verify each new checkpoint, and tell of what is wrong."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from ledger_cli.options import (
    Authorities,
    Json,
    Location,
    LogKeyIfAny,
    NoState,
    Reader,
    StateFolder,
    TrustIfAny,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger_audit.alerts import Alerts

_QUIET = frozenset({"findings", "unchecked", "notes"})


class _TerminatedError(BaseException):
    """SIGTERM came; like an interruption it passes everything that handles errors."""


def add_to(app: typer.Typer) -> None:
    """Add the command to a group."""
    app.command()(monitor)


def monitor(
    source: Location,
    trust: TrustIfAny = None,
    log_key: LogKeyIfAny = "",
    interval: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", min=0.1, help="Between two looks at the log.")
    ] = 60.0,
    once: Annotated[bool, typer.Option("--once", help="Look once and end, for cron.")] = False,
    heartbeat: Annotated[
        Path | None,
        typer.Option("--heartbeat", metavar="FILE", help="File to replace at every look; also remembers."),
    ] = None,
    webhook: Annotated[
        str,
        typer.Option(
            "--webhook",
            envvar="VOUCHERCTL_WEBHOOK",
            show_envvar=True,
            metavar="URL",
            help="Where an alert is posted as JSON; with a secret in it, use the variable.",
        ),
    ] = "",
    command: Annotated[
        str,
        typer.Option(
            "--exec", metavar="'CMD ARG…'", help="Run for an alert, which is on its stdin; no shell."
        ),
    ] = "",
    stalled_after: Annotated[
        float,
        typer.Option(
            "--stalled-after", metavar="SECONDS", min=0, help="Alert when nothing newer came for so long."
        ),
    ] = 0.0,
    policy: Annotated[
        Path | None, typer.Option("--policy", metavar="FILE", help="Witness policy (C2SP tlog-policy).")
    ] = None,
    accepted: Annotated[
        Path | None, typer.Option("--accepted", metavar="FILE", help="Findings that you know already (JSON).")
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=1, max=64, help="Worker processes.")
    ] = 1,
    state: StateFolder = None,
    no_state: NoState = False,
    who: Reader = None,
    ca: Authorities = None,
    as_json: Json = False,
) -> None:
    """Follow a log for ever: verify each new checkpoint, tell of findings and of a log that stalls.

    Ends with 0 on SIGTERM. With --once it ends with the code of the audit, 5 for a log that cannot be read,
    7 for one that stalled.
    """
    from functools import partial

    from ledger_audit.monitor import Monitor
    from ledger_audit.verify import verify
    from ledger_cli.audit_sources import accepted_of, opened, remembered_of, text_of, trust_of

    trusted = trust_of(trust, log_key)
    audit = partial(
        verify,
        trust=trusted,
        policy=text_of(policy),
        accepted=accepted_of(accepted),
        remembered=remembered_of(state, no_state=no_state),
        workers=workers,
    )
    watch = Monitor(
        source,
        opened=lambda: opened(source, who, ca),
        audit=lambda log, step: audit(log, progress=step),
        tell=_teller(as_json=as_json),
        alerts=_alerts(webhook, command, ca),
        interval_s=interval,
        heartbeat=heartbeat,
        stalled_after_s=stalled_after,
    )
    _end_on_sigterm()
    try:
        if once:
            code = watch.look()
            if code:
                raise typer.Exit(int(code))
            return
        watch.run()
    except _TerminatedError:
        return


def _end_on_sigterm() -> None:
    """SIGTERM becomes an exception, but in forked workers, which have nothing to finish, their end."""
    process = os.getpid()

    def end(*_: Any) -> NoReturn:
        if os.getpid() != process:
            os._exit(0)
        raise _TerminatedError

    signal.signal(signal.SIGTERM, end)


def _alerts(webhook: str, command: str, ca: Path | None) -> Alerts:
    """Where alerts go; UsageError before anything is watched if they would never arrive."""
    import shlex
    import shutil

    from ledger.errors import UsageError
    from ledger_audit.alerts import Alerts
    from ledger_audit.http_exchange import Url
    from ledger_audit.http_fetching import tls_context

    try:
        words = shlex.split(command)
    except ValueError:
        raise UsageError("--exec has a quotation without end") from None
    if words and shutil.which(words[0]) is None:
        raise UsageError(f"there is no command {words[0]}")
    url = Url.parse(webhook, may_have_query=True) if webhook else None
    return Alerts(webhook=url, command=words, tls=tls_context(ca))


def _teller(*, as_json: bool) -> Callable[[str, dict[str, Any]], None]:
    """Prints what happened: an NDJSON line, or one for people."""
    import time

    from ledger_audit.monitor import iso
    from ledger_cli.groups import safe
    from ledger_cli.output import print_line, schema

    def tell(event: str, said: dict[str, Any]) -> None:
        now = iso(int(time.time() * 1000))
        if as_json:
            print_line({"schema": schema("audit-monitor"), "time": now, "event": event, **said})
            return
        words = [f"{key} {value}" for key, value in said.items() if key not in _QUIET]
        typer.echo(safe(f"{now} {event}: {', '.join(words)}" if words else f"{now} {event}"))
        for finding in said.get("findings", ()):
            place = "the log" if finding["index"] is None else f"event {finding['index']}"
            values = f"{finding['expected']} expected, {finding['actual']} found"
            typer.echo(safe(f"  {finding['check']} at {place}: {values}"))
        for note in said.get("notes", ()):
            typer.echo(safe(f"  {note}"))

    return tell
