"""`voucherctl scenario run` as a process: exit codes, one line or object a file, talk on stderr."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.processes import Ended, run

OK, USAGE, FAILED = 0, 2, 3
GOOD = Path(__file__).with_name("persons-and-codes.toml")
PROMISED = {"schema", "file", "name", "result", "exit_code", "steps", "events", "totals"}


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A file whose last step comes out otherwise."""
    path = tmp_path / "bad.toml"
    path.write_text(
        GOOD.read_text("utf-8").replace('expect = "STATE_CONFLICT"', 'expect = "ROLE_CONFLICT"'), "utf-8"
    )
    return path


@pytest.fixture
def malformed(tmp_path: Path) -> Path:
    """A file with an amount that is none."""
    path = tmp_path / "malformed.toml"
    path.write_text(GOOD.read_text("utf-8").replace('"1000000.00"', '"1000000"', 1), "utf-8")
    return path


def play(*arguments: str | Path) -> Ended:
    """Run the command."""
    return run("voucherctl", "scenario", "run", *arguments)


def test_files_that_come_out_as_expected_pass() -> None:
    """Exit 0, a line on stdout for each, nothing on stderr."""
    ended = play(GOOD, "--store", "memory:")
    assert (ended.code, ended.err) == (OK, "")
    assert ended.out == f"passed     {GOOD}: 10 steps, 45 events\n"


def test_every_file_is_played_and_a_failed_one_counts_most(bad: Path, malformed: Path) -> None:
    """Exit 3: the step, what was expected, what came out; the malformed file is on stderr."""
    ended = play(malformed, bad, GOOD)
    assert ended.code == FAILED
    first, second, where, why, last = ended.out.splitlines()
    assert (first, second.split()[0], last.split()[0]) == (f"malformed  {malformed}", "failed", "passed")
    assert where == "  step 4 (beneficiary, line 30), expect: expected ROLE_CONFLICT, actual STATE_CONFLICT"
    assert why.startswith("  STATE_CONFLICT: the credit code")
    assert f"error: {malformed}, line 63: step 7: amount: '1000000' is not an amount" in ended.err
    assert "allowed: yuan as text with two decimals" in ended.err


def test_a_malformed_file_alone_is_a_usage_error(malformed: Path, tmp_path: Path) -> None:
    """Exit 2, and so for one that is not there, and for a store that cannot hold two ledgers."""
    assert play(malformed).code == USAGE
    absent = play(tmp_path / "absent.toml")
    assert (absent.code, "absent.toml: cannot be read" in absent.err) == (USAGE, True)
    two = play(GOOD, GOOD, "--store", f"sqlite://{tmp_path}/one.db")
    assert (two.code, two.out, "each file has its own" in two.err) == (USAGE, "", True)


def test_json_has_one_object_for_each_file(bad: Path, malformed: Path) -> None:
    """The schema is named; failures and errors have their parts."""
    ended = play(GOOD, bad, malformed, "--json")
    assert ended.code == FAILED
    found = [json.loads(line) for line in ended.out.splitlines()]
    assert [(each["result"], each["exit_code"]) for each in found] == [
        ("passed", 0),
        ("failed", 3),
        ("malformed", 2),
    ]
    assert {each["schema"] for each in found} == {"voucher-ledger/cli/scenario/1"}
    assert [set(each) - PROMISED for each in found] == [set(), {"failure"}, {"error"}]
    assert found[0]["totals"]["GPU_TRAINING"]["appropriation"] == "50000000000"
    assert found[1]["failure"]["line"] == 30
    assert found[2]["error"]["summary"].startswith(f"{malformed}, line 63: step 7: amount")
