"""The tamper matrix in its short form, and what a log's own key can and cannot do.

`make tamper` runs 20,000 mutants, with 0 all of them.
"""

from __future__ import annotations

import random
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from audit_forge import draft
from audit_forge.people import STRANGER
from audit_forge.year import make_year

from ledger.proof.checkpoint import Checkpoint
from ledger.proof.note import Note
from ledger_audit import scan
from ledger_audit.prove import prove, write_proof
from ledger_audit.sources import ExportSource
from ledger_audit.verify import verify
from tampering.export_files import CHECKPOINT, built, root_of
from tampering.matrix import Bench, RememberingKey, golden_ledgers

if TYPE_CHECKING:
    from pathlib import Path

    from ledger_audit.report import Report

    Histories = tuple[Path, Path, list[bytes], list[bytes]]

SEED = 20260105
MUTANTS = 400
FORK = 10
STEP = 9


@pytest.fixture(autouse=True)
def _remember(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "Ed25519PublicKey", RememberingKey)


@pytest.fixture(params=golden_ledgers(), ids=lambda path: f"{path.parent.name}-{path.name}")
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    """Each golden ledger, with another to splice from."""
    ledgers = golden_ledgers()
    other = next(path for path in reversed(ledgers) if path != request.param)
    return Bench(request.param, other, tmp_path / "export")


def test_mutants_are_found_where_they_are(bench: Bench) -> None:
    """Single bytes, whole files and rows: each is a finding, at the right index where a hash survives."""
    draw = random.Random(SEED)
    mutants = [*bench.mutants.files(), *draw.sample([*bench.mutants.rows()], MUTANTS // 4)]
    mutants += filter(None, map(bench.mutants.byte, draw.sample(range(bench.mutants.byte_count), MUTANTS)))
    complaints = [f"{mutant.name}: {said}" for mutant in mutants if (said := bench.complaint(mutant))]
    assert complaints == []


def test_a_chain_that_was_made_again_without_the_key(bench: Bench) -> None:
    """All hashes after the change fit again: the signed root does not, nor does the note's signature another root."""
    note = bench.export.note
    head = bench.export.head
    for index, entries in islice(bench.mutants.rechained(), 0, None, STEP):
        report = bench.audit(built(entries, note))
        assert "tree_root" in {finding.check for finding in report.findings}, index
        forged = (
            Checkpoint(head.origin, head.size, root_of(entries)).render() + note[len(Note.parse(note).text) :]
        )
        report = bench.audit(built(entries, forged))
        assert "checkpoint_signature" in {finding.check for finding in report.findings}, index


def test_an_older_checkpoint_tells_of_the_time_before_it(
    bench: Bench, request: pytest.FixtureRequest
) -> None:
    """Given an older note from outside, an honest log passes, one with another beginning does not."""
    older = (request.node.callspec.params["bench"] / "older-checkpoint").read_bytes()
    assert bench.audit(bench.export, checkpoint=older).result == "ok"
    size = Checkpoint.parse(Note.parse(older).text).size
    index, entries = next(iter(bench.mutants.rechained()))
    assert index < size
    report = bench.audit(built(entries, bench.export.note), checkpoint=older)
    assert {"checkpoint_given", "tree_root"} <= {finding.check for finding in report.findings}


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory) -> Histories:
    """Two valid years under one log key that differ from the tenth event on by a millisecond."""
    folder = tmp_path_factory.mktemp("histories")
    honest = draft.seal(make_year().drafts)
    other = make_year()
    other.drafts[FORK].event.recorded_ms += 1
    other.drafts[FORK].event.effective_ms += 1
    forked = draft.seal(other.drafts)
    assert honest[:FORK] == forked[:FORK]
    return draft.write(honest, folder / "honest"), draft.write(forked, folder / "forked"), honest, forked


def _audit(directory: Path, **options: object) -> Report:
    return verify(ExportSource(directory), log_key=draft.VKEY, **options)  # type: ignore[arg-type]


def test_with_its_own_key_a_log_can_lie_to_one_who_has_nothing(
    histories: Histories,
) -> None:
    """Both histories keep every rule; whoever sees only one of them cannot know."""
    honest, forked, *_ = histories
    assert _audit(honest).result == _audit(forked).result == "ok"


@pytest.mark.parametrize("size", [FORK + 1, 50, 120])
def test_a_checkpoint_from_before_the_lie_catches_it(histories: Histories, size: int) -> None:
    """An older note, as a witness keeps it, that covers the changed event."""
    _, forked, entries, _ = histories
    older = draft.checkpoint(entries[:size])
    report = _audit(forked, checkpoint=older)
    assert {f.check for f in report.findings} == {"checkpoint_given"}
    assert report.bracket == (0, size)


def test_a_checkpoint_that_does_not_cover_the_lie_says_nothing(
    histories: Histories,
) -> None:
    """Up to the fork both are one."""
    _, forked, entries, _ = histories
    assert _audit(forked, checkpoint=draft.checkpoint(entries[:FORK])).result == "ok"


@pytest.mark.parametrize("index", [0, FORK - 1, FORK, FORK + 1, 100])
def test_an_older_receipt_catches_it(histories: Histories, tmp_path: Path, index: int) -> None:
    """A receipt at or behind the change names its event; one before names the tree that it was under."""
    honest, forked, *_ = histories
    write_proof(prove(ExportSource(honest), index=index), tmp_path / "held")
    findings = _audit(forked, receipts=tmp_path).findings
    assert [(f.check, f.index) for f in findings] == [("receipts", index)]


def test_trusted_roots_bracket_what_they_alone_tell(histories: Histories, tmp_path: Path) -> None:
    """An older note below the change and a receipt above it: the change lies between."""
    honest, forked, entries, _ = histories
    write_proof(prove(ExportSource(honest), index=0), tmp_path / "held")
    report = _audit(forked, receipts=tmp_path, checkpoint=draft.checkpoint(entries[:FORK]))
    assert report.bracket == (FORK, len(entries))
    assert report.to_json()["bracket"] == [FORK, len(entries)]
    assert _audit(honest, receipts=tmp_path).bracket is None


def test_another_key_is_not_the_logs(histories: Histories, tmp_path: Path) -> None:
    """The chain made again and signed by somebody else."""
    *_, forked = histories
    directory = draft.write(forked, tmp_path / "export", note=draft.checkpoint(forked, signer=STRANGER))
    assert {f.check for f in _audit(directory).findings} == {"checkpoint_signature"}


def test_every_golden_export_has_a_checkpoint() -> None:
    """There is something to spoil."""
    assert len(golden_ledgers()) >= 2
    assert all((path / "export" / CHECKPOINT).is_file() for path in golden_ledgers())
