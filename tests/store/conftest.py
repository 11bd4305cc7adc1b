"""The adapters that the behaviour suite runs on; a new adapter adds a harness and its name here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from store_harness import Harness, MemoryHarness, SQLiteHarness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger.store.port import LedgerRecorder

ADAPTERS = ("memory", "sqlite")


@pytest.fixture
def sqlite_harness(tmp_path: Path) -> Iterator[SQLiteHarness]:
    """The SQLite adapter alone, for what only a file can show."""
    harness = SQLiteHarness(tmp_path / "ledger.db")
    yield harness
    for recorder in harness.opened:
        recorder.close()


@pytest.fixture(params=ADAPTERS)
def harness(request: pytest.FixtureRequest) -> Harness:
    """Each adapter in turn."""
    if request.param == "memory":
        return MemoryHarness()
    built = request.getfixturevalue(f"{request.param}_harness")
    assert isinstance(built, SQLiteHarness)
    return built


@pytest.fixture
def recorder(harness: Harness) -> LedgerRecorder:
    """An empty store of each adapter."""
    return harness.create()
