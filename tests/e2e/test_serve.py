"""`voucherd init` and `voucherd serve` as real processes, killed and stopped under concurrent load.

What was acknowledged is there, once and unchanged, whatever became of the process; the auditor finds nothing.
"""

from __future__ import annotations

import random
import socket
import sqlite3
import threading
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from support.bureau import Claimant, cast_of, grant_voucher
from support.processes import Server, run, serving
from support.waiting import until

from ledger.client.api import LedgerClient
from ledger.client.channel import open_channel
from ledger.client.errors import RpcRefused
from ledger.client.retry import RetryPolicy
from ledger.errors import LedgerError
from ledger.proof.checkpoint import open_checkpoint
from ledger.proof.hashing import leaf_hash
from ledger.proof.note import Ed25519NoteVerifier
from ledger.store.sqlite_lock import SQLiteLockStore
from ledger.v1 import receipt_pb2
from ledger_audit.export import export
from ledger_audit.sources import ExportSource, GrpcSource
from ledger_audit.trust import Trust
from ledger_audit.verify import verify
from ledger_server.directory import LedgerDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger.v1.envelope_pb2 import Envelope

ROUNDS, CALLERS, CLAIMS_A_ROUND, BATCH = 5, 4, 400, 10
DURABLE, CHECKPOINTED = receipt_pb2.ACK_LEVEL_DURABLE, receipt_pb2.ACK_LEVEL_CHECKPOINTED
Receipt = tuple[int, bytes]


