"""`voucherctl audit fraud` from end to end: verdicts, exit codes, proofs written from a log and from what was kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from audit_forge.draft import VKEY, write
from fraud_forge import forks
from fraud_forge.scene import case, honest
from typer.testing import CliRunner

from ledger_audit.sources import ExportSource
from ledger_cli import voucherctl

RUN = CliRunner()
VECTORS = Path(__file__).parents[1] / "vectors" / "fraud"
TRUST = VECTORS / "trust.json"
PROVEN, NOT_PROVEN, BAD, ABSENT = 3, 0, 2, 5


def fraud(*arguments: object, code: int) -> dict[str, Any]:
    """Run a command with --json and without; what it prints with."""
    words = ["audit", "fraud", *map(str, arguments)]
    plain = RUN.invoke(voucherctl.app, words)
    assert plain.exit_code == code, (plain.output, plain.exception)
    outcome = RUN.invoke(voucherctl.app, [*words, "--json"])
    assert outcome.exit_code == code, (outcome.output, outcome.exception)
    value: dict[str, Any] = json.loads(outcome.stdout) if outcome.stdout else {}
    return value


def vector(name: str) -> Path:
    """A published proof."""
    (path,) = VECTORS.glob(f"*/{name}.json")
    return path


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of a ledger whose voucher a is worth one fen too much."""
    scene = case("face", "voucher a", "too much")()
    return write(scene.entries, tmp_path_factory.mktemp("wrong"))


def test_a_proven_fraud() -> None:
    """Exit 3; the rule, the sentence, the numbers and who is accused."""
    said = fraud("verify", vector("one-fen-more-than-the-cap"), "--trust", TRUST, code=PROVEN)
    assert (said["schema"], said["verdict"], said["type"]) == (
        "voucher-ledger/cli/audit-fraud-verify/1",
        "proven",
        "cap",
    )
    assert said["numbers"] == {"granted_fen": "400001", "limit_fen": "400000"}
    assert "I2" in said["rule"]
    assert [one["who"] for one in said["accused"]] == ["log operator"]
    assert said["leaves"][0]["role"] == "accused"
    text = RUN.invoke(
        voucherctl.app,
        ["audit", "fraud", "verify", str(vector("one-fen-more-than-the-cap")), "--trust", str(TRUST)],
    )
    assert "verdict: proven" in text.stdout
    assert "granted_fen: 400001" in text.stdout


def test_a_provider_is_named_only_with_its_keys_and_a_trust_file() -> None:
    """With the log key alone the operator is accused."""
    proof = vector("the-same-with-all-that-shows-whose-keys-signed")
    said = fraud("verify", proof, "--trust", TRUST, code=PROVEN)
    assert [one["who"] for one in said["accused"]] == ["log operator", "participant that signed both"]
    assert len(said["accused"][1]["key_ids"]) == 1
    said = fraud("verify", proof, "--log-key", VKEY, code=PROVEN)
    assert [one["who"] for one in said["accused"]] == ["log operator"]


def test_nothing_is_proven() -> None:
    """Exit 0 with the reason; so of another log's trust."""
    said = fraud("verify", vector("exactly-the-cap"), "--trust", TRUST, code=NOT_PROVEN)
    assert (said["verdict"], said["why"]) == ("not proven", "400000 fen are granted, 400000 fen may be")


def test_a_file_that_is_no_proof(tmp_path: Path) -> None:
    """Exit 2 whatever it is, and 5 where it is not there."""
    said = fraud("verify", VECTORS / "malformed" / "cut-short.json", "--trust", TRUST, code=BAD)
    assert said["verdict"] == "malformed"
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate((64 << 20) + 1)
    assert fraud("verify", large, "--trust", TRUST, code=BAD)["verdict"] == "malformed"
    fraud("verify", tmp_path / "absent.json", "--trust", TRUST, code=ABSENT)
    fraud("verify", tmp_path, "--trust", TRUST, code=ABSENT)
    fraud("verify", VECTORS / "malformed" / "cut-short.json", code=BAD)


def test_an_audit_writes_its_proofs(wrong: Path, tmp_path: Path) -> None:
    """Each is proven when it is read again; findings without a proof say why."""
    out = tmp_path / "proofs"
    said = fraud("extract", wrong, "--trust", TRUST, "--out", out, code=PROVEN)
    assert (said["result"], said["proofs"]) == ("findings", len(list(out.iterdir())))
    files = {row["file"] for row in said["findings"] if row["file"]}
    assert {Path(file) for file in files} == set(out.iterdir())
    for file in files:
        assert fraud("verify", file, "--trust", TRUST, code=PROVEN)["verdict"] == "proven"
    by_check = {row["check"]: row for row in said["findings"]}
    assert by_check["face"]["type"] == "wrong_amount"
    assert all(row["why"] for row in said["findings"] if not row["file"])


