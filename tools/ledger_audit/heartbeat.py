"""The file by which others see that a monitor lives and what it saw last. It is replaced as a whole.

It must not decide anything; what it is read for at a start is the monitor's own word.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ledger_audit.errors import AbsentError, CouldNotCheckError
from ledger_audit.files import read_file, write_file

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = "voucher-ledger/audit-heartbeat/1"
_MAX_SIZE = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """What a monitor saw; times are ms since 1970, 0 where there was none."""

    time_ms: int
    source: str
    state: str
    """`waiting`, `verifying`, `unreachable` or `stopped`."""
    origin: str = ""
    checkpoint: str = ""
    """SHA-256 of the text of the checkpoint that was looked at last; empty before the first."""
    tree_size: int = 0
    root_hash: str = ""
    result: str = ""
    """Of that checkpoint."""
    largest_size: int = 0
    """The largest tree that was read so far."""
    newest_ms: int = 0
    """When it was seen to have grown last."""
    failures: int = 0
    """Times in a row that the log could not be read."""
    stalled: bool = False
    done: int = 0
    """Events verified so far, while it is verifying."""

    def write(self, path: Path) -> None:
        """Replace the file. Raises CouldNotCheckError where that fails."""
        data = json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1) + "\n"
        try:
            write_file(path, data.encode())
        except OSError as error:
            raise CouldNotCheckError(f"the heartbeat could not be written: {error.strerror}") from None

    @classmethod
    def read(cls, path: Path) -> Heartbeat | None:
        """The one that was written last, None where there is none or it is something else."""
        try:
            value = json.loads(read_file(path, limit=_MAX_SIZE))
            if value.pop("schema", None) != SCHEMA:
                return None
            found = cls(**value)
        except (AbsentError, ValueError, TypeError, AttributeError, RecursionError):
            return None
        numbers = (found.time_ms, found.tree_size, found.largest_size, found.newest_ms, found.failures)
        texts = (found.source, found.state, found.origin, found.checkpoint, found.root_hash, found.result)
        whole = all(type(n) is int for n in numbers) and all(isinstance(text, str) for text in texts)
        return found if whole else None
