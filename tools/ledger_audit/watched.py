"""One pass over a log with somebody who looks on, and how far the log was checked meanwhile.

With trust the pass is the whole audit; without it the rules are recomputed, but neither signatures nor tree
are looked at. It must not know what is looked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ledger_audit.findings import Findings
from ledger_audit.fold import Fold
from ledger_audit.replay import refold, tree_size
from ledger_audit.report import EXIT_CODES, FINDINGS, INCOMPLETE, OK
from ledger_audit.scratch import Scratch
from ledger_audit.sources import read_entry
from ledger_audit.verify import Progress, verify

if TYPE_CHECKING:
    from ledger.errors import ExitCode
    from ledger_audit.sources import Source
    from ledger_audit.trust import Trust
    from ledger_audit.watch import Watcher

WHOLE, RULES = "whole", "rules"


@dataclass(frozen=True, slots=True)
class Checked:
    """What the pass checked besides: the whole audit or the rules alone, and how that ended."""

    scope: str
    result: str
    findings: int
    tree_size: int

    @property
    def exit_code(self) -> ExitCode:
        """That of the audit."""
        return EXIT_CODES[self.result]

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        return {"scope": self.scope, "result": self.result, "findings": self.findings}


def watch(
    source: Source, watcher: Watcher, *, trust: Trust | None = None, progress: Progress | None = None
) -> Checked:
    """Read a log once and let the watcher look on; with trust it is verified in the same pass.

    Raises CouldNotCheckError or BrokenBundleError for a log that cannot be read, without trust only: else
    that is the result.
    """
    if trust is not None:
        report = verify(source, trust=trust, watcher=watcher, progress=progress)
        found = sum(check.count for check in report.checks)
        return Checked(WHOLE, report.result, found, report.tree_size)
    findings, size = Findings(), tree_size(source)
    with Scratch() as scratch:
        fold = Fold(findings, scratch, partial(_read, source, size))
        for seen in refold(source, fold, stop=size, size=size):
            if not fold.stopped:
                watcher.see(fold, seen)
            if progress is not None:
                progress(seen.index + 1, size)
        fold.finish()
    result = FINDINGS if findings.any else INCOMPLETE if fold.stopped else OK
    return Checked(RULES, result, sum(findings.counts.values()), size)


def _read(source: Source, size: int, index: int) -> bytes:
    return read_entry(source, index=index, size=size)
