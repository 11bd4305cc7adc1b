"""Where a bench keeps ledgers that take long to make: in a folder named by a hash of the code that made them.

No ledger is made here.
"""

from __future__ import annotations

import hashlib
import shutil
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
    """The folder of a cached ledger; another one as soon as any code that makes it changed.

    Folders of older code are removed.
    """
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(path.relative_to(_ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    folder = FOLDER / f"{name}-{digest.hexdigest()[:20]}"
    for older in FOLDER.glob(f"{name}-*"):
        if older != folder:
            shutil.rmtree(older)
    return folder


def _sources() -> Iterable[Path]:
    for maker in _MAKERS:
        path = _ROOT / maker
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))
