"""What the ledger's store and its sequencer add to the event sourcing library, and what they save.

Peer is the library's own recorder on the same disk at the same level of durability. No network is here.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from bench.claims import ClaimMaker
from bench.ground import lay_ground, opened
from bench.measuring import median_ratio, raw_rounds, rounded, say, settle
from ledger.app.application import LedgerApplication
from ledger.app.jobs import make_job
from ledger.app.outcomes import Accepted
from ledger.client.attestations import ACT
from ledger.codec.envelopes import from_message
from ledger.proof.hashing import leaf_hash
from ledger.store.location import StoreLocation
from ledger.store.port import Batch

if TYPE_CHECKING:
    from pathlib import Path

    from bench.ground import Ground
    from bench.result import Plan, Result
    from ledger.app.ledger import Ledger
    from ledger.app.outcomes import Outcome
    from ledger.codec.envelopes import SignedEnvelope

NAMES = ("group_commit_sqlite", "chain_overhead", "bytes_per_event")
ROUNDS = 5
WRITERS = 64
PEER_WRITERS = 16
EVENTS_BY_WRITERS = 4_000
PEER_EVENTS = 800
CHAIN_ROUNDS = 15
TRANSACTIONS = 20
EVENTS_IN_TRANSACTION = 100
EVENT_SIZE = 900
LONG_CLAIMS = 6_000
LINES = 8
_FULL = 2
_LEDGER_ID = bytes(range(16))


def measure(result: Result, work: Path, plan: Plan) -> None:
    """Fill in the ratios of NAMES that are wanted."""
    if plan.wants("group_commit_sqlite"):
        say(f"group commit: {WRITERS} writers of single claims in this process")
        pairs = asyncio.run(_group_commit(work, plan))
        result.ratios["group_commit_sqlite"] = rounded(median_ratio(pairs))
        result.raw["group_commit_sqlite"] = raw_rounds(pairs, unit="events/s")
    if plan.wants("chain_overhead"):
        say(f"chain: {EVENTS_IN_TRANSACTION} events a transaction, no side rows")
        pairs = _chain(work, plan)
        result.ratios["chain_overhead"] = rounded(median_ratio(pairs))
        result.raw["chain_overhead"] = raw_rounds(pairs, unit="events/s")
    if plan.wants("bytes_per_event"):
        say(f"size: claims of {LINES} lines")
        asyncio.run(_size(result, work, plan))


def library_recorder(path: Path) -> SQLiteApplicationRecorder:
    """The library's recorder on a new file, as durable as ours; RuntimeError where it is not."""
    datastore = SQLiteDatastore(str(path), originator_id_type="text", pool_size=PEER_WRITERS)
    recorder = SQLiteApplicationRecorder(datastore)
    recorder.create_table()
    with datastore.transaction(commit=True) as cursor:
        cursor.execute("PRAGMA synchronous")
        if cursor.fetchone()[0] != _FULL:
            raise RuntimeError("the library's connections are not at synchronous=FULL")
    return recorder


def _events(count: int) -> list[StoredEvent]:
    return [
        StoredEvent(f"claim/{secrets.token_hex(16)}", 1, "claim_accepted", os.urandom(EVENT_SIZE))
        for _ in range(count)
    ]


async def _group_commit(work: Path, plan: Plan) -> list[tuple[float, float]]:
    ground = await lay_ground(work / "group")
    recorder = library_recorder(work / "library.db")
    maker = ClaimMaker(ground)
    pairs = []
    async with opened(ground.folder) as ledger:
        for _ in range(plan.count(ROUNDS)):
            await asyncio.to_thread(settle)
            rate = await _write_claims(ledger, ground, maker, plan.count(EVENTS_BY_WRITERS))
            peer = await asyncio.to_thread(_write_singly, recorder, plan.count(PEER_EVENTS))
            pairs.append((rate, peer))
            say(f"  sequencer {rate:,.0f} events/s; library {peer:,.0f}")
    recorder.datastore.close()
    return pairs


