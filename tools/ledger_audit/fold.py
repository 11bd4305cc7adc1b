"""The fold: one pass over all events that recomputes every rule from leaf bytes.

It gives each event to its rules in order, and judges what all events share: versions, recorded
time, requests, streams and envelopes. It must not read files or verify signatures.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from google.protobuf.unknown_fields import UnknownFieldSet

from ledger.v1.claim_pb2 import UsageAttestation
from ledger_audit import claim_frame, rules_claim, signatures
from ledger_audit.acts import BY_EVENT
from ledger_audit.claim_cut import Cut
from ledger_audit.digests import KIND as DIGEST
from ledger_audit.digests import MASK, Digests, note_event
from ledger_audit.encode import shared_encoder
from ledger_audit.form import check_form
from ledger_audit.frame import Act, Frame, Unjudgeable, read_links
from ledger_audit.registry import RULES
from ledger_audit.scan import Parsed, parse_again
from ledger_audit.scratch import CLAIM, REQUEST, Scratch
from ledger_audit.state import Due, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.v1 import event_pb2
    from ledger_audit.findings import Findings

RULES_VERSION = 1
_REQUEST_ID_SIZE = 16
_FIRST_PAYLOAD_FIELD = 32
_NO_GROUP = (b"", b"")
_NEW_KEY = frozenset({"officer_appointed", "key_registered"})
_ACCEPTED = frozenset({"claim_accepted", "service_claim_accepted"})


class Fold:
    """Judges events one after the other. After a finding it goes on with what the leaves say."""

    def __init__(self, findings: Findings, scratch: Scratch, read_entry: Callable[[int], bytes]) -> None:
        self.state = State()
        self.findings = findings
        self.scratch = scratch
        self.frame = Frame(findings)
        self.digests = Digests()
        self.encoder = shared_encoder()
        self.read_entry = read_entry
        self.size = 0
        """Events judged so far."""
        self.stopped = ""
        """Why the fold could not go on; empty while it can."""
        self._awaited: Due | None = None
        """What this event had to be, because of the events before it."""
        self._group = _NO_GROUP
        self._newest_claim: tuple[Cut, Any] | None = None
        self._next_ordinal = 0
        scratch.on_collision = self._on_collision

    def apply(
        self,
        index: int,
        leaf_hash: bytes,
        entry: bytes,
        event: Parsed,
        statement: Any,
    ) -> None:
        """Judge the next event and take it into the state, unless the fold has stopped."""
        if self.stopped:
            return
        if type(event) is Cut:
            state = self.state
            recorded_ms = event.recorded_ms
            if recorded_ms < state.recorded_ms:
                self.findings.add(
                    "recorded_ms", index, f"at least {state.recorded_ms}", recorded_ms, leaf_hash
                )
            digests = self.digests
            if recorded_ms >= digests.day_end_ms or index & MASK == MASK:
                self._check_place(index, leaf_hash, "claim_accepted", recorded_ms)
            state.recorded_ms = recorded_ms
            self.size = index + 1
            self._newest_claim = (event, statement)
            self._group = _NO_GROUP
            if state.due:
                self._expect(index, leaf_hash, "claim_accepted", b"")
            rules_claim.claim_accepted(self, index, leaf_hash, entry, event, statement)
            return
        parsed: event_pb2.Event | None = event  # type: ignore[assignment]
        self._apply_parsed(index, leaf_hash, entry, parsed, statement)

    def _apply_parsed(
        self, index: int, leaf_hash: bytes, entry: bytes, event: event_pb2.Event | None, statement: Any
    ) -> None:
        kind = event.WhichOneof("payload") if event is not None else None
        if event is None or kind is None or event.rules_version != RULES_VERSION:
            self._stop(index, leaf_hash, event, kind)
            return
        self._check_place(index, leaf_hash, kind, event.recorded_ms)
        self._begin(index, leaf_hash, event.recorded_ms)
        if kind != DIGEST:
            self._request(index, leaf_hash, event)
            self._expect(index, leaf_hash, kind, getattr(getattr(event, kind), "voucher_id", b""))
        if kind == "claim_accepted" and type(statement) is UsageAttestation:
            envelope = event.envelopes[0]
            cut = Cut(-1, envelope.payload, b"", event.recorded_ms)
            rules_claim.claim_accepted(self, index, leaf_hash, entry, cut, statement)
        else:
            self._judge(Act(index, leaf_hash, event, kind, statement, self.findings, size=len(entry)))

    def _check_place(self, index: int, leaf_hash: bytes, kind: str, recorded_ms: int) -> None:
        """A state digest stands where one is due, and nowhere else."""
        due = self.digests.is_due(index, recorded_ms)
        if due != (kind == DIGEST):
            wanted = DIGEST if due else "an event that somebody asked for"
            self.findings.add("digest_place", index, wanted, kind, leaf_hash)
        self.digests.begin(recorded_ms)

    def _begin(self, index: int, leaf_hash: bytes, recorded_ms: int) -> None:
        """Recorded time never goes back (I18)."""
        self.size = index + 1
        state = self.state
        if recorded_ms < state.recorded_ms:
            self.findings.add("recorded_ms", index, f"at least {state.recorded_ms}", recorded_ms, leaf_hash)
        state.recorded_ms = recorded_ms

    def _expect(self, index: int, leaf_hash: bytes, kind: str, voucher_id: bytes) -> None:
        """What has to follow follows: the closing of a voucher, the allotments of an allocation."""
        due = self.state.due
        self._awaited = due.popleft() if due else None
        awaited = self._awaited
        if awaited is not None and (awaited.kind, awaited.voucher_id) != (kind, voucher_id):
            self._awaited = None
            due.clear()
            wanted = f"{awaited.kind} of {awaited.voucher_id.hex()}"
            self.findings.add(awaited.check, index, wanted, kind, leaf_hash)

    def was_due(self, act: Act) -> bool:
        """Whether this event is the one that the events before it call for."""
        return self._awaited is not None and self._awaited.kind == act.kind

    def finish(self) -> None:
        """Judge what could only have been judged by an event after the last one."""
        self.scratch.finish_ids()
        if self.stopped:
            return
        last = self.size - 1
        for awaited in self.state.due:
            wanted = f"{awaited.kind} of {awaited.voucher_id.hex()}"
            self.findings.add(awaited.check, last, wanted, "the end of the log")

    def _judge(self, act: Act) -> None:
        event = act.event
        try:
            self._check_envelope(act)
            RULES[act.kind](self, act)
            self.frame.check(act)
        except Unjudgeable:
            act.links = read_links(event)
        note_event(self.digests, act)
        version = self.state.streams.get(event.stream_id, 0) + 1
        if not event.stream_id.startswith(("claim/", "evidence/")):
            self.state.streams[event.stream_id] = version
        act.equal("stream", version, event.stream_version)

    def _check_envelope(self, act: Act) -> None:
        """Statement, header and signers of an event whose type has a statement; the request of the others."""
        event, spec = act.event, BY_EVENT[act.kind]
        act.effective_ms = event.recorded_ms
        count = len(event.envelopes)
        wanted = int(spec.statement is not None)
        if act.kind == "redemption_approved" and event.redemption_approved.approvals > 1:
            wanted = 2
        act.equal("envelopes", wanted, count)
        if spec.statement is None:
            return
        if not count:
            raise Unjudgeable
        envelope = event.envelopes[0]
        if envelope.payload_type != spec.payload_type or type(act.statement) is not spec.statement:
            act.fail("payload_type", spec.payload_type, envelope.payload_type)
            raise Unjudgeable
        statement: Any = act.statement
        if act.kind == "ledger_opened":
            self.state.ledger_id = statement.header.ledger_id
        self.check_header(act.index, act.leaf_hash, event, statement.header, envelope.payload)
        check_form(act, statement)
        act.has_new_key = act.kind in _NEW_KEY
        signatures.resolve(self.state, act)

    def check_header(
        self, index: int, leaf_hash: bytes, event: event_pb2.Event, header: Any, payload: bytes
    ) -> None:
        """Ledger, request and limit of a statement are the event's."""
        add = self.findings.add
        if header.ledger_id != self.state.ledger_id:
            add("statement", index, self.state.ledger_id, header.ledger_id, leaf_hash)
        if header.request_id != event.request_id:
            add("request_id", index, header.request_id, event.request_id, leaf_hash)
        digest = sha256(payload).digest()
        if digest != event.request_digest:
            add("request_digest", index, digest, event.request_digest, leaf_hash)
        limit_ms = header.not_after_ms
        if limit_ms and event.recorded_ms > limit_ms:
            add("not_after", index, f"at most {limit_ms}", event.recorded_ms, leaf_hash)

    def check_system_digest(self, act: Act, voucher_id: bytes) -> None:
        """A SYSTEM event that follows no other has the digest of its voucher id."""
        if not act.event.ordinal:
            act.equal("request_digest", sha256(voucher_id).digest(), act.event.request_digest)

    def _request(self, index: int, leaf_hash: bytes, event: event_pb2.Event) -> None:
        """A request id is used once; the events of one request follow each other (I17)."""
        request_id = event.request_id
        if event.HasField("ordinal"):
            if self._group is _NO_GROUP and self._newest_claim is not None:
                cut, said = self._newest_claim
                self._group, self._next_ordinal = (said.header.request_id, sha256(cut.payload).digest()), 1
            group = (request_id, event.request_digest)
            if group != self._group or event.ordinal != self._next_ordinal:
                self.findings.add(
                    "ordinal", index, self._next_ordinal or "no ordinal", event.ordinal, leaf_hash
                )
            self._next_ordinal += 1
            return
        self._group = (request_id, event.request_digest)
        self._next_ordinal = 1
        if len(request_id) != _REQUEST_ID_SIZE:
            self.findings.add("request_id", index, f"{_REQUEST_ID_SIZE} bytes", request_id, leaf_hash)
        self.scratch.note_id(REQUEST + (event.actor or event.submitter) + request_id, index)

    def _stop(self, index: int, leaf_hash: bytes, event: event_pb2.Event | None, kind: str | None) -> None:
        if event is None:
            self.stopped = f"event {index} does not parse"
            return
        if kind is None:
            unknown: Any = UnknownFieldSet(event)
            numbers = [field.field_number for field in unknown]
            name = next((f"field {n}" for n in numbers if n >= _FIRST_PAYLOAD_FIELD), "no payload")
            self.findings.add("event_type", index, "a known event type", name, leaf_hash)
            self.stopped = f"event {index} has an unknown type: {name}"
            return
        self.findings.add("rules_version", index, RULES_VERSION, event.rules_version, leaf_hash)
        self.stopped = f"event {index} is of rules version {event.rules_version}"

    def _on_collision(self, first: int, second: int) -> None:
        """Two leaves may share an id; compare the ids themselves."""
        first, second = sorted((first, second))
        (a, said_a), (b, said_b) = (parse_again(self.read_entry(n)) for n in (first, second))
        if a is None or b is None:
            return
        if (a.actor or a.submitter, a.request_id) == (b.actor or b.submitter, b.request_id):
            self.findings.add("request_id", second, "a request id used once", f"used at {first} too")
        claim_a, claim_b = _claim_name(a, said_a), _claim_name(b, said_b)
        if claim_a and claim_a == claim_b:
            self.findings.add("sequence", second, "a claim id used once", f"used at {first} too")
        if claim_a and claim_b and said_a is not None and said_b is not None:
            number_a, number_b = claim_frame.number_name(said_a), claim_frame.number_name(said_b)
            if number_a == number_b:
                self.findings.add(
                    "sequence", second, "an attestation number used once", f"used at {first} too"
                )


def _claim_name(event: event_pb2.Event, statement: Any) -> bytes:
    kind = event.WhichOneof("payload")
    if kind == "claim_refused":
        return event.claim_refused.claim_id
    return bytes(statement.claim_id) if kind in _ACCEPTED and statement is not None else b""


__all__ = ["CLAIM", "Fold"]
