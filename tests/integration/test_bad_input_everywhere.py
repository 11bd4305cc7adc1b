"""Every statement of a whole year with one field changed: refused with a reason, or recorded and auditable.

No value of any field of any act may be a fault of the server, stop the writer, or enter the ledger in a form
that the auditor, who shares no rule with the server, does not accept.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from support import everything
from support.auditing import MemorySource, trust_of

from ledger.app.jobs import Item, make_job
from ledger.app.outcomes import Accepted, Outcome, Refused
from ledger.app.verification import WeakKeyError
from ledger.client.acts import ACTS
from ledger.client.signing import SigningKey, new_id
from ledger.codec.envelopes import SignedEnvelope
from ledger.domain.rejections import Reason
from ledger.proof.checkpoint import Checkpoint, sign_checkpoint
from ledger.proof.dsse import pae
from ledger.proof.frontier import Frontier
from ledger.proof.hashing import leaf_hash
from ledger_audit.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from google.protobuf.message import Message
    from support.house import House

PREFIX, SUFFIX = "application/vnd.voucher-ledger.", ".v1+protobuf"
STATEMENTS = {act.name: act.statement for act in ACTS}
INT64 = 2**63
VALUES: dict[int, Sequence[Any]] = {
    FieldDescriptor.TYPE_INT64: (0, -1, INT64 - 1, -INT64),
    FieldDescriptor.TYPE_UINT64: (0, INT64, 2 * INT64 - 1),
    FieldDescriptor.TYPE_INT32: (0, -1, 2**31 - 1, -(2**31)),
    FieldDescriptor.TYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_ENUM: (0, 99, -1),
    FieldDescriptor.TYPE_BYTES: (b"", b"x", b"y" * 16, b"z" * 32, b"w" * 1000),
    FieldDescriptor.TYPE_STRING: ("", "x", "ü\u0000", "9" * 1000),
    FieldDescriptor.TYPE_BOOL: (False, True),
}
MAX_MESSAGE = 300
Place = tuple[tuple[str, int | None], ...]


def leaves(message: Message, path: Place = ()) -> Iterator[tuple[Place, Any]]:
    """The path and descriptor of every field of a message and of those within; the header is left out."""
    for field in message.DESCRIPTOR.fields:
        if field.name == "header":
            continue
        if field.type != FieldDescriptor.TYPE_MESSAGE:
            yield (*path, (field.name, None)), field
        elif field.is_repeated:
            for place, part in enumerate(getattr(message, field.name)[:1]):
                yield from leaves(part, (*path, (field.name, place)))
        elif message.HasField(field.name):
            yield from leaves(getattr(message, field.name), (*path, (field.name, None)))


def variants(statement: Message) -> Iterator[Message]:
    """The statement with one field changed, each field to each extreme of its type, and without a part."""
    for path, field in leaves(statement):
        for value in VALUES[field.type]:
            changed = type(statement)()
            changed.CopyFrom(statement)
            target: Any = changed
            for name, place in path[:-1]:
                target = getattr(target, name) if place is None else getattr(target, name)[place]
            if not field.is_repeated:
                setattr(target, field.name, value)
            elif getattr(target, field.name):
                getattr(target, field.name)[0] = value
            else:
                getattr(target, field.name).append(value)
            yield changed
    for field, _ in statement.ListFields():
        if field.name != "header" and (field.is_repeated or field.has_presence):
            changed = type(statement)()
            changed.CopyFrom(statement)
            changed.ClearField(field.name)
            yield changed


class Prober:
    """Stands before a house: each statement that is sent is first tried in every variant, without a trace."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.tried: Counter[str] = Counter()
        self.taken: Counter[str] = Counter()
        self.faults: list[str] = []
        self._real = house.send
        self._trust = trust_of(house)
        self._log_key = SigningKey.load(house.made.directory.log_key)

    def send(self, act: str, *envelopes: SignedEnvelope, submitter: str = "") -> list[Outcome]:
        """In place of the house's own."""
        for envelope in envelopes:
            for variant in variants(STATEMENTS[act].FromString(envelope.payload)):
                self._try(act, self._signed(act, variant), self.house.ids.get(submitter, b""))
        return self._real(act, *envelopes, submitter=submitter)

    def _signed(self, act: str, statement: Any) -> SignedEnvelope:
        statement.header.request_id = new_id()
        payload = statement.SerializeToString(deterministic=True)
        payload_type = f"{PREFIX}{act}{SUFFIX}"
        message = pae(payload_type, payload)
        by_id = {key.key_id: key for key in self.house.keys.values()}
        keys = [by_id[key_id] for key_id in statement.header.key_ids]
        return SignedEnvelope(
            payload_type, payload, tuple((key.algorithm, key.signer.sign(message)) for key in keys)
        )

    def _try(self, act: str, envelope: SignedEnvelope, submitter: bytes) -> None:
        self.tried[act] += 1
        try:
            outcome, records = self._decided(act, envelope, submitter)
        except Exception as error:
            outcome, records = Refused(Reason.INTERNAL, f"{type(error).__name__}: {error}"), []
        if isinstance(outcome, Accepted):
            self.taken[act] += 1
            report = verify(self._log_with(records), trust=self._trust)
            if report.result != "ok":
                self._note(act, envelope, f"accepted, and the auditor finds {report.findings}")
        elif outcome.reason == Reason.INTERNAL or not 0 < len(outcome.message) <= MAX_MESSAGE:
            self._note(act, envelope, f"{outcome.reason.name} {outcome.message}")

    def _decided(self, act: str, envelope: SignedEnvelope, submitter: bytes) -> tuple[Outcome, list[bytes]]:
        """What the server would answer and store, by its own parts; the overlay is dropped."""
        ledger = self.house.ledger

        async def item_of() -> Item | Refused:
            return make_job([envelope], act=act, submitter=submitter).items[0]

        item = asyncio.run(item_of())
        if isinstance(item, Refused):
            return item, []
        try:
            item.verdict = ledger._checker.check(envelope, item.statement)
        except WeakKeyError as error:
            return Refused(Reason.WEAK_KEY, error.summary), []
        sequencer = ledger.sequencer
        try:
            prepared = sequencer._decider.prepare(
                [item], size=sequencer.size, head=sequencer.head, now_ms=ledger.now_ms()
            )
            if prepared.records:
                prepared.batch(ledger.state)
        finally:
            ledger.state.rollback()
        ((_, answer),) = prepared.answers
        return answer, [record.data for record in prepared.records]

    def _log_with(self, records: list[bytes]) -> MemorySource:
        """The house's log with these events at its end, under a checkpoint of the log's own key."""
        ledger = self.house.ledger
        entries = [data for _, _, data in self.house.run(ledger.read(0, ledger.size))] + records
        frontier = Frontier()
        frontier.extend([leaf_hash(entry) for entry in entries])
        head = Checkpoint(ledger.origin, len(entries), frontier.root())
        return MemorySource(sign_checkpoint(head, self._log_key.signer), entries)

    def _note(self, act: str, envelope: SignedEnvelope, what: str) -> None:
        self.faults.append(f"{act}: {what} for\n{STATEMENTS[act].FromString(envelope.payload)}")


@pytest.mark.parametrize("chapter", [everything.start, *everything.CHAPTERS], ids=lambda each: each.__name__)
def test_no_value_of_any_field_is_a_fault_or_enters_what_the_auditor_refuses(
    house: House, chapter: Callable[[House], None]
) -> None:
    """Hundreds of statements that differ from a good one in one field, each validly signed."""
    if chapter is not everything.start:
        everything.start(house)
    prober = Prober(house)
    house.send = prober.send  # type: ignore[method-assign]
    chapter(house)
    assert prober.faults == []
    assert sum(prober.tried.values()) > 100
    assert sum(prober.taken.values()) > 5
