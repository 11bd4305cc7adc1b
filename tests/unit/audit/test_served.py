"""Sources over gRPC and the command line on top of both kinds of source."""

from __future__ import annotations

import json
from concurrent import futures
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from audit_forge.draft import VKEY, checkpoint, seal, write
from audit_forge.memory import MemorySource
from audit_forge.year import make_year
from support.hosting import static_web
from typer.testing import CliRunner

from ledger.proof.tiles import TilePath
from ledger.v1 import log_service_pb2, log_service_pb2_grpc
from ledger_audit.errors import CouldNotCheckError
from ledger_audit.sources import GrpcSource
from ledger_audit.verify import verify
from ledger_cli.audit import app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUNNER = CliRunner()


class _Log:
    """Serves a forged log; `cut` ends every answer early."""

    def __init__(self, entries: list[bytes]) -> None:
        self.log = MemorySource(entries)
        self.cut = False

    def __getattr__(self, name: str) -> Any:
        """The methods that nobody calls here."""
        return lambda *_: None

    def GetCheckpoint(self, _request: Any, _context: Any) -> Any:
        """The note."""
        return log_service_pb2.GetCheckpointResponse(checkpoint=self.log.note)

    def GetTile(self, request: Any, _context: Any) -> Any:
        """A tile."""
        path = TilePath(request.level, request.index, request.width)
        return log_service_pb2.GetTileResponse(data=self.log.tile(path))

    def ListEntries(self, request: Any, _context: Any) -> Any:
        """Entries in pieces of 7."""
        stop = min(request.start + request.count, len(self.log.entries))
        for start in range(request.start, stop, 7):
            if self.cut and start > 20:
                return
            entries = self.log.entries[start : min(start + 7, stop)]
            yield log_service_pb2.ListEntriesResponse(start=start, entries=entries)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[_Log, str]]:
    """A forged year on a port of this machine."""
    log = _Log(seal(make_year().drafts))
    server = grpc.server(futures.ThreadPoolExecutor(2))
    log_service_pb2_grpc.add_LogServiceServicer_to_server(log, server)  # type: ignore[arg-type]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield log, f"grpc://127.0.0.1:{port}"
    server.stop(None).wait()


def source(address: str) -> GrpcSource:
    """A source without credentials."""
    return GrpcSource(grpc.insecure_channel(address.removeprefix("grpc://")))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_is_verified_like_an_export(served: tuple[_Log, str], workers: int) -> None:
    """In process and with workers that are sent what they cannot read."""
    report = verify(source(served[1]), log_key=VKEY, workers=workers)
    assert (report.result, report.tree_size) == ("ok", len(served[0].log.entries))


def test_one_log_by_directory_http_and_grpc_is_one_report(served: tuple[_Log, str], tmp_path: Path) -> None:
    """Byte-identical JSON, with a state that is new or not, and where there is something to find."""
    log, address = served
    for round_number in range(2):
        entries = list(log.log.entries)
        root = write(entries, tmp_path / f"export-{round_number}", note=log.log.note)
        with static_web(root) as url:
            said = set()
            for source in (str(root), url, address, str(root), url, address):
                state = tmp_path / f"state-{round_number}"
                arguments = ["verify", source, "--log-key", VKEY, "--json", "--state", str(state)]
                result = RUNNER.invoke(app, arguments)
                assert result.exit_code == (3 if round_number else 0)
                said.add(result.stdout)
            assert len(said) == 1
        log.log.note = checkpoint(entries, root=bytes(32))
    log.log.note = checkpoint(log.log.entries)


def test_a_transfer_that_is_cut_short_could_not_be_checked(served: tuple[_Log, str], tmp_path: Path) -> None:
    """Exit 5, and an export is not finished."""
    log, address = served
    log.cut = True
    try:
        assert verify(source(address), log_key=VKEY).result == "incomplete"
        result = RUNNER.invoke(app, ["export", address, "--out", str(tmp_path / "out")])
        assert isinstance(result.exception, CouldNotCheckError)
        assert not (tmp_path / "out/checkpoint").exists()
    finally:
        log.cut = False
    result = RUNNER.invoke(app, ["export", address, "--out", str(tmp_path / "out"), "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["tree_size"] == len(log.log.entries)


def test_a_server_that_does_not_answer_could_not_be_checked() -> None:
    """No server: nothing is found, nothing could be checked."""
    report = verify(source("grpc://127.0.0.1:1"), log_key=VKEY)
    assert (report.result, report.findings) == ("incomplete", ())


def test_the_commands(tmp_path: Path) -> None:
    """Verify, replay, trace and prove, with their exit codes and fixed JSON keys."""
    year = make_year()
    entries = seal(year.drafts)
    directory = str(write(entries, tmp_path / "export"))
    result = RUNNER.invoke(app, ["verify", directory, "--log-key", VKEY, "--json"])
    value = json.loads(result.stdout)
    assert (result.exit_code, value["result"], value["findings"]) == (0, "ok", [])
    assert set(value["checks"][0]) == {"number", "name", "status", "count"}
    assert [totals["disbursed"] for totals in value["totals"].values()] == ["386000", "39999"]
    result = RUNNER.invoke(app, ["verify", directory, "--log-key", VKEY])
    assert "result: ok" in result.stdout
    result = RUNNER.invoke(app, ["replay", directory, "--at", "27", "--json"])
    assert json.loads(result.stdout)["index"] == 27
    for name, paid_fen, claims in (("a", "350000", 2), ("b", "36000", 2), ("e", "39999", 0)):
        payment = year[f"request {name}"].statement.redemption_id.hex()
        result = RUNNER.invoke(app, ["trace", directory, payment, "--json"])
        traced = json.loads(result.stdout)
        assert (traced["paid_fen"], len(traced["claims"])) == (paid_fen, claims)
        assert RUNNER.invoke(app, ["trace", directory, payment]).exit_code == 0
    assert RUNNER.invoke(app, ["prove", directory, "5", "--out", str(tmp_path / "p")]).exit_code == 0
    assert (tmp_path / "p.event").read_bytes() == entries[5]
    (tmp_path / "export/checkpoint").write_bytes(checkpoint(entries, root=bytes(32)))
    result = RUNNER.invoke(app, ["verify", directory, "--log-key", VKEY, "--json"])
    assert (result.exit_code, json.loads(result.stdout)["result"]) == (3, "findings")
    (tmp_path / "export/checkpoint").unlink()
    assert RUNNER.invoke(app, ["verify", directory, "--log-key", VKEY]).exit_code == 5
