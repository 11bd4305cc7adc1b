"""The demonstration on a real cluster's usage file; collected only where the file is (see conftest)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from e2e.conftest import real_usage
from support.processes import run

if TYPE_CHECKING:
    from pathlib import Path

LIMIT_S = 60.0


@pytest.mark.timeout(120)
def test_a_real_trace_is_claimed_paid_and_verified_within_a_minute(tmp_path: Path) -> None:
    """Thousands of device intervals in, every fen recomputed, the changed byte found."""
    usage = real_usage()
    assert usage is not None
    began_s = time.monotonic()
    ended = run("voucherd", "demo", "--dir", tmp_path / "d", "--usage", usage, "--json", within_s=100)
    took_s = time.monotonic() - began_s
    assert ended.code == 0, ended.err
    result = ended.json()
    assert (result["verify_exit"], result["tamper_exit"]) == (0, 3)
    assert result["tamper_index"] == result["events"] // 2
    assert result["claims_accepted"] > 0
    assert int(result["paid_fen"]) > 0
    assert took_s < LIMIT_S
