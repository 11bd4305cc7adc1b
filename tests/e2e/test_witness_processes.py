"""`voucherctl witness` and `voucherd serve --policy` as real processes: quorum, recomputing, kill -9."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import threading
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from support.bureau import cast_of, grant_voucher
from support.processes import Ended, Server, run, serving, witnessing
from support.tiny_log import ORIGIN, TinyLog, tiny_log
from support.waiting import until

from ledger.proof.checkpoint import open_checkpoint
from ledger.proof.cosignature import CosignatureVerifier, verify_cosignatures
from ledger.proof.note import Note, parse_signature_lines
from ledger.proof.policy import Policy
from ledger.web.client import Answer, Unreachable, exchange

if TYPE_CHECKING:
    from pathlib import Path

LEAVES = 400
ROUNDS = 5


def made(directory: Path, name: str, *options: str) -> dict[tuple[str, str], str]:
    """The verifier keys of a new witness, by cosigner and algorithm."""
    done = run("voucherctl", "witness", "init", "--dir", directory, "--name", name, *options, "--json")
    assert done.code == 0, done.err
    return {(key["cosigner"], key["algorithm"]): key["vkey"] for key in done.json()["keys"]}


def post(address: str, body: bytes) -> Answer:
    """The answer to a submission."""
    return asyncio.run(exchange(f"http://{address}/add-checkpoint", method="POST", body=body))


def read(address: str | int, path: str) -> Answer:
    """What is at a path."""
    host = f"127.0.0.1:{address}" if isinstance(address, int) else address
    return asyncio.run(exchange(f"http://{host}/{path}"))


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Where programs write."""
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


def test_two_witnesses_a_quorum_and_a_recomputed_checkpoint(tmp_path: Path, logs: Path) -> None:
    """From the founding to an audit that counts all four cosigners; everything by commands."""
    root = tmp_path / "d"
    opened = run("voucherd", "init", "--dir", root, "--profile", "shenzhen-2026", "--dev", "--json").json()
    origin, trust = opened["origin"], root / "trust.json"
    with serving(root, logs) as server, cast_of(root, server.address, opened) as cast:
        grant_voucher(cast)
        source = ("grpcs://" + server.address, "--as", root / "as" / "auditor.toml")
        out = tmp_path / "export"
        exported = run("voucherctl", "audit", "export", *source, "--out", out, "--json")
        assert exported.code == 0, exported.err
        assert server.terminate() == 0
    a = made(tmp_path / "a", "a.example/w", "--rules-name", "a.example/rules", "--ml-dsa-44")
    b = made(tmp_path / "b", "b.example/w")
    recompute = ("--rules", str(out), "--trust", str(trust))
    with (
        witnessing(tmp_path / "a", logs, "--log", opened["log_key"], *recompute) as first,
        witnessing(tmp_path / "b", logs, "--log", opened["log_key"]) as second,
    ):
        assert first.ready["logs"] == [origin]
        policy = tmp_path / "policy"
        policy.write_text(
            f"log {opened['log_key']}\n"
            f"witness a {a['plain', 'ed25519']} http://{first.address}\n"
            f"witness a-pq {a['plain', 'ml-dsa-44']} http://{first.address}\n"
            f"witness a-rules {a['rules', 'ed25519']} http://{first.address}/rules\n"
            f"witness b {b['plain', 'ed25519']} http://{second.address}\n"
            "group all-of-them all a a-pq a-rules b\nquorum all-of-them\n"
        )
        asking = ("--policy", str(policy), "--quorum-delays", "checkpointed", "--http", "127.0.0.1:0")
        with serving(root, logs, *asking) as server:
            hashed = f"{sha256(origin.encode()).hexdigest()}/checkpoint"
            port = server.ready["http_port"]
            note = until(lambda: _body(read(port, hashed)), what="the quorum", within_s=60)
            assert Policy.parse(policy.read_text()).satisfied(note, origin=origin)
            assert read(port, "checkpoint").body == note
            source = ("grpcs://" + server.address, "--as", root / "as" / "auditor.toml")
            checked = audit(*source, "--trust", trust, "--policy", policy)
            assert (checked.code, statuses(checked)["witnesses"]) == (0, "PASS")
            assert read(port, "tile/entries/000.p/1").status == 403
            assert server.terminate() == 0
        offline = tmp_path / "cosigned"
        under(note, out, offline)
        assert audit(offline, "--trust", trust, "--policy", policy).code == 0
        assert statuses(audit(out, "--trust", trust, "--policy", policy))["witnesses"] == "FAIL"
        published = read(first.address, hashed).body
        assert (
            len(verify_cosignatures(published, [CosignatureVerifier.parse(vkey) for vkey in a.values()])) == 4
        )
        assert (first.terminate(), second.terminate()) == (0, 0)


def _body(answer: Answer) -> bytes | None:
    return answer.body if answer.status == 200 else None


def under(note: bytes, export: Path, target: Path) -> None:
    """A copy of an export under another note of the same tree."""
    shutil.copytree(export, target)
    (target / "checkpoint").write_bytes(note)


def audit(*arguments: str | Path) -> Ended:
    """`audit verify` with a JSON report."""
    return run("voucherctl", "audit", "verify", *arguments, "--json")


def statuses(ended: Ended) -> dict[str, str]:
    """Status by check."""
    checks: list[dict[str, Any]] = ended.json()["checks"]
    return {check["name"]: check["status"] for check in checks}


