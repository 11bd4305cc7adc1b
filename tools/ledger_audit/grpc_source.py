"""A running server as a source, over gRPC.

Every call has a deadline, an answer that ends early is asked for again from where it ended, and a piece that
is not what was asked for ends the transfer. It must not open channels.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NoReturn, TypeVar

import grpc

from ledger.proof.tiles import MAX_ENTRY_SIZE, TILE_WIDTH, TilePath, bundle_at
from ledger.v1 import log_service_pb2, log_service_pb2_grpc
from ledger_audit.errors import AbsentError, BrokenBundleError, CouldNotCheckError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ledger_audit.tile_source import Chunk

T = TypeVar("T")

_HINT = "Try again; an export goes on."
_ENTRIES_PER_CALL = 16 * TILE_WIDTH
_PASSING = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.INTERNAL,
    }
)
_ABSENT = frozenset({grpc.StatusCode.NOT_FOUND, grpc.StatusCode.OUT_OF_RANGE})
_PAUSES_S = (0.2, 1.0)
"""Before the second and the third attempt."""


class GrpcSource:
    """A server, over a channel that the caller opened with its own credentials."""

    directory: Path | None = None

    def __init__(self, channel: grpc.Channel, *, call_s: float = 60.0) -> None:
        self._stub = log_service_pb2_grpc.LogServiceStub(channel)
        self._call_s = call_s

    def checkpoint(self) -> bytes:
        """The newest checkpoint that the server shows."""
        request = log_service_pb2.GetCheckpointRequest()
        answer = self._ask("the checkpoint", lambda: self._stub.GetCheckpoint(request, timeout=self._call_s))
        return answer.checkpoint

    def chunks(self, *, start: int, stop: int, size: int) -> Iterator[Chunk]:
        """Bundles put together from the streamed pieces; a gap or an early end is a cut transfer."""
        first = start
        held: list[bytes] = []
        for entries in self._pieces(start, stop):
            for entry in entries:
                held.append(entry)
                if len(entry) > MAX_ENTRY_SIZE:
                    path = bundle_at(index=first // TILE_WIDTH, size=size)
                    why = f"an entry is longer than {MAX_ENTRY_SIZE} bytes"
                    raise BrokenBundleError(why, start=first, width=path.width, entries=held)
                if len(held) == TILE_WIDTH - first % TILE_WIDTH:
                    yield first, held
                    first, held = first + len(held), []
        if held:
            yield first, held

    def tile(self, path: TilePath) -> bytes:
        """The tile as the server gives it."""
        request = log_service_pb2.GetTileRequest(level=path.level or 0, index=path.index, width=path.width)
        answer = self._ask(path.render(), lambda: self._stub.GetTile(request, timeout=self._call_s))
        return answer.data

    def close(self) -> None:
        """The channel is the caller's."""

    def _pieces(self, start: int, stop: int) -> Iterator[list[bytes]]:
        """All entries [start, stop), in pieces of whatever size; a call that gives too few is a failure."""
        position, failures = start, 0
        while position < stop:
            began = position
            try:
                for entries in self._call(position, min(stop, position + _ENTRIES_PER_CALL)):
                    position += len(entries)
                    yield entries
            except grpc.RpcError as error:
                failures = 0 if position - began >= TILE_WIDTH else failures + 1
                _give_up(f"entries from {position}", error, failures)

    def _call(self, start: int, stop: int) -> Iterator[list[bytes]]:
        request = log_service_pb2.ListEntriesRequest(start=start, count=stop - start)
        call = self._stub.ListEntries(request, timeout=self._call_s)
        position = start
        try:
            for piece in call:
                entries = list(piece.entries)
                if piece.start != position or not entries or len(entries) > stop - position:
                    raise CouldNotCheckError(f"the server gave other entries than those from {position}")
                position += len(entries)
                yield entries
                if position == stop:
                    return
            raise CouldNotCheckError(f"the transfer of entries was cut short at {position}", hint=_HINT)
        finally:
            call.cancel()

    def _ask(self, what: str, call: Callable[[], T]) -> T:
        failures = 0
        while True:
            try:
                return call()
            except grpc.RpcError as error:
                failures += 1
                _give_up(what, error, failures)


def _give_up(what: str, error: grpc.RpcError, failures: int) -> None:
    """Pause if it may help to ask again; else raise what it comes to."""
    code = error.code() if isinstance(error, grpc.Call) else grpc.StatusCode.UNKNOWN
    if code in _PASSING and failures <= len(_PAUSES_S):
        time.sleep(_PAUSES_S[max(0, failures - 1)])
        return
    _raise(what, code)


def _raise(what: str, code: grpc.StatusCode) -> NoReturn:
    if code in _ABSENT:
        raise AbsentError(f"the server does not have {what}")
    raise CouldNotCheckError(f"the server did not give {what}: {code.name}", hint=_HINT)
