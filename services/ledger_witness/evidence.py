"""Notes of another history that a trusted key signed: kept as files, so many and no more."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from ledger.proof.tlog_witness import AddCheckpoint

if TYPE_CHECKING:
    from pathlib import Path

MOST: Final = 100


class Evidence:
    """Files `inconsistent-….note` in the witness's folder, one for each note."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, body: bytes) -> Path | None:
        """Keep the note of a request durably, once; where it is, or None if there are too many or no room.

        One of them beside the published checkpoint of the same log convicts the log's key.
        """
        note = AddCheckpoint.parse(body).note
        path = self._directory / f"inconsistent-{sha256(note).hexdigest()[:16]}.note"
        try:
            if not path.exists():
                if sum(1 for _ in self._directory.glob("inconsistent-*.note")) >= MOST:
                    return None
                with path.open("xb") as file:
                    file.write(note)
                    file.flush()
                    os.fsync(file.fileno())
        except OSError:
            return None
        return path
