"""The ledger that the growth of decisions is measured on is one in which every measured command is accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.growth import Probe
from bench.population import CYCLES_A_COMMIT, STAGES

if TYPE_CHECKING:
    from pathlib import Path


def test_every_kind_of_command_is_decided_again_and_again(tmp_path: Path) -> None:
    """No round leaves a trace: the second finds the ledger as the first did."""
    with Probe(tmp_path / "ledger.db", events=500) as probe:
        kinds = {kind: [probe.decide(kind) for _ in range(2)] for kind in probe.items}
    assert set(kinds) == {"claim", "grant", "hold", "request", "verification", "clawback"}
    assert min(min(times) for times in kinds.values()) > 0


def test_cycles_stop_everywhere_in_the_ledger(tmp_path: Path) -> None:
    """Of every stage there are cycles in each commit, early and late ones."""
    with Probe(tmp_path / "ledger.db", events=4_000) as probe:
        grown = probe.population
    assert 4_000 <= grown.size < 4_100
    assert grown.cycles > 2 * CYCLES_A_COMMIT
    for stage in set(STAGES):
        assert grown.stages[stage][0] < len(STAGES)
        assert grown.stages[stage][-1] > grown.cycles - 2 * len(STAGES)
