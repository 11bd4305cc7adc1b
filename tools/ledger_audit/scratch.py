"""The unbounded part of the fold's memory: ids, intervals, claims and evidence in a temporary SQLite file.

Rows are buffered and written in batches; the file is gone when the audit ends. It must not
decide anything, and nothing in it outlives one audit.
"""

from __future__ import annotations

import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

_BUFFERED = 1 << 14
_MAX = (1 << 63) - 1
_BUFFERED_IDS = 1 << 18
_SCHEMA = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-49152;
CREATE TABLE ids (key INTEGER PRIMARY KEY, place INTEGER NOT NULL);
CREATE TABLE claims (place INTEGER PRIMARY KEY, claim BLOB, voucher INTEGER, key INTEGER,
  recorded INTEGER, amount INTEGER, domestic INTEGER, foreign_made INTEGER, allocated INTEGER,
  last INTEGER, service INTEGER, state INTEGER, redemption INTEGER);
CREATE TABLE intervals (device INTEGER, start INTEGER, stop INTEGER, claim INTEGER);
CREATE TABLE evidence (fingerprint BLOB PRIMARY KEY, kind INTEGER, contract BLOB, amount INTEGER,
  consumed INTEGER, last INTEGER, cancelled INTEGER) WITHOUT ROWID;
