"""The one writer: drains jobs, decides them as a batch, commits once, then lets every caller go on.

A commit that fails takes its overlay with it, and its commands are tried one by one so that one of them
cannot starve the others. When the outcome of a commit is unknown the head decides; on doubt writing stops.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog
from eventsourcing.persistence import IntegrityError

from ledger.app.clock import ClockError, LedgerClock
from ledger.app.facts import replaces
from ledger.app.outcomes import Refused
from ledger.domain.rejections import Reason
from ledger.store.errors import CommitUnknown, StoreBusy

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.app.decisions import Decider, Prepared
    from ledger.app.jobs import Item, Job
    from ledger.domain.state import State
    from ledger.store.port import LedgerRecorder, Record

MAX_BATCH_ITEMS = 512
_log = structlog.get_logger(__name__)


class Sequencer:
    """Runs as one task; `submit` queues a job, `on_commit(first index, records)` fans out what is durable."""

    def __init__(
        self,
        *,
        state: State,
        recorder: LedgerRecorder,
        decider: Decider,
        clock: LedgerClock,
        last_recorded_ms: int,
        on_commit: Callable[[int, list[Record]], None],
        max_queued_items: int = 4_096,
    ) -> None:
        self._state = state
        self._recorder = recorder
        self._decider = decider
        self._clock = clock
        self._on_commit = on_commit
        self._max_queued_items = max_queued_items
        self.size, self.head = recorder.head()
        self.last_recorded_ms = last_recorded_ms
        self.stop_reason = ""
        self._jobs: deque[Job] = deque()
        self._queued_items = 0
        self._wake = asyncio.Event()
        self._closing = False
        self._thread = ThreadPoolExecutor(1, "ledger-commit")
        self._task = asyncio.create_task(self._run(), name="sequencer")

    @property
    def queued_items(self) -> int:
        """Items that wait."""
        return self._queued_items

    def submit(self, job: Job) -> None:
        """Queue a job, or answer it at once: OVERLOADED when full, WRITING_STOPPED when stopped."""
        waiting = job.open_items()
        if self.stop_reason or self._closing:
            self._answer_all(job, Reason.WRITING_STOPPED, "the server has stopped writing")
        elif self._queued_items + len(waiting) > self._max_queued_items:
            self._answer_all(job, Reason.OVERLOADED, "the queue is full; try again")
        elif not waiting:
            job.finish()
        else:
            self._queued_items += len(waiting)
            self._jobs.append(job)
            self._wake.set()

    @staticmethod
    def _answer_all(job: Job, reason: Reason, message: str) -> None:
        for item in job.open_items():
            item.outcome = Refused(reason, message)
        job.finish()

    def stop_writing(self, reason: str) -> None:
        """Refuse every further statement and say why; reads go on."""
        if not self.stop_reason:
            self.stop_reason = reason
            _log.error("writing_stopped", reason=reason)

    async def close(self) -> None:
        """Finish what is queued, then end."""
        self._closing = True
        self._wake.set()
        await self._task
        self._thread.shutdown()

    async def _run(self) -> None:
        while True:
            while not self._jobs:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
            jobs, items = self._take()
            if self.stop_reason:
                for job in jobs:
                    self._answer_all(job, Reason.WRITING_STOPPED, "the server has stopped writing")
                continue
            for group in _groups(items):
                await self._process(group)
            for job in jobs:
                job.finish()

    def _take(self) -> tuple[list[Job], list[Item]]:
        jobs: list[Job] = []
        items: list[Item] = []
        while self._jobs and (not items or len(items) + len(self._jobs[0].items) <= MAX_BATCH_ITEMS):
            job = self._jobs.popleft()
            jobs.append(job)
            items += job.open_items()
        self._queued_items -= len(items)
        return jobs, items

    async def _process(self, items: list[Item]) -> None:
        try:
            now_ms = self._clock.now_ms(self.last_recorded_ms)
        except ClockError as error:
            self.stop_writing(error.summary)
            for item in items:
                item.outcome = Refused(Reason.CLOCK_UNSAFE, error.summary)
            return
        try:
            prepared = self._decider.prepare(items, size=self.size, head=self.head, now_ms=now_ms)
            if prepared.records:
                await self._commit(prepared)
        except Exception as error:  # noqa: BLE001 - whatever it is, the writer must not go on unseen
            self._state.rollback()
            await self._recover(items, error)
            return
        self._state.commit()
        self._advance(prepared)

    async def _commit(self, prepared: Prepared) -> None:
        loop = asyncio.get_running_loop()
        events = [record.to_stored_event() for record in prepared.records]
        batch = prepared.batch(self._state)
        try:
            await loop.run_in_executor(
                self._thread, lambda: self._recorder.insert_events(events, batch=batch)
            )
        except CommitUnknown:
            head = await loop.run_in_executor(self._thread, self._recorder.head)
            if tuple(head) != (batch.size_after, batch.head_after):
                raise

    def _advance(self, prepared: Prepared) -> None:
        first = self.size
        self.size += len(prepared.records)
        self.head = prepared.head
        self.last_recorded_ms = max(self.last_recorded_ms, prepared.recorded_ms)
        if prepared.records:
            self._on_commit(first, prepared.records)
        for item, answer in prepared.answers:
            item.outcome = answer

    async def _recover(self, items: list[Item], error: Exception) -> None:
        """After a failed batch: stop on doubt about the head, else try the commands one by one."""
        try:
            head = await asyncio.get_running_loop().run_in_executor(self._thread, self._recorder.head)
        except Exception as unread:  # noqa: BLE001 - an unreadable head is doubt, whatever made it so
            _log.error("head_unreadable", error=type(unread).__name__)
            head = None
        if head is None or tuple(head) != (self.size, self.head):
            self.stop_writing("the store's head is not the one this server wrote")
            for item in items:
                item.outcome = Refused(Reason.WRITING_STOPPED, "the server has stopped writing")
            return
        if len(items) > 1:
            for item in items:
                await self._process([item])
            return
        if isinstance(error, StoreBusy):
            items[0].outcome = Refused(Reason.OVERLOADED, "the store is busy; try again")
            return
        kind = "conflict" if isinstance(error, IntegrityError) else "fault"
        _log.error("command_failed", kind=kind, act=items[0].entry.act.name, error=type(error).__name__)
        items[0].outcome = Refused(Reason.INTERNAL, "the statement could not be recorded")


def _groups(items: list[Item]) -> list[list[Item]]:
    """The items in order, cut behind every claim that replaces another.

    What such a claim frees is taken from the store, so that what follows reads the store after it.
    """
    groups: list[list[Item]] = [[]]
    for item in items:
        groups[-1].append(item)
        if replaces(item.statement):
            groups.append([])
    return [group for group in groups if group]
