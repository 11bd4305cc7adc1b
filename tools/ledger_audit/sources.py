"""Where the bytes of a ledger come from: an export directory, a web server, or a running ledger server.

Sources give bytes and judge none of them but for whole entry bundles.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import grpc

from ledger.errors import UsageError
from ledger.proof.tiles import TILE_WIDTH
from ledger.v1 import log_service_pb2, log_service_pb2_grpc
from ledger_audit.errors import CouldNotCheckError
from ledger_audit.tile_source import Chunk, ExportSource, TileSource, read_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.proof.tiles import TilePath

_ENTRIES_PER_CALL = 16 * TILE_WIDTH
_MAX_MESSAGE_BYTES = 4 << 20


class Source(Protocol):
    """Gives the stored bytes of one log; raises CouldNotCheckError for what is absent."""

    @property
    def directory(self) -> Path | None:
        """Where worker processes can read the same log themselves, if anywhere."""

    def checkpoint(self) -> bytes:
        """The newest signed note."""

    def chunks(self, *, start: int, stop: int, size: int) -> Iterator[Chunk]:
        """Entries [start, stop) of the tree of `size` leaves, bundle by bundle; `start` begins a bundle."""

    def tile(self, path: TilePath) -> bytes:
        """The bytes of a hash tile, of whatever length they are."""

    def close(self) -> None:
        """Release what is open."""


class GrpcSource:
    """A running server, over a channel that the caller opened with its own credentials."""

    directory: Path | None = None

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = log_service_pb2_grpc.LogServiceStub(channel)

    def checkpoint(self) -> bytes:
        """The newest checkpoint that the server shows."""
        try:
            return self._stub.GetCheckpoint(log_service_pb2.GetCheckpointRequest()).checkpoint
        except grpc.RpcError as error:
            raise _transfer_error("the checkpoint", error) from None

    def chunks(self, *, start: int, stop: int, size: int) -> Iterator[Chunk]:
        """Bundles put together from the streamed pieces; a gap or an early end is a cut transfer."""
        del size
        wanted = start
        held: list[bytes] = []
        while wanted + len(held) < stop:
            position = wanted + len(held)
            count = min(_ENTRIES_PER_CALL, stop - position)
            for entries in self._pieces(position, count):
                held += entries
                while len(held) >= TILE_WIDTH:
                    yield wanted, held[:TILE_WIDTH]
                    wanted, held = wanted + TILE_WIDTH, held[TILE_WIDTH:]
            if wanted + len(held) < position + count:
                raise CouldNotCheckError(f"the transfer of entries was cut short at {wanted + len(held)}")
        if held:
            yield wanted, held[: stop - wanted]

    def tile(self, path: TilePath) -> bytes:
        """The tile as the server gives it."""
        request = log_service_pb2.GetTileRequest(level=path.level or 0, index=path.index, width=path.width)
        try:
            return self._stub.GetTile(request).data
        except grpc.RpcError as error:
            raise _transfer_error(path.render(), error) from None

    def close(self) -> None:
        """The channel is the caller's."""

    def _pieces(self, start: int, count: int) -> Iterator[list[bytes]]:
        position = start
        request = log_service_pb2.ListEntriesRequest(start=start, count=count)
        try:
            for piece in self._stub.ListEntries(request):
                if piece.start != position:
                    raise CouldNotCheckError(f"the server left out entries at {position}")
                entries = list(piece.entries)[: start + count - position]
                position += len(entries)
                yield entries
        except grpc.RpcError as error:
            raise _transfer_error(f"entries from {position}", error) from None


def open_source(location: str, *, channel: grpc.Channel | None = None) -> Source:
    """The source of an export directory, an `http(s)://` tile log or a `grpc(s)://host:port` address.

    Without a channel only plain `grpc://` can be opened. Raises UsageError for another scheme and
    CouldNotCheckError for a directory that is not there.
    """
    scheme, separator, address = location.partition("://")
    if not separator:
        if not Path(location).is_dir():
            raise CouldNotCheckError(f"there is no directory {location}")
        return ExportSource(Path(location))
    if scheme in {"http", "https"}:
        from ledger_audit.http_source import HttpSource

        return HttpSource(location)
    if scheme not in {"grpc", "grpcs"}:
        raise UsageError(
            f"a source of scheme {scheme} is not known",
            hint="Give a directory, http(s)://host/prefix or grpc(s)://host:port.",
        )
    if channel is not None:
        return GrpcSource(channel)
    if scheme == "grpcs":
        raise UsageError("a grpcs source needs an identity", hint="Name its file with --as.")
    options = [("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES)]
    return GrpcSource(grpc.insecure_channel(address, options=options))


def read_entry(source: Source, *, index: int, size: int) -> bytes:
    """One entry of the tree of `size` leaves."""
    first = index - index % TILE_WIDTH
    stop = min(first + TILE_WIDTH, size)
    if not isinstance(source, TileSource):
        first, stop = index, index + 1
    for start, entries in source.chunks(start=first, stop=stop, size=size):
        if start <= index < start + len(entries):
            return entries[index - start]
    raise CouldNotCheckError(f"there is no entry {index}")


def _transfer_error(what: str, error: grpc.RpcError) -> CouldNotCheckError:
    code = error.code().name if isinstance(error, grpc.Call) else "UNKNOWN"
    return CouldNotCheckError(f"the server did not give {what}: {code}", hint="Try again; an export goes on.")


__all__ = ["Chunk", "ExportSource", "GrpcSource", "Source", "open_source", "read_bundle", "read_entry"]
