"""Fraud proofs accuse nobody wrongly, and are made for what a few leaves show."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from audit_forge import cases_after, cases_frame, cases_grant, cases_people, cases_rules
from audit_forge.draft import VKEY, checkpoint, seal
from audit_forge.memory import MemorySource
from audit_forge.year import make_year

from ledger_audit.fraud.extract import Extracted, Suspicion, extract
from ledger_audit.fraud.forks import equivocation, load_held
from ledger_audit.fraud.judge import judge_bytes
from ledger_audit.fraud.proof_file import render
from ledger_audit.fraud.registry import TYPES
from ledger_audit.fraud.verdict import Judgement
from ledger_audit.sources import ExportSource
from ledger_audit.trust import Trust
from ledger_audit.verify import verify

GOLDEN = Path(__file__).parents[2] / "golden"
LEDGERS = sorted(path.parent for path in GOLDEN.glob("*/*/trust.json"))
TRUST = Trust.from_log_key(VKEY)
ROOMS = (cases_frame, cases_rules, cases_people, cases_grant, cases_after)
CASES = tuple(case for room in ROOMS for case in room.CASES)
JUDGED_WITHIN_S = 0.05


@pytest.mark.parametrize("ledger", LEDGERS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_an_honest_ledger_can_be_accused_of_nothing(ledger: Path) -> None:
    """Every type is tried against every leaf of a year with every event type."""
    source, trust = ExportSource(ledger / "export"), Trust.load(ledger / "trust.json")
    size = json.loads((ledger / "expected.json").read_text(encoding="utf-8"))["tree_size"]
    results = extract(source, [Suspicion(index) for index in range(size)], trust)
    assert [result.suspicion.index for result in results if result.proof is not None] == []


def _proofs(change: object) -> tuple[MemorySource, list[Extracted]]:
    year = make_year()
    change(year)  # type: ignore[operator]
    source = MemorySource(seal(year.drafts))
    findings = verify(source, log_key=VKEY).findings
    return source, extract(source, [Suspicion.of(finding) for finding in findings], TRUST)


@pytest.fixture(scope="module")
def proven() -> dict[str, list[bytes]]:
    """The proofs of all broken years by type."""
    found: dict[str, list[bytes]] = {}
    for case in CASES:
        for result in _proofs(case.change)[1]:
            if result.proof is not None:
                found.setdefault(result.proof.type, []).append(render(result.proof))
    return found


def test_most_types_are_proven_by_some_broken_year(proven: dict[str, list[bytes]]) -> None:
    """What is made is proven under the caller's key, in milliseconds, and not under another."""
    missing = {one.name for one in TYPES} - proven.keys()
    assert len(missing) <= 2, missing
    other = Trust.load(LEDGERS[-1] / "trust.json")
    for files in proven.values():
        for data in files[:40]:
            begun = time.perf_counter()
            assert judge_bytes(data, TRUST).is_proven
            assert time.perf_counter() - begun < 10 * JUDGED_WITHIN_S
        assert judge_bytes(files[0], other).judgement is Judgement.NOT_PROVEN


def test_a_proof_says_nothing_of_the_honest_log(proven: dict[str, list[bytes]]) -> None:
    """The same claim with another checkpoint, a leaf left out, or roles exchanged is not proven."""
    note = checkpoint(seal(make_year().drafts)).decode()
    for files in proven.values():
        for data in files[:10]:
            value = json.loads(data)
            if "excerpt" not in value:
                continue
            moved = json.loads(data)
            moved["excerpt"]["checkpoint"] = note
            assert not judge_bytes(json.dumps(moved).encode(), TRUST).is_proven
            for place in range(len(value["excerpt"]["leaves"])):
                cut = json.loads(data)
                del cut["excerpt"]["leaves"][place]
                verdict = judge_bytes(json.dumps(cut).encode(), TRUST)
                assert not verdict.is_proven or len(value["excerpt"]["leaves"]) > 1


@pytest.mark.parametrize("cut", [0, 1, 17, 200])
def test_bytes_that_are_no_proof_are_malformed(proven: dict[str, list[bytes]], cut: int) -> None:
    """Cut, doubled, nested, renamed: one verdict."""
    for files in proven.values():
        data = files[0]
        bad = [data[:cut], data[:-2], data + data, b"[" * 100_000, data.replace(b'"type"', b'"typo"', 1)]
        for broken in bad:
            assert judge_bytes(broken, TRUST).judgement is Judgement.MALFORMED


def test_two_notes_of_one_size_are_an_equivocation(tmp_path: Path) -> None:
    """Two roots at one size under one key; growth is none, nor is a note of another key."""
    entries = seal(make_year().drafts)
    year = make_year()
    year.drafts[10].event.recorded_ms += 1
    year.drafts[10].event.effective_ms += 1
    paths = [tmp_path / name for name in ("a.note", "b.note", "older.note")]
    notes = (checkpoint(entries), checkpoint(seal(year.drafts)), checkpoint(entries[:50]))
    for path, note in zip(paths, notes, strict=True):
        path.write_bytes(note)
    held = [load_held(path) for path in paths]
    proof, verdict, _ = equivocation(held[:2], TRUST)
    assert proof is not None
    assert verdict is not None
    assert judge_bytes(render(proof), TRUST).is_proven
    assert equivocation([held[0], held[2]], TRUST)[0] is None
    assert equivocation([held[0], held[0]], TRUST)[0] is None
