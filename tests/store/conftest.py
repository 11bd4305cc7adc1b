"""The adapters that the behaviour suite runs on; a new adapter adds a harness and its name here."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from store_harness import Harness, MemoryHarness, PostgresHarness, SQLiteHarness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.postgres import PostgresServer

    from ledger.store.port import LedgerRecorder

ADAPTERS = ("memory", "sqlite", "postgresql")


@pytest.fixture
def sqlite_harness(tmp_path: Path) -> Iterator[SQLiteHarness]:
    """The SQLite adapter alone, for what only a file can show."""
    harness = SQLiteHarness(tmp_path / "ledger.db")
    yield harness
    for recorder in harness.opened:
        recorder.close()


@pytest.fixture
def postgresql_harness(postgres: PostgresServer) -> Iterator[PostgresHarness]:
    """The PostgreSQL adapter alone, in a schema of the test's own."""
    harness = PostgresHarness(postgres.url(schema=f"t{secrets.token_hex(8)}"))
    yield harness
    for recorder in harness.opened:
        recorder.close()


@pytest.fixture(params=ADAPTERS)
def harness(request: pytest.FixtureRequest) -> Harness:
    """Each adapter in turn."""
    if request.param == "memory":
        return MemoryHarness()
    built: SQLiteHarness | PostgresHarness = request.getfixturevalue(f"{request.param}_harness")
    return built


@pytest.fixture
def recorder(harness: Harness) -> LedgerRecorder:
    """An empty store of each adapter."""
    return harness.create()
