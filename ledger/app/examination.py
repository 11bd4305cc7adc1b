"""Examining a store: every row against its bytes, every derived table against what the records give.

It only reads what it examines; what is made anew goes into a store of the caller's. It must not repair.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from ledger.app.rebuilding import rebuild
from ledger.app.rows import LogDamaged, check_columns, check_rows
from ledger.proof.frontier import Frontier
from ledger.store.errors import StoreDamaged
from ledger.store.schema import DERIVED_TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.store.lock_store import Locked
    from ledger.store.port import LedgerRecorder
    from ledger.store.schema import FactKey, FactRow, FactTable

PAGE = 1_024


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong: which check found it, in words, and the leaf index where there is one."""

    check: str
    text: str
    index: int | None = None


def examine_records(
    recorder: LedgerRecorder, locked: Locked, *, size: int, progress: Callable[[int], None] | None = None
) -> Iterator[Fault]:
    """Compare the first `size` records with their columns, the chain and the locked checkpoint.

    Behind a wrong record it goes on with the leaf hash that its column says, so that each is named.
    """
    frontier = Frontier()
    head = bytes(32)
    if size < locked.size:
        yield Fault("lock", f"a checkpoint of {locked.size} events was signed, {size} are stored", size)
    for start in range(0, size, PAGE):
        try:
            rows = recorder.read_records(start, min(PAGE, size - start))
        except StoreDamaged as error:
            yield Fault("records", error.summary)
            return
        for row in rows:
            try:
                check_rows([row], head)
                check_columns([row])
            except LogDamaged as error:
                yield Fault("records", error.summary, error.index)
            head = row.leaf_hash
            frontier.extend([head])
            if row.index + 1 == locked.size and (frontier.root(), head) != (
                locked.root_hash,
                locked.leaf_hash,
            ):
                yield Fault("lock", "the leaf hashes are not those of the locked checkpoint", row.index)
        if progress is not None:
            progress(start + len(rows))


def examine_tables(
    recorder: LedgerRecorder,
    locked: Locked,
    scratch: LedgerRecorder,
    *,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Fault]:
    """Make every derived table anew in the empty store `scratch` and compare it row by row.

    The records must be sound, and nobody may write meanwhile.
    """
    rebuild(recorder.iter_records(), scratch, locked=locked, progress=progress)
    for table in DERIVED_TABLES:
        for key, rows in groupby(
            merge(_rows(recorder, table, "stored"), _rows(scratch, table, "due")), key=itemgetter(0)
        ):
            found = {origin: row for _, origin, row in rows}
            if len(found) == 1:
                state = "should not be there" if "stored" in found else "is missing"
                yield Fault("derived_tables", f"table {table.name}: row {_shown(key)} {state}")
            elif found["stored"] != found["due"]:
                yield Fault(
                    "derived_tables", f"table {table.name}: row {_shown(key)} is not what the records give"
                )


def _rows(recorder: LedgerRecorder, table: FactTable, origin: str) -> Iterator[tuple[FactKey, str, FactRow]]:
    """Every row with its key, in the order of the primary key."""
    key_of = table.picker(table.primary_key)
    after: FactKey | None = None
    while rows := recorder.scan(table, after=after, limit=PAGE):
        for row in rows:
            after = key_of(row)
            yield after, origin, tuple(row)


def _shown(key: FactKey) -> str:
    return ", ".join(part.hex() if isinstance(part, bytes) else str(part) for part in key)
