"""Every target from its seeds, mutated without any fuzzer: a few hundred executions each."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest

from fuzz.mutate import mutated
from fuzz.targets import ROOT, TARGETS, Target

EXECUTIONS = 300
SLOW_S = 1.0
KNOWN = Path(__file__).parent / "seeds"


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_only_declared_errors(target: Target) -> None:
    """Seeds, what once failed, and mutants of both."""
    seeds = [*target.seeds(), *(path.read_bytes() for path in sorted(KNOWN.glob(f"{target.name}-*")))]
    assert seeds
    draw = random.Random(target.name)
    for data in seeds:
        target.fire(data)
    for _ in range(EXECUTIONS):
        data = mutated(draw.choice(seeds), draw, max_len=target.max_len)
        begun = time.monotonic()
        target.fire(data)
        assert time.monotonic() - begun < SLOW_S, data


def test_names_are_given_once() -> None:
    """A crash is found again by name."""
    names = [target.name for target in TARGETS]
    assert len(names) == len(set(names))


def test_every_parsing_module_is_under_fire_or_named_here() -> None:
    """A new module with a parser of bytes or text has a target, or a reason."""
    source = (Path(__file__).parent / "targets.py").read_text(encoding="utf-8")
    imported = set(re.findall(r"^from ([a-z_.0-9]+) import", source, re.MULTILINE))
    parsers = re.compile(
        r"def (?:parse|decode)\w*\((?:cls, )?(?:data|text|body|entry|line|path|vkey|stream)\b"
    )
    missing = []
    for folder in ("ledger", "services", "tools"):
        for path in (ROOT / folder).rglob("*.py"):
            if "v1" in path.parts or not parsers.search(path.read_text(encoding="utf-8")):
                continue
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts if parts[0] == "ledger" else parts[1:])
            if name not in imported and name not in ELSEWHERE:
                missing.append(name)
    assert missing == []


ELSEWHERE = {
    "ledger.profiles.strict_toml": "through profile, calendar and scenario",
    "ledger.client.usage.slurm": "through its options; tests/unit/test_usage_slurm.py",
    "ledger.proof.edwards": "through public_key",
}
