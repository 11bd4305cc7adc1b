"""Copying a log into a C2SP tlog-tiles directory, resumable at any point.

Bundles and tiles are written first and `checkpoint` is renamed into place last. It must not judge
the log; only what it writes is checked to be the tree that the checkpoint names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import VerificationError
from ledger.proof.checkpoint import Checkpoint, open_checkpoint
from ledger.proof.hashing import leaf_hash
from ledger.proof.merkle import Frontier
from ledger.proof.note import Note
from ledger.proof.tiles import TILE_WIDTH, TilePath, bundle_at, encode_bundle
from ledger_audit.errors import CouldNotCheckError
from ledger_audit.files import write_file
from ledger_audit.sources import Source, read_bundle
from ledger_audit.tilewalk import TileBuilder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ledger_audit.trust import Trust


def export(
    source: Source,
    out_dir: Path,
    *,
    trust: Trust | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Checkpoint:
    """Write the log under the source's newest checkpoint; what is there already is kept, not read again.

    With `trust` nothing is fetched under a checkpoint that the trusted key did not sign. Raises
    CouldNotCheckError (exit 5) if the transfer is cut short, and VerificationError if the entries are not
    those of the checkpoint, or that is not signed; in these cases `checkpoint` is not written.
    """
    note = source.checkpoint()
    head = Checkpoint.parse(Note.parse(note).text)
    if trust is not None:
        verifier = trust.verifier(head.origin)
        if verifier is None:
            raise VerificationError(f"the log's origin is not trusted: {head.origin}")
        head = open_checkpoint(note, verifier, head.origin)
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
        write_file(out_dir / "checkpoint", note)
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
    write_file(target, encode_bundle(entries))
    return entries


def _write_new(target: Path, data: bytes) -> None:
    if not target.exists():
        write_file(target, data)
