"""The witness itself: judges, signs, stores, and only then gives a cosignature out.

One thread does it all, one request after another; the store's compare-and-swap stands behind that.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeVar

from ledger.proof.note import Note, add_signatures
from ledger.proof.tlog_witness import log_path
from ledger_witness.judging import Consistent, Refused, judge, known_logs
from ledger_witness.records import PLAIN, RULES, Record, RecordMoved, Records

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ledger.proof.vkey import VKey
    from ledger_witness.cosigner import Cosigner

T = TypeVar("T")

_TRIES: Final = 3


class Witness:
    """Cosigns what is consistent (`add_checkpoint`) and what was recomputed (`add_recomputed`).

    `told` hears each consistent checkpoint that was cosigned, by its origin.
    """

    def __init__(
        self,
        records: Records,
        *,
        logs: Sequence[VKey],
        plain: Cosigner,
        rules: Cosigner | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._records = records
        self._logs = known_logs(logs)
        self._plain = plain
        self._rules = rules
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "witness")
        self._by_path = {log_path(origin): origin for origin in self._logs}
        self.told: Callable[[str], None] = lambda _origin: None

    @property
    def origins(self) -> tuple[str, ...]:
        """The logs that it knows."""
        return tuple(self._logs)

    async def add_checkpoint(self, body: bytes) -> Refused | bytes:
        """The signature lines for a request, durable before this returns, or the refusal."""
        answer, origin = await self._call(self._add_checkpoint, body)
        if origin:
            self.told(origin)
        return answer

    async def record(self, cosigner: str, origin: str) -> Record | None:
        """The newest record of a log."""
        return await self._call(self._records.read, cosigner, origin)

    async def add_recomputed(self, found: Record) -> Record:
        """Cosign as the one who recomputes; `found` is a record of the plain cosigner that was recomputed.

        Durable before this returns. Raises RecordMoved if a larger one was cosigned meanwhile.
        """
        return await self._call(self._add_recomputed, found)

    async def published(self, path: str) -> bytes | None:
        """The note at `<sha256(origin)>/checkpoint`, or below `rules/` the newest that was recomputed."""
        bare = path.removeprefix("rules/")
        origin = self._by_path.get(bare)
        if origin is None or (bare != path and self._rules is None):
            return None
        return await self._call(self._published, origin, RULES if bare != path else PLAIN)

    async def close(self) -> None:
        """Finish what is under way and close the store."""
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)
        self._records.close()

    def _add_checkpoint(self, body: bytes) -> tuple[Refused | bytes, str]:
        for _ in range(_TRIES):
            found = judge(body, logs=self._logs, latest=lambda origin: self._records.read(PLAIN, origin))
            if isinstance(found, Refused):
                return found, ""
            try:
                return self._cosign(found), found.head.origin
            except RecordMoved:
                continue
        return Refused(HTTPStatus.SERVICE_UNAVAILABLE, b"others ask at the same time\n"), ""

    def _cosign(self, found: Consistent) -> bytes:
        """Sign, store, and only then give the lines out."""
        head, before = found.head, found.before
        timestamp_s = self._now_s(before)
        lines = self._plain.sign(found.note.text, timestamp_s=timestamp_s)
        after = Record(
            origin=head.origin,
            size=head.size,
            root=head.root,
            timestamp_s=timestamp_s,
            note=add_signatures(found.note.render(), lines),
        )
        self._records.swap(PLAIN, before, after)
        return b"".join(line.render() for line in lines)

    def _add_recomputed(self, found: Record) -> Record:
        if self._rules is None:
            raise RuntimeError("there is no cosigner for what is recomputed")
        before = self._records.read(RULES, found.origin)
        if before is not None and before.size > found.size:
            raise RecordMoved("a larger checkpoint was cosigned meanwhile")
        timestamp_s = self._now_s(before)
        lines = self._rules.sign(Note.parse(found.note).text, timestamp_s=timestamp_s)
        after = Record(
            origin=found.origin,
            size=found.size,
            root=found.root,
            timestamp_s=timestamp_s,
            note=add_signatures(found.note, lines),
        )
        self._records.swap(RULES, before, after)
        return after

    def _published(self, origin: str, cosigner: str) -> bytes | None:
        """The newest note of a cosigner; a plain one with the lines of the other, if it has the same text."""
        record = self._records.read(cosigner, origin)
        if record is None:
            return None
        if self._rules is None or cosigner == RULES:
            return record.note
        recomputed = self._records.read(RULES, origin)
        if recomputed is None or Note.parse(recomputed.note).text != Note.parse(record.note).text:
            return record.note
        own = {(vkey.name, vkey.key_id) for vkey in self._rules.vkeys}
        lines = [s for s in Note.parse(recomputed.note).signatures if (s.name, s.key_id) in own]
        return add_signatures(record.note, lines)

    def _now_s(self, before: Record | None) -> int:
        """Now, but never before what the same cosigner said last about this log."""
        now_s = int(self._clock())
        return max(now_s, before.timestamp_s) if before is not None else now_s

    async def _call(self, function: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)
