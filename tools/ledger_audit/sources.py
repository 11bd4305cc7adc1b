"""Where the bytes of a ledger come from: an export directory, a web server, or a running ledger server.

Sources give bytes and judge none of them but for whole entry bundles.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import grpc

from ledger.errors import UsageError
from ledger.proof.tiles import TILE_WIDTH
from ledger_audit.errors import CouldNotCheckError
from ledger_audit.files import read_file
from ledger_audit.grpc_source import GrpcSource
from ledger_audit.tile_source import Chunk, ExportSource, TileSource, read_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.proof.tiles import TilePath

_MAX_MESSAGE_BYTES = 4 << 20
_MAX_AUTHORITIES = 1 << 22
_CHANNEL_OPTIONS = [("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES), ("grpc.enable_retries", 0)]


class Source(Protocol):
    """Gives the stored bytes of one log.

    Raises AbsentError for what it does not have, another CouldNotCheckError for what could not be read.
    """

    @property
    def directory(self) -> Path | None:
        """Where worker processes can read the same log themselves, if anywhere.

        None where two readers might be given different bytes: then the one who folds reads for all.
        """

    def checkpoint(self) -> bytes:
        """The newest signed note."""

    def chunks(self, *, start: int, stop: int, size: int) -> Iterator[Chunk]:
        """Entries [start, stop) of the tree of `size` leaves, bundle by bundle; `start` begins a bundle."""

    def tile(self, path: TilePath) -> bytes:
        """The bytes of a hash tile, of whatever length they are."""

    def close(self) -> None:
        """Release what is open."""


def open_source(location: str, *, channel: grpc.Channel | None = None, ca: Path | None = None) -> Source:
    """The source of an export directory, an `http(s)://` tile log or a `grpc(s)://host:port` address.

    `channel` is one to that address with the caller's identity; without it a `grpcs://` address is asked as
    nobody in particular. `ca` is a PEM file of the only authorities to trust in place of the system's. Raises
    UsageError for another scheme or file, CouldNotCheckError for a directory that is not there.
    """
    scheme, separator, address = location.partition("://")
    if not separator:
        if not Path(location).is_dir():
            raise CouldNotCheckError(f"there is no directory {location}")
        return ExportSource(Path(location))
    if scheme in {"http", "https"}:
        from ledger_audit.http_source import HttpSource

        return HttpSource(location, ca=ca)
    if scheme not in {"grpc", "grpcs"}:
        raise UsageError(
            f"a source of scheme {scheme} is not known",
            hint="Give a directory, http(s)://host/prefix or grpc(s)://host:port.",
        )
    if channel is not None:
        return GrpcSource(channel)
    if scheme == "grpc":
        return GrpcSource(grpc.insecure_channel(address, options=_CHANNEL_OPTIONS))
    credentials = grpc.ssl_channel_credentials(_authorities(ca))
    return GrpcSource(grpc.secure_channel(address, credentials, options=_CHANNEL_OPTIONS))


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


def _authorities(ca: Path | None) -> bytes | None:
    try:
        return read_file(ca, limit=_MAX_AUTHORITIES) if ca is not None else None
    except CouldNotCheckError as error:
        raise UsageError(error.summary) from None


__all__ = ["Chunk", "ExportSource", "GrpcSource", "Source", "open_source", "read_bundle", "read_entry"]
