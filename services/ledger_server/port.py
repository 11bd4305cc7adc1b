"""What the server asks of a ledger: the shape of the application's facade.

The server codes against this shape, so that its tests can stand in for a ledger. Nothing is decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from ledger.app.outcomes import Accepted, Refused
    from ledger.app.publication import Publication
    from ledger.codec.envelopes import SignedEnvelope
    from ledger.domain.entities import Claim, Evidence
    from ledger.domain.state import State

    Outcome = Accepted | Refused


class SignedCheckpoint(Protocol):
    """A checkpoint as the log signed it: `size` leaves under `root`, as the bytes of a signed note."""

    @property
    def note(self) -> bytes:
        """The signed note."""

    @property
    def size(self) -> int:
        """Number of leaves."""

    @property
    def root(self) -> bytes:
        """Root hash, 32 bytes."""


class LedgerPort(Protocol):
    """A ledger in service. Sizes count durable events, indexes are leaf indexes, times are ms since 1970."""

    @property
    def ledger_id(self) -> bytes:
        """16 bytes."""

    @property
    def origin(self) -> str:
        """Origin of the present epoch."""

    @property
    def epoch(self) -> int:
        """Number of the present epoch."""

    @property
    def clock_kind(self) -> int:
        """1 SYSTEM, 2 SIMULATED."""

    @property
    def genesis_leaf_hash(self) -> bytes:
        """32 bytes."""

    @property
    def state(self) -> State:
        """The fold; only what is committed (`Table.base`) may be shown."""

    @property
    def size(self) -> int:
        """Number of durable events."""

    @property
    def writable(self) -> bool:
        """Whether statements are taken now."""

    @property
    def stop_reason(self) -> str:
        """Why not, for an operator."""

    @property
    def queued_items(self) -> int:
        """Statements that wait to be decided."""

    def begin_signing(self) -> None:
        """Sign checkpoints from now on."""

    def stop_writing(self, reason: str) -> None:
        """Take no statements and sign no checkpoint any more; reads go on."""

    async def submit(
        self, envelopes: Sequence[SignedEnvelope], *, act: str, submitter: bytes
    ) -> Sequence[Outcome]:
        """Decide 1 to 100 statements; the answer comes when all that were accepted are durable."""

    async def expire_voucher(self, *, voucher_id: bytes, request_id: bytes, submitter: bytes) -> Outcome:
        """Expire a voucher whose validity is over."""

    async def wait_beyond(self, size: int) -> int:
        """Return the durable size as soon as it is above `size`."""

    async def read(self, start: int, limit: int) -> Sequence[tuple[int, str, bytes]]:
        """(index, type name, stored bytes) of at most `limit` durable events from `start` on."""

    @property
    def publication(self) -> Publication:
        """Every kind of checkpoint: signed, published, cosigned by the quorum, shown to readers."""

    def checkpoint(self) -> SignedCheckpoint | None:
        """The newest published checkpoint."""

    async def until_checkpointed(self, index: int) -> SignedCheckpoint:
        """A published checkpoint that covers the leaf."""

    async def until_witnessed(self, index: int) -> SignedCheckpoint:
        """A checkpoint of the quorum of witnesses that covers the leaf."""

    async def wait_checkpoint(self, size: int) -> SignedCheckpoint:
        """The next published checkpoint of more than `size` leaves."""

    async def leaf_hash(self, index: int) -> bytes:
        """Leaf hash of a durable event."""

    async def inclusion_proof(self, index: int) -> tuple[list[bytes], SignedCheckpoint]:
        """Hashes, leaf side first, and the checkpoint under which they hold."""

    async def consistency_proof(self, first: int, second: int) -> list[bytes]:
        """Hashes in RFC 6962 order."""

    async def tile(self, level: int, index: int, width: int) -> bytes:
        """Hashes of a tile; KeyError if it is not there."""

    async def receipt(self, index: int, *, witnessed: bool = False) -> tuple[bytes, bytes]:
        """Event bytes and tlog-proof, after a checkpoint covers them, with `witnessed` one of the quorum."""

    async def list_claims(
        self, voucher_id: bytes, *, unredeemed_only: bool, after_index: int | None, limit: int
    ) -> Sequence[Claim]:
        """Claims of a voucher in the order of their leaves."""

    async def get_claim(self, claim_id: bytes) -> Claim | None:
        """One claim."""

    async def list_evidence(self, contract_id: bytes, limit: int) -> Sequence[Evidence]:
        """Invoices, payments and acceptance papers of a contract."""

    def verifiable_fen(self, redemption_id: bytes) -> Awaitable[int]:
        """Amount that a verification of the redemption has to name now, fen."""

    def determinable_fen(self, clawback_id: bytes) -> Awaitable[int]:
        """Amount that a determination of the clawback has to name now, fen."""

    def now_ms(self) -> int:
        """Ledger time."""

    def set_clock(self, ms: int) -> int:
        """Set a simulated clock; a `LedgerError` if that may not be."""
