"""The semantic witness: has what the plain one cosigned recomputed, and cosigns what came out without fault.

The recomputation is a command of the caller's, run as a process of its own, which reads the note from its
standard input and ends with 0 only if every check was made and nothing was found. Nothing else of it is
believed but the tree that it says it has checked.
"""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import PIPE
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.errors import LedgerError
from ledger_witness.records import PLAIN, RULES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from structlog.typing import FilteringBoundLogger

    from ledger_witness.records import Record
    from ledger_witness.telemetry import WitnessMetrics
    from ledger_witness.witness import Witness

OK, FINDINGS, INCOMPLETE, FAILED = "ok", "findings", "incomplete", "failed"
FIRST_RETRY_S: Final = 1.0
LAST_RETRY_S: Final = 300.0
_MAX_REASON_CHARACTERS: Final = 500
_EXITS: Final = {0: OK, 3: FINDINGS, 5: INCOMPLETE}


@dataclass(frozen=True, slots=True)
class Recomputed:
    """How a recomputation ended: a word, and for a person the first thing that is wrong."""

    result: str
    reason: str = ""


class Recomputing:
    """Follows the plain witness's records of the logs that have a command, one task a log."""

    def __init__(
        self,
        witness: Witness,
        commands: Mapping[str, Sequence[str]],
        *,
        metrics: WitnessMetrics,
        log: FilteringBoundLogger,
    ) -> None:
        self._witness = witness
        self._commands = commands
        self._metrics = metrics
        self._log = log
        self._news = {origin: asyncio.Event() for origin in commands}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Follow from now on."""
        self._witness.told = self._tell
        self._tasks = [
            asyncio.create_task(self._follow(origin, command), name="recomputing")
            for origin, command in self._commands.items()
        ]

    async def stop(self) -> None:
        """End, and end a recomputation that is under way."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    def _tell(self, origin: str) -> None:
        if origin in self._news:
            self._news[origin].set()

    async def _follow(self, origin: str, command: Sequence[str]) -> None:
        retry_s = FIRST_RETRY_S
        while True:
            self._news[origin].clear()
            try:
                done = await self._catch_up(origin, command)
            except LedgerError as error:
                self._log.warning("not recomputed", origin=origin, reason=error.summary)
                done = False
            if done:
                retry_s = FIRST_RETRY_S
                await self._news[origin].wait()
            else:
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, LAST_RETRY_S)

    async def _catch_up(self, origin: str, command: Sequence[str]) -> bool:
        """Recompute the newest record and cosign it; True if there is nothing more to do now."""
        record = await self._witness.record(PLAIN, origin)
        before = await self._witness.record(RULES, origin)
        if record is None or (before is not None and before.size == record.size):
            return True
        found = await recompute(command, record)
        self._metrics.recomputed.labels(origin=origin, result=found.result).inc()
        if found.result != OK:
            log = self._log.error if found.result == FINDINGS else self._log.warning
            log("not cosigned", origin=origin, size=record.size, result=found.result, reason=found.reason)
            return False
        await self._witness.add_recomputed(record)
        self._metrics.recomputed_size.labels(origin=origin).set(record.size)
        self._log.info("recomputed", origin=origin, size=record.size)
        return True


async def recompute(command: Sequence[str], record: Record) -> Recomputed:
    """Run the command over a record's note; OK only if it checked this very tree and found nothing."""
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    try:
        out, err = await process.communicate(record.note)
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    result = _EXITS.get(-1 if process.returncode is None else process.returncode, FAILED)
    try:
        report = json.loads(out)
        tree = (report["tree_size"], report["root_hash"])
        first = report["findings"][0] if report["findings"] else None
    except (ValueError, KeyError, TypeError):
        last = err.decode("utf-8", "replace").strip()[-_MAX_REASON_CHARACTERS:]
        return Recomputed(FAILED if result == OK else result, last or "it gave no report")
    if result == OK and (report.get("result") != OK or tree != (record.size, record.root.hex())):
        return Recomputed(FAILED, "another tree was checked")
    return Recomputed(result, f"{first.get('check')} at {first.get('index')}" if first else "")
