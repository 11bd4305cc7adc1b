"""The PostgreSQL form of the store's tables: their DDL, the statements over them, and the check of a schema.

Triggers refuse what an append-only log never does, whoever owns the tables. Nothing here opens a connection.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from psycopg.sql import SQL, Composed, Identifier, Literal

from ledger.store.errors import StoreDamaged, StoreForeign
from ledger.store.port import FULL_TILE_WIDTH, HASH_SIZE, StoreInfo, check_info
from ledger.store.schema import (
    FACT_TABLES,
    REQUEST_TABLE,
    TILE_TABLE,
    ColumnType,
    FactTable,
)

if TYPE_CHECKING:
    from psycopg import Cursor

EVENTS_TABLE = "stored_events"
# The library's readers select these five columns by these very names.
EVENTS = FactTable(
    name=EVENTS_TABLE,
    columns=(
        ("notification_id", ColumnType.INT),
        ("originator_id", ColumnType.TEXT),
        ("originator_version", ColumnType.INT),
        ("topic", ColumnType.TEXT),
        ("leaf_hash", ColumnType.BLOB),
        ("state", ColumnType.BLOB),
    ),
    primary_key=("notification_id",),
)
_HEAD = FactTable(
    name="ledger_head",
    columns=(("id", ColumnType.INT), ("size", ColumnType.INT), ("leaf_hash", ColumnType.BLOB)),
    primary_key=("id",),
)
_INFO = FactTable(
    name="store_info",
    columns=(("id", ColumnType.INT), ("schema_version", ColumnType.INT), ("ledger_id", ColumnType.BLOB)),
    primary_key=("id",),
)
TABLES = (EVENTS, _HEAD, _INFO, REQUEST_TABLE, TILE_TABLE, *FACT_TABLES)
_TYPES = {ColumnType.INT: "bigint", ColumnType.BLOB: "bytea", ColumnType.TEXT: "text"}
_REFUSED = (
    (EVENTS_TABLE, "UPDATE OR DELETE OR TRUNCATE"),
    ("request", "UPDATE OR DELETE OR TRUNCATE"),
    ("store_info", "UPDATE OR DELETE OR TRUNCATE"),
    ("ledger_head", "DELETE OR TRUNCATE"),
)
_REFUSE = "ledger_refuses"
_GROWS = "ledger_head_grows"
_STAYS = "full_tile_stays"
_FUNCTIONS = {
    _REFUSE: "BEGIN RAISE EXCEPTION '% refuses %', TG_TABLE_NAME, TG_OP "
    "USING ERRCODE = 'restrict_violation'; END",
    _GROWS: "BEGIN IF NEW.size <= OLD.size THEN RAISE EXCEPTION 'the head never goes back' "
    "USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END",
    _STAYS: f"BEGIN IF OLD.width = {FULL_TILE_WIDTH} THEN RAISE EXCEPTION 'a full tile stays' "
    "USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END",
}
_UPDATED = ("ledger_head", "tile", *(table.name for table in FACT_TABLES))
"""Tables in which the writer may change rows; it may delete none but device intervals."""


class Statements:
    """The statements of one schema."""

    def __init__(self, schema: str) -> None:
        self.schema = schema
        self.move_head = self._sql(
            "UPDATE {}.ledger_head SET size = %s, leaf_hash = %b "
            "WHERE size = %s AND leaf_hash = %b RETURNING 1"
        )
        self.select_head = self._sql("SELECT size, leaf_hash FROM {}.ledger_head")
        self.select_info = self._sql("SELECT schema_version, ledger_id FROM {}.store_info")
        self.select_last = self._sql(
            "SELECT notification_id, leaf_hash FROM {}.stored_events ORDER BY notification_id DESC LIMIT 1"
        )
        self.select_records = self._sql(
            "SELECT notification_id - 1, originator_id, originator_version, topic, state, leaf_hash "
            "FROM {}.stored_events WHERE notification_id > %s ORDER BY notification_id LIMIT %s"
        )
        self.insert_head = self._sql("INSERT INTO {}.ledger_head VALUES (1, 0, %b)")
        self.insert_info = self._sql("INSERT INTO {}.store_info VALUES (1, %s, %b)")
        self.insert_events = self.insertion(EVENTS)
        self.insert_requests = self.insertion(REQUEST_TABLE)
        self.upserts = {table.name: self._upsert(table) for table in FACT_TABLES}
        self.upsert_tiles = self.insertion(TILE_TABLE) + SQL(
            " ON CONFLICT (level, tile_index) DO UPDATE SET width = excluded.width, data = excluded.data "
            "WHERE tile.width < {0} OR tile.width <> excluded.width OR tile.data <> excluded.data"
        ).format(Literal(FULL_TILE_WIDTH))

    def _sql(self, text: str) -> Composed:
        return SQL(text).format(Identifier(self.schema))

    def _name(self, table: FactTable) -> Composed:
        return SQL("{}.{}").format(Identifier(self.schema), Identifier(table.name))

    def create(self) -> list[Composed]:
        """The DDL of an empty store, in order."""
        statements = [self._sql("CREATE SCHEMA IF NOT EXISTS {}")]
        for table in TABLES:
            columns = ", ".join(f"{name} {_TYPES[kind]} NOT NULL" for name, kind in table.columns)
            key = ", ".join(table.primary_key)
            statements.append(
                SQL("CREATE TABLE {} ({}, PRIMARY KEY ({}))").format(
                    self._name(table), SQL(columns), SQL(key)
                )
            )
            for index in table.indexes:
                index_name = Identifier("_".join((table.name, *index)))
                on = SQL(", ".join(index))
                statements.append(SQL("CREATE INDEX {} ON {} ({})").format(index_name, self._name(table), on))
        statements.append(
            self._sql(
                "CREATE UNIQUE INDEX stored_events_stream ON {}.stored_events "
                "(originator_id, originator_version)"
            )
        )
        for name, body in _FUNCTIONS.items():
            statements.append(
                SQL("CREATE FUNCTION {}.{}() RETURNS trigger LANGUAGE plpgsql AS {}").format(
                    Identifier(self.schema), Identifier(name), Literal(body)
                )
            )
        for table_name, acts in _REFUSED:
            statements.append(
                SQL(
                    "CREATE TRIGGER refuses BEFORE "
                    + acts
                    + " ON {0}.{1} FOR EACH STATEMENT EXECUTE FUNCTION {0}.{2}()"
                ).format(Identifier(self.schema), Identifier(table_name), Identifier(_REFUSE))
            )
        for table_name, guard in (("ledger_head", _GROWS), ("tile", _STAYS)):
            statements.append(
                SQL(
                    "CREATE TRIGGER grows BEFORE UPDATE ON {0}.{1} FOR EACH ROW EXECUTE FUNCTION {0}.{2}()"
                ).format(Identifier(self.schema), Identifier(table_name), Identifier(guard))
            )
        return statements

    def grant(self, role: str) -> list[Composed]:
        """What the role that serves may do: read and append everywhere, change only what is derived."""
        schema, writer = Identifier(self.schema), Identifier(role)
        statements = [
            SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, writer),
            SQL("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {} TO {}").format(schema, writer),
            SQL("REVOKE INSERT ON {0}.store_info, {0}.ledger_head FROM {1}").format(schema, writer),
            SQL("GRANT DELETE ON {}.device_interval TO {}").format(schema, writer),
        ]
        return statements + [
            SQL("GRANT UPDATE ON {}.{} TO {}").format(schema, Identifier(name), writer) for name in _UPDATED
        ]

    def insertion(self, table: FactTable) -> Composed:
        """INSERT of any number of rows, each column an array."""
        names = SQL(", ".join(table.column_names))
        return SQL("INSERT INTO {} ({}) SELECT * FROM unnest({})").format(
            self._name(table), names, _arrays([kind for _, kind in table.columns])
        )

    def _upsert(self, table: FactTable) -> Composed:
        others = [name for name in table.column_names if name not in table.primary_key]
        action = ", ".join(f"{name} = excluded.{name}" for name in others)
        tail = f" ON CONFLICT ({', '.join(table.primary_key)}) DO UPDATE SET {action}"
        return self.insertion(table) + SQL(tail)

    @cache  # noqa: B019 - as many statements as tables
    def delete(self, table: FactTable) -> Composed:
        """DELETE of any number of rows by primary key."""
        return SQL("DELETE FROM {} t USING unnest({}) AS q({}) WHERE {}").format(
            self._name(table), *_keys(table)
        )

    @cache  # noqa: B019
    def lookup(self, table: FactTable) -> Composed:
        """SELECT of whole rows by any number of primary keys."""
        columns = SQL(", ".join(f"t.{name}" for name in table.column_names))
        arrays, names, condition = _keys(table)
        return SQL("SELECT {} FROM unnest({}) AS q({}) JOIN {} t ON {}").format(
            columns, arrays, names, self._name(table), condition
        )

    @cache  # noqa: B019
    def interval_lookup(self, table: FactTable) -> Composed:
        """SELECT, for pairs (device, before_ms), of the pair and the last interval before it."""
        columns = SQL(", ".join(f"t.{name}" for name in table.column_names))
        return SQL(
            "SELECT q.device, q.before_ms, {} "
            "FROM unnest(%b::bytea[], %s::bigint[]) AS q(device, before_ms), "
            "LATERAL (SELECT * FROM {} WHERE device_id = q.device AND start_ms < q.before_ms "
            "ORDER BY start_ms DESC LIMIT 1) t"
        ).format(columns, self._name(table))

    def listing(self, table: FactTable, column: str, *, following: bool) -> Composed:
        """SELECT of a page of the rows where `column` has a value, after a position if `following`."""
        order = table.listing_order(column)
        return self._page(table, order, f"{column} = %s", following=following)

    def scanning(self, table: FactTable, *, following: bool) -> Composed:
        """SELECT of a page of all rows by primary key, after a key if `following`."""
        return self._page(table, table.primary_key, "", following=following)

    def _page(self, table: FactTable, order: tuple[str, ...], condition: str, *, following: bool) -> Composed:
        names = ", ".join(order)
        behind = f"({names}) > ({', '.join(['%s'] * len(order))})" if following else ""
        where = " AND ".join(part for part in (condition, behind) if part)
        return SQL("SELECT {} FROM {} {} ORDER BY {} LIMIT %s").format(
            SQL(", ".join(table.column_names)),
            self._name(table),
            SQL(f"WHERE {where}" if where else ""),
            SQL(names),
        )

    def read_info(self, cursor: Cursor[Any]) -> StoreInfo | None:
        """What the schema says of itself, None where it has no tables; StoreForeign for other tables."""
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (self.schema,)
        )
        names = {name for (name,) in cursor.fetchall()}
        if not names:
            return None
        if "store_info" not in names:
            raise _foreign()
        rows = cursor.execute(self.select_info).fetchall()
        if len(rows) != 1:
            raise _foreign()
        return StoreInfo(schema_version=rows[0][0], ledger_id=bytes(rows[0][1]))

    def check_store(self, cursor: Cursor[Any], info: StoreInfo, ledger_id: bytes | None) -> None:
        """Check version, ledger, columns and triggers, and that the head is the last record's."""
        check_info(info, ledger_id)
        self._check_columns(cursor)
        self._check_triggers(cursor)
        heads = cursor.execute(self.select_head).fetchall()
        last = cursor.execute(self.select_last).fetchall()
        if heads != (last or [(0, bytes(HASH_SIZE))]):
            raise StoreDamaged(
                "the head of the store is not its last record",
                hint="Rows were removed or added by another program; restore from a backup.",
            )

    def _check_columns(self, cursor: Cursor[Any]) -> None:
        cursor.execute(
            "SELECT table_name, column_name, data_type "
            "FROM information_schema.columns WHERE table_schema = %s",
            (self.schema,),
        )
        actual = set(cursor.fetchall())
        for table in TABLES:
            for name, kind in table.columns:
                if (table.name, name, _TYPES[kind]) not in actual:
                    raise _edited(f"column {table.name}.{name}")

    def _check_triggers(self, cursor: Cursor[Any]) -> None:
        cursor.execute(
            "SELECT c.relname, t.tgname, p.proname, p.prosrc "
            "FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_proc p ON p.oid = t.tgfoid "
            "WHERE n.nspname = %s AND t.tgenabled = 'O' AND NOT t.tgisinternal",
            (self.schema,),
        )
        actual = set(cursor.fetchall())
        wanted = {(name, "refuses", _REFUSE) for name, _ in _REFUSED}
        wanted |= {("ledger_head", "grows", _GROWS), ("tile", "grows", _STAYS)}
        for table_name, trigger, function in sorted(wanted):
            if (table_name, trigger, function, _FUNCTIONS[function]) not in actual:
                raise _edited(f"trigger {trigger} of {table_name}")


def _arrays(kinds: list[ColumnType]) -> SQL:
    """One array parameter for each column; octets travel in binary."""
    marks = [f"{'%b' if kind is ColumnType.BLOB else '%s'}::{_TYPES[kind]}[]" for kind in kinds]
    return SQL(", ".join(marks))


def _keys(table: FactTable) -> tuple[SQL, SQL, SQL]:
    """Array parameters for the primary key, their names, and the join on them."""
    kinds = dict(table.columns)
    names = [f"k{position}" for position in range(len(table.primary_key))]
    pairs = zip(table.primary_key, names, strict=True)
    return (
        _arrays([kinds[name] for name in table.primary_key]),
        SQL(", ".join(names)),
        SQL(" AND ".join(f"t.{column} = q.{name}" for column, name in pairs)),
    )


def _foreign() -> StoreForeign:
    return StoreForeign(
        "this schema holds tables, but not those of a ledger",
        hint="Name another schema in the store URL (?schema=NAME).",
    )


def _edited(what: str) -> StoreDamaged:
    return StoreDamaged(
        f"{what} is not as this release made it",
        hint="Somebody changed the tables; compare with a backup before writing again.",
    )
