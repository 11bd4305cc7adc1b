"""Findings that the auditor knows: shown as such while they are made up for, and hiding nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from audit_forge.draft import VKEY, seal, write
from audit_forge.memory import MemorySource
from audit_forge.year import make_year
from typer.testing import CliRunner

from ledger.errors import MalformedError, UsageError
from ledger_audit.accepted import COMPENSATING, load_accepted
from ledger_audit.acts import BY_EVENT
from ledger_audit.findings import CAP, CHECKS, Findings
from ledger_audit.verify import BYTES_LAYERS, verify
from ledger_cli.audit import app

if TYPE_CHECKING:
    from pathlib import Path

    from audit_forge.year import Year

    from ledger_audit.report import Report

RUNNER = CliRunner()


def item(check: str, index: int | None, by: int | None = None) -> dict[str, Any]:
    """An entry of the file."""
    return {"check": check, "index": index, "reason": "reported", "compensating_index": by}


def late(year: Year, *names: str) -> None:
    """Events whose effective time is not the fact's: a finding, and nothing follows of it."""
    for name in names:
        year[name].patch = lambda event: setattr(event, "effective_ms", 5)


def of_kind(year: Year, kind: str, *, after: int = 0) -> int:
    """The first event of a type at or after an index."""
    return next(index for index, draft in enumerate(year.drafts) if draft.kind == kind and index >= after)


def audit(year: Year, folder: Path, *items: dict[str, Any], **options: Any) -> Report:
    """An audit with a file of known findings."""
    path = folder / "accepted.json"
    path.write_text(json.dumps(items))
    source = MemorySource(seal(year.drafts))
    return verify(source, log_key=VKEY, accepted=load_accepted(path), **options)


def outcome(report: Report) -> list[str]:
    """What became of each."""
    return [settled.status.value for settled in report.accepted]


def status(report: Report, name: str) -> tuple[str, int]:
    return next((check.status.value, check.count) for check in report.checks if check.name == name)


@pytest.mark.parametrize("kind", sorted(COMPENSATING | {"claim_accepted", "service_claim_accepted"}))
def test_an_event_of_a_closed_list_makes_up_for_a_finding(tmp_path: Path, kind: str) -> None:
    """Corrections, revocations, cancellations, settlements, clawbacks, and claims that supersede (I16)."""
    year = make_year()
    late(year, "programme")
    index = of_kind(year, kind)
    if kind in {"claim_accepted", "service_claim_accepted"}:
        index = next(
            number
            for number, draft in enumerate(year.drafts)
            if draft.kind == kind and draft.statement.HasField("superseded_index")
        )
    report = audit(year, tmp_path, item("effective_ms", year.named["programme"], index))
    assert (report.result, outcome(report), status(report, "effective_ms")) == (
        "ok",
        ["ACCEPTED"],
        ("ACCEPTED", 1),
    )
    assert report.findings == ()
    (shown,) = report.to_json()["accepted"]
    assert (shown["status"], shown["count"], shown["actual"]) == ("ACCEPTED", 1, "5")


def test_every_compensating_type_is_an_event_type() -> None:
    """The list has no name that nothing bears."""
    assert set(BY_EVENT) >= COMPENSATING


@pytest.mark.parametrize("by", ["other type", "before", "beyond", "not superseding"])
def test_without_such_an_event_it_counts(tmp_path: Path, by: str) -> None:
    """Of another type, before the fault, or not in the log: exit 3, and it is said."""
    year = make_year()
    late(year, "request a")
    index = year.named["request a"]
    places = {
        "other type": year.named["verification a"],
        "before": of_kind(year, "revocation_corrected")
        if index > of_kind(year, "revocation_corrected")
        else 0,
        "beyond": len(year.drafts),
        "not superseding": of_kind(year, "claim_accepted"),
    }
    report = audit(year, tmp_path, item("effective_ms", index, places[by]))
    assert (report.result, outcome(report)) == ("findings", ["NOT_COMPENSATED"])
    assert [(f.check, f.index) for f in report.findings] == [("effective_ms", index)]
    assert status(report, "effective_ms") == ("FAIL", 1)


def test_an_accepted_finding_blinds_nobody(tmp_path: Path) -> None:
    """The fold goes on: later faults of the same check and of others are found where they are."""
    year = make_year()
    late(year, "programme", "policy")
    year["approval a 1"].statement.amount_fen += 1
    clawback = of_kind(year, "clawback_opened")
    report = audit(year, tmp_path, item("effective_ms", year.named["programme"], clawback))
    assert report.result == "findings"
    assert outcome(report) == ["ACCEPTED"]
    found = {(finding.check, finding.index) for finding in report.findings}
    assert ("effective_ms", year.named["policy"]) in found
    assert ("effective_ms", year.named["programme"]) not in found
    assert ("i10_amounts", year.named["approval a 1"]) in found
    assert status(report, "effective_ms") == ("FAIL", 1)


