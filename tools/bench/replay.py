"""How fast the independent auditor checks a log: everything on one core, on two, and chain and tree alone.

The log is made once through the sequencer, exported and cached. The peer is single-core signature
verification.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from typing import TYPE_CHECKING

from bench import cache
from bench.claims import ClaimMaker
from bench.ground import lay_ground, opened
from bench.measuring import median_ratio, raw_rounds, rounded, say, settle, verifications_per_s
from ledger.app.application import LedgerApplication
from ledger.app.outcomes import Accepted
from ledger.client.attestations import ACT
from ledger.codec.envelopes import from_message
from ledger.proof.tiles import TILE_WIDTH, TilePath
from ledger.store.location import StoreLocation
from ledger.store.sqlite_lock import SQLiteLockStore
from ledger_audit.errors import CouldNotCheckError
from ledger_audit.export import export
from ledger_audit.sources import ExportSource
from ledger_audit.trust import Trust
from ledger_audit.verify import ALL_LAYERS, BYTES_LAYERS, verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.ground import Ground
    from bench.result import Plan, Result
    from ledger.store.port import LedgerRecorder

NAMES = ("replay_core", "replay_scale", "chain_only")
CLAIMS = 20_000
ROUNDS = 5
_BATCH = 100


def measure(result: Result, work: Path, plan: Plan) -> None:
    """Fill in the ratios of NAMES that are wanted."""
    folder = _cached_log(work, plan.count(CLAIMS))
    core, scale, chain = [], [], []
    say("replay: the auditor on an export")
    for _ in range(plan.count(ROUNDS)):
        settle()
        before = verifications_per_s()
        one = _audit(folder, workers=1, layers=ALL_LAYERS)
        core.append((one, (before + verifications_per_s()) / 2))
        if plan.wants("replay_scale"):
            scale.append((_audit(folder, workers=2, layers=ALL_LAYERS), one))
        if plan.wants("chain_only"):
            chain.append(_audit(folder, workers=1, layers=BYTES_LAYERS))
        say(f"  one core {one:,.0f} events/s; {core[-1][1]:,.0f} verifications/s")
    for name, pairs, unit in (
        ("replay_core", core, "events/s, verifications/s"),
        ("replay_scale", scale, "events/s with 2 workers, with 1"),
    ):
        if pairs and plan.wants(name):
            result.ratios[name] = rounded(median_ratio(pairs))
            result.raw[name] = raw_rounds(pairs, unit=unit)
    if chain:
        result.ratios["chain_only"] = rounded(sorted(chain)[len(chain) // 2])
        result.raw["chain_only"] = {"unit": "events/s", "project": [rounded(rate) for rate in chain]}


def _audit(folder: Path, *, workers: int, layers: str) -> float:
    """Events a second of one audit; RuntimeError if it finds anything."""
    trust = Trust.load(folder / "trust.json")
    began_s = time.perf_counter()
    report = verify(ExportSource(folder / "export"), trust=trust, workers=workers, layers=layers)
    spent_s = time.perf_counter() - began_s
    if report.findings or not report.tree_size:
        raise RuntimeError(f"the audit of an honest log found {list(report.findings)[:3]}")
    return report.tree_size / spent_s


def _cached_log(work: Path, claims: int) -> Path:
    """A folder with `export` and `trust.json` of a log with so many signed claims."""
    folder = cache.place(f"replay-{claims}")
    if not (folder / "trust.json").exists():
        say(f"replay: making a log of {claims:,} claims (kept in {folder})")
        ground = asyncio.run(_make(work / "replay", claims))
        _export(ground, work / "export")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder / "export", ignore_errors=True)
        shutil.move(work / "export", folder / "export")
        shutil.copy(ground.folder.directory.trust_file, folder / "trust.json")
    return folder


async def _make(root: Path, claims: int) -> Ground:
    ground = await lay_ground(root)
    maker = ClaimMaker(ground)
    async with opened(ground.folder) as ledger:
        for _ in range(0, claims, _BATCH):
            envelopes = [from_message(envelope) for envelope in maker.make(_BATCH)]
            outcomes = await ledger.submit(envelopes, act=ACT, submitter=ground.provider.participant_id)
            if not all(isinstance(outcome, Accepted) for outcome in outcomes):
                raise RuntimeError("a claim was not accepted")
    return ground


def _export(ground: Ground, target: Path) -> None:
    directory = ground.folder.directory
    location = StoreLocation.sqlite(directory.store)
    locked = SQLiteLockStore(directory.lock).read()
    if locked is None:
        raise RuntimeError("the ledger has no checkpoint")
    with LedgerApplication(location, decode=lambda _, data: data) as application:
        export(_StoreSource(application.recorder, locked.note), target)


class _StoreSource:
    """The auditor's source over an open store, for exporting without a server."""

    directory: Path | None = None

    def __init__(self, recorder: LedgerRecorder, note: bytes) -> None:
        self._recorder = recorder
        self._note = note

    def checkpoint(self) -> bytes:
        """The locked note."""
        return self._note

    def chunks(self, *, start: int, stop: int, size: int) -> Iterator[tuple[int, list[bytes]]]:
        """The entries, bundle by bundle."""
        for first in range(start, min(stop, size), TILE_WIDTH):
            records = self._recorder.read_records(first, min(TILE_WIDTH, stop - first))
            yield first, [record.data for record in records]

    def tile(self, path: TilePath) -> bytes:
        """The stored tile."""
        key = (path.level or 0, path.index)
        row = self._recorder.read_tiles([key]).get(key)
        if row is None:
            raise CouldNotCheckError(f"there is no tile {path.render()}")
        return row.data[: 32 * path.width]
