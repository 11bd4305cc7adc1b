"""What was verified before binds the log: it must extend it, and contradictions are kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from audit_forge.draft import ORIGIN, VKEY, Actor, checkpoint, seal, write
from audit_forge.memory import MemorySource
from audit_forge.year import make_year

from ledger.proof.vkey import ED25519_TYPE, VKey
from ledger_audit import remembered as module
from ledger_audit.remembered import Remembered
from ledger_audit.sources import ExportSource
from ledger_audit.verify import verify

if TYPE_CHECKING:
    from ledger_audit.report import Report

FORK = 30


@pytest.fixture(scope="module")
def honest() -> list[bytes]:
    """A whole year."""
    return seal(make_year().drafts)


@pytest.fixture(scope="module")
def forked() -> list[bytes]:
    """Another valid year that differs from the thirtieth event on."""
    year = make_year()
    year.drafts[FORK].event.recorded_ms += 1
    year.drafts[FORK].event.effective_ms += 1
    return seal(year.drafts)


def audit(entries: list[bytes], state: Path, **options: object) -> Report:
    """A live log: no directory."""
    source = MemorySource(entries, note=checkpoint(entries))
    return verify(source, log_key=VKEY, remembered=Remembered(state), **options)  # type: ignore[arg-type]


def status(report: Report) -> str:
    return next(check.status.value for check in report.checks if check.name == "checkpoint_remembered")


def test_a_log_that_grows_passes_each_time(tmp_path: Path, honest: list[bytes]) -> None:
    """The first time, too: nothing contradicts it."""
    for size in (10, 50, 50, len(honest)):
        report = audit(honest[:size], tmp_path)
        assert (report.result, status(report)) == ("ok", "PASS")
    origin = next(tmp_path.iterdir())
    assert sorted(int(path.stem) for path in origin.glob("*.checkpoint")) == [10, 50, len(honest)]


def test_a_log_that_was_rewritten_is_a_finding_and_both_notes_are_kept(
    tmp_path: Path, honest: list[bytes], forked: list[bytes]
) -> None:
    """The other history keeps every rule; only the memory tells. It is not remembered in turn."""
    assert audit(honest[:60], tmp_path).result == "ok"
    for _ in range(2):
        report = audit(forked, tmp_path)
        assert {finding.check for finding in report.findings} == {"checkpoint_remembered"}
        kept = [Path(path).read_bytes() for path in report.kept]
        assert kept == [checkpoint(honest[:60]), checkpoint(forked)]
        assert report.to_json()["kept"] == list(report.kept)
    assert audit(honest, tmp_path).result == "ok"


def test_a_fork_behind_what_was_seen_is_not_told(
    tmp_path: Path, honest: list[bytes], forked: list[bytes]
) -> None:
    """Up to what was remembered both are one."""
    assert audit(honest[:FORK], tmp_path).result == "ok"
    assert audit(forked, tmp_path).result == "ok"


def test_a_live_log_may_not_shrink_but_a_copy_may_be_old(tmp_path: Path, honest: list[bytes]) -> None:
    """A server that shows less than before is a finding; an older export is checked against older notes."""
    assert audit(honest[:40], tmp_path / "s").result == "ok"
    assert audit(honest, tmp_path / "s").result == "ok"
    report = audit(honest[:90], tmp_path / "s")
    assert {finding.check for finding in report.findings} == {"checkpoint_remembered"}
    assert len(report.kept) == 2
    copy = ExportSource(write(honest[:90], tmp_path / "copy"))
    assert verify(copy, log_key=VKEY, remembered=Remembered(tmp_path / "s")).result == "ok"


def test_an_old_copy_of_another_history_is_a_finding(
    tmp_path: Path, honest: list[bytes], forked: list[bytes]
) -> None:
    """It is compared with the newest note that is not larger."""
    assert audit(honest[:40], tmp_path / "s").result == "ok"
    assert audit(honest, tmp_path / "s").result == "ok"
    copy = ExportSource(write(forked[:90], tmp_path / "copy"))
    report = verify(copy, log_key=VKEY, remembered=Remembered(tmp_path / "s"))
    assert {finding.check for finding in report.findings} == {"checkpoint_remembered"}


def test_broken_rules_do_not_hinder_remembering(tmp_path: Path) -> None:
    """What binds the log is its bytes, not whether they are right."""
    year = make_year()
    year.drafts[-1].event.effective_ms += 1
    entries = seal(year.drafts)
    assert audit(entries, tmp_path).result == "findings"
    assert list(tmp_path.rglob("*.checkpoint"))


def test_without_memory_the_check_is_not_requested(honest: list[bytes]) -> None:
    """`--no-state`."""
    assert status(verify(MemorySource(honest), log_key=VKEY)) == "NOT_REQUESTED"


def test_only_the_newest_are_kept(
    tmp_path: Path, honest: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that is followed for years does not fill the disk."""
    monkeypatch.setattr(module, "KEPT", 3)
    for size in range(20, 30):
        audit(honest[:size], tmp_path)
    assert sorted(int(path.stem) for path in tmp_path.rglob("*.checkpoint")) == [27, 28, 29]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, honest: list[bytes]) -> None:
    """Exit 5: the check was asked for and could not be made."""
    (tmp_path / "file").write_bytes(b"")
    report = audit(honest, tmp_path / "file" / "below")
    assert (report.result, status(report)) == ("incomplete", "SKIPPED")


def test_two_logs_of_one_origin_are_two_logs(tmp_path: Path, honest: list[bytes]) -> None:
    """Ledgers for development share an origin; their keys tell them apart."""
    assert audit(honest, tmp_path).result == "ok"
    other = Actor("another log")
    key = VKey(ORIGIN, ED25519_TYPE, other.public_key).render()
    source = MemorySource(honest[:9], note=checkpoint(honest[:9], signer=other))
    report = verify(source, log_key=key, remembered=Remembered(tmp_path))
    assert "checkpoint_remembered" not in {finding.check for finding in report.findings}
    assert audit(honest, tmp_path).result == "ok"
