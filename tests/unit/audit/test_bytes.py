"""Bytes, chain, tree and tiles: every changed byte of an export is found, and at the right leaf."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from audit_forge.bulk import make_bulk
from audit_forge.draft import LOG, VKEY, checkpoint, seal, write
from audit_forge.memory import MemorySource
from audit_forge.opening import Opening
from audit_forge.people import OFFICERS, STRANGER
from audit_forge.year import make_year

from ledger.errors import ExitCode
from ledger.proof.hashing import leaf_hash
from ledger.proof.tiles import encode_bundle
from ledger_audit.sources import ExportSource
from ledger_audit.verify import BYTES_LAYERS, verify

if TYPE_CHECKING:
    from pathlib import Path

    from ledger_audit.report import Report


def small() -> list[bytes]:
    """A genesis and an officer."""
    opening = Opening()
    opening.genesis()
    for actor, role in OFFICERS[:1]:
        opening.officer(actor, role)
    return seal(opening.drafts)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """An export of a whole year."""
    return write(seal(make_year().drafts), tmp_path / "export")


def only_file(folder: Path) -> Path:
    """The one file somewhere below a folder."""
    (found,) = (path for path in folder.rglob("*") if path.is_file())
    return found


def run(directory: Path, **options: object) -> Report:
    """The audit of an export under the forge's log key."""
    return verify(ExportSource(directory), log_key=VKEY, **options)  # type: ignore[arg-type]


def test_every_changed_byte_of_an_event_is_found_at_its_leaf() -> None:
    """Each byte of each event, changed by itself, names its leaf first."""
    entries = small()
    honest = MemorySource(entries)
    for index, entry in enumerate(entries):
        for position in range(len(entry)):
            changed = entry[:position] + bytes([entry[position] ^ 0x41]) + entry[position + 1 :]
            source = MemorySource([*entries[:index], changed, *entries[index + 1 :]], note=honest.note)
            source.tiles = honest.tiles
            report = verify(source, log_key=VKEY)
            assert report.result == "findings"
            first = report.findings[0]
            assert first.index == index, (index, position, report.findings[:3])
            chain = [f.index for f in report.findings if f.check in {"chain", "header"}]
            assert set(chain) == {index}, (index, position)


def test_every_changed_byte_of_every_file_is_found(tmp_path: Path) -> None:
    """Bundles with their lengths, hash tiles and the checkpoint; nothing but findings comes of it."""
    directory = write(small(), tmp_path / "export")
    files = [path for path in directory.rglob("*") if path.is_file()]
    for path in files:
        data = path.read_bytes()
        for position in range(len(data)):
            path.write_bytes(data[:position] + bytes([data[position] ^ 0x21]) + data[position + 1 :])
            report = run(directory)
            assert report.result in {"findings", "incomplete"}, (path.name, position)
            if path.name != "checkpoint":
                assert report.result == "findings", (path.name, position)
        path.write_bytes(data)
    assert run(directory).result == "ok"


def test_a_changed_length_is_found_at_its_entry(directory: Path) -> None:
    """The bundle does not parse any more; the first wrong entry is named."""
    bundle = only_file(directory / "tile/entries")
    data = bytearray(bundle.read_bytes())
    first = int.from_bytes(data[:2], "big")
    data[2 + first + 1] ^= 1
    bundle.write_bytes(bytes(data))
    report = run(directory)
    assert report.findings[0].index == 1
    assert report.exit_code == ExitCode.FINDINGS


def test_a_changed_tile_is_found_at_the_leaf_that_it_misnames(directory: Path) -> None:
    """Bytes and chain are right, so the tile is to blame."""
    tile = only_file(directory / "tile/0")
    data = bytearray(tile.read_bytes())
    data[32 * 9 + 3] ^= 1
    tile.write_bytes(bytes(data))
    report = run(directory)
    assert [(f.check, f.index) for f in report.findings] == [("hash_tiles", 9)]


@pytest.mark.parametrize("more", [1, 32, 5_000])
def test_a_tile_longer_than_its_name_is_found(directory: Path, more: int) -> None:
    """A partial tile holds exactly its width, nothing behind it."""
    tile = only_file(directory / "tile/0")
    tile.write_bytes(tile.read_bytes() + bytes(more))
    assert [f.check for f in run(directory).findings] == ["hash_tiles"]


@pytest.mark.parametrize("name", ["checkpoint", "tile/entries", "tile/0"])
def test_what_is_absent_could_not_be_checked(directory: Path, name: str) -> None:
    """Exit 5, not 3: absent is not wrong."""
    target = directory / name
    target.unlink() if target.is_file() else shutil.rmtree(target)
    report = run(directory)
    assert report.result == "incomplete"
    assert report.exit_code == ExitCode.COULD_NOT_CHECK


def test_a_finding_wins_over_what_is_absent(directory: Path) -> None:
    """A wrong signature on the checkpoint, and no entries."""
    shutil.rmtree(directory / "tile/entries")
    (directory / "checkpoint").write_bytes(checkpoint(seal(make_year().drafts), signer=STRANGER))
    report = run(directory)
    assert report.result == "findings"
    assert {f.check for f in report.findings} == {"checkpoint_signature"}


def test_a_checkpoint_of_another_tree_is_found(directory: Path) -> None:
    """The log key signed another root."""
    entries = seal(make_year().drafts)
    (directory / "checkpoint").write_bytes(checkpoint(entries, signer=LOG, root=bytes(32)))
    report = run(directory)
    assert [(f.check, f.index) for f in report.findings] == [("tree_root", None)]


