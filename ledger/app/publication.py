"""Which checkpoints readers see: signed, published, cosigned by the quorum; and who waits for which.

A checkpoint is signed once and gathers cosignatures later. It must not verify or count them: who gathers them
says when the quorum is reached.
"""

from __future__ import annotations

import asyncio
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from ledger.errors import ExitCode, LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.app.checkpointer import SignedCheckpoint

QUORUM_GRACE_S: Final = 10.0
"""How long readers are shown the newest checkpoint of the quorum while newer ones wait for theirs."""


class CheckpointUnavailable(LedgerError):
    """What was recorded is durable, but this server can sign no further checkpoint."""

    exit_code = ExitCode.UNAVAILABLE


class QuorumDelays(StrEnum):
    """What waits for the quorum of witnesses: WITNESSED receipts alone, or CHECKPOINTED ones, too."""

    WITNESSED = "witnessed"
    CHECKPOINTED = "checkpointed"


class Publication:
    """The newest checkpoint of each kind. `delays` is None where no witness is asked."""

    def __init__(
        self,
        last: SignedCheckpoint | None,
        *,
        delays: QuorumDelays | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.delays = delays
        self._clock = clock
        self._signed = last
        self._witnessed: SignedCheckpoint | None = None
        self._shown: SignedCheckpoint | None = None
        self._quorum_at = 0.0
        self._unsignable = ""
        self._changed = asyncio.Event()

    @property
    def signed(self) -> SignedCheckpoint | None:
        """The newest that the log signed, with the cosignatures that it has so far."""
        return self._signed

    @property
    def witnessed(self) -> SignedCheckpoint | None:
        """The newest that reached the quorum."""
        return self._witnessed

    @property
    def published(self) -> SignedCheckpoint | None:
        """The newest under which a receipt of level CHECKPOINTED may stand."""
        return self._witnessed if self.delays is QuorumDelays.CHECKPOINTED else self._signed

    @property
    def shown(self) -> SignedCheckpoint | None:
        """The one for readers, never a smaller one than before.

        Who counts witnesses would find fault with a checkpoint that is a moment old, so the newest of the
        quorum is shown while the witnesses keep up, and the newest published one when they do not.
        """
        found = self.published
        if self._witnessed is not None and self._clock() - self._quorum_at < QUORUM_GRACE_S:
            found = self._witnessed
        if found is not None and (self._shown is None or found.size >= self._shown.size):
            self._shown = found
        return self._shown

    def sign(self, checkpoint: SignedCheckpoint) -> None:
        """A new checkpoint is signed and locked."""
        self._signed = checkpoint
        self._tell()

    def cosign(self, checkpoint: SignedCheckpoint, *, quorum: bool) -> None:
        """A signed checkpoint has more cosignatures in its note, and with `quorum` enough of them."""
        if self._signed is not None and self._signed.size == checkpoint.size:
            self._signed = checkpoint
        if quorum and (self._witnessed is None or self._witnessed.size <= checkpoint.size):
            self._witnessed = checkpoint
            self._quorum_at = self._clock()
        self._tell()

    def fail(self, reason: str) -> None:
        """Nothing further will be signed."""
        self._unsignable = reason
        self._tell()

    async def until_published(self, index: int) -> SignedCheckpoint:
        """A published checkpoint over the leaf; CheckpointUnavailable if there will be none."""
        return await self._until(lambda: self.published, index, failing=True)

    async def until_witnessed(self, index: int) -> SignedCheckpoint:
        """A checkpoint of the quorum over the leaf; CheckpointUnavailable if there will be none."""
        return await self._until(lambda: self.witnessed, index, failing=True)

    async def next_published(self, size: int) -> SignedCheckpoint:
        """The next published checkpoint of more than `size` leaves."""
        return await self._until(lambda: self.published, size, failing=False)

    async def next_signed(self, size: int) -> SignedCheckpoint:
        """The next signed checkpoint of more than `size` leaves."""
        return await self._until(lambda: self.signed, size, failing=False)

    async def _until(
        self, newest: Callable[[], SignedCheckpoint | None], index: int, *, failing: bool
    ) -> SignedCheckpoint:
        while (found := newest()) is None or found.size <= index:
            covered = self._signed is not None and self._signed.size > index
            if failing and self._unsignable and not covered:
                raise CheckpointUnavailable(self._unsignable, hint="What is durable stays readable.")
            await self._changed.wait()
        return found

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