@dataclass
class Place:
    """A ledger's folder, where its servers write, and a provider that may claim."""

    root: Path
    logs: Path
    log_key: str
    claimant: Claimant

    def serve(self) -> Any:
        """A server of the folder."""
        return serving(self.root, self.logs)

    def rows(self) -> list[tuple[int, bytes, bytes]]:
        """(index, leaf hash, bytes) of all that the store holds, read without a server."""
        with closing(
            sqlite3.connect(f"{LedgerDirectory(self.root).store.as_uri()}?mode=ro", uri=True)
        ) as store:
            query = "SELECT rowid - 1, leaf_hash, state FROM stored_events ORDER BY rowid"
            return store.execute(query).fetchall()

    def locked(self) -> tuple[int, bytes]:
        """Size and note of the locked checkpoint."""
        store = SQLiteLockStore(LedgerDirectory(self.root).lock)
        found = store.read()
        store.close()
        assert found is not None
        return found.size, found.note


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A ledger that `voucherd init --dev` opened, with a voucher."""
    root = tmp_path / "d"
    logs = tmp_path / "logs"
    logs.mkdir()
    opened = run("voucherd", "init", "--dir", root, "--profile", "shenzhen-2026", "--dev", "--json")
    assert opened.code == 0, opened.err
    with serving(root, logs) as server, cast_of(root, server.address, opened.json()) as cast:
        claimant = grant_voucher(cast)
        assert server.terminate() == 0
    return Place(root, logs, opened.json()["log_key"], claimant)


@dataclass
class Load:
    """Callers that submit claims at the same time, one by one or in batches, until the server is gone."""

    claimant: Claimant
    address: str
    envelopes: list[Envelope]
    acknowledged: dict[bytes, Receipt] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Start the callers; half of them send single claims, half batches, at both levels."""
        for number in range(CALLERS):
            share = self.envelopes[number::CALLERS]
            thread = threading.Thread(target=self._call, args=(share, number), daemon=True)
            self._threads.append(thread)
            thread.start()

    def await_acknowledged(self, count: int) -> None:
        """Return as soon as so many claims are acknowledged."""
        until(lambda: len(self.acknowledged) >= count or not self._running(), what=f"{count} acknowledged")

    def join(self) -> None:
        """Wait until every caller has ended."""
        for thread in self._threads:
            thread.join(30)
        assert not self._running()
        assert self.errors == []

    def _running(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _call(self, share: list[Envelope], number: int) -> None:
        level = CHECKPOINTED if number % 2 else DURABLE
        size = 1 if number < CALLERS // 2 else BATCH
        try:
            with LedgerClient(self._identity(), retry=RetryPolicy(attempts=1, deadline_s=10)) as client:
                for start in range(0, len(share), size):
                    self._submit(client, share[start : start + size], level)
        except RpcRefused as error:
            self.refused.append(error.reason)
        except LedgerError:
            return  # the server is gone
        except BaseException as error:
            self.errors.append(error)

    def _identity(self) -> Any:
        return replace(self.claimant.identity, server=self.address)

    def _submit(self, client: LedgerClient, part: list[Envelope], level: Any) -> None:
        if len(part) == 1:
            receipts = [client.submit(part[0], ack_level=level)]
        else:
            results = client.submit_claims(part, ack_level=level)
            self.refused += [str(result.refusal.reason) for result in results if result.HasField("refusal")]
            receipts = [result.receipt for result in results]
        with self._guard:
            for envelope, receipt in zip(part, receipts, strict=True):
                self.acknowledged[envelope.payload] = (receipt.index, receipt.leaf_hash)


def resubmit(place: Place, address: str, envelopes: list[Envelope]) -> dict[bytes, tuple[Receipt, bool]]:
    """Send envelopes again; the receipt of each, and whether it was recorded before."""
    found = {}
    with place.claimant.client(address) as client:
        for start in range(0, len(envelopes), 100):
            part = envelopes[start : start + 100]
            for envelope, result in zip(part, client.submit_claims(part, ack_level=DURABLE), strict=True):
                assert result.HasField("receipt"), result
                receipt = result.receipt
                found[envelope.payload] = ((receipt.index, receipt.leaf_hash), receipt.repeated_request)
    return found


def assert_gap_free(rows: list[tuple[int, bytes, bytes]]) -> None:
    """Each row names its index and the leaf hash of the one before."""
    before = bytes(32)
    for position, (index, hashed, data) in enumerate(rows):
        assert (index, hashed) == (position, leaf_hash(data))
        assert data[:43] == b"\x09" + index.to_bytes(8, "little") + b"\x12\x20" + before
        before = hashed


def test_what_was_acknowledged_survives_five_kills_under_load(place: Place, tmp_path: Path) -> None:
    """SIGKILL at a random point of concurrent writing, five times: no acknowledged claim is lost or moved."""
    chance = random.Random()
    envelopes = place.claimant.claims(ROUNDS * CLAIMS_A_ROUND)
    known: dict[bytes, Receipt] = {}
    killed_at = []
    for number in range(ROUNDS):
        share = envelopes[number * CLAIMS_A_ROUND : (number + 1) * CLAIMS_A_ROUND]
        with place.serve() as server:
            load = Load(place.claimant, server.address, share)
            load.start()
            load.await_acknowledged(chance.randrange(1, CLAIMS_A_ROUND * 3 // 4))
            server.kill()
            load.join()
        assert load.refused == []
        known |= load.acknowledged
        killed_at.append(len(load.acknowledged))
        rows = place.rows()
        assert_gap_free(rows)
        assert place.locked()[0] <= len(rows)
        stored = {index: hashed for index, hashed, _ in rows}
        assert {index: stored.get(index) for index, _ in known.values()} == dict(known.values())
    assert any(0 < count < CLAIMS_A_ROUND for count in killed_at), killed_at
    with place.serve() as server:
        found = resubmit(place, server.address, envelopes)
        assert {payload: found[payload] for payload in known} == {
            payload: (receipt, True) for payload, receipt in known.items()
        }
        receipts = [receipt for receipt, _ in found.values()]
        assert len(set(receipts)) == len(envelopes)
        again = resubmit(place, server.address, envelopes[::7])
        assert all(again[payload] == (found[payload][0], True) for payload in again)
        with place.claimant.client(server.address) as client:
            last = max(index for index, _ in receipts)
            assert client.get_receipt(last).index == last
        check_export(place, server, tmp_path / "export", receipts)
        assert server.terminate() == 0


def check_export(place: Place, server: Server, out: Path, receipts: list[Receipt]) -> None:
    """Export over the network and audit: no finding, and every receipt's leaf is there."""
    with open_channel(replace(place.claimant.identity, server=server.address)) as channel:
        head = export(GrpcSource(channel), out)
    report = verify(ExportSource(out), trust=Trust.load(place.root / "trust.json"))
    assert (report.findings, report.result, report.tree_size) == ((), "ok", head.size)
    source = ExportSource(out)
    hashes = [
        leaf_hash(entry)
        for _, entries in source.chunks(start=0, stop=head.size, size=head.size)
        for entry in entries
    ]
    assert [hashes[index] for index, _ in receipts] == [hashed for _, hashed in receipts]


def test_sigterm_under_load_checkpoints_everything_acknowledged(place: Place) -> None:
    """It ends with 0 and within its grace; the locked checkpoint covers all that the store holds."""
    envelopes = place.claimant.claims(4_000)
    with place.serve() as server:
        load = Load(place.claimant, server.address, envelopes)
        load.start()
        load.await_acknowledged(200)
        assert server.terminate() == 0
        load.join()
        assert "Traceback" not in server.said()
    assert 200 <= len(load.acknowledged) < len(envelopes)
    rows = place.rows()
    assert_gap_free(rows)
    size, note = place.locked()
    assert size == len(rows)
    stored = {index: hashed for index, hashed, _ in rows}
    assert {index: stored.get(index) for index, _ in load.acknowledged.values()} == dict(
        load.acknowledged.values()
    )
    verifier = Ed25519NoteVerifier.parse(place.log_key)
    assert open_checkpoint(note, verifier, verifier.name).size == size
    with place.serve() as server:
        sample = [envelope for envelope in envelopes if envelope.payload in load.acknowledged][:100]
        found = resubmit(place, server.address, sample)
        assert all(found[key] == (load.acknowledged[key], True) for key in found)


@pytest.fixture
def opened(tmp_path: Path) -> Path:
    """A new ledger without anything in it."""
    root = tmp_path / "d"
    ended = run("voucherd", "init", "--dir", root, "--profile", "shenzhen-2026", "--dev")
    assert ended.code == 0, ended.err
    return root


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which something else listens."""
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def assert_one_clear_error(text: str, *words: str) -> None:
    """A line that starts with `error:`, with what is wrong and a hint; nothing for programmers."""
    assert text.count("error:") == 1, text
    assert all(word in text for word in words), text
    assert "Traceback" not in text
    assert "internal" not in text


def test_a_second_server_of_one_folder_is_refused(opened: Path, tmp_path: Path) -> None:
    """Exit 7 with one clear error, and the first goes on serving."""
    with ExitStack() as stack:
        first = stack.enter_context(serving(opened, tmp_path))
        second = run("voucherd", "serve", "--dir", opened, "--listen", "127.0.0.1:0")
        assert (second.code, second.out) == (7, "")
        assert_one_clear_error(second.err, "another server")
        assert run("voucherd", "demo", "--dir", opened).code == 2
        assert first.terminate() == 0
    with serving(opened, tmp_path) as third:
        assert third.terminate() == 0


def test_after_a_kill_the_folder_is_free_at_once(opened: Path, tmp_path: Path) -> None:
    """A dead server's claim on the folder dies with it."""
    with serving(opened, tmp_path) as first:
        first.kill()
    with serving(opened, tmp_path) as second:
        assert second.terminate() == 0


def test_a_taken_port_is_one_clear_error(opened: Path, tmp_path: Path, taken_port: int) -> None:
    """Exit 7 and the address; the folder is free afterwards."""
    ended = run("voucherd", "serve", "--dir", opened, "--listen", f"127.0.0.1:{taken_port}")
    assert (ended.code, ended.out) == (7, "")
    assert_one_clear_error(ended.err, f"127.0.0.1:{taken_port}")
    with serving(opened, tmp_path) as server:
        assert server.terminate() == 0


def test_what_is_no_ledger_is_not_served(tmp_path: Path) -> None:
    """No folder, and a folder whose store is gone: neither is made anew."""
    ended = run("voucherd", "serve", "--dir", tmp_path / "none", "--listen", "127.0.0.1:0")
    assert (ended.code, ended.out) == (2, "")
    assert_one_clear_error(ended.err, "holds no ledger")
    assert not (tmp_path / "none").exists()
