"""Where a bench keeps ledgers that take long to make: in a folder named by a hash of the code that made them.

Nothing is made or measured here.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ROOT = Path(__file__).resolve().parents[2]
FOLDER = _ROOT / ".cache" / "bench"
_MAKERS = (
    "ledger/app",
    "ledger/client",
    "ledger/codec",
    "ledger/domain",
    "ledger/proof",
    "ledger/store",
    "ledger/v1",
    "tools/ledger_audit/export.py",
    "tools/ledger_play/ceremony.py",
    "tools/bench/claims.py",
    "tools/bench/ground.py",
    "tools/bench/replay.py",
)


def place(name: str) -> Path:
    """The folder of a cached ledger; another one as soon as any code that makes it changed."""
    digest = hashlib.sha256(name.encode())
    for path in _sources():
        digest.update(path.relative_to(_ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return FOLDER / digest.hexdigest()[:20]


def _sources() -> Iterable[Path]:
    for maker in _MAKERS:
        path = _ROOT / maker
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))
