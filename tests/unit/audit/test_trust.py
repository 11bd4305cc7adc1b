"""Trust, checkpoints given, witnesses, receipts, accepted findings, exports and proofs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from audit_forge.draft import ORIGIN, VKEY, Actor, checkpoint, seal, write
from audit_forge.memory import MemorySource
from audit_forge.year import make_year

from ledger.errors import ExitCode, MalformedError, UsageError, VerificationError
from ledger.proof.cosignature import cosign
from ledger.proof.hashing import leaf_hash
from ledger.proof.note import Note, add_signatures
from ledger.proof.vkey import COSIGNATURE_ED25519_TYPE, VKey
from ledger_audit.accepted import load_accepted
from ledger_audit.errors import CouldNotCheckError
from ledger_audit.export import export
from ledger_audit.prove import prove, write_proof
from ledger_audit.replay import replay
from ledger_audit.sources import ExportSource
from ledger_audit.trace import trace
from ledger_audit.trust import Trust
from ledger_audit.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from ledger_audit.report import Report

WITNESSES = [Actor(f"witness-{number}") for number in range(3)]


@pytest.fixture(scope="module")
def entries() -> list[bytes]:
    """A whole year."""
    return seal(make_year().drafts)


def trust_file(entries: list[bytes], **changes: Any) -> bytes:
    """The trust file of a forged ledger."""
    value = {
        "ledger_id": make_year().ledger_id.hex(),
        "genesis_leaf_hash": leaf_hash(entries[0]).hex(),
        "origins": {ORIGIN: VKEY},
        "policy": "",
    }
    return json.dumps(value | changes).encode()


def statuses(report: Report) -> dict[str, str]:
    """Status by check."""
    return {check.name: str(check.status) for check in report.checks}


def test_a_trust_file_pins_the_genesis(entries: list[bytes]) -> None:
    """PASS with the right one, a finding with another hash or id, NOT_REQUESTED with the key alone."""
    source = MemorySource(entries)
    report = verify(source, trust=Trust.parse(trust_file(entries)))
    assert (report.result, statuses(report)["roots_pinned"]) == ("ok", "PASS")
    for change in ({"genesis_leaf_hash": "00" * 32}, {"ledger_id": "00" * 16}):
        report = verify(source, trust=Trust.parse(trust_file(entries, **change)))
        assert [f.check for f in report.findings] == ["roots_pinned"]
    report = verify(source, log_key=VKEY)
    assert (report.result, statuses(report)["roots_pinned"]) == ("ok", "NOT_REQUESTED")
    assert report.genesis_leaf_hash == leaf_hash(entries[0])
    assert len(report.roots) == 3


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b'{"ledger_id": ""}', b'{"a": 1, "a": 1}', b"\xff"],
)
def test_a_trust_file_is_strict(data: bytes) -> None:
    """Anything else is refused."""
    with pytest.raises(MalformedError):
        Trust.parse(data)


def test_another_log_key_is_found(entries: list[bytes]) -> None:
    """The checkpoint is not signed by it, and the genesis does not name it."""
    other = VKey(ORIGIN, 1, Actor("other log").public_key).render()
    report = verify(MemorySource(entries), log_key=other)
    assert {f.check for f in report.findings} == {"checkpoint_signature", "log_key"}


def test_a_checkpoint_that_was_given(entries: list[bytes]) -> None:
    """An earlier one must be contained, another root is found, a later one cannot be checked."""
    source = MemorySource(entries)
    assert verify(source, log_key=VKEY, checkpoint=checkpoint(entries[:20])).result == "ok"
    report = verify(source, log_key=VKEY, checkpoint=checkpoint(entries[:20], root=bytes(32)))
    assert [f.check for f in report.findings] == ["checkpoint_given"]
    report = verify(MemorySource(entries[:20]), log_key=VKEY, checkpoint=checkpoint(entries))
    assert (report.result, statuses(report)["checkpoint_given"]) == ("incomplete", "SKIPPED")
    report = verify(source, log_key=VKEY, checkpoint=b"nonsense")
    assert [f.check for f in report.findings] == ["checkpoint_given"]


def test_witnesses_are_counted_by_a_policy(entries: list[bytes]) -> None:
    """Two of three pass; one does not; a wrong cosignature is found; nonsense is refused."""
    keys = [VKey(w.name, COSIGNATURE_ED25519_TYPE, w.public_key).render() for w in WITNESSES]
    lines = [f"witness w{n} {key}" for n, key in enumerate(keys)]
    policy = "\n".join(["# ours", f"log {VKEY}", *lines, "group all-of-us 2 w0 w1 w2", "quorum all-of-us"])
    note = checkpoint(entries)
    text = Note.parse(note).text
    signed = [cosign(text, name=w.name, signer=w.signer, timestamp_s=1) for w in WITNESSES]
    for count, result in ((2, "ok"), (3, "ok"), (1, "findings"), (0, "findings")):
        source = MemorySource(entries, note=add_signatures(note, signed[:count]))
        report = verify(source, log_key=VKEY, policy=policy)
        assert report.result == result
    other = cosign(
        text.replace(b"57", b"58"), name=WITNESSES[0].name, signer=WITNESSES[0].signer, timestamp_s=1
    )
    report = verify(MemorySource(entries, note=add_signatures(note, [other])), log_key=VKEY, policy=policy)
    assert [f.check for f in report.findings] == ["witnesses"]
    for wrong in (
        "quorum nobody",
        "witness",
        "group g 3 w0",
        "\n".join([*lines, "group g 4 w0 w1", "quorum g"]),
    ):
        with pytest.raises(MalformedError):
            verify(MemorySource(entries), log_key=VKEY, policy=wrong)


def test_accepted_findings_are_shown_as_accepted(tmp_path: Path) -> None:
    """Alone they leave the result ok; another finding of the check does not hide."""
    year = make_year()
    year["programme"].patch = lambda event: setattr(event, "effective_ms", 5)
    index = year.named["programme"]
    path = tmp_path / "accepted.json"
    item = {"check": "effective_ms", "index": index, "reason": "known", "compensating_index": None}
    path.write_text(json.dumps([item]))
    accepted = load_accepted(path)
    report = verify(MemorySource(seal(year.drafts)), log_key=VKEY, accepted=accepted)
    assert (report.result, statuses(report)["effective_ms"]) == ("ok", "ACCEPTED")
    assert [(s.known.index, s.status.value) for s in report.accepted] == [(index, "ACCEPTED")]
    year["policy"].patch = lambda event: setattr(event, "effective_ms", 5)
    report = verify(MemorySource(seal(year.drafts)), log_key=VKEY, accepted=accepted)
    assert [f.index for f in report.findings] == [year.named["policy"]]
    for wrong in ([{**item, "check": "nonsense"}], {"a": 1}, [{**item, "reason": ""}]):
        path.write_text(json.dumps(wrong))
        with pytest.raises(MalformedError):
            load_accepted(path)


def test_receipts_are_compared_with_the_log(entries: list[bytes], tmp_path: Path) -> None:
    """Good ones pass; those of another history, broken ones and those without their event do not."""
    for index in (0, 9, 30):
        write_proof(prove(MemorySource(entries), index=index), tmp_path / f"r{index}.tlog-proof")
    assert statuses(verify(MemorySource(entries), log_key=VKEY, receipts=tmp_path))["receipts"] == "PASS"
    year = make_year()
    year["claim 1"].statement.raw_log_rows = 11
    report = verify(MemorySource(seal(year.drafts)), log_key=VKEY, receipts=tmp_path)
    assert [(f.check, f.index) for f in report.findings if f.check == "receipts"][-1] == ("receipts", 30)
    report = verify(MemorySource(entries[:20]), log_key=VKEY, receipts=tmp_path)
    assert report.result == "incomplete"
    (tmp_path / "r9.event").write_bytes(entries[8])
    report = verify(MemorySource(entries), log_key=VKEY, receipts=tmp_path)
    assert [(f.check, f.index) for f in report.findings] == [("receipts", 9)]
    (tmp_path / "r9.event").unlink()
    assert statuses(verify(MemorySource(entries), log_key=VKEY, receipts=tmp_path))["receipts"] == "SKIPPED"


def test_an_export_is_the_log_and_goes_on_where_it_stopped(entries: list[bytes], tmp_path: Path) -> None:
    """A transfer that is cut leaves no checkpoint; the next one completes it, and a third changes nothing."""
    source = MemorySource(entries)

    class Cut(MemorySource):
        def chunks(self, *, start: int, stop: int, size: int) -> Any:
            del start, stop, size
            raise CouldNotCheckError("cut")

    with pytest.raises(CouldNotCheckError) as caught:
        export(Cut(entries), tmp_path / "out")
    assert caught.value.exit_code == ExitCode.COULD_NOT_CHECK
    assert not (tmp_path / "out/checkpoint").exists()
    export(source, tmp_path / "out")
    wanted = write(entries, tmp_path / "wanted")
    assert files(tmp_path / "out") == files(wanted)
    before = {
        path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.name != "checkpoint"
    }
    export(source, tmp_path / "out")
    after = {
        path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.name != "checkpoint"
    }
    assert [p for p in before if p.is_file() and before[p] != after[p]] == []
    assert verify(ExportSource(tmp_path / "out"), log_key=VKEY).result == "ok"


def test_an_export_refuses_entries_of_another_tree(entries: list[bytes], tmp_path: Path) -> None:
    """Nothing that does not hash to the checkpoint gets a checkpoint."""
    with pytest.raises(VerificationError):
        export(MemorySource(entries, note=checkpoint(entries, root=bytes(32))), tmp_path / "out")
    assert not (tmp_path / "out/checkpoint").exists()


def test_replay_gives_the_state_after_an_event(entries: list[bytes]) -> None:
    """After the second grant all is encumbered; an index beyond the log is refused."""
    year = make_year()
    result = replay(MemorySource(entries), at=year.named["voucher b"])
    (totals,) = result.to_json()["totals"].values()
    assert (totals["encumbered"], totals["available"], result.findings) == ("550000", "49450000", ())
    with pytest.raises(UsageError):
        replay(MemorySource(entries), at=len(entries))


def test_trace_leads_from_a_payment_to_the_devices(entries: list[bytes]) -> None:
    """By redemption id both payments, by leaf the one."""
    year = make_year()
    source = MemorySource(entries)
    found = trace(source, year["request a"].statement.redemption_id.hex())
    assert found["paid_fen"] == "350000"
    assert [step["index"] for step in found["approvals"]] == [
        year.named["approval a 1"],
        year.named["approval a 2"],
    ]
    assert [step["index"] for step in found["claims"]] == [year.named["claim 1"], year.named["claim 3"]]
    assert [list(step["device_ms"].values()) for step in found["claims"]] == [["36000000"], ["36000000"]]
    one = trace(source, str(year.named["confirmation a 1.2"]))
    assert one["paid_fen"] == "105000"
    for wrong in ("3", "nonsense", "00" * 16, "999"):
        with pytest.raises(UsageError):
            trace(source, wrong)


def test_prove_refuses_what_the_tiles_do_not_show(entries: list[bytes]) -> None:
    """A proof is verified before it is given away."""
    source = MemorySource(entries)
    source.entries = [*entries[:9], b"\x00" + entries[9], *entries[10:]]
    with pytest.raises(VerificationError):
        prove(source, index=9)
    with pytest.raises(UsageError):
        prove(source, index=len(entries))


def files(directory: Path) -> dict[str, bytes]:
    """Content by path."""
    return {str(p.relative_to(directory)): p.read_bytes() for p in directory.rglob("*") if p.is_file()}
