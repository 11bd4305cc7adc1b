"""State digests: due at 4095 and on new days, recomputed, and bisected where two part."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from audit_forge.bulk import make_refusals
from audit_forge.digest import DIGEST
from audit_forge.draft import VKEY, checkpoint, seal
from audit_forge.memory import MemorySource
from audit_forge.year import make_year

from ledger.errors import MalformedError, UsageError
from ledger_audit import entitlement
from ledger_audit.bisection import FileSide, LogSide, find_parting
from ledger_audit.digest_file import DigestFile
from ledger_audit.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from ledger_audit.report import Report

BULK = 4_300


@pytest.fixture(scope="module")
def bulk() -> list[bytes]:
    """A ledger longer than a stretch."""
    return seal(make_refusals(BULK).drafts)


def audited(entries: list[bytes]) -> Report:
    return verify(MemorySource(entries), log_key=VKEY)


def file_of(report: Report) -> DigestFile:
    return DigestFile(report.genesis_leaf_hash, report.tree_size, report.digests)


def test_the_event_4095_is_a_digest(bulk: list[bytes]) -> None:
    """A log may end before it, but not go on without it."""
    report = audited(bulk)
    assert report.result == "ok"
    assert 4_095 in [index for index, _ in report.digests]
    assert audited(bulk[:4_095]).result == "ok"
    drafts = make_refusals(BULK).drafts
    place = next(n for n, draft in enumerate(drafts) if draft.kind == DIGEST and n % 4096 == 4095)
    drafts[place] = drafts[place - 1]
    found = [(f.check, f.index) for f in audited(seal(drafts)).findings]
    assert ("digest_place", 4_095) in found


def test_two_auditors_with_one_rule_agree() -> None:
    """Two runs compute the same digests, which are those of the log."""
    entries = seal(make_year().drafts)
    first, second = audited(entries), audited(entries)
    assert first.digests == second.digests
    parting, covered = find_parting(FileSide(file_of(first)), LogSide(MemorySource(entries)))
    assert (parting, covered) == (None, first.digests[-1][0] + 1)


def test_two_auditors_with_another_rounding_part_where_it_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    """One rounds an entitlement up: they part in the stretch of the first entitlement that is not whole."""
    year = make_year()
    entries = seal(year.drafts)
    honest = audited(entries)
    floor = entitlement.share_fen
    monkeypatch.setattr(entitlement, "share_fen", lambda **values: floor(**values) + 1)
    other = audited(entries)
    assert other.result == "findings"
    parting, _ = find_parting(FileSide(file_of(honest)), FileSide(file_of(other)))
    assert parting is not None
    first = min(finding.index or 0 for finding in other.findings if finding.index is not None)
    assert parting.first <= first <= parting.last
    assert parting.leaf is None
    assert parting.digest_a != parting.digest_b


@pytest.mark.parametrize("fork", [5, 3_000, 4_094, 4_095, 4_200])
def test_two_logs_part_at_a_leaf(bulk: list[bytes], fork: int) -> None:
    """Bisection names the stretch, and within it the first leaf."""
    drafts = make_refusals(BULK).drafts
    if drafts[fork].kind == DIGEST:
        fork += 1
    drafts[fork].event.submitter = bytes(16)
    other = seal(drafts)
    parting, _ = find_parting(LogSide(MemorySource(bulk)), LogSide(MemorySource(other)))
    assert parting is not None
    assert parting.leaf == fork
    assert parting.first <= fork <= parting.last


def test_a_prefix_is_equal_as_far_as_it_goes(bulk: list[bytes]) -> None:
    """A shorter copy of the same log."""
    shorter = bulk[:1_000]
    sides = LogSide(MemorySource(bulk)), LogSide(MemorySource(shorter, note=checkpoint(shorter)))
    assert find_parting(*sides) == (None, 1_000)


def test_two_ledgers_are_not_compared(bulk: list[bytes]) -> None:
    """Their genesis tells."""
    other = make_refusals(10)
    other.drafts[0].statement.base_name = "ledger.example.org/other"
    with pytest.raises(UsageError):
        find_parting(LogSide(MemorySource(bulk)), LogSide(MemorySource(seal(other.drafts))))


def test_the_file_comes_back_and_nothing_else_is_read(tmp_path: Path) -> None:
    """Saved and loaded; whatever is not such a file is refused."""
    made = DigestFile(bytes(32), 9, ((3, b"\x01" * 32), (7, b"\x02" * 32)))
    made.save(tmp_path / "digests")
    assert DigestFile.load(tmp_path / "digests") == made
    good = (tmp_path / "digests").read_text()
    for bad in (
        "",
        "[]",
        good.replace("digests/1", "digests/2"),
        good.replace("[7,", "[3,"),
        good.replace("[7,", '["7",'),
        good.replace("[7,", "[7.0,"),
        good.replace("01" * 32, "01" * 31),
        good.replace('"tree_size": 9', '"tree_size": 9, "tree_size": 9'),
        "[" * 100_000,
    ):
        with pytest.raises(MalformedError):
            DigestFile.parse(bad.encode())
    with pytest.raises(UsageError):
        DigestFile.load(tmp_path / "absent")
    assert replace(made, tree_size=10) != made
