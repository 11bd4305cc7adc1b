"""Gathers cosignatures in the background (C2SP tlog-witness), and asks witnesses before anything is signed.

It never holds up the checkpointer once signing has begun. What witnesses hold of another history stops
writing: before signing on their word, since a record that was put back looks whole from within; afterwards
only on a note that this log's own key signed.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.app.checkpointer import SignedCheckpoint
from ledger.errors import LedgerError, UsageError
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.note import Note, add_signatures
from ledger.web.client import check_url
from ledger_server.witness_files import WitnessFiles
from ledger_server.witness_place import OtherHistory, WitnessPlace, WitnessRefused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from structlog.typing import FilteringBoundLogger

    from ledger.proof.note import Ed25519NoteVerifier, NoteSignature
    from ledger.proof.policy import Policy
    from ledger_server.port import LedgerPort
    from ledger_server.telemetry import Metrics

ASK_S: Final = 5.0
ANSWER_S: Final = 10.0
PACE_S: Final = 0.5
"""Least time between two submissions to one witness, however often the log signs."""
MAX_BACK_OFF_S: Final = 60.0
_MOST_DOUBLINGS: Final = 10
_HELD: Final = 1_024
"""Submitted checkpoints whose cosignatures may still come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessing:
    """Whom to ask and under which key the log signs; `path` is the file of the newest cosigned checkpoint."""

    policy: Policy
    verifier: Ed25519NoteVerifier
    path: Path
    ask_s: float = ASK_S
    pace_s: float = PACE_S


@dataclass(slots=True)
class _Held:
    """A submitted checkpoint: its note with what was gathered, and which witnesses have cosigned."""

    checkpoint: SignedCheckpoint
    cosigned: set[str]


