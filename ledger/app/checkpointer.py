"""Signs checkpoints: re-reads what was stored, extends the locked tree, signs, locks, only then publishes.

It shares nothing with the sequencer but the store: what it signs is what is on disk. A signature whose lock
was not stored is destroyed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from ledger.app.rows import check_columns, check_rows
from ledger.errors import LedgerError
from ledger.proof.checkpoint import Checkpoint, sign_checkpoint
from ledger.proof.frontier import Frontier
from ledger.proof.tiles import grown_tiles
from ledger.store.lock_store import Locked
from ledger.store.port import TileRow

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor

    from ledger.proof.signing import Signer
    from ledger.proof.tiles import TilePath
    from ledger.store.lock_store import LockStore
    from ledger.store.port import LedgerRecorder

MIN_INTERVAL_S = 0.1
CHUNK = 4_096
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A published checkpoint: `size` leaves under `root`, as the bytes of a signed note."""

    note: bytes
    size: int
    root: bytes


class CheckpointMaker:
    """Extends the locked checkpoint over what is stored; blocking, never used by two threads."""

    def __init__(
        self, *, recorder: LedgerRecorder, lock_store: LockStore, locked: Locked, signer: Signer
    ) -> None:
        self._recorder = recorder
        self._lock_store = lock_store
        self._locked = locked
        self._signer = signer

    def advance(self) -> SignedCheckpoint | None:
        """Make one checkpoint of all that is durable, or None if nothing is new."""
        locked = self._locked
        size = self._recorder.head().size
        if size == locked.size:
            return None
        frontier = Frontier.from_bytes(locked.frontier)
        head = locked.leaf_hash
        tree_size = locked.size
        while tree_size < size:
            rows = self._recorder.read_records(tree_size, min(CHUNK, size - tree_size))
            hashes = check_rows(rows, head)
            check_columns(rows)
            write_tiles(self._recorder, tree_size, hashes)
            frontier.extend(hashes)
            head = hashes[-1]
            tree_size += len(hashes)
        root = frontier.root()
        note = sign_checkpoint(Checkpoint(locked.origin, size, root), self._signer)
        new = Locked(
            ledger_id=locked.ledger_id,
            origin=locked.origin,
            size=size,
            root_hash=root,
            leaf_hash=head,
            note=note,
            frontier=frontier.to_bytes(),
        )
        self._lock_store.swap(locked, new)
        self._locked = new
        return SignedCheckpoint(note, size, root)


def write_tiles(recorder: LedgerRecorder, old_size: int, hashes: list[bytes]) -> None:
    """Store the hash tiles that grow when these leaves follow the first `old_size`."""

    def load_tile(path: TilePath) -> bytes:
        key = (path.level or 0, path.index)
        return recorder.read_tiles([key])[key].data[: 32 * path.width]

    recorder.write_tiles(
        [
            TileRow(path.level or 0, path.index, path.width, data)
            for path, data in grown_tiles(old_size=old_size, leaf_hashes=hashes, load_tile=load_tile)
        ]
    )


class Checkpointer:
    """Runs a maker as one task from `start` on; `poke` tells it that something is new."""

    def __init__(
        self,
        maker: CheckpointMaker,
        *,
        thread: ThreadPoolExecutor,
        on_publish: Callable[[SignedCheckpoint], None],
        on_failure: Callable[[str], None],
    ) -> None:
        self._maker = maker
        self._thread = thread
        self._on_publish = on_publish
        self._on_failure = on_failure
        self._wake = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to sign."""
        self._task = self._task or asyncio.create_task(self._run(), name="checkpointer")

    def poke(self) -> None:
        """Something was committed."""
        self._wake.set()

    async def close(self) -> None:
        """Checkpoint what is durable, then end; nothing if it never began."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            last = self._closing
            try:
                signed = await loop.run_in_executor(self._thread, self._maker.advance)
            except Exception as error:  # noqa: BLE001 - whatever it is, the writer must not go on unseen
                reason = error.summary if isinstance(error, LedgerError) else type(error).__name__
                _log.error("checkpoint_failed", reason=reason)
                self._on_failure(f"no checkpoint can be made: {reason}")
                return
            if signed is not None:
                self._on_publish(signed)
            if last:
                return
            await asyncio.sleep(MIN_INTERVAL_S)
