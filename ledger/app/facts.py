"""Rows of the side tables between store and state: fetched for a batch, given back with its commit.

This module must not decide anything, nor know what a row means to a rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.codec.events import decode_event
from ledger.domain.entities import Claim, Evidence, Interval, UniqueKey
from ledger.domain.needs import Needs, add_needs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.domain.state import State
    from ledger.store.port import LedgerRecorder

_REPLACEABLE = ("claim_accepted", "service_claim_accepted")


def fetch(state: State, recorder: LedgerRecorder, statements: Iterable[Any]) -> None:
    """Put into the state every row that judging these statements needs, with one query a table."""
    needs = Needs()
    for statement in statements:
        _fetch_replaced(state, recorder, statement)
        add_needs(needs, state, statement)
    if needs.claims:
        rows = recorder.read_facts("claim", [(key,) for key in dict.fromkeys(needs.claims)])
        state.claims.base = {key[0]: Claim(*row) for key, row in rows.items()}  # type: ignore[misc, arg-type]
    if needs.evidence:
        rows = recorder.read_facts("evidence", [(key,) for key in dict.fromkeys(needs.evidence)])
        state.evidence.base = {key[0]: Evidence(*row) for key, row in rows.items()}  # type: ignore[misc, arg-type]
    if needs.unique:
        rows = recorder.read_facts("unique_key", list(dict.fromkeys(needs.unique)))
        state.unique.base = {key: UniqueKey(*row) for key, row in rows.items()}  # type: ignore[misc, arg-type]
    if needs.intervals:
        found = recorder.read_intervals(list(dict.fromkeys(needs.intervals)))
        state.intervals.base = {pair: Interval(*row) for pair, row in found.items() if row}  # type: ignore[arg-type]


def changed(state: State) -> dict[str, list[Any]]:
    """The rows that the overlay holds, by table; tables without one are absent."""
    rows: dict[str, list[Any]] = {
        "claim": list(state.claims.pending.values()),
        "evidence": list(state.evidence.pending.values()),
        "device_interval": list(state.intervals.pending.values()),
        "unique_key": list(state.unique.pending.values()),
    }
    return {name: values for name, values in rows.items() if values}


def freed(state: State) -> dict[str, list[Any]]:
    """The keys of rows that the overlay takes away, by table."""
    return {"device_interval": state.intervals.freed} if state.intervals.freed else {}


def replaces(statement: Any) -> bool:
    """Whether a statement replaces a claim: what follows it must read the store after it."""
    return getattr(statement, "superseded_index", None) is not None


def _fetch_replaced(state: State, recorder: LedgerRecorder, statement: Any) -> None:
    """The accepted statement that a claim names as replaced."""
    index = getattr(statement, "superseded_index", None)
    if index is None or index >= recorder.head().size:
        return
    stored = decode_event(recorder.read_records(index, 1)[0].data)
    if stored.entry.event_name in _REPLACEABLE:
        state.replaced.base[index] = stored.statement
