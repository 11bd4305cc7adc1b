"""`voucherctl audit` from end to end on a small ledger with one payment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from support.house import DAY_MS, HOUR_MS, START_MS, House
from typer.testing import CliRunner

from ledger_cli import voucherctl

if TYPE_CHECKING:
    from pathlib import Path

RUN = CliRunner()
AMOUNT_FEN = 4 * 100 * 2000


class Exported(NamedTuple):
    """An export, the trust file, and what is in it."""

    folder: Path
    trust: Path
    redemption: str
    events: int


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A voucher that was used up, redeemed and paid."""
    root = tmp_path_factory.mktemp("audited")
    house = House.open(root / "ledger")
    devices = house.provider()
    house.programme()
    house.party("acme")
    house.voucher("v", "acme", amount_fen=AMOUNT_FEN)
    house.at(START_MS + 30 * DAY_MS)
    house.claim("v", [(device, START_MS, START_MS + 100 * HOUR_MS) for device in devices])
    house.evidence("contract of v", amount_fen=AMOUNT_FEN, buyer="acme")
    house.redeem("r", "v", "acme", amount_fen=AMOUNT_FEN)
    house.settle("r")
    folder = house.export(root / "export")
    made = Exported(folder, house.made.directory.trust_file, house.ids["r"].hex(), house.ledger.size)
    house.close()
    return made


def audit(*arguments: object, code: int = 0) -> dict[str, Any]:
    """Run an audit command with --json; what it prints."""
    outcome = RUN.invoke(voucherctl.app, ["audit", *map(str, arguments), "--json"])
    assert outcome.exit_code == code, (outcome.output, outcome.exception)
    value: dict[str, Any] = json.loads(outcome.stdout)
    plain = RUN.invoke(voucherctl.app, ["audit", *map(str, arguments)])
    assert plain.exit_code == code, (plain.output, plain.exception)
    return value


def test_the_record_verifies_also_with_a_proof_taken_before(exported: Exported, tmp_path: Path) -> None:
    """Prove writes a pair that verify takes with --receipts; a changed one is a finding."""
    proven = audit("prove", exported.folder, 5, "--out", tmp_path / "five")
    assert (proven["schema"], proven["index"]) == ("voucher-ledger/cli/audit-prove/1", 5)
    assert set(audit("prove", exported.folder, 5)) == {"schema", "index", "tlog_proof", "event"}
    verify = ("verify", exported.folder, "--trust", exported.trust, "--receipts", tmp_path)
    report = audit(*verify)
    assert (report["result"], report["tree_size"]) == ("ok", exported.events)
    statuses = {check["name"]: check["status"] for check in report["checks"]}
    assert statuses["receipts"] == "PASS"
    (tmp_path / "five.event").write_bytes(b"another")
    assert audit(*verify, code=3)["result"] == "findings"


def test_a_payment_is_traced_and_its_state_replayed(exported: Exported) -> None:
    """By redemption id; at the last event all of it is disbursed."""
    traced = audit("trace", exported.folder, exported.redemption)
    assert (traced["redemption_id"], traced["paid_fen"]) == (exported.redemption, str(AMOUNT_FEN // 2))
    last = audit("replay", exported.folder, "--at", exported.events - 1)
    assert (last["index"], last["findings"]) == (exported.events - 1, 0)
    (totals,) = last["totals"].values()
    assert totals["disbursed"] == str(AMOUNT_FEN // 2)


def test_an_export_is_exported_again(exported: Exported, tmp_path: Path) -> None:
    """The copy verifies like the original."""
    copied = audit("export", exported.folder, "--out", tmp_path / "copy")
    assert copied["tree_size"] == exported.events
    assert audit("verify", tmp_path / "copy", "--trust", exported.trust)["result"] == "ok"
