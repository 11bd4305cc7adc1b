"""No golden ledger can be accused of anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger_audit.fraud.extract import Suspicion, extract
from ledger_audit.sources import ExportSource
from ledger_audit.trust import Trust

LEDGERS = sorted(path.parent for path in (Path(__file__).parents[2] / "golden").glob("*/*/trust.json"))


@pytest.mark.parametrize("ledger", LEDGERS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_type_against_every_leaf(ledger: Path) -> None:
    """Years with every event type, of every release."""
    source, trust = ExportSource(ledger / "export"), Trust.load(ledger / "trust.json")
    size = json.loads((ledger / "expected.json").read_text(encoding="utf-8"))["tree_size"]
    results = extract(source, [Suspicion(index) for index in range(size)], trust)
    assert [result.suspicion.index for result in results if result.proof is not None] == []
