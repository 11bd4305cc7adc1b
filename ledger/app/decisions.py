"""Deciding a batch on the fold plus overlay and turning it into one commit.

Everything here is synchronous and touches the store only to read. Whoever calls it commits the batch, or
drops the overlay.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ledger.app import facts
from ledger.app.digesting import request_id_at, state_digest
from ledger.app.outcomes import Accepted, Refused
from ledger.app.suppressed import Suppressed
from ledger.codec.events import DIGEST, Place, decode_event, encode_event
from ledger.codec.registry import by_event_name, event_name
from ledger.domain import digests, rules
from ledger.domain.attestation import ServiceAttestation, UsageAttestation
from ledger.domain.claim_frame import refusal
from ledger.domain.commands import Command
from ledger.domain.journal import Draft, Recorded
from ledger.domain.quotas import over_quota
from ledger.domain.rejections import Reason, Rejection
from ledger.errors import MalformedError
from ledger.proof.hashing import leaf_hash
from ledger.store.port import Batch, Record, RequestRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.app.jobs import Item
    from ledger.app.verification import SignatureChecker
    from ledger.codec.envelopes import SignedEnvelope
    from ledger.domain.events import ClaimRefused
    from ledger.domain.state import State
    from ledger.store.port import LedgerRecorder


@dataclass(slots=True)
class Prepared:
    """A decided batch: what to commit, and the answers that hold once it is committed."""

    size_before: int
    head_before: bytes
    recorded_ms: int
    records: list[Record] = field(default_factory=list)
    leaf_hashes: list[bytes] = field(default_factory=list)
    requests: dict[tuple[bytes, bytes], RequestRow] = field(default_factory=dict)
    answers: list[tuple[Item, Accepted | Refused]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Index of the next record."""
        return self.size_before + len(self.records)

    @property
    def head(self) -> bytes:
        """Leaf hash of the last record, also of this batch."""
        return self.leaf_hashes[-1] if self.leaf_hashes else self.head_before

    def batch(self, state: State) -> Batch:
        """The commit, with every row that the overlay holds."""
        return Batch(
            size_before=self.size_before,
            head_before=self.head_before,
            leaf_hashes=self.leaf_hashes,
            requests=list(self.requests.values()),
            facts=facts.changed(state),
            freed=facts.freed(state),
        )


