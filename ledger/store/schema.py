"""The side tables of a ledger as data: what is looked up by key while commands are decided.

Every adapter builds its tables from `FACT_TABLES`; a row is a tuple in column order, every column is
required. All of it is derived from the records and can be rebuilt from them. No SQL and no rule here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA_VERSION = 1

FactKey = tuple[int | bytes, ...]
FactRow = tuple[int | bytes, ...]


class ColumnType(StrEnum):
    """What a column holds: octets, text, or an integer of 64 bits with a sign."""

    BLOB = "BLOB"
    TEXT = "TEXT"
    INT = "INTEGER"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactTable:
    """One side table: its columns in order, its primary key and the indexes that listings use."""

    name: str
    columns: tuple[tuple[str, ColumnType], ...]
    primary_key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in the order of a row."""
        return tuple(name for name, _ in self.columns)

    def picker(self, names: tuple[str, ...]) -> Callable[[FactRow], FactKey]:
        """A function from a row to the tuple of the named columns."""
        positions = [self.column_names.index(name) for name in names]
        if len(positions) == 1:
            only = positions[0]
            return lambda row: (row[only],)
        return itemgetter(*positions)

    def listing_order(self, column: str) -> tuple[str, ...]:
        """The columns that order a listing by `column`: the rest of its index, then the primary key.

        Raises ValueError for a column that leads no index, because such a listing would read the table.
        """
        for index in (*self.indexes, self.primary_key):
            if index[0] == column:
                rest = index[1:]
                return (*rest, *(key for key in self.primary_key if key not in rest and key != column))
        msg = f"table {self.name} has no index that begins with {column}"
        raise ValueError(msg)


DEVICE_INTERVAL = "device_interval"

REQUEST_TABLE = FactTable(
    name="request",
    columns=(
        ("participant", ColumnType.BLOB),
        ("request_id", ColumnType.BLOB),
        ("digest", ColumnType.BLOB),
        ("leaf_index", ColumnType.INT),
    ),
    primary_key=("participant", "request_id"),
)
TILE_TABLE = FactTable(
    name="tile",
    columns=(
        ("level", ColumnType.INT),
        ("tile_index", ColumnType.INT),
        ("width", ColumnType.INT),
        ("data", ColumnType.BLOB),
    ),
    primary_key=("level", "tile_index"),
)

FACT_TABLES: tuple[FactTable, ...] = (
    FactTable(
        name="claim",
        columns=(
            ("claim_id", ColumnType.BLOB),
            ("leaf_index", ColumnType.INT),
            ("last_index", ColumnType.INT),
            ("status", ColumnType.INT),
            ("voucher_id", ColumnType.BLOB),
            ("provider_id", ColumnType.BLOB),
            ("key_id", ColumnType.BLOB),
            ("recorded_ms", ColumnType.INT),
            ("amount_fen", ColumnType.INT),
            ("domestic_fen", ColumnType.INT),
            ("device_ms", ColumnType.INT),
            ("sequence", ColumnType.INT),
            ("redemption_id", ColumnType.BLOB),
        ),
        primary_key=("claim_id",),
        indexes=(("voucher_id", "leaf_index"),),
    ),
    FactTable(
        name="evidence",
        columns=(
            ("fingerprint", ColumnType.BLOB),
            ("kind", ColumnType.INT),
            ("leaf_index", ColumnType.INT),
            ("last_index", ColumnType.INT),
            ("contract_id", ColumnType.BLOB),
            ("amount_fen", ColumnType.INT),
            ("consumed_fen", ColumnType.INT),
            ("status", ColumnType.INT),
        ),
        primary_key=("fingerprint",),
        indexes=(("contract_id",),),
    ),
    FactTable(
        name=DEVICE_INTERVAL,
        columns=(
            ("device_id", ColumnType.BLOB),
            ("start_ms", ColumnType.INT),
            ("end_ms", ColumnType.INT),
            ("leaf_index", ColumnType.INT),
        ),
        primary_key=("device_id", "start_ms"),
    ),
    FactTable(
        name="unique_key",
        columns=(
            ("kind", ColumnType.INT),
            ("key", ColumnType.BLOB),
            ("leaf_index", ColumnType.INT),
        ),
        primary_key=("kind", "key"),
    ),
)

DERIVED_TABLES = (*FACT_TABLES, REQUEST_TABLE, TILE_TABLE)
"""Every table that can be made anew from the records."""