def test_one_leaf_is_suspected(wrong: Path, tmp_path: Path) -> None:
    """Nothing is audited; a file is named, a check or a type may be."""
    index = honest().index("voucher a")
    file = tmp_path / "proof.json"
    base = ("extract", wrong, "--trust", TRUST, "--index", index, "--out", file)
    said = fraud(*base, "--check", "face", code=PROVEN)
    assert (said["result"], said["findings"][0]["file"]) == (None, str(file))
    assert fraud("verify", file, "--trust", TRUST, code=PROVEN)["type"] == "wrong_amount"
    fraud(*base, "--type", "broken_link", code=PROVEN)
    assert fraud("verify", file, "--trust", TRUST, code=PROVEN)["type"] == "broken_link"
    assert fraud(*base, "--type", "signature", code=NOT_PROVEN)["proofs"] == 0


def test_an_honest_log_gives_no_proof(tmp_path: Path) -> None:
    """Exit 0 and no file."""
    folder = write(honest().entries, tmp_path / "log")
    said = fraud("extract", folder, "--trust", TRUST, "--out", tmp_path / "out", code=NOT_PROVEN)
    assert (said["result"], said["findings"]) == ("ok", [])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "options",
    [
        ["--check", "face"],
        ["--index", "3", "--check", "faces"],
        ["--type", "cap"],
        ["--index", "3", "--type", "theft"],
        ["--log-key", VKEY],
    ],
    ids=" ".join,
)
def test_options_that_do_not_fit(wrong: Path, tmp_path: Path, options: list[str]) -> None:
    """Exit 2, nothing is written."""
    fraud("extract", wrong, "--trust", TRUST, "--out", tmp_path / "out", *options, code=BAD)
    fraud("extract", wrong, "--trust", TRUST, "--out", tmp_path / "out.json", code=BAD)
    assert list(tmp_path.iterdir()) == []


def test_an_absent_log_cannot_be_checked(tmp_path: Path) -> None:
    """Exit 5."""
    fraud("extract", tmp_path / "nothing", "--trust", TRUST, "--out", tmp_path / "out", code=ABSENT)


def keep(folder: Path) -> Path:
    """Notes and receipts of both histories of a log, and a file that is neither."""
    folder.mkdir()
    (folder / "small.note").write_bytes(forks.note_of(honest(), forks.CUT))
    (folder / "ours.note").write_bytes(forks.note_of(honest()))
    for name, scene in (("ours", honest()), ("theirs", forks.other())):
        proof, event = forks.receipt_of(scene, forks.INDEX)
        (folder / f"{name}.tlog-proof").write_bytes(proof)
        (folder / f"{name}.event").write_bytes(event)
    (folder / "leaf-hashes").write_bytes(bytes(64))
    return folder


def test_equivocation_of_what_was_kept(tmp_path: Path) -> None:
    """By two files, by a folder; the proof is a file or is printed."""
    folder = keep(tmp_path / "kept")
    file = tmp_path / "fork.json"
    receipts = (folder / "ours.tlog-proof", folder / "theirs.tlog-proof")
    base = ("equivocation", "--trust", TRUST)
    said = fraud(*base, *receipts, "--out", file, code=PROVEN)
    assert (said["type"], said["file"]) == ("equivocation", str(file))
    assert fraud("verify", file, "--trust", TRUST, code=PROVEN)["verdict"] == "proven"
    assert fraud(*base, "--remembered", folder, code=PROVEN)["proof"]["type"] == "equivocation"
    printed = RUN.invoke(voucherctl.app, ["audit", "fraud", *map(str, (*base, *receipts))])
    file.write_text(printed.stdout, encoding="utf-8")
    assert fraud("verify", file, "--trust", TRUST, code=PROVEN)["verdict"] == "proven"
    said = fraud(*base, folder / "small.note", folder / "ours.note", code=NOT_PROVEN)
    assert "different sizes" in said["why"]
    fraud(*base, code=BAD)
    fraud(*base, folder / "absent.note", code=ABSENT)
    fraud(*base, folder / "leaf-hashes", code=BAD)


def test_equivocation_against_the_log(tmp_path: Path) -> None:
    """An older note that the log does not extend; the log itself shows that."""
    folder = keep(tmp_path / "kept")
    log = write(forks.other().entries, tmp_path / "log")
    assert ExportSource(log).checkpoint() == forks.note_of(forks.other())
    base = ("equivocation", folder / "small.note", "--trust", TRUST, "--log")
    said = fraud(*base, log, "--out", tmp_path / "fork.json", code=PROVEN)
    assert said["numbers"] == {"tree_size": str(forks.CUT)}
    fraud(*base, write(honest().entries, tmp_path / "honest"), code=NOT_PROVEN)
