"""Deciding costs the same in a small ledger and in one with many other things: no rule looks through a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from unit.domain.walkthrough import STEPS, background

from ledger.domain import rules
from ledger.domain.state import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW, MANY = 1, 25


class Meter:
    """Counts what the rules read of the state's tables; looking through one counts all its entries."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.reads = 0
        self._count(patch, "get")
        self._count(patch, "__getitem__")
        self._count(patch, "__contains__")
        values = Table.values

        def counted(table: Table[Any, Any]) -> Iterator[Any]:
            self.reads += len(table.base) + len(table.pending)
            return values(table)

        patch.setattr(Table, "values", counted)

    def _count(self, patch: pytest.MonkeyPatch, name: str) -> None:
        real = getattr(Table, name)

        def counted(table: Table[Any, Any], key: Any) -> Any:
            self.reads += 1
            return real(table, key)

        patch.setattr(Table, name, counted)


def costs(count: int, patch: pytest.MonkeyPatch) -> dict[str, int]:
    """What each step reads after this background."""
    town = background(count)
    meter = Meter(patch)
    decide = rules.decide
    reads: list[int] = []

    def metered(*args: Any) -> Any:
        before = meter.reads
        decision = decide(*args)
        reads.append(meter.reads - before)
        return decision

    patch.setattr(rules, "decide", metered)
    said = {}
    for name, make in STEPS:
        statement = make(town)
        reads.clear()
        town.ok(statement)
        said[name] = sum(reads)
    patch.undo()
    return said


def test_no_decision_costs_more_in_a_larger_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every act reads as much of the state after one other voucher as after many."""
    few, many = costs(FEW, monkeypatch), costs(MANY, monkeypatch)
    assert {name: (few[name], many[name]) for name in few if few[name] != many[name]} == {}
    assert max(few.values()) < 100


def test_a_claim_reads_by_its_lines() -> None:
    """The claim on the hot path reads the state a few times, and no table is looked through."""
    with pytest.MonkeyPatch.context() as patch:
        assert costs(FEW, patch)["claim"] <= 30
