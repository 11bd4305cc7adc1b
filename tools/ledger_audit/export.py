"""Copying a log into a C2SP tlog-tiles directory, resumable at any point.

Bundles and tiles are written first and `checkpoint` is renamed into place last. It must not judge
the log; only what it writes is checked to be the tree that the checkpoint names.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ledger.errors import VerificationError
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.hashing import leaf_hash
from ledger.proof.merkle import Frontier
from ledger.proof.note import Note
from ledger.proof.tiles import TILE_WIDTH, TilePath, bundle_at, encode_bundle
from ledger_audit.errors import CouldNotCheckError
from ledger_audit.sources import Source, read_bundle
from ledger_audit.tilewalk import TileBuilder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def export(
    source: Source, out_dir: Path, *, progress: Callable[[int, int], None] | None = None
) -> Checkpoint:
    """Write the log under the source's newest checkpoint; what is there already is kept, not read again.

    Raises CouldNotCheckError (exit 5) if the transfer is cut short, and VerificationError if the
    entries are not those of the checkpoint; in both cases `checkpoint` is not written.
    """
    note = source.checkpoint()
    head = Checkpoint.parse(Note.parse(note).text)
    frontier = Frontier()
    tiles = TileBuilder()
    try:
        for bundle in range(-(-head.size // TILE_WIDTH)):
            path = bundle_at(index=bundle, size=head.size)
            hashes = [leaf_hash(entry) for entry in _bundle(source, out_dir, path, head.size)]
            frontier.extend(hashes)
            for tile, data in tiles.add(hashes):
                _write_new(out_dir / tile.render(), data)
            if progress is not None:
                progress(frontier.size, head.size)
        for tile, data in tiles.finish():
            _write_new(out_dir / tile.render(), data)
        if frontier.root() != head.root:
            raise VerificationError(
                "the entries are not those of the checkpoint", hint="Do not use this export."
            )
        _write(out_dir / "checkpoint", note)
    except OSError as error:
        raise CouldNotCheckError(f"the export could not be written: {error.strerror}") from None
    return head


def _bundle(source: Source, out_dir: Path, path: TilePath, size: int) -> list[bytes]:
    target = out_dir / path.render()
    first = path.index * TILE_WIDTH
    if target.exists():
        return read_bundle(target.read_bytes(), path=path, start=first)
    entries: list[bytes] = []
    for _, some in source.chunks(start=first, stop=first + path.width, size=size):
        entries += some
    if len(entries) != path.width:
        raise CouldNotCheckError(f"the transfer of entries was cut short at {first + len(entries)}")
    _write(target, encode_bundle(entries))
    return entries


def _write_new(target: Path, data: bytes) -> None:
    if not target.exists():
        _write(target, data)


def _write(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(target)
