"""A server over gRPC that is hostile, slow or gone: bounded time and memory, and the right end."""

from __future__ import annotations

import resource
import time
from concurrent import futures
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from audit_forge.bulk import make_bulk
from audit_forge.draft import VKEY, seal
from audit_forge.memory import MemorySource
from audit_forge.year import make_year

from ledger.errors import ExitCode
from ledger.proof.tiles import MAX_ENTRY_SIZE, TilePath
from ledger.v1 import log_service_pb2, log_service_pb2_grpc
from ledger_audit.sources import GrpcSource, open_source
from ledger_audit.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger_audit.report import Report

    Pieces = Callable[["Log", Any, Any], Iterator[Any]]

MAX_MESSAGE = 8 << 20


class Log:
    """Serves a log; a test may put something else in the place of a method."""

    def __init__(self, entries: list[bytes]) -> None:
        self.log = MemorySource(entries)
        self.pieces: Pieces | None = None
        self.failures: list[grpc.StatusCode] = []
        self.note: bytes | None = None
        self.tile: bytes | None = None
        self.calls: list[tuple[int, int]] = []

    def __getattr__(self, name: str) -> Any:
        """The methods that an auditor has no reason to call."""
        raise AssertionError(f"{name} was called")

    def _fail(self, context: Any) -> None:
        if self.failures:
            context.abort(self.failures.pop(), "not now")

    def GetCheckpoint(self, _request: Any, context: Any) -> Any:
        """The note."""
        self._fail(context)
        note = self.log.note if self.note is None else self.note
        return log_service_pb2.GetCheckpointResponse(checkpoint=note)

    def GetTile(self, request: Any, _context: Any) -> Any:
        """A tile."""
        data = self.tile
        if data is None:
            data = self.log.tile(TilePath(request.level, request.index, request.width))
        return log_service_pb2.GetTileResponse(data=data)

    def ListEntries(self, request: Any, context: Any) -> Any:
        """Entries in pieces of 100, which bundles are not a multiple of."""
        self._fail(context)
        self.calls.append((request.start, request.count))
        yield from self.pieces(self, request, context) if self.pieces else self.honest(request)

    def honest(self, request: Any) -> Iterator[Any]:
        """What was asked for."""
        stop = min(request.start + request.count, len(self.log.entries))
        for start in range(request.start, stop, 100):
            yield piece(start, self.log.entries[start : min(start + 100, stop)])


def piece(start: int, entries: list[bytes]) -> Any:
    """A message."""
    return log_service_pb2.ListEntriesResponse(start=start, entries=entries)


METHODS = ("GetLedger", "GetInclusionProof", "GetConsistencyProof", "GetReceipt")


@pytest.fixture(scope="module")
def year() -> list[bytes]:
    """A forged year."""
    return seal(make_year().drafts)


@pytest.fixture(scope="module")
def bulk() -> list[bytes]:
    """Three bundles."""
    return seal(make_bulk(600).drafts)


@pytest.fixture
def serve() -> Iterator[Callable[[Log], GrpcSource]]:
    """Servers on ports of this machine."""
    servers = []
    channels = []

    def start(log: Log) -> GrpcSource:
        for name in METHODS:
            setattr(log, name, lambda *_: None)
        server = grpc.server(
            futures.ThreadPoolExecutor(4), options=[("grpc.max_send_message_length", MAX_MESSAGE)]
        )
        log_service_pb2_grpc.add_LogServiceServicer_to_server(log, server)  # type: ignore[arg-type]
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        servers.append(server)
        channels.append(channel)
        return GrpcSource(channel, call_s=1.0)

    yield start
    for channel in channels:
        channel.close()
    for server in servers:
        server.stop(None).wait()


def audit(source: GrpcSource, **options: Any) -> Report:
    """An audit that ends soon and without much memory."""
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = verify(source, log_key=VKEY, **options)
    assert time.monotonic() - begun < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 << 10
    return report


@pytest.mark.parametrize("workers", [1, 2])
def test_bundles_are_put_together_from_pieces(
    serve: Callable[[Log], GrpcSource], bulk: list[bytes], workers: int
) -> None:
    """Whatever the pieces are, the report is that of the log in memory."""
    log = Log(bulk)
    report = audit(serve(log), workers=workers)
    assert report.to_json() == verify(MemorySource(bulk), log_key=VKEY).to_json()
    assert report.result == "ok"
    assert log.calls[0] == (0, len(bulk))


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.ABORTED,
    ],
)
def test_a_passing_failure_is_tried_again(
    serve: Callable[[Log], GrpcSource], year: list[bytes], code: grpc.StatusCode
) -> None:
    """Twice; the third time it is told."""
    log = Log(year)
    source = serve(log)
    log.failures = [code] * 2
    assert audit(source).result == "ok"
    log.failures = [code] * 9
    report = audit(source)
    assert report.exit_code == ExitCode.COULD_NOT_CHECK
    assert any(code.name in check.reason for check in report.checks)


def test_a_stream_that_breaks_goes_on_where_it_broke(
    serve: Callable[[Log], GrpcSource], bulk: list[bytes]
) -> None:
    """Nothing is asked for twice, but each call has to bring a bundle."""
    log = Log(bulk)

    def breaking(log: Log, request: Any, context: Any) -> Iterator[Any]:
        for number, part in enumerate(log.honest(request)):
            if number == 3:
                context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
            yield part

    log.pieces = breaking
    assert audit(serve(log)).result == "ok"
    assert [start for start, _ in log.calls[:3]] == [0, 300, 600]


