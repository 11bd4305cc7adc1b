"""Acceptance: every scenario file comes out as it says, over gRPC and in the eyes of the auditor."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from ledger.domain.rejections import Reason
from ledger_play.scenario.run import PASSED, run_file
from ledger_play.scenario.steps import STEPS

OWN = Path(__file__).resolve().parent
# No file can bring these about: the runner's statements are well formed, for this ledger and without a date.
UNREACHABLE = {"MALFORMED", "WRONG_LEDGER", "STATEMENT_EXPIRED", "WEAK_KEY", "NOT_AUTHORISED"}


def test_scenario(scenario_file: Path) -> None:
    """Steps as expected, the audit content, its totals the server's."""
    result = run_file(scenario_file)
    said = (result.result, result.failure, result.error and result.error.diagnostics())
    assert said == (PASSED, None, None)


def _steps() -> list[dict[str, Any]]:
    steps = [step for file in OWN.glob("*.toml") for step in tomllib.loads(file.read_text("utf-8"))["step"]]
    return [*steps, *(step["step"] for step in steps if step["do"] == "parallel")]


def test_every_reason_of_a_rule_is_brought_about() -> None:
    """The own files together meet each reason that a rule gives."""
    met = {code for step in _steps() for code in (step.get("expect", "ok"), *step.get("expect_refused", ()))}
    assert {reason.name for reason in Reason if reason < Reason.NOT_AUTHORISED} - UNREACHABLE - met == set()


def test_every_step_is_played() -> None:
    """The own files together use each step."""
    assert {step["do"] for step in _steps()} == set(STEPS)
