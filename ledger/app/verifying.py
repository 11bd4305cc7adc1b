"""The stage before the sequencer: gathers jobs and verifies their signatures in a small pool of threads.

Waiting jobs are taken together, so that many single calls cost one hop to a thread and not one each.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog

from ledger.app.outcomes import Refused
from ledger.app.verification import WeakKeyError
from ledger.domain.rejections import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.app.jobs import Item, Job
    from ledger.app.verification import SignatureChecker

THREADS = 2
MAX_GROUP_ITEMS = 256
_log = structlog.get_logger(__name__)


class VerifyingStage:
    """Runs as one task; verified jobs go to `forward` in the order in which they came."""

    def __init__(self, checker: SignatureChecker, forward: Callable[[Job], None]) -> None:
        self._checker = checker
        self._forward = forward
        self._jobs: deque[Job] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._pool = ThreadPoolExecutor(THREADS, "ledger-verify")
        self._task = asyncio.create_task(self._run(), name="verifying")

    def submit(self, job: Job) -> None:
        """Queue a job."""
        self._jobs.append(job)
        self._wake.set()

    async def close(self) -> None:
        """Pass on what is queued, then end."""
        self._closing = True
        self._wake.set()
        await self._task
        self._pool.shutdown()

    async def _run(self) -> None:
        while True:
            while not self._jobs:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
            jobs: list[Job] = []
            items: list[Item] = []
            while self._jobs and len(items) < MAX_GROUP_ITEMS:
                jobs.append(self._jobs.popleft())
                items += jobs[-1].open_items()
            try:
                await self._verify(items)
            except Exception as error:  # noqa: BLE001 - one statement must not end the stage for all others
                await self._verify_alone(items, error)
            for job in jobs:
                self._forward(job)

    async def _verify_alone(self, items: list[Item], error: Exception) -> None:
        """After a fault: verify one by one, so that only what caused it is answered INTERNAL."""
        if len(items) > 1:
            for item in items:
                try:
                    await self._verify([item])
                except Exception as alone:  # noqa: BLE001 - the same
                    await self._verify_alone([item], alone)
            return
        _log.error("verification_failed", act=items[0].entry.act.name, error=type(error).__name__)
        items[0].outcome = Refused(Reason.INTERNAL, "the signatures could not be verified")

    async def _verify(self, items: list[Item]) -> None:
        signed = [(item, item.envelope) for item in items if item.envelope is not None]
        if not signed:
            return
        loop = asyncio.get_running_loop()
        step = -(-len(signed) // THREADS) if len(signed) > THREADS else len(signed)
        chunks = [signed[start : start + step] for start in range(0, len(signed), step)]
        verdicts = await asyncio.gather(
            *(
                loop.run_in_executor(
                    self._pool,
                    self._checker.check_all,
                    [(envelope, item.statement) for item, envelope in chunk],
                )
                for chunk in chunks
            )
        )
        for chunk, found in zip(chunks, verdicts, strict=True):
            for (item, _), verdict in zip(chunk, found, strict=True):
                if isinstance(verdict, WeakKeyError):
                    item.outcome = Refused(Reason.WEAK_KEY, verdict.summary)
                else:
                    item.verdict = verdict
