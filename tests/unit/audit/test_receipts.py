"""Receipts that providers kept: each is compared by itself, and what cannot be compared is said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from audit_forge.draft import LOG, ORIGIN, VKEY, Actor, checkpoint, seal
from audit_forge.memory import MemorySource
from audit_forge.year import make_year

from ledger.proof.checkpoint import Checkpoint, sign_checkpoint
from ledger.proof.cosignature import cosign
from ledger.proof.hashing import leaf_hash
from ledger.proof.merkle import Frontier, inclusion_proof
from ledger.proof.note import Note, add_signatures
from ledger.proof.tiles import TileNodes
from ledger.proof.tlog_proof import MAX_PROOF_SIZE, TlogProof
from ledger.proof.vkey import COSIGNATURE_ED25519_TYPE, ED25519_TYPE, VKey
from ledger_audit.trust import Trust
from ledger_audit.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from ledger_audit.report import Report

OLD_LOG = Actor("old log")
OLD_ORIGIN = "ledger.example.org/sz/e-1"
WITNESS = Actor("witness")


@pytest.fixture(scope="module")
def entries() -> list[bytes]:
    """A whole year."""
    return seal(make_year().drafts)


def receipt(
    folder: Path,
    name: str,
    entries: list[bytes],
    index: int,
    *,
    note: bytes | None = None,
    event: bytes | None = None,
) -> None:
    """Write a pair: a leaf of these entries under a note over them."""
    source = MemorySource(entries)
    nodes = TileNodes(size=len(entries), load_tile=source.tile)
    hashes = inclusion_proof(index=index, size=len(entries), read_node=nodes)
    proof = TlogProof(index, tuple(hashes), note or source.note)
    (folder / f"{name}.tlog-proof").write_bytes(proof.render())
    (folder / f"{name}.event").write_bytes(entries[index] if event is None else event)


def audit(entries: list[bytes], folder: Path, *, trust: Trust | None = None, policy: str = "") -> Report:
    return verify(
        MemorySource(entries), trust=trust or Trust.from_log_key(VKEY), policy=policy, receipts=folder
    )


def judged(report: Report) -> tuple[str, str, int | None]:
    """Result, status of the check, and how many agree."""
    (status,) = [check.status.value for check in report.checks if check.name == "receipts"]
    return report.result, status, report.receipts_agreed


def reason(report: Report) -> str:
    (why,) = [check.reason for check in report.checks if check.name == "receipts"]
    return why


def test_those_that_the_log_keeps_are_counted(tmp_path: Path, entries: list[bytes]) -> None:
    """Under the newest and under earlier checkpoints; files beside them do no harm."""
    for number, size in enumerate((10, 60, len(entries))):
        receipt(tmp_path, f"r{number}", entries[:size], size - 1)
    (tmp_path / "0001.answer.json").write_bytes(b"{}")
    report = audit(entries, tmp_path)
    assert judged(report) == ("ok", "PASS", 3)
    assert report.to_json()["receipts_agreed"] == 3


@pytest.mark.parametrize("half", [".event", ".tlog-proof"])
def test_half_a_receipt_hides_no_other(tmp_path: Path, entries: list[bytes], half: str) -> None:
    """Exit 5 for the one, and the others are compared all the same; a finding wins."""
    for index in (5, 9, 30):
        receipt(tmp_path, f"r{index}", entries, index)
    (tmp_path / f"r5{half}").unlink()
    report = audit(entries, tmp_path)
    assert judged(report) == ("incomplete", "SKIPPED", 2)
    assert f"there is no r5{half}" in reason(report)
    (tmp_path / "r30.event").write_bytes(entries[29])
    report = audit(entries, tmp_path)
    assert judged(report) == ("findings", "FAIL", 1)
    assert [(f.check, f.index) for f in report.findings] == [("receipts", 30)]


def test_receipts_beyond_the_end_could_not_be_compared(tmp_path: Path, entries: list[bytes]) -> None:
    """Whether the log here is old or has lost them, it cannot be told."""
    receipt(tmp_path, "r90", entries, 90)
    receipt(tmp_path, "r9", entries, 9)
    report = audit(entries[:60], tmp_path)
    assert judged(report) == ("incomplete", "SKIPPED", 0)
    assert "the log has 60 events" in reason(report)
    assert "(and 1 more receipts)" in reason(report)


def test_an_empty_folder_is_not_passed(tmp_path: Path, entries: list[bytes]) -> None:
    """A wrong folder would otherwise look like proof; one that is not there, too."""
    for folder in (tmp_path, tmp_path / "none"):
        assert judged(audit(entries, folder)) == ("incomplete", "SKIPPED", 0)


def test_a_receipt_of_a_rewritten_history_is_found(tmp_path: Path, entries: list[bytes]) -> None:
    """The leaf differs; or it is the same and only the tree differs."""
    year = make_year()
    year.drafts[30].event.recorded_ms += 1
    year.drafts[30].event.effective_ms += 1
    other = seal(year.drafts)
    receipt(tmp_path, "r30", other, 30)
    receipt(tmp_path, "r9", other, 9)
    report = audit(entries, tmp_path)
    assert judged(report) == ("findings", "FAIL", 0)
    assert [(f.check, f.index) for f in report.findings] == [("receipts", 9), ("receipts", 30)]


def test_a_receipt_of_another_log_says_nothing(tmp_path: Path, entries: list[bytes]) -> None:
    """It is told, as nothing against this log; and its key is never taken from it."""
    head = Checkpoint("elsewhere.example/log", len(entries), root(entries))
    receipt(tmp_path, "r9", entries, 9, note=sign_checkpoint(head, OLD_LOG.signer))
    report = audit(entries, tmp_path)
    assert judged(report) == ("incomplete", "SKIPPED", 0)
    assert "elsewhere.example/log, which is not trusted" in reason(report)


def root(entries: list[bytes]) -> bytes:
    frontier = Frontier()
    frontier.extend(leaf_hash(entry) for entry in entries)
    return frontier.root()


def test_receipts_of_several_epochs(tmp_path: Path, entries: list[bytes]) -> None:
    """An earlier epoch's promise is its leaf; its tree may have gone on otherwise."""
    vkey = VKey(OLD_ORIGIN, ED25519_TYPE, OLD_LOG.public_key).render()
    trust = Trust(((ORIGIN, VKEY), (OLD_ORIGIN, vkey)))
    year = make_year()
    year.drafts[60].event.recorded_ms += 1
    year.drafts[60].event.effective_ms += 1
    lost = seal(year.drafts)

    def old(kept: list[bytes]) -> bytes:
        return sign_checkpoint(Checkpoint(OLD_ORIGIN, len(kept), root(kept)), OLD_LOG.signer)

    receipt(tmp_path, "kept", lost[:100], 40, note=old(lost[:100]))
    receipt(tmp_path, "new", entries, 100)
    assert judged(audit(entries, tmp_path, trust=trust)) == ("ok", "PASS", 2)
    receipt(tmp_path, "lost", lost[:100], 70, note=old(lost[:100]))
    report = audit(entries, tmp_path, trust=trust)
    assert judged(report) == ("findings", "FAIL", 2)
    assert [(f.check, f.index) for f in report.findings] == [("receipts", 70)]


