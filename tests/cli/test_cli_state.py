"""Where the auditor remembers what it verified: the user's folder, one that is named, or nowhere."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.processes import BIN

GOLDEN = max((Path(__file__).parents[1] / "golden").glob("*/served"))


def audit(*words: str, **environment: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, report and talk of an audit with no other environment."""
    command = [str(BIN / "voucherctl"), "audit", "verify", str(GOLDEN / "export"), "--json", *words]
    command += ["--trust", str(GOLDEN / "trust.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return done.returncode, json.loads(done.stdout), done.stderr


def status(report: dict[str, Any]) -> str:
    checks = {check["name"]: check["status"] for check in report["checks"]}
    return str(checks["checkpoint_remembered"])


@pytest.mark.parametrize(
    ("words", "home", "expected", "kept"),
    [
        ((), "home", "PASS", "home/.local/state/voucher-ledger"),
        (("--state", "STATE"), "home", "PASS", "state"),
        (("--no-state",), "home", "NOT_REQUESTED", ""),
        ((), "/proc/nobody", "NOT_REQUESTED", ""),
    ],
    ids=["home", "named", "nowhere", "no home"],
)
def test_where_it_is_remembered(
    tmp_path: Path, words: tuple[str, ...], home: str, expected: str, kept: str
) -> None:
    """Exit 0 each time, also where the user's folder cannot be written; then it says so."""
    given = [str(tmp_path / "state") if word == "STATE" else word for word in words]
    code, report, talk = audit(*given, HOME=str(tmp_path / home))
    assert (code, status(report)) == (0, expected)
    assert ("nothing is remembered" in talk) == home.startswith("/proc")
    assert bool(list(tmp_path.rglob("*"))) == bool(kept)
    assert not kept or (tmp_path / kept).is_dir()


def test_a_named_folder_that_cannot_be_written_is_a_check_that_was_not_made() -> None:
    """Exit 5: it was asked for."""
    code, report, _ = audit("--state", "/proc/nobody", HOME="/proc/nobody")
    assert (code, status(report)) == (5, "SKIPPED")
