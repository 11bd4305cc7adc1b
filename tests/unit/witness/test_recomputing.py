"""The semantic witness: it cosigns exactly what its command checked without fault, and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from support.tiny_log import ORIGIN, tiny_log
from support.web import becoming, running
from support.witnessing import RULES, Running, witnessing

from ledger.proof.checkpoint import open_checkpoint
from ledger.proof.cosignature import CosignatureVerifier, verify_cosignatures
from ledger_server.telemetry import json_logger
from ledger_witness.recomputing import FAILED, FINDINGS, INCOMPLETE, OK, Recomputed, Recomputing, recompute
from ledger_witness.records import PLAIN, Record
from ledger_witness.records import RULES as RULES_RECORD

if TYPE_CHECKING:
    from pathlib import Path

LOG = tiny_log()
PATH = f"rules/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
AUDITOR = """
import base64, json, pathlib, sys
note = sys.stdin.buffer.read().decode().split("\\n")
size, root = int(note[1]), base64.b64decode(note[2])
report = {"tree_size": size, "root_hash": root.hex(), "findings": [], "result": "ok"}
code = 0
"""


def command(extra: str = "", end: str = "print(json.dumps(report)); sys.exit(code)") -> list[str]:
    """A command that says that it has checked the tree of the note, but for what `extra` changes."""
    return [sys.executable, "-c", f"{AUDITOR}\n{extra}\n{end}"]


def ran(extra: str = "", **options: Any) -> Recomputed:
    """How a recomputation of seven leaves ends."""
    record = Record(origin=ORIGIN, size=7, root=LOG.root(7), timestamp_s=1, note=LOG.note(7))
    return asyncio.run(recompute(command(extra, **options), record))


def test_only_a_good_end_over_this_very_tree_is_ok() -> None:
    """Exit code, result and tree have to agree."""
    assert ran() == Recomputed(OK)


@pytest.mark.parametrize(
    ("extra", "result", "reason"),
    [
        ("report['findings'] = [{'check': 'i1_budget', 'index': 4}]; code = 3", FINDINGS, "i1_budget at 4"),
        ("report['result'] = 'incomplete'; code = 5", INCOMPLETE, ""),
        ("report['result'] = 'incomplete'", FAILED, "another tree was checked"),
        ("report['result'] = 'findings'", FAILED, "another tree was checked"),
        ("report['tree_size'] = 6", FAILED, "another tree was checked"),
        ("report['root_hash'] = '00' * 32", FAILED, "another tree was checked"),
        ("code = 1", FAILED, ""),
        ("code = 130", FAILED, ""),
        ("report = []", FAILED, "it gave no report"),
        ("import os; os.kill(os.getpid(), 9)", FAILED, "it gave no report"),
    ],
)
def test_anything_else_is_not(extra: str, result: str, reason: str) -> None:
    """Findings, incomplete, another tree, another end, no report."""
    assert ran(extra) == Recomputed(result, reason)


def test_what_the_command_says_on_stderr_is_the_reason_where_there_is_no_report() -> None:
    """Its exit code still counts."""
    assert ran(end="print('error: cannot read', file=sys.stderr); sys.exit(5)") == Recomputed(
        INCOMPLETE, "error: cannot read"
    )
    assert ran(end="print('x')").result == FAILED


def follow(it: Running, *argv: str) -> Recomputing:
    """Recomputing that has begun."""
    recomputing = Recomputing(it.witness, {ORIGIN: argv}, metrics=it.metrics, log=json_logger(it.said))
    recomputing.start()
    return recomputing


def gauge_is(it: Running, size: int) -> bool:
    """Whether the metric says that size was cosigned last."""
    return bool(it.metrics.recomputed_size.labels(origin=ORIGIN)._value.get() == size)


async def recomputed_size(it: Running) -> int:
    """What the semantic cosigner signed last."""
    record = await it.witness.record(RULES_RECORD, ORIGIN)
    return record.size if record is not None else 0


def test_it_follows_what_the_plain_witness_cosigned(tmp_path: Path) -> None:
    """Also what was there when it began; the published note has log, plain and semantic signature."""

    async def test() -> None:
        async with witnessing(tmp_path, [LOG.vkey], rules=RULES) as it:
            await it.post(LOG.request(0, 7))
            recomputing = follow(it, *command())
            rules = [CosignatureVerifier(vkey) for vkey in RULES.vkeys]
            for size in (7, 12):
                await becoming(partial(gauge_is, it, size))
                note = (await it.get(PATH)).body
                assert open_checkpoint(note, LOG.verifier, ORIGIN).size == size
                assert len(verify_cosignatures(note, rules)) == 1
                if size == 7:
                    await it.post(LOG.request(7, 12))
            await recomputing.stop()

    running(test)


def test_a_finding_is_never_cosigned_and_add_checkpoint_answers_all_the_same(tmp_path: Path) -> None:
    """The plain witness says append-only, whatever the rules say."""

    async def test() -> None:
        async with witnessing(tmp_path, [LOG.vkey], rules=RULES) as it:
            broken = "report['findings'] = [{'check': 'chain', 'index': 3}]; code = 3"
            recomputing = follow(it, *command(broken))
            assert (await it.post(LOG.request(0, 7))).status == 200
            await becoming(it.metrics.recomputed.labels(origin=ORIGIN, result="findings")._value.get)
            assert (await it.post(LOG.request(7, 12))).status == 200
            assert await recomputed_size(it) == 0
            assert (await it.get(PATH)).status == 404
            await recomputing.stop()
            line = json.loads(it.said.getvalue().splitlines()[0])
            assert (line["level"], line["reason"], line["size"]) == ("error", "chain at 3", 7)

    running(test)


def test_what_could_not_be_read_is_tried_again(tmp_path: Path) -> None:
    """A transfer cut short is no verdict."""

    async def test() -> None:
        once = tmp_path / "once"
        flaky = f"""
once = pathlib.Path({str(once)!r})
if not once.exists():
    once.touch()
    sys.exit(5)
"""
        async with witnessing(tmp_path / "w", [LOG.vkey], rules=RULES) as it:
            recomputing = follow(it, *command(flaky))
            await it.post(LOG.request(0, 7))
            await becoming(partial(gauge_is, it, 7))
            assert it.metrics.recomputed.labels(origin=ORIGIN, result="incomplete")._value.get() == 1
            await recomputing.stop()

    running(test)


def test_stopping_ends_a_recomputation_that_is_under_way(tmp_path: Path) -> None:
    """No process is left behind."""

    async def test() -> None:
        started = tmp_path / "started"
        async with witnessing(tmp_path / "w", [LOG.vkey], rules=RULES) as it:
            slow = f"import os, time; pathlib.Path({str(started)!r}).write_text(str(os.getpid())); time.sleep(600)"
            recomputing = follow(it, *command(slow))
            await it.post(LOG.request(0, 7))
            await becoming(lambda: started.exists() and started.read_text())
            await recomputing.stop()
            pid = int(started.read_text())
            await becoming(lambda: not _alive(pid))
            assert await recomputed_size(it) == 0
            assert (await it.witness.record(PLAIN, ORIGIN)) is not None

    running(test)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
