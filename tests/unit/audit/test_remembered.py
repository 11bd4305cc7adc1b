"""What was verified before binds the log: it must extend it, and contradictions are kept."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

import pytest
from audit_forge.draft import LOG, ORIGIN, VKEY, Actor, checkpoint, seal, write
from audit_forge.memory import MemorySource
from audit_forge.year import make_year

from ledger.proof.cosignature import cosign
from ledger.proof.hashing import HASH_SIZE
from ledger.proof.note import Note, add_signatures
from ledger.proof.vkey import VKey
from ledger_audit.remembered import LEAF_HASHES, NOTE, Remembered
from ledger_audit.sources import ExportSource
from ledger_audit.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from ledger_audit.report import Report

FORK = 30
CHECK = "checkpoint_remembered"


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
    """An audit that remembers."""
    source = MemorySource(entries)
    return verify(source, log_key=VKEY, remembered=Remembered(state), **options)  # type: ignore[arg-type]


def status(report: Report) -> str:
    return next(check.status.value for check in report.checks if check.name == CHECK)


def found(report: Report) -> set[tuple[str, int | None]]:
    return {(finding.check, finding.index) for finding in report.findings}


def note_in(state: Path) -> bytes:
    """The one remembered note."""
    (path,) = state.rglob(NOTE)
    return path.read_bytes()


def test_a_log_that_grows_passes_each_time(tmp_path: Path, honest: list[bytes]) -> None:
    """The first time, too: nothing contradicts it, which is said."""
    for number, size in enumerate((10, 50, 50, len(honest))):
        report = audit(honest[:size], tmp_path)
        assert (report.result, status(report)) == ("ok", "PASS")
        assert ("first audit" in "".join(report.told.notes)) == (number == 0)
        assert note_in(tmp_path) == checkpoint(honest[:size])
        (hashes,) = tmp_path.rglob(LEAF_HASHES)
        assert hashes.stat().st_size == size * HASH_SIZE


def test_a_log_that_was_rewritten_is_found_where_it_begins_to_differ(
    tmp_path: Path, honest: list[bytes], forked: list[bytes]
) -> None:
    """The other history keeps every rule; only the memory tells. It is not remembered in turn."""
    assert audit(honest[:60], tmp_path).result == "ok"
    for _ in range(2):
        report = audit(forked, tmp_path)
        assert found(report) == {(CHECK, FORK)}
        kept = [path.read_bytes() for path in report.told.kept]
        assert kept == [checkpoint(honest[:60]), checkpoint(forked)]
        assert report.to_json()["kept"] == [str(path) for path in report.told.kept]
    assert note_in(tmp_path) == checkpoint(honest[:60])
    assert audit(honest, tmp_path).result == "ok"


def test_a_fork_behind_what_was_seen_is_not_told(
    tmp_path: Path, honest: list[bytes], forked: list[bytes]
) -> None:
    """Up to what was remembered both are one."""
    assert audit(honest[:FORK], tmp_path).result == "ok"
    assert audit(forked, tmp_path).result == "ok"


@pytest.mark.parametrize("size", [1, FORK, FORK + 1, 90])
def test_a_shorter_log_is_an_older_copy_or_a_fork(
    tmp_path: Path, honest: list[bytes], forked: list[bytes], size: int
) -> None:
    """Its leaves tell, by whatever source it comes, and what is remembered stays."""
    assert audit(honest, tmp_path / "state").result == "ok"
    report = audit(honest[:size], tmp_path / "state")
    assert (report.result, status(report)) == ("ok", "PASS")
    assert f"an older copy: the first {size} of the {len(honest)} events" in "".join(report.told.notes)
    expected = set() if size <= FORK else {(CHECK, FORK)}
    assert found(audit(forked[:size], tmp_path / "state")) == expected
    copy = ExportSource(write(forked[:size], tmp_path / "copy"))
    assert found(verify(copy, log_key=VKEY, remembered=Remembered(tmp_path / "state"))) == expected
    assert note_in(tmp_path / "state") == checkpoint(honest)


def test_without_leaf_hashes_a_shorter_log_cannot_be_told_from_a_fork(
    tmp_path: Path, honest: list[bytes], forked: list[bytes]
) -> None:
    """Exit 5; a longer one is judged by its root, without a place; and the hashes come back."""
    assert audit(honest[:60], tmp_path).result == "ok"
    (hashes,) = tmp_path.rglob(LEAF_HASHES)
    for damage in (hashes.unlink, lambda: hashes.write_bytes(bytes(60 * HASH_SIZE))):
        damage()
        report = audit(honest[:40], tmp_path)
        assert (report.result, status(report)) == ("incomplete", "SKIPPED")
        assert found(audit(forked, tmp_path)) == {(CHECK, None)}
    hashes.unlink()
    assert audit(honest[:70], tmp_path).result == "ok"
    assert audit(honest[:40], tmp_path).result == "ok"


def test_what_a_crash_left_behind_the_checkpoint_does_no_harm(tmp_path: Path, honest: list[bytes]) -> None:
    """Hashes are written first: those beyond the remembered size are written again."""
    assert audit(honest[:60], tmp_path).result == "ok"
    (hashes,) = tmp_path.rglob(LEAF_HASHES)
    hashes.write_bytes(hashes.read_bytes() + b"\xff" * 1000)
    assert audit(honest[:50], tmp_path).result == "ok"
    assert audit(honest, tmp_path).result == "ok"
    assert audit(honest[:100], tmp_path).result == "ok"


def test_a_damaged_note_could_not_be_compared(tmp_path: Path, honest: list[bytes]) -> None:
    """It is the auditor's own: nothing is wrong with the log, and nothing is overwritten."""
    assert audit(honest[:60], tmp_path).result == "ok"
    (path,) = tmp_path.rglob(NOTE)
    path.write_bytes(b"damaged")
    report = audit(honest, tmp_path)
    assert (report.result, status(report)) == ("incomplete", "SKIPPED")
    assert path.read_bytes() == b"damaged"


