"""A forged log in memory, for audits without files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit_forge.draft import VKEY, checkpoint, refuse_tile, seal
from ledger.proof.hashing import leaf_hash
from ledger.proof.tiles import TILE_WIDTH, grown_tiles
from ledger_audit.errors import CouldNotCheckError
from ledger_audit.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit_forge.book import Book
    from audit_forge.draft import Draft
    from ledger.proof.tiles import TilePath
    from ledger_audit.report import Report


class MemorySource:
    """A log whose tiles and note may be of other entries than it gives."""

    directory = None

    def __init__(self, entries: list[bytes], *, note: bytes | None = None) -> None:
        self.entries = entries
        self.note = checkpoint(entries) if note is None else note
        hashes = [leaf_hash(entry) for entry in entries]
        self.tiles = dict(grown_tiles(old_size=0, leaf_hashes=hashes, load_tile=refuse_tile))

    def checkpoint(self) -> bytes:
        """The note."""
        return self.note

    def chunks(self, *, start: int, stop: int, size: int) -> Iterator[tuple[int, list[bytes]]]:
        """The entries by bundle."""
        assert stop <= size
        for first in range(start, stop, TILE_WIDTH):
            yield first, self.entries[first : min(first + TILE_WIDTH, stop)]

    def tile(self, path: TilePath) -> bytes:
        """A tile of exactly that width, or of a wider one."""
        if path not in self.tiles:
            raise CouldNotCheckError("no such tile")
        return self.tiles[path]


def audit(drafts: list[Draft]) -> Report:
    """The audit of sealed drafts under the forge's log key."""
    return verify(MemorySource(seal(drafts)), log_key=VKEY)


def found(year: Book) -> set[tuple[str, int | None]]:
    """Check and leaf of everything that the audit of a forged ledger finds."""
    return {(finding.check, finding.index) for finding in audit(year.drafts).findings}
