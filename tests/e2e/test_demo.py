"""The demonstration as a user runs it, and what other processes make of the files that it leaves."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from support.processes import Ended, run

from ledger.proof.tiles import TILE_WIDTH, bundle_at, decode_bundle
from ledger.proof.tlog_proof import TlogProof

if TYPE_CHECKING:
    from pathlib import Path

KEYS = {
    "events", "claims_accepted", "claims_refused", "paid_fen", "export_dir", "log_key", "trust_file",
    "verify_exit", "tamper_exit", "tamper_index",
}  # fmt: skip
OK, USAGE, FINDINGS, COULD_NOT_CHECK = 0, 2, 3, 5


@dataclass(frozen=True)
class Played:
    """A demonstration that ran, with the folders that it left."""

    ended: Ended
    result: dict[str, Any]
    export: Path
    trust: Path
    payment: str


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """One demonstration on the packaged sample."""
    root = tmp_path_factory.mktemp("demo") / "d"
    ended = run("voucherd", "demo", "--dir", root, "--json")
    assert ended.code == OK, ended.err
    result = ended.json()
    found = re.search(r"audit trace \S+ ([0-9a-f]{32})", ended.err)
    assert found is not None
    return Played(ended, result, root / "export", root / "trust.json", found[1])


def verify(played: Played, export: Path, *options: str | Path) -> Ended:
    """`voucherctl audit verify` in a process of its own."""
    chosen = options or ("--trust", played.trust)
    return run("voucherctl", "audit", "verify", export, *chosen, "--json")


def copy_of(played: Played, tmp_path: Path) -> Path:
    """A copy of the export that a test may spoil."""
    return shutil.copytree(played.export, tmp_path / "copy")


def test_the_demonstration_prints_its_fixed_keys_and_catches_the_changed_byte(played: Played) -> None:
    """One JSON object on stdout, the talk on stderr; money was paid and refusals were shown."""
    result = played.result
    assert set(result) >= KEYS
    assert (result["verify_exit"], result["tamper_exit"]) == (OK, FINDINGS)
    assert result["tamper_index"] == result["events"] // 2
    assert isinstance(result["paid_fen"], str)
    assert int(result["paid_fen"]) > 0
    assert result["claims_accepted"] > 0
    assert result["claims_refused"] > 0
    assert (result["export_dir"], result["trust_file"]) == (str(played.export), str(played.trust))
    assert played.ended.out.count("\n") == 1
    assert "SIMULATED" in played.ended.err
    assert "Traceback" not in played.ended.err


def test_a_second_demonstration_in_the_same_folder_is_refused(played: Played) -> None:
    """A folder that holds a ledger is left alone."""
    before = (played.export / "checkpoint").read_bytes()
    again = run("voucherd", "demo", "--dir", played.export.parent, "--json")
    assert (again.code, again.out) == (USAGE, "")
    assert "holds a ledger already" in again.err
    assert (played.export / "checkpoint").read_bytes() == before


def test_the_auditor_agrees_in_another_process(played: Played) -> None:
    """Every check passes; what no input was given for says so; the totals tie out to what was paid."""
    ended = verify(played, played.export)
    report = ended.json()
    assert (ended.code, report["result"], report["findings"]) == (OK, "ok", [])
    assert report["tree_size"] in {played.result["events"], str(played.result["events"])}
    assert {check["status"] for check in report["checks"]} <= {"PASS", "NOT_REQUESTED"}
    (totals,) = report["totals"].values()
    assert totals["disbursed"] == played.result["paid_fen"]
    assert re.fullmatch(r"[0-9a-f]{64}", report["root_hash"])


def test_a_log_key_alone_suffices_but_pins_no_roots(played: Played) -> None:
    """Then the roots come from the log, and the report says that nobody pinned them."""
    ended = verify(played, played.export, "--log-key", played.result["log_key"])
    report = ended.json()
    assert (ended.code, report["result"]) == (OK, "ok")
    status = {check["name"]: check["status"] for check in report["checks"]}
    assert status["roots_pinned"] == "NOT_REQUESTED"


@pytest.mark.parametrize("share", [0.0, 0.37, 1.0])
def test_a_flipped_byte_is_named(played: Played, tmp_path: Path, share: float) -> None:
    """One bit of the first event, of one in the middle, of the last."""
    copy = copy_of(played, tmp_path)
    size = played.result["events"]
    index = int(share * (size - 1))
    path = bundle_at(index=index // TILE_WIDTH, size=size)
    data = bytearray((copy / path.render()).read_bytes())
    entries = decode_bundle(bytes(data), width=path.width)
    start = sum(2 + len(entry) for entry in entries[: index % TILE_WIDTH])
    data[start + 2 + len(entries[index % TILE_WIDTH]) // 2] ^= 1
    (copy / path.render()).write_bytes(bytes(data))
    ended = verify(played, copy)
    report = ended.json()
    assert (ended.code, report["result"]) == (FINDINGS, "findings")
    assert int(report["findings"][0]["index"]) == index


def test_a_flipped_byte_of_a_tile_and_of_the_checkpoint_is_a_finding(played: Played, tmp_path: Path) -> None:
    """A file that is there but does not hash or verify is never 'could not check'."""
    copy = copy_of(played, tmp_path)
    for name in ("tile/0", "checkpoint"):
        place = copy / name
        file = place if place.is_file() else next(path for path in sorted(place.rglob("*")) if path.is_file())
        good = file.read_bytes()
        file.write_bytes(good[:-4] + bytes([good[-4] ^ 1]) + good[-3:])
        assert verify(played, copy).code == FINDINGS
        file.write_bytes(good)
    assert verify(played, copy).code == OK


@pytest.mark.parametrize("name", ["checkpoint", "tile/entries"])
def test_a_missing_file_could_not_be_checked(played: Played, tmp_path: Path, name: str) -> None:
    """Exit 5, and never 'ok'."""
    copy = copy_of(played, tmp_path)
    if (copy / name).is_dir():
        shutil.rmtree(copy / name)
    else:
        (copy / name).unlink()
    ended = verify(played, copy)
    assert (ended.code, ended.json()["result"]) == (COULD_NOT_CHECK, "incomplete")


def test_another_log_key_is_a_finding(played: Played, tmp_path: Path) -> None:
    """A key that did not sign, of the same origin; and a trust file with another genesis."""
    other = run(
        "voucherd", "init", "--dir", tmp_path / "other", "--profile", "shenzhen-2026", "--dev", "--json"
    )
    assert other.code == OK
    assert verify(played, played.export, "--log-key", other.json()["log_key"]).code == FINDINGS
    trust = json.loads(played.trust.read_text())
    trust["genesis_leaf_hash"] = "00" * 32
    changed = tmp_path / "trust.json"
    changed.write_text(json.dumps(trust))
    ended = verify(played, played.export, "--trust", changed)
    findings = ended.json()["findings"]
    assert ended.code == FINDINGS
    assert "roots_pinned" in {finding["check"] for finding in findings}


def test_a_payment_is_traced_to_its_devices(played: Played) -> None:
    """`audit trace` names both approvals, the claims and the order of a payment."""
    ended = run("voucherctl", "audit", "trace", played.export, played.payment, "--json")
    assert ended.code == OK, ended.err
    assert played.payment in ended.out
    assert {"approvals", "claims", "orders"} <= set(ended.json())


def test_a_state_is_replayed_at_an_index(played: Played) -> None:
    """At the last event the totals are those of the whole audit."""
    last = played.result["events"] - 1
    ended = run("voucherctl", "audit", "replay", played.export, "--at", str(last), "--json")
    assert ended.code == OK, ended.err
    assert played.result["paid_fen"] in ended.out
    beyond = run("voucherctl", "audit", "replay", played.export, "--at", str(last + 1), "--json")
    assert beyond.code not in {OK, 1}


def test_an_event_is_proved(played: Played, tmp_path: Path) -> None:
    """The proof parses as a C2SP tlog-proof and the audit takes it as a receipt."""
    folder = tmp_path / "receipts"
    folder.mkdir()
    ended = run("voucherctl", "audit", "prove", played.export, "30", "--out", folder / "thirty", "--json")
    assert ended.code == OK, ended.err
    (proof,) = folder.glob("*.tlog-proof")
    assert TlogProof.parse(proof.read_bytes()).index == 30
    ended = verify(played, played.export, "--trust", played.trust, "--receipts", folder)
    status = {check["name"]: check["status"] for check in ended.json()["checks"]}
    assert (ended.code, status["receipts"]) == (OK, "PASS")