def test_chain_and_tree_alone() -> None:
    """The layer `bytes` asks for nothing else."""
    report = verify(MemorySource(small()), log_key=VKEY, layers=BYTES_LAYERS)
    statuses = {check.name: check.status for check in report.checks}
    assert report.result == "ok"
    assert statuses["tree_root"] == "PASS"
    assert statuses["signature"] == statuses["links"] == "NOT_REQUESTED"


def test_a_tree_of_several_bundles(tmp_path: Path) -> None:
    """600 leaves: three bundles, two levels; a changed tile of level 1 is found."""
    entries = _many(600)
    directory = write(entries, tmp_path / "export")
    report = run(directory, layers=BYTES_LAYERS)
    assert (report.result, report.tree_size) == ("ok", 600)
    (tile,) = (directory / "tile/1").rglob("2")
    data = bytearray(tile.read_bytes())
    data[40] ^= 1
    tile.write_bytes(bytes(data))
    report = run(directory, layers=BYTES_LAYERS)
    assert [(f.check, f.index) for f in report.findings] == [("hash_tiles", 256)]


def test_a_tile_above_a_wrong_leaf_does_not_blame_the_leaves_before(tmp_path: Path) -> None:
    """Two leaves changed places: the tile of level 1 says no more than what is found at the first of them."""
    entries = _many(600)
    directory = write(entries, tmp_path / "export")
    entries[300], entries[301] = entries[301], entries[300]
    (bundle,) = (directory / "tile/entries").rglob("001")
    bundle.write_bytes(encode_bundle(entries[256:512]))
    report = run(directory, layers=BYTES_LAYERS)
    assert min(finding.index or 0 for finding in report.findings if finding.check != "tree_root") == 300


def test_a_bundle_that_is_no_bundle_does_not_hide_the_next_ones(tmp_path: Path) -> None:
    """The second bundle is cut; the third one's wrong event is found all the same."""
    entries = _many(600)
    directory = write(entries, tmp_path / "export")
    bundle = directory / "tile/entries/001"
    bundle.write_bytes(bundle.read_bytes()[:-3])
    (last,) = (directory / "tile/entries").rglob("88")
    data = bytearray(last.read_bytes())
    data[-1] ^= 1
    last.write_bytes(bytes(data))
    report = run(directory, layers=BYTES_LAYERS)
    assert [(f.check, f.index) for f in report.findings] == [("entry_bundle", 511), ("chain", 599)]
    assert {c.name: c.status for c in report.checks}["tree_root"] == "SKIPPED"


@pytest.mark.parametrize("workers", [2, 3])
def test_workers_find_the_same(directory: Path, workers: int) -> None:
    """Clean and changed, the report is the same for any number of workers."""
    assert run(directory, workers=workers).to_json() == run(directory).to_json()
    bundle = only_file(directory / "tile/entries")
    data = bytearray(bundle.read_bytes())
    data[len(data) // 2] ^= 1
    bundle.write_bytes(bytes(data))
    assert run(directory, workers=workers).to_json() == run(directory).to_json()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_broken_bundle_ends_the_fold_there(tmp_path: Path, workers: int) -> None:
    """What was folded before counts, whoever scanned it; the rest is skipped."""
    year = make_bulk(600)
    year["claim bulk 5"].statement.purpose = 0
    directory = write(seal(year.drafts), tmp_path / "export")
    bundle = directory / "tile/entries/001"
    bundle.write_bytes(bundle.read_bytes()[:-3])
    report = run(directory, workers=workers)
    broken = [("statement", year.named["claim bulk 5"]), ("entry_bundle", 511)]
    assert [(f.check, f.index) for f in report.findings] == broken
    assert {c.name: c.status for c in report.checks}["links"] == "SKIPPED"


def _many(count: int) -> list[bytes]:
    """Chained leaves that say nothing."""
    entries: list[bytes] = []
    previous = bytes(32)
    for index in range(count):
        entries.append(b"\x09" + index.to_bytes(8, "little") + b"\x12\x20" + previous + b"\x18\x01")
        previous = leaf_hash(entries[-1])
    return entries


def test_an_absent_bundle_does_not_hide_the_next_ones(tmp_path: Path) -> None:
    """What it holds could not be checked; what is wrong behind it is found, and wins."""
    year = make_bulk(600)
    year["claim bulk 5"].statement.purpose = 0
    entries = seal(year.drafts)
    directory = write(entries, tmp_path / "export")
    (directory / "tile/entries/001").unlink()
    report = run(directory)
    assert [(f.check, f.index) for f in report.findings] == [("statement", year.named["claim bulk 5"])]
    (last,) = (path for path in (directory / "tile/entries/002.p").iterdir())
    data = bytearray(last.read_bytes())
    data[-1] ^= 1
    last.write_bytes(bytes(data))
    for workers in (1, 2):
        report = run(directory, workers=workers)
        assert ("chain", len(entries) - 1) in {(f.check, f.index) for f in report.findings}
        statuses = {c.name: c.status for c in report.checks}
        assert statuses["tree_root"] == statuses["links"] == statuses["state_digest"] == "SKIPPED"
    (directory / "tile/entries/000").unlink()
    assert {f.check for f in run(directory).findings} == {"byte_profile", "chain"}


@pytest.mark.parametrize("name", ["checkpoint", "tile/entries/000.p/164", "tile/0/000.p/164"])
@pytest.mark.parametrize("kind", ["pipe", "endless", "folder", "loop"])
def test_what_is_no_file_is_not_read(directory: Path, name: str, kind: str) -> None:
    """A pipe without a writer, a device without an end, a folder: exit 5 at once."""
    path = directory / name
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if kind == "endless" else path)
    report = run(directory)
    assert (report.exit_code, report.findings) == (ExitCode.COULD_NOT_CHECK, ())
