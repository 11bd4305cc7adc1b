"""The published fraud proofs: they are what their maker makes, and the judge says of each what is published."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from vectors import make_fraud_vectors

from ledger_audit.fraud.judge import judge_bytes
from ledger_audit.fraud.proof_file import EQUIVOCATION
from ledger_audit.fraud.registry import BY_NAME
from ledger_audit.trust import Trust

FOLDER = Path(__file__).parent / "fraud"
TRUST = Trust.load(FOLDER / "trust.json")
CASES: list[Any] = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))["cases"]
SLOWEST_S = 0.05


def test_the_files_are_what_their_maker_makes() -> None:
    """After a change of the forge or of a judge run tests/vectors/make_fraud_vectors.py."""
    assert make_fraud_vectors.present() == make_fraud_vectors.files()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["file"].removesuffix(".json"))
def test_the_verdict(case: Any) -> None:
    """And, where it is proven, who is accused."""
    verdict = judge_bytes((FOLDER / case["file"]).read_bytes(), TRUST)
    assert verdict.judgement.value == case["result"], verdict.why
    said = verdict.to_json()
    assert [one["who"] for one in said.get("accused", [])] == case.get("accused", [])
    if verdict.is_proven:
        assert said["type"] == case["type"]
        assert said["log_key"] == TRUST.vkeys[0][1]


def test_every_type_has_one_proof_and_three_that_prove_nothing() -> None:
    """At least."""
    counts = Counter((case["type"], case["result"]) for case in CASES)
    types = {*BY_NAME, EQUIVOCATION}
    assert {case["type"] for case in CASES} == {*types, "malformed"}
    few = {name for name in types if counts[name, "proven"] < 1 or counts[name, "not proven"] < 3}
    assert few == set()


def test_a_verdict_takes_less_than_50_ms() -> None:
    """The best of three for each file; the machine may be busy."""
    slow = {}
    for case in CASES:
        data = (FOLDER / case["file"]).read_bytes()
        best = SLOWEST_S
        for _ in range(3):
            start = time.perf_counter()
            judge_bytes(data, TRUST)
            best = min(best, time.perf_counter() - start)
        if best >= SLOWEST_S:
            slow[case["file"]] = best
    assert slow == {}
