"""Where the bytes of a ledger come from: an export directory or a running server.

Sources give bytes and judge none of them but for whole entry bundles. An http(s) source would be
one more class here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import grpc

from ledger.errors import MalformedError, UsageError
from ledger.proof.tiles import TILE_WIDTH, TilePath, bundle_at, decode_bundle
from ledger.v1 import log_service_pb2, log_service_pb2_grpc
from ledger_audit.errors import BrokenBundleError, CouldNotCheckError

if TYPE_CHECKING:
    from collections.abc import Iterator

Chunk = tuple[int, list[bytes]]
"""The index of the first entry, and the entries of one bundle."""

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


class ExportSource:
    """A C2SP tlog-tiles directory."""

    def __init__(self, directory: Path) -> None:
        self.directory: Path = directory

    def checkpoint(self) -> bytes:
        """The file `checkpoint`."""
        return self._read("checkpoint")

    def chunks(self, *, start: int, stop: int, size: int) -> Iterator[Chunk]:
        """One chunk a bundle file. Raises BrokenBundleError for a file that is no such bundle."""
        for bundle in range(start // TILE_WIDTH, -(-stop // TILE_WIDTH)):
            path = bundle_at(index=bundle, size=size)
            first = bundle * TILE_WIDTH
            entries = read_bundle(self._read_wider(path), path=path, start=first)
            yield first, entries[: stop - first]

    def tile(self, path: TilePath) -> bytes:
        """The file of the tile, or the beginning of a fuller one."""
        return self._read_wider(path)

    def _read_wider(self, path: TilePath) -> bytes:
        try:
            return self._read(path.render())
        except CouldNotCheckError:
            full = TilePath(path.level, path.index)
            if path.is_full or not (self.directory / full.render()).exists():
                raise
            data = self._read(full.render())
        if path.level is not None:
            return data[: 32 * path.width]
        entries = decode_bundle(data, width=TILE_WIDTH)[: path.width]
        return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)

    def _read(self, name: str) -> bytes:
        try:
            return (self.directory / name).read_bytes()
        except OSError as error:
            raise CouldNotCheckError(
                f"cannot read {name}: {error.strerror}",
                hint="Export the log again; an export goes on where it stopped.",
            ) from None


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
    """The source of an export directory or of a `grpc(s)://host:port` address.

    Without a channel only plain `grpc://` can be opened. Raises UsageError for another scheme and
    CouldNotCheckError for a directory that is not there.
    """
    scheme, separator, address = location.partition("://")
    if not separator:
        if not Path(location).is_dir():
            raise CouldNotCheckError(f"there is no directory {location}")
        return ExportSource(Path(location))
    if scheme not in {"grpc", "grpcs"}:
        raise UsageError(
            f"a source of scheme {scheme} is not known", hint="Give a directory or grpc(s)://host:port."
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
    if source.directory is None:
        first, stop = index, index + 1
    for start, entries in source.chunks(start=first, stop=stop, size=size):
        if start <= index < start + len(entries):
            return entries[index - start]
    raise CouldNotCheckError(f"there is no entry {index}")


def read_bundle(data: bytes, *, path: TilePath, start: int) -> list[bytes]:
    """The entries of a bundle file; BrokenBundleError with those that could be cut out of it."""
    try:
        return decode_bundle(data, width=path.width)
    except MalformedError as error:
        entries: list[bytes] = []
        offset = 0
        while offset < len(data) and len(entries) < path.width:
            end = offset + 2 + int.from_bytes(data[offset : offset + 2], "big")
            entries.append(data[offset + 2 : end])
            offset = end
        raise BrokenBundleError(error.summary, start=start, width=path.width, entries=entries) from None


def _transfer_error(what: str, error: grpc.RpcError) -> CouldNotCheckError:
    code = error.code().name if isinstance(error, grpc.Call) else "UNKNOWN"
    return CouldNotCheckError(f"the server did not give {what}: {code}", hint="Try again; an export goes on.")