def test_one_that_no_longer_occurs_is_told(tmp_path: Path) -> None:
    """It may be taken out of the file; the result is what it is without."""
    year = make_year()
    report = audit(year, tmp_path, item("effective_ms", 3), item("chain", None))
    assert (report.result, outcome(report)) == ("ok", ["NOT_FOUND", "NOT_FOUND"])
    shown = report.to_json()["accepted"][0]
    assert (shown["expected"], shown["actual"], shown["count"]) == (None, None, 0)


def test_bytes_alone_tell_nothing_of_events(tmp_path: Path) -> None:
    """With chain and tree alone no acceptance is doubted."""
    source = MemorySource(seal(make_year().drafts))
    entries = list(source.entries)
    entries[9] = entries[9] + b"\x00"
    path = tmp_path / "accepted.json"
    path.write_text(json.dumps([item("chain", 9, 10)]))
    lying = MemorySource(entries, note=source.note)
    lying.tiles = source.tiles
    report = verify(lying, log_key=VKEY, accepted=load_accepted(path), layers=BYTES_LAYERS)
    assert outcome(report) == ["ACCEPTED"]


def test_the_command_shows_them(tmp_path: Path) -> None:
    """As a table, in JSON, and on stderr what is to be done."""
    year = make_year()
    late(year, "programme", "policy")
    log = str(write(seal(year.drafts), tmp_path / "log"))
    path = tmp_path / "accepted.json"
    cases = [
        item("effective_ms", year.named["programme"]),
        item("effective_ms", year.named["policy"], 0),
        item("chain", 7),
    ]
    path.write_text(json.dumps(cases))
    words = ["verify", log, "--log-key", VKEY, "--accepted", str(path)]
    done = RUNNER.invoke(app, words)
    assert done.exit_code == 3
    assert "ACCEPTED" in done.stdout
    assert "NOT_COMPENSATED" in done.stdout
    assert "chain at 7 does not occur any more" in done.stderr
    assert "does not make up for it" in done.stderr
    value = json.loads(RUNNER.invoke(app, [*words, "--json"]).stdout)
    assert [shown["status"] for shown in value["accepted"]] == ["ACCEPTED", "NOT_COMPENSATED", "NOT_FOUND"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[1]",
        b"\xff",
        b"[" * 5_000,
        json.dumps([{**item("chain", 1), "more": 1}]).encode(),
        json.dumps([{"check": "chain", "index": 1, "reason": "x"}]).encode(),
        json.dumps([item("nonsense", 1)]).encode(),
        json.dumps([item("chain", -1)]).encode(),
        json.dumps([item("chain", 1, -1)]).encode(),
        json.dumps([{**item("chain", 1), "index": True}]).encode(),
        json.dumps([{**item("chain", 1), "index": 1.0}]).encode(),
        json.dumps([{**item("chain", 1), "index": "1"}]).encode(),
        json.dumps([{**item("chain", 1), "reason": " "}]).encode(),
        json.dumps([item("chain", 1), item("chain", 1, 2)]).encode(),
        b'[{"check": "chain", "check": "size", "index": 1, "reason": "x", "compensating_index": null}]',
        b'[{"check": "chain", "index": NaN, "reason": "x", "compensating_index": null}]',
    ],
)
def test_the_file_is_strict(tmp_path: Path, data: bytes) -> None:
    """Anything else is refused before anything is read."""
    path = tmp_path / "accepted.json"
    path.write_bytes(data)
    with pytest.raises(MalformedError):
        load_accepted(path)


def test_a_file_that_is_not_there_is_the_callers_fault(tmp_path: Path) -> None:
    """Exit 2."""
    with pytest.raises(UsageError):
        load_accepted(tmp_path / "none")


def test_withdrawn_findings_keep_their_counts() -> None:
    """Also those that were counted only."""
    findings = Findings([("chain", 1), ("chain", 2)])
    for _ in range(CAP + 5):
        findings.add("chain", 1, "a", "b")
    findings.add("chain", 2, "a", "b")
    findings.withdraw("chain", 1)
    assert (findings.counts, findings.accepted_counts) == ({"chain": CAP + 5}, {"chain": 1})
    assert len(findings.kept) == CAP


def test_the_numbers_of_checks_are_fixed() -> None:
    """One a check, by layer, in order; those that were given first keep theirs."""
    numbers = [check.number for check in CHECKS]
    assert len(set(numbers)) == len(numbers)
    assert numbers == sorted(numbers)
    layers = {"bytes": 1, "trust": 2, "signatures": 3, "rules": 4}
    assert all(check.number // 100 == layers[check.layer] for check in CHECKS)
    fixed = {
        "entry_bundle": 101,
        "chain": 103,
        "tree_root": 107,
        "receipts": 208,
        "signature": 302,
        "links": 417,
    }
    assert {name: number for name, number in by_name().items() if name in fixed} == fixed


def by_name() -> dict[str, int]:
    return {check.name: check.number for check in CHECKS}