@pytest.mark.parametrize("code", [grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED])
def test_a_refusal_is_not_tried_again(
    serve: Callable[[Log], GrpcSource], year: list[bytes], code: grpc.StatusCode
) -> None:
    """Entries are not everybody's."""
    log = Log(year)
    source = serve(log)
    log.failures = [code]
    assert audit(source).result == "incomplete"
    assert log.failures == []


def empty(log: Log, request: Any, context: Any) -> Iterator[Any]:
    """Pieces of nothing, for ever."""
    del log, context
    while True:
        yield piece(request.start, [])


def endless(log: Log, request: Any, context: Any) -> Iterator[Any]:
    """More than was asked for, for ever."""
    del context
    yield from log.honest(request)
    while True:
        yield piece(request.start + request.count, [b"x" * 1000] * 100)


def too_many(log: Log, request: Any, context: Any) -> Iterator[Any]:
    """More in one piece than was asked for."""
    del context
    yield piece(request.start, [*log.log.entries[request.start :], b"x"])


def gap(log: Log, request: Any, context: Any) -> Iterator[Any]:
    """The second hundred is left out."""
    del context
    for number, part in enumerate(log.honest(request)):
        if number != 1:
            yield part


def again(log: Log, request: Any, context: Any) -> Iterator[Any]:
    """The first hundred comes for ever."""
    del context
    first = next(iter(log.honest(request)))
    while True:
        yield first


def backwards(log: Log, request: Any, context: Any) -> Iterator[Any]:
    """The last piece first."""
    del context
    yield from reversed(list(log.honest(request)))


def short(log: Log, request: Any, context: Any) -> Iterator[Any]:
    """It ends early, and well."""
    del context
    yield next(iter(log.honest(request)))


def silent(log: Log, request: Any, context: Any) -> Iterator[Any]:
    """Nothing, for longer than a call may take."""
    del log, request
    while context.is_active():
        time.sleep(0.02)
    yield from ()


def slow(log: Log, request: Any, context: Any) -> Iterator[Any]:
    """An entry now and then."""
    index = request.start
    while context.is_active():
        yield piece(index, [log.log.entries[index]])
        index += 1
        time.sleep(0.3)


def oversized(log: Log, request: Any, context: Any) -> Iterator[Any]:
    """A message that nobody has to take."""
    del log, context
    yield piece(request.start, [bytes(5 << 20)])


@pytest.mark.parametrize(
    "pieces",
    [too_many, empty, gap, again, backwards, short, silent, slow, oversized],
    ids=lambda pieces: pieces.__name__,
)
def test_what_was_not_asked_for_could_not_be_checked(
    serve: Callable[[Log], GrpcSource], bulk: list[bytes], pieces: Pieces
) -> None:
    """Exit 5, in bounded time, and the report says what was not checked."""
    log = Log(bulk)
    log.pieces = pieces
    report = audit(serve(log))
    assert (report.exit_code, report.findings) == (ExitCode.COULD_NOT_CHECK, ())
    assert any(check.reason for check in report.checks)


def test_who_goes_on_for_ever_is_left(serve: Callable[[Log], GrpcSource], bulk: list[bytes]) -> None:
    """Once all that was asked for is there the call is cancelled."""
    log = Log(bulk)
    log.pieces = endless
    assert audit(serve(log)).result == "ok"


def test_an_entry_over_the_limit_is_a_finding(serve: Callable[[Log], GrpcSource], bulk: list[bytes]) -> None:
    """No bundle could hold it; the next bundles are looked at all the same."""
    log = Log(bulk)
    log.log.entries = [*bulk[:300], bytes(MAX_ENTRY_SIZE + 1), *bulk[301:-1], bulk[-1] + b"\x00"]
    report = audit(serve(log))
    found = {(finding.check, finding.index) for finding in report.findings}
    assert ("entry_bundle", 300) in found
    assert ("chain", len(bulk) - 1) in found


@pytest.mark.parametrize("data", [b"", bytes(31), bytes(32 * 255), bytes(3 << 20)])
def test_a_tile_of_another_width_is_a_finding(
    serve: Callable[[Log], GrpcSource], bulk: list[bytes], data: bytes
) -> None:
    """At the first leaf of its bundle."""
    log = Log(bulk)
    log.tile = data
    report = audit(serve(log))
    assert {finding.check for finding in report.findings} == {"hash_tiles"}
    assert report.findings[0].index == 0


def test_a_note_that_is_none_is_a_finding(serve: Callable[[Log], GrpcSource], year: list[bytes]) -> None:
    """It is there, and does not parse."""
    log = Log(year)
    log.note = b"x" * 3_000_000
    assert {finding.check for finding in audit(serve(log)).findings} == {"checkpoint_form"}


def test_the_channel_that_is_opened_has_limits(year: list[bytes]) -> None:
    """A message over 4 MiB is refused by the channel itself, and a server that is not there is told."""
    report = verify(open_source("grpc://127.0.0.1:1"), log_key=VKEY)
    assert (report.result, report.findings) == ("incomplete", ())
    assert verify(open_source("grpcs://127.0.0.1:1"), log_key=VKEY).result == "incomplete"
