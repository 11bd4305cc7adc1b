"""`voucherd init` and `serve` as real processes: one line when it answers, a graceful end, told refusals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent


def voucherd(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run voucherd to its end."""
    command = [str(BIN / "voucherd"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("name", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_server_tells_where_it_answers_and_ends_in_good_order(
    tmp_path: Path, name: signal.Signals, code: int
) -> None:
    """Port 0 is any; the roles reach it with their certificates; a second command finds the same ledger."""
    folder = tmp_path / "ledger"
    opened = json.loads(
        voucherd("init", "--dir", folder, "--profile", "shenzhen-2025", "--dev", "--json").stdout
    )
    command = [str(BIN / "voucherd"), "serve", "--dir", str(folder), "--listen", "127.0.0.1:0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        told = json.loads(server.stdout.readline())
        identity = folder / "as" / "auditor.toml"
        text = identity.read_text(encoding="utf-8").replace("127.0.0.1:7443", told["listening"])
        identity.write_text(text, encoding="utf-8")
        listed = subprocess.run(
            [BIN / "voucherctl", "bureau", "participants", "--as", identity, "--json"],
            capture_output=True,
            text=True,
            check=True,
        )
        server.send_signal(name)
        assert server.wait(30) == code
    assert (told["ledger_id"], told["events"]) == (opened["ledger_id"], opened["events"])
    assert json.loads(listed.stdout)["count"] == 9


def test_what_cannot_be_opened_or_served_is_exit_2_with_a_next_step(tmp_path: Path) -> None:
    """No ledger, an unknown profile, a folder in use, a genesis that nobody signed."""
    missing = voucherd("serve", "--dir", tmp_path, "--listen", "127.0.0.1:0")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "voucherd init" in missing.stderr
    unknown = voucherd("init", "--dir", tmp_path / "a", "--profile", "nowhere", "--dev")
    assert unknown.returncode == 2
    assert "shenzhen-2025" in unknown.stderr
    assert not (tmp_path / "a").exists()
    production = voucherd("init", "--dir", tmp_path / "a", "--profile", "beijing")
    assert production.returncode == 2
    assert "root" in production.stderr
    assert voucherd("init", "--dir", tmp_path / "a", "--profile", "beijing", "--dev").returncode == 0
    assert voucherd("init", "--dir", tmp_path / "a", "--profile", "beijing", "--dev").returncode == 2


def test_the_demonstration_verifies_and_its_changed_byte_is_found(tmp_path: Path) -> None:
    """The fixed keys of --json; exit 0; the talk is on stderr."""
    done = voucherd("demo", "--dir", tmp_path / "demo", "--json")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    fixed = {
        "events", "claims_accepted", "claims_refused", "paid_fen", "export_dir", "log_key", "trust_file",
        "verify_exit", "tamper_exit", "tamper_index",
    }  # fmt: skip
    assert fixed <= set(value)
    assert (value["verify_exit"], value["tamper_exit"]) == (0, 3)
    assert Path(value["export_dir"]).is_dir()
    assert int(value["paid_fen"]) > 0