def test_cosignatures_of_known_witnesses_are_verified(tmp_path: Path, entries: list[bytes]) -> None:
    """No quorum is asked for, but a wrong one is a finding; those of strangers are nobody's."""
    key = VKey(WITNESS.name, COSIGNATURE_ED25519_TYPE, WITNESS.public_key).render()
    policy = f"witness w {key}\nquorum none\n"
    note = checkpoint(entries)
    text = Note.parse(note).text
    good = cosign(text, name=WITNESS.name, signer=WITNESS.signer, timestamp_s=7)
    stranger = cosign(text, name="stranger", signer=OLD_LOG.signer, timestamp_s=7)
    receipt(tmp_path, "r9", entries, 9, note=add_signatures(note, [good, stranger]))
    assert judged(audit(entries, tmp_path, policy=policy)) == ("ok", "PASS", 1)
    wrong = replace(good, signature=good.signature[:-1] + bytes([good.signature[-1] ^ 1]))
    receipt(tmp_path, "r9", entries, 9, note=add_signatures(note, [wrong]))
    assert judged(audit(entries, tmp_path, policy=policy)) == ("findings", "FAIL", 0)
    assert judged(audit(entries, tmp_path)) == ("ok", "PASS", 1)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda data: data[:-9],
        lambda data: data.replace(b"@v1", b"@v2"),
        lambda data: data.replace(b"index 9", b"index 09"),
        lambda data: data.replace(b"index 9", b"index +9"),
        lambda data: data.replace(b"index 9", "index ٩".encode()),
        lambda data: data.replace(b"index 9", b"index 8"),
        lambda data: data.replace(b"\n\n", b"\n" + b"A" * 43 + b"=\n\n", 1),
        lambda data: data.replace(b"=\n", b"\n", 1),
        lambda data: data + bytes(MAX_PROOF_SIZE),
    ],
    ids=["empty", "cut", "version", "zero", "sign", "digit", "index", "one more", "padding", "long"],
)
def test_a_receipt_that_does_not_verify_is_a_finding(
    tmp_path: Path, entries: list[bytes], spoil: object
) -> None:
    """It is there, and does not parse or prove."""
    receipt(tmp_path, "r9", entries, 9)
    path = tmp_path / "r9.tlog-proof"
    path.write_bytes(spoil(path.read_bytes()))  # type: ignore[operator]
    assert judged(audit(entries, tmp_path)) == ("findings", "FAIL", 0)


def test_an_event_over_the_limit_is_a_finding(tmp_path: Path, entries: list[bytes]) -> None:
    """Not more of it is read than an entry can have."""
    receipt(tmp_path, "r9", entries, 9, event=entries[9] + bytes(10_000_000))
    assert judged(audit(entries, tmp_path)) == ("findings", "FAIL", 0)


def test_a_signature_of_another_key_of_the_origin_is_a_finding(tmp_path: Path, entries: list[bytes]) -> None:
    """Whoever signed it claimed to be the log."""
    receipt(tmp_path, "r9", entries, 9, note=checkpoint(entries, signer=OLD_LOG))
    assert judged(audit(entries, tmp_path)) == ("findings", "FAIL", 0)
    receipt(tmp_path, "r9", entries, 9, note=checkpoint(entries, signer=LOG))
    assert judged(audit(entries, tmp_path)) == ("ok", "PASS", 1)
