"""Proofs are found for what an audit finds, and for the rest it is said why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from audit_forge.breaking import both, payload, said
from audit_forge.draft import VKEY, checkpoint
from audit_forge.memory import MemorySource
from fraud_forge import forks
from fraud_forge.scene import CASES, TRUST, Scene, case, changed, honest

from ledger_audit.errors import BrokenBundleError, CouldNotCheckError
from ledger_audit.fraud.extract import Extracted, Suspicion, extract
from ledger_audit.fraud.forks import Held, equivocation
from ledger_audit.fraud.judge import judge_bytes
from ledger_audit.fraud.proof_file import TwoNotes, TwoReceipts, render
from ledger_audit.trust import Trust
from ledger_audit.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit_forge.breaking import Case

ALWAYS = frozenset(
    {
        "signature",
        "key_active",
        "i12_separation",
        "i2_cap",
        "i6_overlap",
        "i10_amounts",
        "price",
        "trial_balance",
    }
    | {"chain", "header", "recorded_ms", "not_after", "payload_type", "startup", "key_form"}
)
"""Checks of which every case has a proof."""


def proofs(scene: Scene, trust: Trust = TRUST) -> list[Extracted]:
    """What becomes of every finding of an audit."""
    report = verify(scene.source, trust=trust)
    return extract(scene.source, [Suspicion.of(finding) for finding in report.findings], trust)


@pytest.mark.parametrize("broken", [case for case in CASES if case.check in ALWAYS], ids=str)
def test_a_finding_becomes_a_proof(broken: Case) -> None:
    """It accuses the leaf of the finding, and another reader of its bytes finds it proven."""
    scene = changed(broken.change)()
    index = scene.year.named[broken.later or broken.where]
    for result in proofs(scene):
        if (result.suspicion.check, result.suspicion.index) == (broken.check, index):
            assert result.proof is not None, result.why
            assert result.proof.accused == index
            assert judge_bytes(render(result.proof), TRUST).is_proven


def test_several_findings_have_their_proofs() -> None:
    """All of them are looked for together; every one is of its own leaf."""
    scene = changed(
        both(
            said("order a 1.1", amount_fen=105_001),
            payload("voucher a", face_fen=350_001),
            said("invoice b", fingerprint=honest().year["invoice a"].statement.fingerprint),
        )
    )()
    found = {
        (result.proof.type, result.proof.accused) for result in proofs(scene) if result.proof is not None
    }
    assert {
        ("wrong_amount", scene.index("order a 1.1")),
        ("wrong_amount", scene.index("voucher a")),
        ("duplicate_evidence", scene.index("invoice b")),
    } <= found


def test_an_honest_ledger_has_nothing_to_prove() -> None:
    """Neither by its audit nor by suspecting every leaf."""
    scene = honest()
    assert proofs(scene) == []
    suspected = [Suspicion(index) for index in range(len(scene.entries))]
    assert {result.proof for result in extract(scene.source, suspected, TRUST)} == {None}


def test_why_there_is_no_proof() -> None:
    """No type, nothing shown, or a finding about the whole tree."""
    scene = case("i13_notice", "notice a", "no notice")()
    whys = {one.why for one in proofs(scene) if one.suspicion.check == "i13_notice"}
    assert all("more of the log" in why for why in whys)
    assert whys
    scene = case("fine", "fine a", "below a tenth")()
    assert ["do not show it" in one.why for one in proofs(scene) if one.suspicion.check == "fine"] == [True]
    (result,) = extract(scene.source, [Suspicion(None, "tree_root")], TRUST)
    assert "whole tree" in result.why
    (result,) = extract(scene.source, [Suspicion(len(scene.entries))], TRUST)
    assert "no such leaf" in result.why


def test_what_the_log_did_not_sign_is_no_proof() -> None:
    """An entry that is not the tree's; a checkpoint of another key."""
    scene = case("signature", "claim 1", "flipped")()
    other = MemorySource(scene.entries, note=checkpoint(honest().entries))
    (result,) = extract(other, [Suspicion(scene.index("claim 1"), "signature")], TRUST)
    assert (result.proof, "not those of the checkpoint" in result.why) == (None, True)
    elsewhere = Trust((("other.example.org/e0", VKEY),), TRUST.ledger_id, TRUST.genesis_leaf_hash)
    (result,) = extract(scene.source, [Suspicion(scene.index("claim 1"), "signature")], elsewhere)
    assert (result.proof, "not one that is trusted" in result.why) == (None, True)


