"""Worker processes that read ranges themselves and scan them; the caller folds their results in order.

Chunks go round the workers, so the answers come back in the order of the log. It must not keep
more than a few chunks in memory.
"""

from __future__ import annotations

import multiprocessing
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Self

from ledger.errors import LedgerError
from ledger.proof.hashing import HASH_SIZE
from ledger_audit.errors import CouldNotCheckError
from ledger_audit.scan import KeyTable, Scan, parse_quickly, scan
from ledger_audit.sources import Chunk, ExportSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext
    from pathlib import Path
    from types import TracebackType

_AHEAD = 3
"""Chunks that each worker may have been given before its oldest answer is read."""
_MAX_FINDINGS = 200

Task = tuple[int, int, int, list[bytes], list[bytes] | None]
"""First index, count, tree size, new public keys, and the entries where the worker cannot read them."""
Answer = tuple[bytes, list[tuple[str, int, str, str]]] | str


class WorkerPool:
    """Runs `count` processes while it is entered."""

    def __init__(self, count: int, directory: Path | None) -> None:
        context = _context()
        self._directory = directory
        self._pipes: list[Connection] = []
        self._known: list[int] = []
        self._keys: list[bytes] = []
        self._processes = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, directory), daemon=True)  # type: ignore[attr-defined]
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._known.append(0)
            self._processes.append(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.terminate()
            process.join()

    def scans(self, chunks: Iterable[Chunk], *, size: int) -> Iterator[tuple[list[bytes], Scan]]:
        """Each chunk's entries with their scan, in order. Raises CouldNotCheckError if a worker fails."""
        table = KeyTable()
        waiting: deque[tuple[int, int, list[bytes]]] = deque()
        worker = 0
        for start, entries in chunks:
            waiting.append((worker, start, entries))
            if entries:
                self._keys += table.learn(entries)
                self._give(worker, start, entries, size)
                worker = (worker + 1) % len(self._pipes)
            if len(waiting) >= _AHEAD * len(self._pipes):
                yield self._take(*waiting.popleft())
        while waiting:
            yield self._take(*waiting.popleft())

    def _give(self, worker: int, start: int, entries: list[bytes], size: int) -> None:
        new_keys = self._keys[self._known[worker] :]
        self._known[worker] = len(self._keys)
        task: Task = (start, len(entries), size, new_keys, entries if self._directory is None else None)
        self._pipes[worker].send(task)

    def _take(self, worker: int, start: int, entries: list[bytes]) -> tuple[list[bytes], Scan]:
        if not entries:
            return [], Scan(start)
        try:
            answer: Answer = self._pipes[worker].recv()
        except EOFError:
            answer = "it ended"
        if isinstance(answer, str):
            raise CouldNotCheckError(f"a worker failed: {answer}")
        joined, findings = answer
        hashes = [joined[offset : offset + HASH_SIZE] for offset in range(0, len(joined), HASH_SIZE)]
        result = Scan(start, hashes, findings=findings)
        for entry in entries:
            event, statement = parse_quickly(entry)
            result.events.append(event)
            result.statements.append(statement)
        return entries, result


def _work(pipe: Connection, directory: Path | None) -> None:
    keys = KeyTable()
    source = ExportSource(directory) if directory is not None else None
    while True:
        try:
            start, count, size, new_keys, entries = pipe.recv()
        except EOFError:
            return
        keys.add(new_keys)
        answer: Answer
        try:
            if entries is None and source is not None:
                ((_, entries),) = source.chunks(start=start, stop=start + count, size=size)
            result = scan(start, entries or [], keys)
            answer = (b"".join(result.hashes), result.findings[:_MAX_FINDINGS])
        except (LedgerError, OSError, ValueError) as error:
            answer = str(error) or type(error).__name__
        pipe.send(answer)


def _context() -> BaseContext:
    """Forking is the fastest start, and safe only where no other thread runs."""
    fork = sys.platform == "linux" and threading.active_count() == 1
    return multiprocessing.get_context("fork" if fork else "spawn")
