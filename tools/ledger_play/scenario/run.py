"""Plays a scenario file on a ledger of its own and has the auditor agree with the server about every total.

This module must not print or end the process.
"""

from __future__ import annotations

import gc
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.errors import ExitCode, MalformedError, UsageError
from ledger.profiles.strict_toml import find_line
from ledger_play.actors import Cast
from ledger_play.auditing import export_and_verify
from ledger_play.ceremony import open_development_ledger
from ledger_play.scenario.file import load_scenario
from ledger_play.scenario.opening import open_world
from ledger_play.scenario.player import Failure, Player
from ledger_play.scenario.steps import ACCOUNTS
from ledger_play.serving import EmbeddedServer

if TYPE_CHECKING:
    from ledger_audit.report import Report
    from ledger_play.scenario.file import Scenario
    from ledger_play.scenario.world import World

PASSED, FAILED, MALFORMED = "passed", "failed", "malformed"
EXIT_CODES = {PASSED: ExitCode.OK, FAILED: ExitCode.FINDINGS, MALFORMED: ExitCode.USAGE}

_HOST = "127.0.0.1"
_AUDIT = "audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioResult:
    """What became of one file; `totals` are the server's, fen, by programme and account."""

    file: Path
    result: str
    name: str = ""
    steps: int = 0
    events: int = 0
    failure: Failure | None = None
    line: int | None = None
    error: UsageError | None = None
    totals: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of this file alone."""
        return EXIT_CODES[self.result]

    def to_json(self) -> dict[str, Any]:
        """One object without its schema; fen are strings, counts numbers; `failure` and `error` if any."""
        found: dict[str, Any] = {
            "file": str(self.file),
            "name": self.name,
            "result": self.result,
            "exit_code": int(self.exit_code),
            "steps": self.steps,
            "events": self.events,
            "totals": {
                programme: {account: str(fen) for account, fen in accounts.items()}
                for programme, accounts in self.totals.items()
            },
        }
        if self.failure is not None:
            failure = self.failure
            found["failure"] = {
                "step": failure.position + 1 if failure.do != _AUDIT else None,
                "line": self.line,
                "do": failure.do,
                "key": failure.key,
                "expected": failure.expected,
                "actual": failure.actual,
                "why": failure.why,
            }
        if self.error is not None:
            found["error"] = {"summary": self.error.summary, "hint": self.error.hint}
        return found


def run_file(path: Path, *, store: str = "") -> ScenarioResult:
    """Play one file; what is wrong with it or with what comes out is in the result.

    `store` is a store URL in place of a database of its own.
    """
    try:
        scenario = load_scenario(path)
    except UsageError as error:
        return ScenarioResult(file=path, result=MALFORMED, error=error)
    with tempfile.TemporaryDirectory(prefix="voucher-scenario-") as folder:
        try:
            return _play(path, scenario, Path(folder), store)
        except MalformedError as error:
            return ScenarioResult(file=path, name=scenario.name, result=MALFORMED, error=error)
        finally:
            # A server keeps what it holds from the cycle collector; here it is over after each file.
            gc.unfreeze()


def _play(path: Path, scenario: Scenario, folder: Path, store: str) -> ScenarioResult:
    ledger = open_development_ledger(
        folder / "ledger",
        profile=scenario.profile.name,
        server=f"{_HOST}:1",
        hosts=(_HOST,),
        now_ms=scenario.start_ms,
        store=store,
    )
    with EmbeddedServer(
        ledger.directory, listen=f"{_HOST}:0", store=store, application=ledger.application
    ) as server:
        served = replace(ledger, server=f"{_HOST}:{server.port}")
        with Cast(served) as cast:
            world = open_world(cast, scenario)
            failure = Player(world).play()
            totals = _totals(world)
            report = export_and_verify(cast, folder / "export")
            failure = failure or _audit_failure(report, world, totals)
    result = ScenarioResult(
        file=path,
        name=scenario.name,
        result=PASSED if failure is None else FAILED,
        steps=len(scenario.steps),
        events=report.tree_size,
        failure=failure,
        totals=totals,
    )
    if failure is None or failure.do == _AUDIT:
        return result
    line = find_line(scenario.source.text, ("step", failure.position))
    return replace(result, line=line)


def _totals(world: World) -> dict[str, dict[str, int]]:
    names = {programme_id: name for name, programme_id in world.programmes.items()}
    return {
        names[found.programme_id]: {account: getattr(found, f"{account}_fen") for account in ACCOUNTS}
        for found in world.reader.list_programmes()
    }


def _audit_failure(report: Report, world: World, totals: dict[str, dict[str, int]]) -> Failure | None:
    """Why the audit does not agree; None if it is content and has the server's totals."""
    if report.exit_code != ExitCode.OK:
        found = report.findings[0] if report.findings else None
        why = "" if found is None else f"{found.check} at {found.index}: {found.expected}, is {found.actual}"
        return Failure(-1, _AUDIT, "result", "ok", report.result, why)
    for name, programme_id in world.programmes.items():
        recomputed = report.totals[programme_id.hex()]
        for account, fen in totals[name].items():
            if recomputed[account] != str(fen):
                why = "the auditor recomputes another total than the server has"
                return Failure(-1, _AUDIT, f"{name} {account}", str(fen), recomputed[account], why)
    return None