BEGIN;
"""

ACCEPTED, SUPERSEDED, RECONFIRMED, SET_ASIDE = range(4)
REQUEST, CLAIM = b"r", b"c"


@dataclass(slots=True)
class ClaimRow:
    """What later events need to know of an accepted claim."""

    index: int
    claim_id: bytes
    voucher: int
    key: int
    recorded_ms: int
    amount: int
    domestic: int
    foreign: int
    allocated_ms: int
    last: int | None
    service: int
    """1 for a service attestation, which has no devices."""
    state: int = ACCEPTED
    redemption: int | None = None


@dataclass(slots=True)
class Evidence:
    """An invoice, a payment or another paper, how much of it is consumed, and whether it is cancelled."""

    kind: int
    contract_id: bytes
    amount: int
    consumed: int
    last: int
    cancelled: int = 0


class Scratch:
    """Opens on entering, deletes its file on leaving."""

    def __init__(self, directory: Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ledger-audit-", dir=directory)
        self._db = sqlite3.connect(Path(self._folder.name) / "scratch.sqlite", isolation_level=None)
        self._db.executescript(_SCHEMA)
        self._ids: dict[int, int] = {}
        self._ids_spilled = False
        self._claims: list[tuple[object, ...]] = []
        self._intervals: list[tuple[int, int, int, int]] = []
        self._intervals_indexed = False
        self._redemptions_indexed = False
        self._superseded: set[int] = set()
        self.on_collision: Callable[[int, int], None] = _nobody
        """Called with two places whose ids may be the same; the caller compares the ids themselves."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
        self._folder.cleanup()

    def note_id(self, name: bytes, index: int) -> None:
        """Remember that an id was used at a leaf. A second use is told to `on_collision`, perhaps later."""
        key = hash(name)
        first = self._ids.setdefault(key, index)
        if first != index:
            self.on_collision(first, index)
        elif len(self._ids) >= _BUFFERED_IDS:
            self.flush_ids()

    def note_two(self, name: bytes, other: bytes, index: int) -> None:
        """The same for two ids of one leaf."""
        ids = self._ids
        key, other_key = hash(name), hash(other)
        first, second = ids.setdefault(key, index), ids.setdefault(other_key, index)
        if first != index or second != index:
            self.on_collision(min(first, second), index)
            if first != index and second not in (first, index):
                self.on_collision(max(first, second), index)
        elif len(ids) >= _BUFFERED_IDS:
            self.flush_ids()

    def finish_ids(self) -> None:
        """Tell of every id that was used before; where none was ever written, all were compared already."""
        if self._ids_spilled:
            self.flush_ids()

    def flush_ids(self) -> None:
        """Write the buffered ids and tell of every one that was there before."""
        self._ids_spilled = True
        rows = sorted(self._ids.items())
        self._ids.clear()
        before = self._db.total_changes
        self._db.executemany("INSERT OR IGNORE INTO ids VALUES (?, ?)", rows)
        if self._db.total_changes - before == len(rows):
            return
        for key, index in rows:
            (first,) = self._db.execute("SELECT place FROM ids WHERE key = ?", (key,)).fetchone()
            if first != index:
                self.on_collision(first, index)

    def put_claim(self, row: tuple[object, ...]) -> None:
        """Remember an accepted claim; `row` has the columns of the table."""
        claims = self._claims
        claims.append(row)
        if len(claims) >= _BUFFERED:
            self._flush_claims()

    def claim(self, claim_id: bytes) -> ClaimRow | None:
        """The accepted claim of that id."""
        key = hash(CLAIM + claim_id)
        place = self._ids.get(key)
        if place is None:
            found = self._db.execute("SELECT place FROM ids WHERE key = ?", (key,)).fetchone()
            place = found[0] if found else None
        claim = self.claim_at(place) if place is not None else None
        return claim if claim is not None and claim.claim_id == claim_id else None

    def claim_at(self, index: int) -> ClaimRow | None:
        """The accepted claim that a leaf recorded."""
        self._flush_claims()
        row = self._db.execute("SELECT * FROM claims WHERE place = ?", (index,)).fetchone()
        return _claim_row(row) if row else None

    def claims_of(self, redemption: int) -> list[ClaimRow]:
        """The claims that a redemption took."""
        self._flush_claims()
        if not self._redemptions_indexed:
            self._db.execute("CREATE INDEX by_redemption ON claims (redemption) WHERE redemption IS NOT NULL")
            self._redemptions_indexed = True
        rows = self._db.execute("SELECT * FROM claims WHERE redemption = ?", (redemption,))
        return [_claim_row(row) for row in rows]

    def update_claim(self, claim: ClaimRow) -> None:
        """Write last leaf, state and redemption of a claim."""
        self._flush_claims()
        self._db.execute(
            "UPDATE claims SET last = ?, state = ?, redemption = ? WHERE place = ?",
            (claim.last, claim.state, claim.redemption, claim.index),
        )
        if claim.state == SUPERSEDED:
            self._superseded.add(claim.index)

    def put_interval(self, row: tuple[int, int, int, int]) -> None:
        """Remember (device, start, stop, leaf): a claim occupies a device in [start, stop)."""
        intervals = self._intervals
        intervals.append(row)
        if len(intervals) >= _BUFFERED:
            self._flush_intervals()

    def overlapping(self, device: int, start_ms: int, stop_ms: int) -> int | None:
        """The claim, not superseded, that occupies the device within [start, stop).

        Intervals that do not overlap are ordered by start and end alike, so the newest one to start
        before `stop_ms` decides.
        """
        self._flush_intervals()
        if not self._intervals_indexed:
            self._db.execute("CREATE INDEX by_device ON intervals (device, start)")
            self._intervals_indexed = True
        rows = self._db.execute(
            "SELECT stop, claim FROM intervals WHERE device = ? AND start < ? ORDER BY start DESC",
            (device, stop_ms),
        )
        for stop, claim in rows:
            if claim not in self._superseded:
                return int(claim) if stop > start_ms else None
        return None

    def evidence(self, fingerprint: bytes) -> Evidence | None:
        """The evidence that is registered under the fingerprint."""
        row = self._db.execute(
            "SELECT kind, contract, amount, consumed, last, cancelled FROM evidence WHERE fingerprint = ?",
            (fingerprint,),
        ).fetchone()
        return Evidence(*row) if row else None

    def put_evidence(self, fingerprint: bytes, evidence: Evidence) -> None:
        """Write evidence as it stands."""
        row = (
            fingerprint,
            evidence.kind,
            evidence.contract_id,
            evidence.amount,
            evidence.consumed,
            evidence.last,
            evidence.cancelled,
        )
        self._write("INSERT OR REPLACE INTO evidence VALUES (?, ?, ?, ?, ?, ?, ?)", [row])

    def _flush_claims(self) -> None:
        if self._claims:
            rows, self._claims = self._claims, []
            self._write("INSERT OR REPLACE INTO claims VALUES (?,?,?,?,?,?,?,?,?,?,?,0,NULL)", rows)

    def _flush_intervals(self) -> None:
        rows, self._intervals = self._intervals, []
        self._write("INSERT INTO intervals VALUES (?, ?, ?, ?)", rows)

    def _write(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        """Write rows; numbers that no honest ledger has are cut to what a row can hold."""
        try:
            self._db.executemany(statement, rows)
        except OverflowError:
            self._db.executemany(statement, [tuple(map(_clamped, row)) for row in rows])


def _clamped(value: Any) -> Any:
    return max(-_MAX, min(value, _MAX)) if isinstance(value, int) else value


def _claim_row(row: tuple[object, ...]) -> ClaimRow:
    return ClaimRow(*row)  # type: ignore[arg-type]


def _nobody(_first: int, _second: int) -> None:
    """Until somebody listens."""
