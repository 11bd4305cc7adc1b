"""Runs the tamper matrix on a golden ledger: `python -m tampering.matrix --help`, or `make tamper`.

Each mutant is written into a folder, audited as an export, and judged; what the audit missed or blamed
wrongly is printed with the mutant's name, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger_audit import scan
from ledger_audit.sources import ExportSource
from ledger_audit.trust import Trust
from ledger_audit.verify import verify
from tampering.export_files import Export, load
from tampering.mutants import Expected, Mutant, Mutants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ledger_audit.report import Report

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
SHARE = 500
"""Mutants of one task of a worker."""


class RememberingKey:
    """A public key that looks up what it has verified before: most bytes of a mutant never change."""

    verified: ClassVar[set[tuple[bytes, bytes, bytes]]] = set()

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._key = Ed25519PublicKey.from_public_bytes(data)

    @classmethod
    def from_public_bytes(cls, data: bytes) -> RememberingKey:
        return cls(data)

    def verify(self, signature: bytes, message: bytes) -> None:
        name = (self._data, signature, message)
        if name not in self.verified:
            self._key.verify(signature, message)
            self.verified.add(name)


class Bench:
    """A folder in which mutants are audited one after the other."""

    def __init__(self, golden: Path, other: Path, folder: Path) -> None:
        self.export = load(golden / "export")
        self.trust = Trust.load(golden / "trust.json")
        self.mutants = Mutants(self.export, load(other / "export"))
        self.folder = folder
        self._there: Export | None = None

    def audit(self, export: Export, *, checkpoint: bytes | None = None) -> Report:
        """The audit of an export that is written into the folder."""
        export.write(self.folder, before=self._there)
        self._there = export
        return verify(ExportSource(self.folder), trust=self.trust, checkpoint=checkpoint)

    def complaint(self, mutant: Mutant) -> str:
        """What the audit did not say, or nothing."""
        report = self.audit(mutant.export)
        return complaint(mutant.expected, report)


def complaint(expected: Expected, report: Report) -> str:
    """What is missing in a report, or nothing."""
    if report.result == "ok":
        return "not noticed"
    if not report.findings:
        return "" if expected.may_be_incomplete else "incomplete, without a finding"
    if expected.bracket is None:
        return ""
    named = [finding.index for finding in report.findings if finding.index is not None]
    low, high = expected.bracket
    if named and low <= min(named) <= high:
        return ""
    if not named and expected.may_be_incomplete:
        return ""
    return f"first index {min(named, default=None)} instead of {low} to {high}"


def golden_ledgers() -> list[Path]:
    """Every golden ledger of every release."""
    return sorted(path.parent for path in GOLDEN.glob("*/*/trust.json"))


def _task(task: tuple[Path, Path, str, list[int]]) -> tuple[int, list[str]]:
    """Audit a share of the mutants in a process of its own: how many, and the complaints."""
    golden, other, kind, numbers = task
    scan.Ed25519PublicKey = RememberingKey  # type: ignore[misc, assignment]
    complaints = []
    done = 0
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        bench = Bench(golden, other, Path(folder))
        for mutant in _mutants(bench.mutants, kind, numbers):
            done += 1
            said = bench.complaint(mutant)
            if said:
                complaints.append(f"{golden.name}: {mutant.name}: {said}")
            if done % 100 == 0:
                gc.collect()
    return done, complaints


def _mutants(mutants: Mutants, kind: str, numbers: list[int]) -> Iterator[Mutant]:
    if kind == "bytes":
        yield from filter(None, map(mutants.byte, numbers))
        return
    wanted = set(numbers)
    every = mutants.files() if kind == "files" else mutants.rows()
    yield from (mutant for number, mutant in enumerate(every) if number in wanted)


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of its own is made there


def _tasks(limit: int | None, seed: int) -> Iterator[tuple[Path, Path, str, list[int]]]:
    """Shares of all mutants, or of about `limit` drawn with a seed; files and rows are never left out."""
    ledgers = golden_ledgers()
    for golden in ledgers:
        other = next(path for path in (*ledgers, golden) if path != golden or len(ledgers) == 1)
        mutants = Mutants(load(golden / "export"), load(other / "export"))
        counts = {"files": sum(1 for _ in mutants.files()), "rows": sum(1 for _ in mutants.rows())}
        for kind, count in counts.items():
            yield from ((golden, other, kind, share) for share in _shares(range(count)))
        numbers: Iterable[int] = range(mutants.byte_count)
        if limit is not None:
            wanted = max(limit // len(ledgers) - sum(counts.values()), 0)
            draw = random.Random(f"{seed}/{golden.name}")
            numbers = sorted(draw.sample(range(mutants.byte_count), min(wanted, mutants.byte_count)))
        yield from ((golden, other, "bytes", share) for share in _shares(numbers))


def _shares(numbers: Iterable[int]) -> Iterator[list[int]]:
    held = list(numbers)
    yield from (held[start : start + SHARE] for start in range(0, len(held), SHARE))


def main() -> None:
    """Run the matrix and say what was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=20_000, help="about so many; 0 runs all")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    begun = time.monotonic()
    done, complaints = 0, []
    tasks = _tasks(arguments.mutants or None, arguments.seed)
    with ProcessPoolExecutor(arguments.workers) as pool:
        for count, said in pool.map(_task, tasks):
            done += count
            complaints += said
            print(f"{done:,} mutants, {len(complaints)} missed", end="\r", file=sys.stderr, flush=True)
    print(
        f"{done:,} mutants of {len(golden_ledgers())} ledgers, seed {arguments.seed}, "
        f"{time.monotonic() - begun:.0f} s, {len(complaints)} missed"
    )
    print("\n".join(complaints[:50]), end="\n" if complaints else "")
    sys.exit(bool(complaints))


if __name__ == "__main__":
    main()
