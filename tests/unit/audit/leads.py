"""Ledgers to look for indicators in, and what is found there."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from support.auditing import MemorySource
from support.house import House, accepted

from ledger_audit.indicators import look
from ledger_audit.indicators_types import Indicator, Record, Thresholds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger_audit.indicators import Leads


@contextmanager
def two_firms(folder: Path) -> Iterator[House]:
    """A provider with devices and two firms; no programme."""
    house = House.open(folder / "ledger", in_memory=True)
    try:
        house.provider(devices=3)
        for name in ("acme", "lab"):
            house.party(name)
        yield house
    finally:
        house.close()


def leads(house: House, **thresholds: int) -> Leads:
    """What is found in all that the house holds, which keeps every rule."""
    found = look(MemorySource(*house.entries()), thresholds=Thresholds(**thresholds))
    assert (found.checked.scope, found.checked.result) == ("rules", "ok")
    return found


def found(house: House, indicator: Indicator, **thresholds: int) -> list[Record]:
    """The records of one indicator."""
    records = leads(house, **thresholds).records
    return [record for record in records if record.indicator is indicator]


def applied(house: House, name: str, amount_fen: int, buyer: str = "acme", **terms: Any) -> None:
    """A contract and an application on it."""
    house.contract(name, buyer, amount_fen=amount_fen, **terms)
    accepted(house.apply(f"for {name}", buyer, name))
