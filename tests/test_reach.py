"""Nothing that the ledger can answer or do is left untried: what no scenario reaches, a named test does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from ledger.domain.acts import ACTS, SYSTEM_ACTS
from ledger.domain.rejections import Reason
from ledger.domain.transitions import MACHINES

TESTS = Path(__file__).resolve().parent
SOURCES = [path for path in TESTS.rglob("test_*.py") if path != Path(__file__).resolve()]


def _expected_of_scenarios() -> set[str]:
    met: set[str] = set()
    for file in (TESTS / "scenarios").glob("*.toml"):
        steps: list[dict[str, Any]] = tomllib.loads(file.read_text("utf-8"))["step"]
        for step in steps:
            met |= {step.get("expect", "ok"), *step.get("expect_refused", ())}
    return met


def _names_in_tests() -> set[str]:
    texts = "\n".join(path.read_text("utf-8") for path in SOURCES)
    return set(re.findall(r'(?:Reason\.|")([A-Z][A-Z_]+)\b', texts))


def test_every_reason_is_reached_by_a_scenario_or_a_test() -> None:
    """What is listed here, nobody has ever seen given."""
    unreached = {reason.name for reason in Reason} - _expected_of_scenarios() - _names_in_tests()
    assert sorted(unreached) == []


def test_every_act_belongs_to_a_machine_or_is_tried_by_name() -> None:
    """An act that moves no state machine has a test that names it."""
    texts = "\n".join(path.read_text("utf-8") for path in TESTS.rglob("*.py"))
    moving = {move.act for _, moves in MACHINES for move in moves}
    acts = {act.name for act in (*ACTS, *SYSTEM_ACTS) if act.decide is not None}
    assert sorted(name for name in acts - moving if not re.search(f'["`]{name}["`]', texts)) == []