async def _write_claims(ledger: Ledger, ground: Ground, maker: ClaimMaker, count: int) -> float:
    """Events a second of WRITERS that each wait for one claim to be durable before the next.

    What stands before the sequencer (parsing, signatures) is done beforehand, as the peer has neither.
    """
    submitter = ground.provider.participant_id
    waiting = deque(
        make_job([from_message(envelope)], act=ACT, submitter=submitter) for envelope in maker.make(count)
    )
    for job in waiting:
        for item in job.open_items():
            item.verdict = True
    sequencer = ledger.sequencer

    async def write() -> None:
        while waiting:
            job = waiting.popleft()
            sequencer.submit(job)
            await job.done
            _check(job.outcomes())

    began_s = time.perf_counter()
    await asyncio.gather(*(write() for _ in range(WRITERS)))
    return count / (time.perf_counter() - began_s)


async def _submit(ledger: Ledger, ground: Ground, envelopes: list[SignedEnvelope]) -> None:
    _check(await ledger.submit(envelopes, act=ACT, submitter=ground.provider.participant_id))


def _check(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        if not isinstance(outcome, Accepted):
            raise RuntimeError(f"a claim was not accepted: {outcome}")  # noqa: TRY004 - no wrong type


def _write_singly(recorder: SQLiteApplicationRecorder, count: int) -> float:
    """Events a second of PEER_WRITERS threads that each commit one event at a time."""
    waiting = deque(_events(count))

    def write() -> None:
        while True:
            try:
                event = waiting.popleft()
            except IndexError:
                return
            recorder.insert_events([event])

    with ThreadPoolExecutor(PEER_WRITERS) as pool:
        began_s = time.perf_counter()
        for done in [pool.submit(write) for _ in range(PEER_WRITERS)]:
            done.result()
        return count / (time.perf_counter() - began_s)


def _chain(work: Path, plan: Plan) -> list[tuple[float, float]]:
    peer_recorder = library_recorder(work / "chain-library.db")
    location = StoreLocation.sqlite(work / "chain.db")
    pairs = []
    with LedgerApplication(
        location, decode=lambda _, data: data, ledger_id=_LEDGER_ID, create=True
    ) as application:
        for _ in range(plan.count(CHAIN_ROUNDS)):
            groups = [_events(EVENTS_IN_TRANSACTION) for _ in range(2 * TRANSACTIONS)]
            began_s = time.perf_counter()
            for events in groups[:TRANSACTIONS]:
                peer_recorder.insert_events(events)
            between_s = time.perf_counter()
            size, head = application.recorder.head()
            for events in groups[TRANSACTIONS:]:
                hashes = [leaf_hash(event.state) for event in events]
                batch = Batch(size_before=size, head_before=head, leaf_hashes=hashes)
                application.recorder.insert_events(events, batch=batch)
                size, head = batch.size_after, batch.head_after
            ended_s = time.perf_counter()
            count = TRANSACTIONS * EVENTS_IN_TRANSACTION
            pairs.append((count / (ended_s - between_s), count / (between_s - began_s)))
    peer_recorder.datastore.close()
    return pairs


async def _size(result: Result, work: Path, plan: Plan) -> None:
    """Bytes of the closed database file ÷ bytes of all entries."""
    ground = await lay_ground(work / "size")
    maker = ClaimMaker(ground, lines=LINES)
    count = plan.count(LONG_CLAIMS)
    async with opened(ground.folder) as ledger:
        for _ in range(0, count, EVENTS_IN_TRANSACTION):
            envelopes = [from_message(envelope) for envelope in maker.make(EVENTS_IN_TRANSACTION)]
            await _submit(ledger, ground, envelopes)
        size = ledger.size
        entry_bytes = 0
        for start in range(0, size, 512):
            entry_bytes += sum(len(data) for _, _, data in await ledger.read(start, 512))
    database_bytes = ground.folder.directory.store.stat().st_size
    result.ratios["bytes_per_event"] = rounded(database_bytes / entry_bytes)
    result.raw["bytes_per_event"] = {
        "leaves": size,
        "entry_bytes": entry_bytes,
        "database_bytes": database_bytes,
        "bytes_of_an_event": rounded(entry_bytes / size),
    }
