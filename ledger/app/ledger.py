"""The ledger in service: one object that writes through the sequencer and reads what is durable.

Servers and tools talk to this facade; it owns the tasks, threads and stores behind it. No rule and no wire
format is here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ledger.app.checkpointer import Checkpointer, CheckpointMaker, SignedCheckpoint
from ledger.app.clock import LedgerClock, SimulatedClock, SystemClock
from ledger.app.decisions import Decider
from ledger.app.fold import fold_all
from ledger.app.jobs import Item, Job, make_job
from ledger.app.publication import Publication, QuorumDelays
from ledger.app.reading import LogReader
from ledger.app.sequencer import Sequencer
from ledger.app.suppressed import quota_item
from ledger.app.verification import SignatureChecker
from ledger.app.verifying import VerifyingStage
from ledger.codec.registry import by_act_name
from ledger.domain.clawbacks import determinable_fen
from ledger.domain.commands import ExpireVoucher
from ledger.domain.disputes import COUNTING
from ledger.domain.entities import Claim, Evidence
from ledger.domain.needs import Needs, add_needs_of_redemption
from ledger.domain.redemptions import Facts, entitlement_today_fen
from ledger.domain.vocabulary import Clock
from ledger.errors import LedgerError
from ledger.proof.hashing import leaf_hash
from ledger.proof.tiles import TilePath

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ledger.app.application import LedgerApplication
    from ledger.app.outcomes import Outcome
    from ledger.codec.envelopes import SignedEnvelope
    from ledger.domain.entities import Quotas, Redemption
    from ledger.domain.state import State
    from ledger.proof.signing import Signer
    from ledger.store.lock_store import LockStore
    from ledger.store.port import Record

RECENT = 4_096


class NotInitialised(LedgerError):
    """The store or the lock has no ledger: only `voucherd init` makes one."""


class Ledger:
    """A ledger in service; made by `open_ledger`."""

    def __init__(
        self,
        *,
        application: LedgerApplication,
        lock_store: LockStore,
        log_signer: Signer,
        clock: LedgerClock | None = None,
        progress: Callable[[int, int], None] | None = None,
        on_close: Callable[[], None] = lambda: None,
        accept_clock: bool = False,
        quotas: Quotas | None = None,
        quorum_delays: QuorumDelays | None = None,
        hold_signing: bool = False,
    ) -> None:
        """With `quorum_delays` there is a quorum to wait for; `hold_signing` signs after `begin_signing`."""
        self._application = application
        self._on_close = on_close
        self._recorder = application.recorder
        self._lock_store = lock_store
        locked = lock_store.read()
        if locked is None or self._recorder.head().size == 0:
            raise NotInitialised("there is no ledger here", hint="Make one with `voucherd init`.")
        folded = fold_all(self._recorder, locked, progress=progress)
        self.state = folded.state
        info = self.state.ledger()
        self.ledger_id, self.origin, self.epoch = info.ledger_id, locked.origin, 0
        self.clock_kind, self.genesis_leaf_hash = info.clock, info.genesis_leaf_hash
        self._clock = clock or (SimulatedClock() if info.clock == Clock.SIMULATED else SystemClock())
        if isinstance(self._clock, SystemClock):
            self._clock.check_start(folded.last_recorded_ms, accept_ahead=accept_clock)
        self._reader = LogReader(self._recorder)
        self._threads = ThreadPoolExecutor(4, "ledger-read")
        self._recent: deque[tuple[int, str, bytes]] = deque(maxlen=RECENT)
        self._size = folded.size
        self._grown = asyncio.Event()
        last = SignedCheckpoint(locked.note, locked.size, locked.root_hash) if locked.size else None
        self._publication = Publication(last, delays=quorum_delays)
        self._checker = SignatureChecker(self.state)
        decider = Decider(self.state, self._recorder, self._checker, clock_slack_ms=self._clock.slack_ms)
        self.sequencer = Sequencer(
            state=self.state,
            recorder=self._recorder,
            decider=decider,
            clock=self._clock,
            last_recorded_ms=folded.last_recorded_ms,
            on_commit=self._committed,
        )
        maker = CheckpointMaker(
            recorder=self._recorder, lock_store=lock_store, locked=locked, signer=log_signer
        )
        self._checkpointer = Checkpointer(
            maker,
            thread=self._threads,
            on_publish=self._publication.sign,
            on_failure=self.stop_writing,
        )
        self._stage = VerifyingStage(self._checker, self.sequencer.submit)
        if folded.size > locked.size:
            self._checkpointer.poke()
        if not hold_signing:
            self._checkpointer.start()
        if quotas is not None and quotas != self.state.quotas_in_force():
            self.sequencer.submit(Job([quota_item(quotas)]))

    # Writing

    async def submit(
        self, envelopes: Sequence[SignedEnvelope], *, act: str, submitter: bytes
    ) -> list[Outcome]:
        """Decide statements of one act, each alone; returns when all that were accepted are durable."""
        job = make_job(envelopes, act=act, submitter=submitter)
        return await self._done(job)

    async def expire_voucher(self, *, voucher_id: bytes, request_id: bytes, submitter: bytes) -> Outcome:
        """Expire a voucher: a SYSTEM act, so the caller signs nothing."""
        entry = by_act_name()["voucher-expiry"]
        digest = sha256(voucher_id).digest()
        item = Item(entry, ExpireVoucher(voucher_id), None, request_id, digest, submitter)
        return (await self._done(Job([item])))[0]

    async def _done(self, job: Job) -> list[Outcome]:
        self._stage.submit(job)
        await job.done
        return job.outcomes()

    def _committed(self, first: int, records: list[Record]) -> None:
        self._recent.extend(
            (first + offset, record.type_name, record.data) for offset, record in enumerate(records)
        )
        self._size = first + len(records)
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()
        self._checkpointer.poke()

    def begin_signing(self) -> None:
        """Sign checkpoints from now on: the witnesses were asked what they have seen."""
        self._checkpointer.start()

    def stop_writing(self, reason: str) -> None:
        """No checkpoint can be made any more: take no statements and let nobody wait for one."""
        self.sequencer.stop_writing(reason)
        self._publication.fail(reason)

    @property
    def writable(self) -> bool:
        """Whether statements are taken now."""
        return not self.sequencer.stop_reason

    @property
    def stop_reason(self) -> str:
        """Why not, for an operator."""
        return self.sequencer.stop_reason

    @property
    def queued_items(self) -> int:
        """Statements that wait to be decided."""
        return self.sequencer.queued_items

    # Reading

    @property
    def size(self) -> int:
        """Number of durable events."""
        return self._size

    async def wait_beyond(self, size: int) -> int:
        """Return the durable size as soon as it is above `size`."""
        while self._size <= size:
            await self._grown.wait()
        return self._size

    async def read(self, start: int, limit: int) -> list[tuple[int, str, bytes]]:
        """(index, event name, stored bytes) of durable events from `start` on, from memory if recent."""
        recent = self._recent
        stop = min(start + limit, self._size)
        if recent and recent[0][0] <= start:
            offset = start - recent[0][0]
            return [recent[position] for position in range(offset, offset + max(stop - start, 0))]
        if start >= stop:
            return []
        rows = await self._call(self._recorder.read_records, start, stop - start)
        return [(row.index, row.type_name, row.data) for row in rows]

    def checkpoint(self) -> SignedCheckpoint | None:
        """The newest published checkpoint."""
        return self._publication.published

    @property
    def publication(self) -> Publication:
        """Every kind of checkpoint, for who shows them or gathers cosignatures."""
        return self._publication

    async def wait_checkpoint(self, size: int) -> SignedCheckpoint:
        """The next published checkpoint of more than `size` leaves."""
        return await self._publication.next_published(size)

    async def until_checkpointed(self, index: int) -> SignedCheckpoint:
        """A published checkpoint that covers a durable leaf; IndexError for a leaf that is not durable."""
        if index >= self._size:
            raise IndexError(index)
        return await self._publication.until_published(index)

    async def until_witnessed(self, index: int) -> SignedCheckpoint:
        """A checkpoint of the quorum that covers a durable leaf; IndexError for another leaf."""
        if index >= self._size:
            raise IndexError(index)
        return await self._publication.until_witnessed(index)

    async def leaf_hash(self, index: int) -> bytes:
        """Leaf hash of a durable event; IndexError beyond the head."""
        rows = await self.read(index, 1)
        if not rows:
            raise IndexError(index)
        return leaf_hash(rows[0][2])

    async def inclusion_proof(self, index: int) -> tuple[list[bytes], SignedCheckpoint]:
        """Hashes, leaf side first, and the checkpoint under which they hold; IndexError beyond it."""
        published = self._publication.published
        if published is None or index >= published.size:
            raise IndexError(index)
        return await self._call(self._reader.inclusion, index, published), published

    async def consistency_proof(self, first: int, second: int) -> list[bytes]:
        """Hashes in RFC 6962 order; IndexError beyond the newest signed checkpoint."""
        signed = self._publication.signed
        if signed is None or second > signed.size:
            raise IndexError(second)
        hashes: list[bytes] = await self._call(self._reader.consistency, first, second)
        return hashes

    async def tile(self, level: int, index: int, width: int) -> bytes:
        """Hashes of a tile under the newest signed checkpoint; KeyError if it is not there."""
        signed = self._publication.signed
        if signed is None or index * 256 + width > signed.size >> (8 * level):
            raise KeyError((level, index, width))
        data: bytes = await self._call(self._reader.load_tile, TilePath(level, index, width))
        return data

    async def receipt(self, index: int, *, witnessed: bool = False) -> tuple[bytes, bytes]:
        """Event bytes and tlog-proof, after a checkpoint covers them; IndexError beyond the head."""
        until = self.until_witnessed if witnessed else self.until_checkpointed
        receipt: tuple[bytes, bytes] = await self._call(self._reader.receipt, index, await until(index))
        return receipt

    async def get_claim(self, claim_id: bytes) -> Claim | None:
        """One claim, or None."""
        rows = await self._call(self._recorder.read_facts, "claim", [(claim_id,)])
        return Claim(*rows[(claim_id,)]) if rows else None

    async def list_claims(
        self, voucher_id: bytes, *, unredeemed_only: bool, after_index: int | None, limit: int
    ) -> list[Claim]:
        """Claims of a voucher in the order of their leaves."""
        found: list[Claim] = []
        after: Any = None
        while len(found) < limit:
            rows = await self._call(self._page_of_claims, voucher_id, after)
            claims = [Claim(*row) for row in rows]
            found += [
                claim
                for claim in claims
                if (after_index is None or claim.leaf_index > after_index)
                and not (unredeemed_only and (claim.redemption_id or claim.status not in COUNTING))
            ]
            if len(rows) < RECENT:
                break
            after = rows[-1]
        return found[:limit]

    def _page_of_claims(self, voucher_id: bytes, after: Any) -> Any:
        return self._recorder.list_facts("claim", "voucher_id", voucher_id, after=after, limit=RECENT)

    async def list_evidence(self, contract_id: bytes, limit: int) -> list[Evidence]:
        """Invoices and payments of a contract."""
        rows = await self._call(
            lambda: self._recorder.list_facts("evidence", "contract_id", contract_id, limit=limit)
        )
        return [Evidence(*row) for row in rows]

    async def verifiable_fen(self, redemption_id: bytes) -> int:
        """The amount that a verification has to name now, fen; 0 if nothing is left; KeyError if unknown."""
        return await self._on_facts(redemption_id, entitlement_today_fen)

    async def determinable_fen(self, clawback_id: bytes) -> int:
        """The amount that a determination has to name now, fen; KeyError if unknown."""
        clawback = self.state.clawbacks.base[clawback_id]
        compute = partial(determinable_fen, cause=clawback.cause)
        return await self._on_facts(clawback.redemption_id, compute)

    async def _on_facts(
        self, redemption_id: bytes, compute: Callable[[State, Redemption, Facts], int]
    ) -> int:
        """Compute on a redemption and the rows that it rests on, as they are now."""
        needs = Needs()
        add_needs_of_redemption(needs, self.state, redemption_id)
        read = self._recorder.read_facts
        claims = await self._call(read, "claim", [(key,) for key in needs.claims])
        evidence = await self._call(read, "evidence", [(key,) for key in needs.evidence])
        facts = Facts(
            {key[0]: Claim(*row) for key, row in claims.items()},
            {key[0]: Evidence(*row) for key, row in evidence.items()},
        )
        return compute(self.state, self.state.redemptions.base[redemption_id], facts)

    def now_ms(self) -> int:
        """Ledger time, ms since 1970."""
        return self._clock.now_ms(self.sequencer.last_recorded_ms)

    def set_clock(self, ms: int) -> int:
        """Set a simulated clock; ClockError on any other, or if it would go back."""
        return self._clock.set_ms(ms, self.sequencer.last_recorded_ms)

    async def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    async def close(self) -> None:
        """Finish what is queued, checkpoint it, release everything."""
        await self._stage.close()
        await self.sequencer.close()
        await self._checkpointer.close()
        self._threads.shutdown()
        self._lock_store.close()
        self._application.close()
        self._on_close()
