"""Following a log for ever: each new checkpoint is verified, a heartbeat kept, a finding told.

A log that cannot be read is asked again, more and more seldom; one that shows nothing newer for too long is
stalled. It must not open sources, nor know how an alert is told.
"""

from __future__ import annotations

import time
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ledger.errors import ExitCode, LedgerError
from ledger.proof.note import Note
from ledger_audit.errors import CouldNotCheckError
from ledger_audit.heartbeat import Heartbeat
from ledger_audit.report import EXIT_CODES, FINDINGS, INCOMPLETE

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from ledger_audit.alerts import Alerts
    from ledger_audit.report import Report
    from ledger_audit.sources import Source
    from ledger_audit.verify import Progress

_LONGEST_BACK_OFF_S = 300.0
_MOST_DOUBLINGS = 16
_BEAT_EVERY_S = 10.0
_MS = 1000


class Monitor:
    """Looks at one log again and again.

    `audit` verifies a source; `tell` hears of what happened: a name, and values that JSON can hold. Times are
    in seconds; `stalled_after_s` 0 never calls a log stalled.
    """

    def __init__(
        self,
        name: str,
        *,
        opened: Callable[[], AbstractContextManager[Source]],
        audit: Callable[[Source, Progress], Report],
        tell: Callable[[str, dict[str, Any]], None],
        alerts: Alerts,
        interval_s: float,
        heartbeat: Path | None = None,
        stalled_after_s: float = 0.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._opened = opened
        self._audit = audit
        self._tell = tell
        self._alerts = alerts
        self._interval_s = interval_s
        self._path = heartbeat
        self._stalled_after_s = stalled_after_s
        self._clock = clock
        self._sleep = sleep
        before = Heartbeat.read(heartbeat) if heartbeat is not None else None
        self._beat = (
            replace(before, state="waiting", done=0)
            if before is not None and before.source == name
            else Heartbeat(time_ms=0, source=name, state="waiting")
        )
        self._told: set[tuple[str, int | None]] = set()
        self._beaten_s = 0.0

    def run(self) -> None:
        """Look, wait, look again; ends with whatever exception ends it, and says so in the heartbeat."""
        try:
            while True:
                self.look()
                self._sleep(self._pause_s())
        finally:
            self._write(state="stopped")
            self._tell("stopped", {})

    def look(self) -> ExitCode:
        """Look once; the code of the newest audit, or of a log that could not be read or is stalled."""
        try:
            with self._opened() as source:
                self._look_at(source)
        except CouldNotCheckError as error:
            self._write(state="unreachable", failures=self._beat.failures + 1)
            self._tell("unreachable", {"reason": error.summary, "failures": self._beat.failures})
        self._check_stalled()
        for why in self._alerts.send():
            self._tell("alert_failed", {"reason": why})
        if self._beat.failures:
            return ExitCode.COULD_NOT_CHECK
        code = EXIT_CODES[self._beat.result]
        return ExitCode.UNAVAILABLE if self._beat.stalled and code == ExitCode.OK else code

    def _look_at(self, source: Source) -> None:
        note = source.checkpoint()
        checkpoint = sha256(_text(note)).hexdigest()
        if checkpoint == self._beat.checkpoint and self._beat.result not in {"", INCOMPLETE}:
            self._write(state="waiting", failures=0)
            return
        self._write(state="verifying")
        report = self._audit(source, self._step)
        larger = report.result != INCOMPLETE and report.tree_size > self._beat.largest_size
        self._beat = replace(self._beat, origin=report.origin)
        # Said before it is beaten: whoever sees the beat finds it said.
        self._say(report)
        self._write(
            state="waiting",
            failures=0,
            done=0,
            checkpoint=checkpoint,
            tree_size=report.tree_size,
            root_hash=report.root_hash.hex(),
            result=report.result,
            largest_size=max(self._beat.largest_size, report.tree_size if larger else 0),
            newest_ms=self._now_ms() if larger else self._beat.newest_ms,
        )

    def _say(self, report: Report) -> None:
        value = report.to_json()
        said = {
            "result": report.result,
            "tree_size": report.tree_size,
            "root_hash": report.root_hash.hex(),
            "findings": value["findings"],
            "unchecked": [check.name for check in report.checks if check.reason],
            "notes": report.told.notes,
        }
        self._tell("checked", said)
        new = [f for f in value["findings"] if (f["check"], f["index"]) not in self._told]
        if new:
            self._told |= {(f["check"], f["index"]) for f in new}
            self._alert(FINDINGS, {**said, "findings": new, "kept": value.get("kept", [])})

    def _check_stalled(self) -> None:
        """Whether nothing newer was seen for too long, by whatever cause."""
        since_ms = self._beat.newest_ms
        if not since_ms:
            # Nothing was seen yet: the time runs from the first look.
            since_ms = self._now_ms()
            self._write(newest_ms=since_ms)
        stalled = bool(self._stalled_after_s) and self._now_ms() - since_ms >= self._stalled_after_s * _MS
        if stalled == self._beat.stalled:
            return
        self._write(stalled=stalled)
        said = {"tree_size": self._beat.tree_size, "since": iso(since_ms), "failures": self._beat.failures}
        self._tell("stalled" if stalled else "resumed", said)
        if stalled:
            self._alert("stalled", said)

    def _alert(self, kind: str, said: dict[str, Any]) -> None:
        whole = {"kind": kind, "time": iso(self._now_ms()), "source": self._beat.source}
        self._alerts.add({**whole, "origin": self._beat.origin, **said})

    def _step(self, done: int, total: int) -> None:
        """While it verifies, the heart beats, too."""
        del total
        now_s = self._clock()
        if now_s - self._beaten_s >= _BEAT_EVERY_S:
            self._write(done=done)

    def _pause_s(self) -> float:
        doubled = self._interval_s * float(1 << min(self._beat.failures, _MOST_DOUBLINGS))
        return min(doubled, max(self._interval_s, _LONGEST_BACK_OFF_S))

    def _write(self, **changes: Any) -> None:
        self._beaten_s = self._clock()
        self._beat = replace(self._beat, time_ms=self._now_ms(), **changes)
        if self._path is None:
            return
        try:
            self._beat.write(self._path)
        except CouldNotCheckError as error:
            # Whoever watches the file sees that it is old: the log is looked at all the same.
            self._tell("heartbeat_failed", {"reason": error.summary})

    def _now_ms(self) -> int:
        return int(self._clock() * _MS)


def iso(time_ms: int) -> str:
    """A time in UTC, to the second (RFC 3339)."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time_ms // _MS))


def _text(note: bytes) -> bytes:
    """What the log signed, since cosignatures may come to it; of what is no note all of it."""
    try:
        return Note.parse(note).text
    except LedgerError:
        return note
