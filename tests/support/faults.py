"""Breaking a ledger on purpose: edited rows, a ledger's twin without the fault, and what both hold."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ledger.app.clock import SimulatedClock
from ledger.domain.state import FactTable, State, Table
from ledger_server.directory import LedgerDirectory
from support.house import House

if TYPE_CHECKING:
    from pathlib import Path


def edit(store: Path, statement: str, *values: object) -> None:
    """Change a store behind its server's back, with the triggers gone and put back."""
    with closing(sqlite3.connect(store)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement, values)
        for _, sql in triggers:
            connection.execute(sql)
        connection.commit()


def edit_event(store: Path, index: int, *, position: int = 60) -> None:
    """Change one bit of a stored event."""
    with closing(sqlite3.connect(store)) as connection:
        query = "SELECT state FROM stored_events WHERE rowid = ?"
        (data,) = connection.execute(query, (index + 1,)).fetchone()
    changed = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
    edit(store, "UPDATE stored_events SET state = ? WHERE rowid = ?", changed, index + 1)


def tables(store: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of a store."""
    with closing(sqlite3.connect(store)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f"SELECT * FROM {name}")) for name in names}


def folded(state: State) -> dict[str, dict[Any, Any]]:
    """What a state holds when no batch is open; asserts that no overlay is left."""
    named: dict[str, Table[Any, Any]] = {f"head {kind.name}": table for kind, table in state.heads.items()}
    named |= {name: table for name, table in vars(state).items() if isinstance(table, Table)}
    assert [name for name, table in named.items() if table.pending] == []
    return {name: dict(table.base) for name, table in named.items() if not isinstance(table, FactTable)}


def twin(house: House, root: Path) -> House:
    """A second ledger with the same events, keys and clock; the first is closed and opened again."""
    now_ms = house.clock.now_ms(0)
    house.run(house.ledger.close())
    shutil.copytree(house.root, root)
    house.ledger, house.clock = _open(house.made.directory, house.loop, now_ms)
    made = replace(house.made, directory=LedgerDirectory(root))
    loop = asyncio.new_event_loop()
    ledger, clock = _open(made.directory, loop, now_ms)
    return House(root, made, ledger, loop, clock, dict(house.ids), dict(house.keys), dict(house.heads))


def _open(directory: LedgerDirectory, loop: asyncio.AbstractEventLoop, now_ms: int) -> Any:
    clock = SimulatedClock()
    clock.set_ms(now_ms, 0)

    async def start() -> Any:
        return directory.open(clock=clock)

    return loop.run_until_complete(start()), clock