def test_a_log_key_alone_shows_what_needs_no_ledger_id() -> None:
    """Signatures do; that a statement is for another ledger does not."""
    bare = Trust.from_log_key(VKEY)
    scene = case("signature", "claim 1", "flipped")()
    (result,) = extract(scene.source, [Suspicion(scene.index("claim 1"), "signature")], bare)
    assert result.verdict is not None
    assert result.verdict.is_proven
    scene = case("statement", "policy", "ledger")()
    (result,) = extract(scene.source, [Suspicion(scene.index("policy"), "statement")], bare)
    assert result.proof is None


class Holed(MemorySource):
    """A log of which one bundle is none, or is not there."""

    def __init__(self, entries: list[bytes], error: Exception) -> None:
        super().__init__(entries)
        self._error = error

    def chunks(self, *, start: int, stop: int, size: int) -> Iterator[tuple[int, list[bytes]]]:
        del stop, size
        if start < len(self.entries):
            raise self._error
        yield from ()


@pytest.mark.parametrize(
    "error",
    [BrokenBundleError("no bundle", start=0, width=256, entries=[]), CouldNotCheckError("not there")],
)
def test_what_cannot_be_read_is_said(error: Exception) -> None:
    """There is no proof, and no failure."""
    source = Holed(honest().entries, error)
    (result,) = extract(source, [Suspicion(3, "signature")], TRUST)
    assert (result.proof, "could not be read" in result.why) == (None, True)


def held(note: bytes, receipt: tuple[bytes, bytes] | None = None) -> Held:
    """Something that somebody kept."""
    return Held("kept", note, receipt)


def test_two_notes_or_receipts_that_somebody_kept() -> None:
    """The pair that proves something is found among others."""
    ours, theirs = forks.note_of(honest()), forks.note_of(forks.other())
    small = forks.note_of(honest(), forks.CUT)
    proof, verdict, _ = equivocation([held(small), held(ours), held(theirs)], TRUST)
    assert proof == TwoNotes((ours, theirs))
    assert verdict is not None
    assert verdict.is_proven
    one = forks.receipt_of(honest(), forks.INDEX, forks.CUT)
    other = forks.receipt_of(forks.other(), forks.INDEX)
    proof, _, _ = equivocation([held(small, one), held(theirs, other)], TRUST)
    assert proof == TwoReceipts((one, other))
    nothing = equivocation([held(small), held(ours)], TRUST)
    assert nothing[:2] == (None, None)
    assert "different sizes" in nothing[2]
    assert equivocation([held(ours)], TRUST)[:2] == (None, None)


def test_what_somebody_kept_against_the_log_itself() -> None:
    """The log shows by itself that its tree had another root, or has another leaf; or that all is well."""
    log = forks.other().source
    small = forks.note_of(honest(), forks.CUT)
    proof, verdict, _ = equivocation([held(small)], TRUST, log)
    assert isinstance(proof, TwoNotes)
    assert proof.prefix is not None
    assert verdict is not None
    receipt = forks.receipt_of(honest(), forks.INDEX, forks.CUT)
    proof, _, _ = equivocation([held(small, receipt)], TRUST, log)
    assert proof is not None
    fine = equivocation([held(small, receipt), held(forks.note_of(honest()))], TRUST, honest().source)
    assert fine[:2] == (None, None)
