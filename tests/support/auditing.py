"""The auditor's judgement on a house, without a file: its log in memory, and the audit of it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ledger.domain.journal import LinkKind, ProgrammeTotals
from ledger.proof.tiles import TILE_WIDTH, TilePath, grown_tiles
from ledger_audit.errors import CouldNotCheckError
from ledger_audit.trust import Trust
from ledger_audit.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger_audit.report import Report
    from support.house_base import HouseBase

ACCOUNTS = ("available", "encumbered", "obligated", "disbursed", "recoverable", "recovered", "fines")


class MemorySource:
    """A log in memory, for an audit without files."""

    directory = None

    def __init__(self, note: bytes, entries: list[bytes]) -> None:
        self._note = note
        self.entries = entries
        hashes = [hashlib.sha256(b"\x00" + entry).digest() for entry in entries]
        tiles = grown_tiles(old_size=0, leaf_hashes=hashes, load_tile=lambda _: b"")
        self._tiles = {(path.level, path.index): data for path, data in tiles}

    def checkpoint(self) -> bytes:
        """The signed note."""
        return self._note

    def chunks(self, *, start: int, stop: int, size: int) -> Iterator[tuple[int, list[bytes]]]:
        """The entries, bundle by bundle."""
        del size
        for first in range(start, stop, TILE_WIDTH):
            yield first, self.entries[first : min(first + TILE_WIDTH, stop)]

    def tile(self, path: TilePath) -> bytes:
        """A hash tile, as it was before anybody changed an entry."""
        data = self._tiles.get((path.level, path.index))
        if data is None:
            raise CouldNotCheckError(f"there is no tile {path.render()}")
        return data[: 32 * path.width]

    def changed(self, index: int, data: bytes) -> MemorySource:
        """The same log with other bytes for one entry and every tile and note as it was."""
        other = MemorySource(self._note, [])
        other.entries = [*self.entries[:index], data, *self.entries[index + 1 :]]
        other._tiles = self._tiles
        return other


def trust_of(house: HouseBase) -> Trust:
    """The trust file of a house."""
    return Trust.load(house.made.directory.trust_file)


def audit(house: HouseBase) -> Report:
    """Everything that the auditor checks, on all that the house holds."""
    return verify(MemorySource(*house.entries()), trust=trust_of(house))


def assert_agreement(house: HouseBase) -> Report:
    """The auditor finds nothing, and counts in every programme the money that the server counts."""
    report = audit(house)
    assert (report.result, report.findings) == ("ok", ())
    heads = house.ledger.state.heads[LinkKind.PROGRAMME].base
    ours = {programme_id.hex(): ProgrammeTotals(*head.totals) for programme_id, head in heads.items()}
    theirs = {
        programme_id: ProgrammeTotals(*(int(row[name]) for name in ACCOUNTS))
        for programme_id, row in report.totals.items()
    }
    assert theirs == ours
    return report
