"""The result of an audit and its JSON form.

It must not decide anything but what follows from the checks' statuses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ledger.errors import ExitCode
from ledger.v1 import quantities_pb2
from ledger_audit.findings import CHECKS, Finding, Findings, Layer, Status
from ledger_audit.remembered import Told

if TYPE_CHECKING:
    from ledger_audit.accepted import Settled
    from ledger_audit.entities import Programme
    from ledger_audit.state import State

OK, FINDINGS, INCOMPLETE = "ok", "findings", "incomplete"
EXIT_CODES = {OK: ExitCode.OK, FINDINGS: ExitCode.FINDINGS, INCOMPLETE: ExitCode.COULD_NOT_CHECK}


@dataclass(slots=True)
class Outcomes:
    """What was not checked and why; everything else was."""

    skipped: dict[str, str] = field(default_factory=dict)
    not_requested: set[str] = field(default_factory=set)

    def skip(self, why: str, *checks: str) -> None:
        """Checks that were due and could not be made."""
        for check in checks:
            self.skipped.setdefault(check, why)

    def skip_layers(self, why: str, *layers: Layer) -> None:
        """All checks of these layers that were asked for."""
        self.skip(why, *(c.name for c in CHECKS if c.layer in layers and c.name not in self.not_requested))


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one check ended; `count` is its number of findings, `reason` says why it was skipped."""

    number: int
    name: str
    status: Status
    count: int
    reason: str = ""


@dataclass(slots=True)
class Report:
    """All that an audit says."""

    tree_size: int
    root_hash: bytes
    findings: tuple[Finding, ...]
    accepted: tuple[Settled, ...]
    checks: tuple[CheckResult, ...]
    totals: dict[str, dict[str, Any]]
    origin: str = ""
    """That the checkpoint names; not part of the JSON."""
    genesis_leaf_hash: bytes = b""
    roots: tuple[str, ...] = ()
    clock: str = ""
    commitments: dict[str, Any] | None = None
    """What the openings that were given said (`openings.Openings.summary`); None without any."""
    digests: tuple[tuple[int, bytes], ...] = ()
    """The state digests as this auditor computed them, by leaf index; not part of the JSON."""
    bracket: tuple[int, int] | None = None
    """Leaves [first, last) in which a change lies that only trusted roots tell of."""
    receipts_agreed: int | None = None
    """How many of the receipts that were given the log keeps; None without any."""
    told: Told = field(default_factory=Told)
    """What is to be said beside the result, and the files in which contradicting checkpoints are kept."""

    @property
    def result(self) -> str:
        """`findings` wins over `incomplete`, and that over `ok`."""
        statuses = {check.status for check in self.checks}
        if Status.FAIL in statuses:
            return FINDINGS
        return INCOMPLETE if Status.SKIPPED in statuses else OK

    @property
    def exit_code(self) -> ExitCode:
        """The process exit code of the result."""
        return EXIT_CODES[self.result]

    def to_json(self) -> dict[str, Any]:
        """One JSON object; fen are strings, indexes and counts numbers."""
        return {
            "result": self.result,
            "tree_size": self.tree_size,
            "root_hash": self.root_hash.hex(),
            "findings": [
                {"check": f.check, "index": f.index, "expected": f.expected, "actual": f.actual}
                for f in self.findings
            ],
            "checks": [
                {"number": c.number, "name": c.name, "status": c.status.value, "count": c.count}
                for c in self.checks
            ],
            "totals": self.totals,
            "genesis_leaf_hash": self.genesis_leaf_hash.hex(),
            "roots": list(self.roots),
            "clock": self.clock,
            **({} if self.commitments is None else {"commitments": self.commitments}),
            **({} if self.bracket is None else {"bracket": list(self.bracket)}),
            **({} if self.receipts_agreed is None else {"receipts_agreed": self.receipts_agreed}),
            **({"accepted": [settled.to_json() for settled in self.accepted]} if self.accepted else {}),
            **({"kept": [str(path) for path in self.told.kept]} if self.told.kept else {}),
        }


def check_results(findings: Findings, outcomes: Outcomes) -> tuple[CheckResult, ...]:
    """The status of every check, in their order."""
    results = []
    for check in CHECKS:
        name = check.name
        count, accepted = findings.counts.get(name, 0), findings.accepted_counts.get(name, 0)
        if count:
            results.append(CheckResult(check.number, name, Status.FAIL, count))
        elif name in outcomes.skipped:
            results.append(CheckResult(check.number, name, Status.SKIPPED, 0, outcomes.skipped[name]))
        elif accepted:
            results.append(CheckResult(check.number, name, Status.ACCEPTED, accepted))
        elif name in outcomes.not_requested:
            results.append(CheckResult(check.number, name, Status.NOT_REQUESTED, 0))
        else:
            results.append(CheckResult(check.number, name, Status.PASS, 0))
    return tuple(results)


def totals(state: State) -> dict[str, dict[str, Any]]:
    """Every programme's accounts in fen, as strings."""
    return {programme_id.hex(): _programme(programme) for programme_id, programme in state.programmes.items()}


def instrument_name(instrument: int) -> str:
    """The name of an instrument; the number of one that has none."""
    names = {int(number): name for name, number in quantities_pb2.Instrument.items()}
    return names.get(instrument, str(instrument)).removeprefix("INSTRUMENT_")


def _programme(programme: Programme) -> dict[str, Any]:
    available, encumbered, obligated, disbursed, recoverable, recovered, fines = map(str, programme.totals())
    return {
        "instrument": instrument_name(programme.instrument),
        "fiscal_year": programme.fiscal_year,
        "appropriation": str(programme.appropriation),
        "available": available,
        "encumbered": encumbered,
        "obligated": obligated,
        "disbursed": disbursed,
        "recoverable": recoverable,
        "recovered": recovered,
        "fines": fines,
    }
