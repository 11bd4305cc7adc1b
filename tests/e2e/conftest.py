"""Where a real usage file lies, if this machine has one."""

from __future__ import annotations

import os
from pathlib import Path

USAGE = "VOUCHER_LEDGER_USAGE"
BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data" / "usage-openb.csv"


def real_usage() -> Path | None:
    """The file that the environment names, or the one beside the repository; None without either."""
    path = Path(os.environ[USAGE]) if USAGE in os.environ else BESIDE
    return path if path.is_file() else None


# A test that needs the file is not collected without it, so that nothing counts as skipped.
collect_ignore = [] if real_usage() else ["test_demo_real_usage.py"]