def test_a_broken_rule_is_not_cosigned_though_the_log_only_grew(tmp_path: Path, logs: Path) -> None:
    """The plain witness answers; the semantic one finds another genesis than the trust file's and stays away."""
    root = tmp_path / "d"
    opened = run("voucherd", "init", "--dir", root, "--profile", "shenzhen-2026", "--dev", "--json").json()
    wrong = json.loads((root / "trust.json").read_text()) | {"genesis_leaf_hash": "00" * 32}
    trust = tmp_path / "wrong.json"
    trust.write_text(json.dumps(wrong))
    with serving(root, logs, "--http", "127.0.0.1:0") as server:
        out = tmp_path / "export"
        source = ("grpcs://" + server.address, "--as", root / "as" / "auditor.toml")
        assert run("voucherctl", "audit", "export", *source, "--out", out).code == 0
    made(tmp_path / "a", "a.example/w", "--rules-name", "a.example/rules")
    recompute = ("--rules", str(out), "--trust", str(trust), "--metrics", "127.0.0.1:0")
    with witnessing(tmp_path / "a", logs, "--log", opened["log_key"], *recompute) as first:
        note = (out / "checkpoint").read_bytes()
        assert post(first.address, b"old 0\n\n" + note).status == 200
        until(lambda: '"result": "findings"' in first.said(), what="the finding is told", within_s=60)
        path = f"rules/{sha256(opened['origin'].encode()).hexdigest()}/checkpoint"
        assert read(first.address, path).status == 404
        assert "roots_pinned at 0" in first.said()


def test_after_kill_9_a_witness_never_signs_an_older_or_forked_tree(tmp_path: Path, logs: Path) -> None:
    """Killed at any moment of a growing log: what it has answered it knows, and of two histories it signs one."""
    log, fork = tiny_log(LEAVES), tiny_log(LEAVES).forked(1)
    keys = made(tmp_path / "w", "w.example")
    witness = CosignatureVerifier.parse(keys["plain", "ed25519"])
    chance = random.Random(4)
    signed: dict[int, bytes] = {}
    size = 0
    for _ in range(ROUNDS):
        with witnessing(tmp_path / "w", logs, "--log", log.vkey.render()) as server:
            size = _told_size(server)
            assert size >= max(signed, default=1)
            assert post(server.address, log.request(size - 1, size - 1)).status == 409
            assert post(server.address, fork.request(size, size)).status == (409 if size > 1 else 200)
            assert post(server.address, fork.forked(0).request(size, size + 1)).status == 422
            size = _grow_until_killed(server, log, size, chance, signed, witness)
    assert sorted(signed.items()) == [(n, log.root(n)) for n in sorted(signed)]
    assert len(signed) > ROUNDS
    with witnessing(tmp_path / "w", logs, "--log", log.vkey.render()) as server:
        published = read(server.address, f"{sha256(ORIGIN.encode()).hexdigest()}/checkpoint").body
        assert open_checkpoint(published, log.verifier, ORIGIN).size >= max(signed)


def _told_size(server: Server) -> int:
    """The size that the witness says it has cosigned; a new one cosigns the first leaf."""
    answer = post(server.address, tiny_log(1).request(0, 1))
    return 1 if answer.status == 200 else int(answer.body)


def _grow_until_killed(
    server: Server,
    log: TinyLog,
    size: int,
    chance: random.Random,
    signed: dict[int, bytes],
    witness: CosignatureVerifier,
) -> int:
    """Submit growth; the process is killed while some submission is under way."""
    timer = threading.Timer(chance.uniform(0.05, 0.4), server.process.kill)
    timer.start()
    try:
        while size < LEAVES:
            answer = post(server.address, log.request(size, size + 1))
            assert answer.status == 200, answer
            size += 1
            text = Note.parse(log.note(size)).text
            for line in parse_signature_lines(answer.body):
                witness.verify(line.signature, text)
            signed[size] = log.root(size)
    except Unreachable:
        pass
    finally:
        timer.join()
        server.process.wait(10)
    return size


def test_what_a_witness_needs_is_told_with_a_next_step(tmp_path: Path, logs: Path) -> None:
    """Exit code 2 without a name, a log, a key or a second cosigner; 7 for a folder in use."""
    log = tiny_log()
    folder = tmp_path / "w"
    serve = ("voucherctl", "witness", "serve", "--dir", folder, "--listen", "127.0.0.1:0")
    nameless = run(*serve, "--log", log.vkey.render())
    assert (nameless.code, "witness init" in nameless.err) == (2, True)
    made(folder, "w.example")
    again = run("voucherctl", "witness", "init", "--dir", folder, "--name", "w.example")
    assert (again.code, "already" in again.err) == (2, True)
    for arguments, word in (
        ((), "--log VKEY"),
        (("--log", "nonsense"), "verifier key"),
        (("--log", log.vkey.render(), "--rules", "x"), "--rules-name"),
        (("--log", log.vkey.render(), "--key", str(tmp_path / "none.pem")), "cannot be read"),
        (("--log", log.vkey.render(), "--name", ORIGIN), "name of a log"),
    ):
        refused = run(*serve, *arguments)
        assert refused.code in {2, 4}, refused
        assert word in refused.err
    with witnessing(folder, logs, "--log", log.vkey.render()):
        second = run(*serve, "--log", log.vkey.render())
        assert (second.code, "another witness" in second.err) == (7, True)
