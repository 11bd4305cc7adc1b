"""Stores across processes: what was acknowledged survives SIGKILL, and of two writers one wins."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from store_harness import append, claim, leaf_hash, records, request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from store_harness import PostgresHarness, SQLiteHarness

SCRIPT = Path(__file__).with_name("writer_process.py")


@contextmanager
def writer(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A writer process with pipes to both ends, killed at the end."""
    command = [sys.executable, str(SCRIPT), *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def read_line(process: subprocess.Popen[str]) -> str:
    """The next line that the process printed."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest) -> SQLiteHarness | PostgresHarness:
    """The adapters that two processes can open at once."""
    built: SQLiteHarness | PostgresHarness = request.getfixturevalue(f"{request.param}_harness")
    return built


@pytest.mark.parametrize("acknowledged", [1, 5, 40])
def test_what_was_acknowledged_is_there_after_sigkill(
    shared: SQLiteHarness | PostgresHarness, acknowledged: int
) -> None:
    """A killed writer loses nothing that it acknowledged, leaves no half batch and no locked file."""
    shared.create().close()
    with writer("forever", shared.url) as process:
        lines = [read_line(process) for _ in range(acknowledged)]
        process.send_signal(signal.SIGKILL)
        assert process.stdout is not None
        lines += [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    size, last = lines[-1].split()
    recorder = shared.open()
    stored = list(recorder.iter_records())
    assert len(stored) >= int(size)
    assert len(stored) % 8 == 0
    assert [record.index for record in stored] == list(range(len(stored)))
    assert stored[int(size) - 1].leaf_hash == bytes.fromhex(last)
    assert all(record.leaf_hash == leaf_hash(record.data) for record in stored)
    starts = range(0, len(stored), 8)
    assert len(recorder.read_requests([request(number)[:2] for number in starts])) == len(starts)
    assert len(recorder.read_facts("claim", [(claim(number)[0],) for number in starts])) == len(starts)
    append(recorder, records(1, prefix="after"))
    assert recorder.head().size == len(stored) + 1


def test_of_two_processes_at_one_head_exactly_one_wins(shared: SQLiteHarness | PostgresHarness) -> None:
    """The head compare-and-swap holds across processes, round after round."""
    recorder = shared.create()
    path = shared.url
    with writer("race", path, "a") as first, writer("race", path, "b") as second:
        assert [read_line(first), read_line(second)] == ["ready", "ready"]
        for round_number in range(40):
            head = recorder.head()
            assert head.size == round_number
            for process in (first, second):
                assert process.stdin is not None
                process.stdin.write(f"{head.size} {head.leaf_hash.hex()}\n")
                process.stdin.flush()
            assert sorted([read_line(first), read_line(second)]) == ["lost", "won"]
    assert [record.index for record in recorder.iter_records()] == list(range(40))