class WitnessGatherer:
    """Submits each newest checkpoint to every witness of the policy that has a URL."""

    def __init__(
        self, ledger: LedgerPort, settings: Witnessing, *, metrics: Metrics, log: FilteringBoundLogger
    ) -> None:
        """Raises UsageError for a URL that is none and a quorum that those with a URL cannot reach."""
        policy, verifier = settings.policy, settings.verifier
        self._ledger = ledger
        self._policy = policy
        self._files = WitnessFiles(settings.path, verifier=verifier)
        self._metrics = metrics
        self._log = log
        self._pace_s, self._ask_s = settings.pace_s, settings.ask_s
        self._held: OrderedDict[int, _Held] = OrderedDict()
        self._tasks: list[asyncio.Task[None]] = []
        by_url: dict[str, list[str]] = {}
        counted = policy.counted(ledger.origin, log_keys=(verifier.vkey.public_key,))
        for witness in counted:
            if witness.url:
                by_url.setdefault(check_url(witness.url), []).append(witness.name)
        names = {witness.name: witness for witness in counted}
        self._keys = {w.name: (w.verifier.name, w.verifier.key_id) for w in counted}
        if not policy.reached({name for of_one in by_url.values() for name in of_one}):
            raise UsageError(
                "the witnesses that have a URL cannot reach the quorum",
                hint="give witnesses of the policy their submission prefix: witness NAME VKEY URL",
            )
        self._places = [
            WitnessPlace(
                url, [names[name] for name in of_one], ledger=ledger, verifier=verifier, within_s=ANSWER_S
            )
            for url, of_one in by_url.items()
        ]

    async def ask_first(self) -> None:
        """Ask every witness what it has seen, then let the log sign; or stop writing on another history.

        A witness that does not answer in time does not keep the log from starting.
        """
        kept = await self._files.load(self._ledger, self._policy)
        doubts = [kept.doubt] if kept.doubt else []
        if kept.checkpoint is not None:
            self._ledger.publication.cosign(kept.checkpoint, quorum=True)
        doubts += [doubt for doubt in await asyncio.gather(*map(self._ask, self._places)) if doubt]
        if doubts:
            self._log.error("another history", doubts=doubts)
            self._ledger.stop_writing(
                f"{doubts[0]}; do not restart before the store is copied: the record was put back or the key "
                "signs elsewhere. If a witness is wrong, take it out of the policy"
            )
        else:
            self._ledger.begin_signing()

    def start(self) -> None:
        """Submit from now on."""
        self._tasks = [
            asyncio.create_task(self._follow(place), name=f"witness-{place.name}") for place in self._places
        ]

    async def stop(self) -> None:
        """End; what was not answered is asked again at the next start."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _ask(self, place: WitnessPlace) -> str:
        """What a witness holds against this log, or nothing."""
        try:
            async with asyncio.timeout(self._ask_s):
                found = await self._proven(place)
                if not found and self._ledger.publication.signed is not None:
                    await self._submit(place)
        except OtherHistory as error:
            return f"witness {place.name} {error.summary}"
        except (LedgerError, TimeoutError) as error:
            self._told(place, error)
            return ""
        return found

    async def _follow(self, place: WitnessPlace) -> None:
        """Submit each newest checkpoint, and read what the place's cosigners publish later."""
        failures = 0
        while True:
            await self._something_to_do(place)
            try:
                signed = self._ledger.publication.signed
                if signed is not None and signed.size > place.sent_size:
                    await self._submit(place)
                if self._lacking(place):
                    await self._read(place)
                failures = 0
            except LedgerError as error:
                failures = min(failures + 1, _MOST_DOUBLINGS)
                self._told(place, error)
                if isinstance(error, OtherHistory) and await self._stopped_on_proof(place):
                    return
            except Exception as error:  # noqa: BLE001 - whatever it is, the next checkpoint is submitted
                failures = min(failures + 1, _MOST_DOUBLINGS)
                self._log.error("witness fault", witness=place.name, exc_info=error)
            await asyncio.sleep(min(self._pace_s * 2**failures, MAX_BACK_OFF_S))

    async def _something_to_do(self, place: WitnessPlace) -> None:
        """Return when there is a newer checkpoint, or a moment has passed and cosignatures are lacking."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace_s * 2 if self._lacking(place) else None):
                await self._ledger.publication.next_signed(place.sent_size)

    async def _submit(self, place: WitnessPlace) -> None:
        """Submit the newest checkpoint and take what is answered."""
        checkpoint, lines = await place.submit()
        self._metrics.witness_answers.labels(witness=place.name, result="cosigned").inc()
        self._hold(checkpoint)
        self._take(checkpoint.size, lines)

    async def _read(self, place: WitnessPlace) -> None:
        """Take cosignatures that are published rather than answered (a witness that recomputes first)."""
        data = await place.read()
        if data is None:
            return
        try:
            note = Note.parse(data)
            size = Checkpoint.parse(note.text).size
        except LedgerError as error:
            raise WitnessRefused("malformed", error.summary) from None
        held = self._held.get(size)
        if held is not None and Note.parse(held.checkpoint.note).text == note.text:
            self._take(size, place.lines(note))

    def _hold(self, checkpoint: SignedCheckpoint) -> None:
        """Hold a checkpoint with the cosignatures that its note has already, as after a restart."""
        lines = {(line.name, line.key_id) for line in Note.parse(checkpoint.note).signatures}
        cosigned = {name for name, key in self._keys.items() if key in lines}
        self._held.setdefault(checkpoint.size, _Held(checkpoint, cosigned))
        while len(self._held) > _HELD:
            self._held.popitem(last=False)

    def _take(self, size: int, lines: Mapping[str, NoteSignature]) -> None:
        """Merge cosignatures into the checkpoint of that size and tell who waits for a quorum."""
        held = self._held[size]
        new = {name: line for name, line in lines.items() if name not in held.cosigned}
        if not new:
            return
        before = held.checkpoint
        note = add_signatures(before.note, list(new.values()))
        held.checkpoint = SignedCheckpoint(note, before.size, before.root)
        held.cosigned |= new.keys()
        quorum = self._policy.reached(held.cosigned)
        witnessed = self._ledger.publication.witnessed
        if quorum and (witnessed is None or witnessed.size <= size):
            self._files.save(held.checkpoint)
        self._ledger.publication.cosign(held.checkpoint, quorum=quorum)

    def _lacking(self, place: WitnessPlace) -> bool:
        """Whether a cosigner of this place has not cosigned what was submitted last."""
        held = self._held.get(place.sent_size)
        return held is not None and not held.cosigned.issuperset(w.name for w in place.witnesses)

    async def _proven(self, place: WitnessPlace) -> str:
        """What the place can prove against this log; the proof is kept."""
        found = await place.evidence()
        if found is None:
            return ""
        note, what = found
        kept = self._files.keep_evidence(note)
        self._log.error("another history is proven", witness=place.name, what=what, evidence=str(kept))
        return f"witness {place.name} proves that {what}"

    async def _stopped_on_proof(self, place: WitnessPlace) -> bool:
        try:
            proven = await self._proven(place)
        except LedgerError:
            return False
        if proven:
            self._ledger.stop_writing(proven)
        return bool(proven)

    def _told(self, place: WitnessPlace, error: Exception) -> None:
        result = error.result if isinstance(error, WitnessRefused) else "unreachable"
        summary = error.summary if isinstance(error, LedgerError) else f"no answer within {self._ask_s:g} s"
        self._metrics.witness_answers.labels(witness=place.name, result=result).inc()
        log = self._log.error if isinstance(error, OtherHistory) else self._log.warning
        log("no cosignature", witness=place.name, url=place.url, result=result, reason=summary)
