"""A whole ledger on PostgreSQL: a year of everything, restart, migration both ways, a second server."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

import pytest
from support import everything
from support.auditing import assert_agreement
from support.house import House

from ledger.errors import UsageError
from ledger.store.errors import StoreClaimed
from ledger_server.directory import LedgerDirectory
from ledger_server.doctor import Doctor, Health
from ledger_server.migrating import migrate

if TYPE_CHECKING:
    from pathlib import Path

    from support.postgres import PostgresServer


def schema() -> str:
    return f"t{secrets.token_hex(8)}"


def healthy(place: LedgerDirectory) -> None:
    faults = {check.name: check.faults for check in Doctor(place).examine() if check.health is Health.FAILED}
    assert faults == {}


def reopened(place: LedgerDirectory) -> int:
    async def open_and_close() -> int:
        ledger = place.open()
        size = ledger.size
        await ledger.close()
        return size

    return asyncio.run(open_and_close())


def test_a_year_of_everything(tmp_path: Path, postgres: PostgresServer) -> None:
    """Events and lock in PostgreSQL: the audit agrees, the doctor is content, a restart folds the same."""
    url, lock = postgres.url(schema=schema()), postgres.url(schema=schema())
    house = House.open(tmp_path / "ledger", store=url, lock=lock)
    everything.play(house)
    assert_agreement(house)
    size = house.ledger.size
    with pytest.raises(StoreClaimed):
        other = LedgerDirectory(tmp_path / "other")
        other.root.mkdir()
        (other.root / "keys").mkdir()
        other.log_key.write_bytes(house.made.directory.log_key.read_bytes())
        other.log_key.chmod(0o600)
        other.write_config(house.made.directory.read_config())
        reopened(other)
    house.close()
    healthy(house.made.directory)
    assert reopened(house.made.directory) == size


def test_migration_there_and_back(tmp_path: Path, postgres: PostgresServer) -> None:
    """SQLite to PostgreSQL to SQLite: the same events, derived tables and checkpoint; the old stores stay."""
    house = House.open(tmp_path / "ledger")
    everything.play(house)
    size = house.ledger.size
    house.close()
    place = house.made.directory
    there = postgres.url(schema=schema())
    assert migrate(place, to=there).size == size
    healthy(place)
    assert reopened(place) >= size
    back = migrate(place, to=f"sqlite://{tmp_path / 'back.db'}")
    assert back.size >= size
    healthy(place)
    assert place.store.exists()
    with pytest.raises(UsageError):
        migrate(place, to=there)
    with pytest.raises(UsageError):
        migrate(place, to=str(place.location()))
