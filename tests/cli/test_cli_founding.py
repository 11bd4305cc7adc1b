"""A ledger opened as in production: several root holders sign files apart, then `init` takes them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from ledger_server.dev_authority import DevelopmentAuthority

EXIT_USAGE, EXIT_REFUSED = 2, 6


def run(program: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program of ours."""
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)


def said(program: str, *arguments: str, stdin: str = "") -> dict[str, Any]:
    """Its JSON answer; it has to succeed."""
    done = run(program, *arguments, "--json", stdin=stdin)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_roots_sign_apart_and_the_ledger_opens(tmp_path: Path) -> None:
    """Three roots sign the genesis, two appoint a clerk; a missing signature opens nothing."""
    pepper = tmp_path / "pepper"
    pepper.write_bytes(bytes(range(32)))
    tags = [
        said(
            "voucherctl",
            "keys",
            "person-tag",
            "--pepper",
            str(pepper),
            "--document",
            "ID_CARD",
            stdin=f"{n}\n",
        )["tag"]
        for n in range(1001, 1005)
    ]
    keys = {
        name: said("voucherctl", "keys", "generate", "--out", str(tmp_path / f"{name}.pem"))
        for name in ("root-1", "root-2", "root-3", "log", "clerk")
    }
    genesis = str(tmp_path / "genesis.json")
    roots = [("--root", f"{keys[f'root-{n}']['public_key']}:{tags[n - 1]}") for n in (1, 2, 3)]
    draft = said(
        "voucherctl", "keys", "draft-genesis", "--out", genesis, "--base-name", "ledger.example.org/sz",
        "--log-key", keys["log"]["public_key"], "--bureau", "STI", "--threshold", "2",
        *(part for root in roots for part in root),
    )  # fmt: skip
    authority = DevelopmentAuthority.create(tmp_path / "ca")
    certificate = tmp_path / "clerk-cert.pem"
    certificate.write_bytes(
        authority.issue_client(bytes.fromhex(draft["ledger_id"]), bytes(range(16)), "clerk").cert_pem
    )
    appointment = str(tmp_path / "clerk.json")
    fixed = (
        "keys", "draft-appointment", "--out", appointment,
        "--bureau", draft["bureaux"]["STI"], "--role", "CLERK", "--tag", tags[3],
        "--public-key", keys["clerk"]["public_key"], "--certificate", str(certificate),
        "--root", keys["root-1"]["key_id"], "--root", keys["root-3"]["key_id"],
    )  # fmt: skip
    named = bytes(range(16)).hex()
    for ledger, officer in ((draft["ledger_id"], "0" * 32), ("0" * 32, named)):
        wrong = run("voucherctl", *fixed, "--ledger", ledger, "--officer", officer)
        assert wrong.returncode == EXIT_USAGE
        assert f"names 'voucher-ledger:/{draft['ledger_id']}/participant/{named}'" in wrong.stderr
        assert f"expected: one SAN URI, voucher-ledger:/{ledger}/participant/{officer}" in wrong.stderr
    assert not Path(appointment).exists()
    drafted = said("voucherctl", *fixed, "--ledger", draft["ledger_id"], "--officer", named)
    assert drafted["officer_id"] == named
    for name in ("root-1", "root-3", "clerk"):
        said("voucherctl", "keys", "sign", appointment, "--key", str(tmp_path / f"{name}.pem"))
    for name in ("root-1", "root-2"):
        said("voucherctl", "keys", "sign-genesis", genesis, "--key", str(tmp_path / f"{name}.pem"))
    opening: tuple[str, ...] = (
        "init",
        "--dir",
        str(tmp_path / "ledger"),
        "--profile",
        "shenzhen-2026",
        "--genesis",
        genesis,
    )
    opening += ("--statement", appointment, "--log-key", str(tmp_path / "log.pem"))
    refused = run("voucherd", *opening)
    assert refused.returncode == EXIT_REFUSED
    assert "root" in refused.stderr
    assert not (tmp_path / "ledger" / "ledger.toml").exists()
    said("voucherctl", "keys", "sign-genesis", genesis, "--key", str(tmp_path / "root-3.pem"))
    opened = said("voucherd", *opening)
    assert opened["events"] == 2
    assert opened["ledger_id"] == draft["ledger_id"]
    trust = json.loads((tmp_path / "ledger" / "trust.json").read_text())
    assert trust["origins"] == {"ledger.example.org/sz/e0": draft["log_key"]}
    assert run("voucherd", *opening).returncode == EXIT_USAGE