def test_another_key_is_another_log_and_said(tmp_path: Path, honest: list[bytes]) -> None:
    """A development ledger that is opened anew has the old origin; each key has its memory."""
    other = Actor("other log")
    assert audit(honest, tmp_path).result == "ok"
    year = make_year()
    year.drafts[0].statement.log_vkey = VKey(ORIGIN, 1, other.public_key).render()
    entries = seal(year.drafts)
    source = MemorySource(entries, note=checkpoint(entries, signer=other))
    vkey = VKey(ORIGIN, 1, other.public_key).render()
    report = verify(source, log_key=vkey, remembered=Remembered(tmp_path))
    assert (report.result, status(report)) == ("ok", "PASS")
    assert "under another log key" in "".join(report.told.notes)
    assert audit(honest, tmp_path).result == "ok"


def test_a_note_with_more_cosignatures_takes_the_place_of_the_same(
    tmp_path: Path, honest: list[bytes]
) -> None:
    """The newest note of the size is what is kept."""
    assert audit(honest, tmp_path).result == "ok"
    note = checkpoint(honest)
    line = cosign(Note.parse(note).text, name="witness", signer=LOG.signer, timestamp_s=1)
    more = add_signatures(note, [line])
    source = MemorySource(honest, note=more)
    assert verify(source, log_key=VKEY, remembered=Remembered(tmp_path)).result == "ok"
    assert note_in(tmp_path) == more


def test_broken_rules_do_not_hinder_remembering(tmp_path: Path) -> None:
    """What binds the log is its bytes, not whether they are right."""
    year = make_year()
    year.drafts[-1].event.effective_ms += 1
    entries = seal(year.drafts)
    assert audit(entries, tmp_path).result == "findings"
    assert note_in(tmp_path) == checkpoint(entries)


def test_what_does_not_verify_is_not_remembered(tmp_path: Path, honest: list[bytes]) -> None:
    """Neither another key's checkpoint nor one over another tree."""
    for note in (checkpoint(honest, signer=Actor("stranger")), checkpoint(honest, root=bytes(32))):
        source = MemorySource(honest, note=note)
        assert verify(source, log_key=VKEY, remembered=Remembered(tmp_path)).result == "findings"
    assert list(tmp_path.rglob("*")) == []


def test_without_memory_the_check_is_not_requested(honest: list[bytes]) -> None:
    """`--no-state`."""
    assert status(verify(MemorySource(honest), log_key=VKEY)) == "NOT_REQUESTED"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, honest: list[bytes]) -> None:
    """Exit 5: the check was asked for and could not be made."""
    (tmp_path / "file").write_bytes(b"")
    report = audit(honest, tmp_path / "file" / "below")
    assert (report.result, status(report)) == ("incomplete", "SKIPPED")


def _audit_often(state: Path, entries: list[bytes], sizes: list[int]) -> None:
    for size in sizes:
        assert audit(entries[:size], state, layers="bytes").result == "ok"


def test_audits_at_the_same_time_leave_one_whole_memory(tmp_path: Path, honest: list[bytes]) -> None:
    """Whoever writes last, note and hashes are of one tree, and it is none of the smaller ones."""
    sizes = list(range(5, len(honest), 7))
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=_audit_often, args=(tmp_path, honest, sizes[number::3])) for number in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert not list(tmp_path.rglob("*.part"))
    report = audit(honest[:5], tmp_path)
    assert (report.result, status(report)) == ("ok", "PASS")