class Decider:
    """Decides items one after another; each sees the effects of those before it."""

    def __init__(
        self, state: State, recorder: LedgerRecorder, checker: SignatureChecker, *, clock_slack_ms: int
    ) -> None:
        self._state = state
        self._recorder = recorder
        self._checker = checker
        self._clock_slack_ms = clock_slack_ms
        self._suppressed = Suppressed()

    def prepare(self, items: Sequence[Item], *, size: int, head: bytes, now_ms: int) -> Prepared:
        """Decide a batch at ledger time `now_ms` on top of the committed (size, head)."""
        prepared = Prepared(size, head, now_ms)
        items = [*self._suppressed.due(now_ms), *items]
        known = self._fetch(items)
        for item in items:
            answer = self._repeated(item, prepared, known) or self._decide(item, prepared)
            prepared.answers.append((item, answer))
        return prepared

    def _actor(self, item: Item) -> bytes | None:
        """The namespace of the request id: the first signer, the roots, or the caller of a SYSTEM act."""
        if item.envelope is None:
            return item.submitter
        key = self._state.keys.get(item.statement.header.key_ids[0])
        if key is None:
            return None
        return key.owner_id or self._state.ledger().ledger_id

    def _fetch(self, items: Sequence[Item]) -> dict[tuple[bytes, bytes], tuple[bytes, int]]:
        facts.fetch(self._state, self._recorder, [item.statement for item in items])
        actors = [(self._actor(item), item.request_id) for item in items]
        return self._recorder.read_requests(
            list(dict.fromkeys((actor, request_id) for actor, request_id in actors if actor is not None))
        )

    def _repeated(
        self, item: Item, prepared: Prepared, known: dict[tuple[bytes, bytes], tuple[bytes, int]]
    ) -> Accepted | Refused | None:
        """The answer to a request id that was used before: the same receipt, or REQUEST_ID_REUSED (I17)."""
        actor = self._actor(item)
        if actor is None:
            return None
        key = (actor, item.request_id)
        row = prepared.requests.get(key)
        found = known.get(key) if row is None else (row.digest, row.leaf_index)
        if found is None:
            return None
        digest, index = found
        if digest != item.digest:
            return Refused(Reason.REQUEST_ID_REUSED, "the request id was used with other bytes", index)
        return self._receipt_of(index, prepared)

    def _receipt_of(self, index: int, prepared: Prepared) -> Accepted | Refused:
        stored = decode_event(self._data_at(index, prepared))
        if event_name(stored.payload) == "claim_refused":
            payload: ClaimRefused = stored.payload
            return Refused(payload.reason, "the claim was refused before", payload.conflicting_index, index)
        count, following = 1, index + 1
        while following < prepared.size:
            after = decode_event(self._data_at(following, prepared))
            if (after.request_id, after.request_digest) == (stored.request_id, stored.request_digest):
                count += 1
            elif after.entry.event_name != DIGEST:
                break
            following += 1
        return Accepted(index, stored.leaf_hash, count, repeated=True)

    def _data_at(self, index: int, prepared: Prepared) -> bytes:
        if index >= prepared.size_before:
            return prepared.records[index - prepared.size_before].data
        return self._recorder.read_records(index, 1)[0].data

    def _decide(self, item: Item, prepared: Prepared) -> Accepted | Refused:
        state = self._state
        statement = item.statement
        command: Command[Any] = Command(
            statement=statement,
            header=None if item.envelope is None else statement.header,
            payload_digest=item.digest,
            submitter=item.submitter,
            now_ms=prepared.recorded_ms,
            clock_slack_ms=self._clock_slack_ms,
        )
        if item.envelope is not None:
            command.keys = tuple(state.keys.get(signer) for signer in statement.header.key_ids)
            verdict = item.verdict
            if verdict is None:
                verdict = self._checker.check(item.envelope, statement)
            command.signatures_hold = verdict is not False
        if isinstance(statement, UsageAttestation | ServiceAttestation) and over_quota(
            state, statement.provider_id, prepared.recorded_ms, refusal=False
        ):
            return self._suppressed.answer(item, prepared.recorded_ms)
        decision = rules.decide(item.entry.act, state, command)
        if isinstance(decision, Rejection):
            return self._refuse(item, prepared, command, decision)
        return self._record(item, prepared, decision)

    def _refuse(self, item: Item, prepared: Prepared, command: Command[Any], rejection: Rejection) -> Refused:
        answer = Refused(rejection.reason, rejection.message, rejection.conflicting_index)
        if not isinstance(item.statement, UsageAttestation | ServiceAttestation):
            return answer
        draft = refusal(self._state, command, rejection)
        if draft is None:
            return answer
        if over_quota(self._state, item.statement.provider_id, prepared.recorded_ms, refusal=True):
            return self._suppressed.answer(item, prepared.recorded_ms)
        recorded = self._record(item, prepared, (draft,))
        if isinstance(recorded, Refused):
            return recorded
        return Refused(rejection.reason, rejection.message, rejection.conflicting_index, recorded.index)

    def _record(self, item: Item, prepared: Prepared, drafts: tuple[Draft, ...]) -> Accepted | Refused:
        actor = self._actor(item)
        made: list[Recorded] = []
        try:
            for draft in drafts:
                made.append(self._append(item, prepared, draft, len(made)))
                follow_up = item.entry.act.follow_up
                for after in follow_up(self._state, made[-1]) if follow_up else ():
                    made.append(self._append(item, prepared, after, len(made)))
        except MalformedError as error:
            return Refused(Reason.TOO_LARGE, error.summary)
        first = made[0]
        if actor is not None:
            row = RequestRow(actor, item.request_id, item.digest, first.index)
            prepared.requests[actor, item.request_id] = row
        return Accepted(first.index, first.leaf_hash, len(made), repeated=False)

    def _append(self, item: Item, prepared: Prepared, draft: Draft, ordinal: int) -> Recorded:
        """Write the next event of a request, behind a digest where one is due, or two: a new day at 4,094."""
        while digests.is_due(self._state, index=prepared.size, recorded_ms=prepared.recorded_ms):
            self._append_digest(prepared)
        envelopes: list[SignedEnvelope] = []
        if draft.signed and item.envelope is not None:
            envelopes = [item.envelope, *(self._envelope_of(leaf, prepared) for leaf in draft.completes)]
        place = self._place(
            prepared,
            draft,
            request_id=item.request_id,
            request_digest=item.digest,
            ordinal=ordinal or None,
            submitter=item.submitter,
        )
        return self._write(prepared, draft, place, envelopes, item.statement)

    def _append_digest(self, prepared: Prepared) -> None:
        digest = state_digest(self._state)
        draft = digests.draft(self._state, digest)
        request_id = request_id_at(prepared.size)
        place = self._place(prepared, draft, request_id=request_id, request_digest=digest)
        self._write(prepared, draft, place, (), None)

    def _place(self, prepared: Prepared, draft: Draft, **request: Any) -> Place:
        return Place(
            index=prepared.size,
            prev_leaf_hash=prepared.head,
            recorded_ms=prepared.recorded_ms,
            stream_version=(self._state.streams.get(draft.stream_id) or 0) + 1,
            **request,
        )

    def _write(
        self,
        prepared: Prepared,
        draft: Draft,
        place: Place,
        envelopes: Sequence[SignedEnvelope],
        statement: Any,
    ) -> Recorded:
        state = self._state
        data = encode_event(draft, place, envelopes)
        name = event_name(draft.payload)
        hashed = leaf_hash(data)
        recorded = Recorded(
            index=place.index,
            leaf_hash=hashed,
            recorded_ms=prepared.recorded_ms,
            stream_id=draft.stream_id,
            stream_version=place.stream_version,
            payload=draft.payload,
            statement=statement,
            links=draft.links,
            size_bytes=len(data),
        )
        act = by_event_name()[name].act
        rules.evolve(act, state, recorded)
        if act.record is not None:
            act.record(state, recorded)
        prepared.records.append(
            Record(stream_id=draft.stream_id, stream_version=place.stream_version, type_name=name, data=data)
        )
        prepared.leaf_hashes.append(hashed)
        return recorded

    def _envelope_of(self, leaf_index: int, prepared: Prepared) -> SignedEnvelope:
        return decode_event(self._data_at(leaf_index, prepared)).envelopes[0]
