"""Commands that list what exists: a function that fetches things becomes a command that prints them.

Every row ends with the next possible step. This module must not import the library: it is read for every
`--help`.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger_cli.options import As, Insecure, Json
from ledger_cli.output import Column, print_rows
from ledger_cli.signatures import Shared, command_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Row = dict[str, Any]

_NEXT = Column("NEXT STEP", "next_step")
_WHO = {"who": Shared(As)}
_COMMON = {"insecure": Shared(Insecure, False), "as_json": Shared(Json, False)}


class Listing(NamedTuple):
    """Things that were fetched, messages or rows that are plain already, and the step after each."""

    items: Iterable[Any]
    step: Callable[[Mapping[str, Any]], str]


def list_command(
    *keys: str, yuan: tuple[str, ...] = (), days: tuple[str, ...] = (), flatten: str = ""
) -> Callable[[Callable[..., Listing]], Callable[..., None]]:
    """Makes a command of `body(reader, own options)`; its name is the name of the JSON's schema.

    JSON has all fields of a thing. The table has `keys`, then the amounts `yuan` (fields `…_fen`), and shows
    the fields `days` as dates; `flatten` is a field whose fields belong to the row.
    """

    def make(body: Callable[..., Listing]) -> Callable[..., None]:
        def run(given: dict[str, Any]) -> None:
            from ledger.client.identity import load_identity
            from ledger_cli.acting import Reading

            who, insecure, as_json = (given.pop(name) for name in (*_WHO, *_COMMON))
            with closing(Reading(identity=load_identity(who), insecure=insecure)) as reader:
                rows = list(_rows(body(reader, **given)))
            if not as_json:
                rows = [_for_people(row, yuan=yuan, days=days, flatten=flatten) for row in rows]
            columns = [Column(key.upper().replace("_", " "), key) for key in (*keys, *yuan)]
            print_rows(body.__name__, rows, [*columns, _NEXT], as_json=as_json)

        return command_of(body, run, first=_WHO, last=_COMMON)

    return make


def _rows(listing: Listing) -> Iterable[Row]:
    from ledger.client.rendering import plain

    for item in listing.items:
        row = item if isinstance(item, dict) else plain(item, complete=True)
        yield {**row, "next_step": listing.step(row)}


def _for_people(row: Row, *, yuan: tuple[str, ...], days: tuple[str, ...], flatten: str) -> Row:
    from ledger.domain.days import format_day
    from ledger.domain.quantities import format_yuan_plain

    flat = {**row, **(row.get(flatten) or {})}
    flat.update({key: format_yuan_plain(int(flat[f"{key}_fen"])) for key in yuan})
    flat.update({key: format_day(flat[key]) for key in days if flat[key] is not None})
    return flat
