"""Faults in the commit and in the checkpoint, each both not persisted and persisted, on a real store.

Whatever fails, an acknowledged event is there once, nothing unacknowledged is half there, and on doubt
writing stops while reads go on.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from support.faults import edit_event, folded, tables, twin
from support.house import DAY_MS, HOUR_MS, START_MS, House
from support.waiting import until

from ledger.app.application import LedgerApplication
from ledger.app.bootstrap import decode_record
from ledger.app.ledger import Ledger
from ledger.app.outcomes import Accepted, Refused
from ledger.app.publication import CheckpointUnavailable
from ledger.app.verification import SignatureChecker
from ledger.client.signing import SigningKey
from ledger.domain import rules
from ledger.domain.rejections import Reason
from ledger.proof.checkpoint import open_checkpoint
from ledger.proof.note import Ed25519NoteVerifier
from ledger.store.errors import CommitUnknown, HeadMoved, LockMoved, StoreBusy, StoreUnavailable
from ledger.store.location import StoreLocation
from ledger.store.sqlite_lock import SQLiteLockStore
from ledger_audit.sources import ExportSource
from ledger_audit.trust import Trust
from ledger_audit.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ledger.app.outcomes import Outcome
    from ledger.codec.envelopes import SignedEnvelope

BATCH = 20
ACT = "usage-attestation"


@pytest.fixture
def stage(house: House) -> House:
    """A house with a voucher on which the provider may claim, a month after the grant."""
    devices = house.provider(devices=2)
    house.programme()
    house.party("acme")
    assert isinstance(house.voucher("v", "acme", amount_fen=10_000_000), Accepted)
    house.at(START_MS + 30 * DAY_MS)
    house.party("first of the day")
    house.ids |= {"device 0": devices[0], "device 1": devices[1]}
    settle(house)
    return house


def settle(house: House) -> None:
    """Wait until everything durable is under a published checkpoint and the checkpointer rests."""
    house.run(house.ledger.until_checkpointed(house.ledger.size - 1))


def claims(house: House, count: int, *, hour: int = 0) -> list[SignedEnvelope]:
    """Signed claims of one hour each, one after the other on one device."""
    made = []
    for number in range(hour, hour + count):
        start_ms = START_MS + number * HOUR_MS
        statement = house.attestation("v", [(house.ids["device 0"], start_ms, start_ms + HOUR_MS)])
        envelope = house.envelope(ACT, statement, "cloud")
        chain = (house.ids["cloud"], statement.voucher_id)
        house.heads[chain] = (statement.sequence, hashlib.sha256(envelope.payload).digest())
        made.append(envelope)
    return made


def send(house: House, envelopes: Sequence[SignedEnvelope]) -> list[Outcome]:
    """Submit as the provider, in one call."""
    return house.send(ACT, *envelopes, submitter="cloud")


def receipts(outcomes: Sequence[Outcome]) -> list[tuple[int, bytes]]:
    """Index and leaf hash of each; every one has to be accepted."""
    assert [outcome for outcome in outcomes if not isinstance(outcome, Accepted)] == []
    return [(outcome.index, outcome.leaf_hash) for outcome in outcomes if isinstance(outcome, Accepted)]


def reasons(outcomes: Sequence[Outcome]) -> list[str]:
    """ACCEPTED, or the reason, of each."""
    return [outcome.reason.name if isinstance(outcome, Refused) else "ACCEPTED" for outcome in outcomes]


def events(house: House) -> list[tuple[int, str, bytes]]:
    """All durable events, as a reader gets them."""
    found: list[tuple[int, str, bytes]] = house.run(house.ledger.read(0, house.ledger.size))
    return found


class Faulty:
    """Wraps one method of a store: the first `times` calls fail, after or before the real one ran."""

    def __init__(self, real: Callable[..., Any], error: Exception, *, times: int, persisted: bool) -> None:
        self._real = real
        self._error = error
        self._left = times
        self._persisted = persisted
        self.calls = 0

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Fail, or do what the real one does."""
        self.calls += 1
        if self._left == 0:
            return self._real(*arguments, **named)
        self._left -= 1
        if self._persisted:
            self._real(*arguments, **named)
        raise self._error


def break_insert(house: House, error: Exception, *, persisted: bool = False, times: int = 1) -> Faulty:
    """Make the next commits of a house fail."""
    recorder: Any = house.ledger._recorder
    recorder.insert_events = Faulty(recorder.insert_events, error, times=times, persisted=persisted)
    broken: Faulty = recorder.insert_events
    return broken


def break_swap(house: House, error: Exception, *, persisted: bool) -> Faulty:
    """Make the next swap of the locked checkpoint fail."""
    store: Any = house.ledger._lock_store
    store.swap = Faulty(store.swap, error, times=1, persisted=persisted)
    broken: Faulty = store.swap
    return broken


NOT_WRITTEN = [
    StoreBusy("the database is locked by another writer"),
    StoreUnavailable("the database cannot be used now (SQLITE_FULL)"),
    CommitUnknown("the commit failed (SQLITE_IOERR)"),
    OSError("an error of the system"),
]


@pytest.mark.parametrize("error", NOT_WRITTEN, ids=lambda error: type(error).__name__)
def test_a_failed_batch_that_was_not_persisted_leaves_no_trace(
    stage: House, tmp_path: Path, error: Exception
) -> None:
    """The overlay is dropped, each claim is tried alone, and the store is that of a twin without the fault."""
    other = twin(stage, tmp_path / "twin")
    envelopes = claims(stage, BATCH)
    broken = break_insert(stage, error)
    outcomes = send(stage, envelopes)
    expected = send(other, envelopes)
    assert receipts(outcomes) == receipts(expected)
    assert broken.calls == 1 + BATCH
    assert events(stage) == events(other)
    assert folded(stage.ledger.state) == folded(other.ledger.state)
    other.close()
    live = folded(stage.ledger.state)
    stage.reopen()
    assert folded(stage.ledger.state) == live
    stage.run(stage.ledger.close())
    assert tables(stage.made.directory.store) == tables(other.made.directory.store)
    stage.ledger = stage._open(stage.made, stage.loop, stage.clock)


@pytest.mark.parametrize(
    ("error", "reason"),
    list(zip(NOT_WRITTEN, ["OVERLOADED", "INTERNAL", "INTERNAL", "INTERNAL"], strict=True)),
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_one_claim_that_was_not_persisted_is_answered_transient_and_succeeds_afterwards(
    stage: House, error: Exception, reason: str
) -> None:
    """The answer says to try again and nothing of the exception; the same bytes are then accepted once."""
    size = stage.ledger.size
    envelopes = claims(stage, 1)
    broken = break_insert(stage, error)
    (refused,) = send(stage, envelopes)
    assert isinstance(refused, Refused)
    assert refused.reason.name == reason
    assert refused.reason >= Reason.QUOTA_EXCEEDED
    assert str(error) not in refused.message
    assert (stage.ledger.size, len(events(stage))) == (size, size)
    ((index, _),) = receipts(send(stage, envelopes))
    assert (index, stage.ledger.size, broken.calls) == (size, size + 1, 2)
    assert folded(stage.ledger.state)


@pytest.mark.parametrize("count", [1, BATCH])
def test_a_commit_that_failed_but_persisted_is_acknowledged_once(
    stage: House, tmp_path: Path, count: int
) -> None:
    """The head shows that the batch is there: every claim gets the receipt it has for ever."""
    other = twin(stage, tmp_path / "twin")
    envelopes = claims(stage, count)
    broken = break_insert(stage, CommitUnknown("the commit failed (SQLITE_IOERR)"), persisted=True)
    first = receipts(send(stage, envelopes))
    assert (broken.calls, stage.ledger.writable) == (1, True)
    assert receipts(send(stage, envelopes)) == first
    assert receipts(send(other, envelopes)) == first
    stage.reopen()
    assert receipts(send(stage, envelopes)) == first
    assert events(stage) == events(other)
    other.close()


@pytest.mark.parametrize(
    "error", [StoreUnavailable("gone"), OSError("gone")], ids=["StoreUnavailable", "OSError"]
)
def test_a_batch_whose_outcome_cannot_be_known_stops_writing(stage: House, error: Exception) -> None:
    """The head cannot be read after a failed commit: nobody is told that anything was recorded."""
    envelopes = claims(stage, BATCH)
    break_insert(stage, CommitUnknown("the commit failed"), persisted=True)
    recorder: Any = stage.ledger._recorder
    real_head = recorder.head
    recorder.head = Faulty(real_head, error, times=2, persisted=False)
    outcomes = send(stage, envelopes)
    assert set(reasons(outcomes)) == {"WRITING_STOPPED"}
    assert reasons(send(stage, envelopes[:1])) == ["WRITING_STOPPED"]
    assert not stage.ledger.writable
    recorder.head = real_head
    stage.reopen()
    again = send(stage, envelopes)
    assert all(isinstance(outcome, Accepted) and outcome.repeated for outcome in again)


def second_server(house: House) -> Ledger:
    """A second writer on a house's store that went around the guard of the folder."""
    directory = house.made.directory

    async def start() -> Ledger:
        location = StoreLocation.sqlite(directory.store)
        return Ledger(
            application=LedgerApplication(location, decode=decode_record, ledger_id=house.ledger.ledger_id),
            lock_store=SQLiteLockStore(directory.lock),
            log_signer=SigningKey.load(directory.log_key).signer,
            clock=house.clock,
        )

    opened: Ledger = house.run(start())
    return opened


def test_of_two_writers_the_one_that_lost_stops_and_goes_on_reading(stage: House) -> None:
    """Another process appended: this one refuses all further statements and still answers readers."""
    mine, theirs = claims(stage, 2), claims(stage, 1, hour=2)
    size = stage.ledger.size
    note = stage.ledger.checkpoint()
    before = events(stage)
    rival = second_server(stage)
    (won,) = stage.run(rival.submit(theirs, act=ACT, submitter=stage.ids["cloud"]))
    assert isinstance(won, Accepted)
    assert reasons(send(stage, mine)) == ["WRITING_STOPPED"] * 2
    assert stage.ledger.stop_reason == "the store's head is not the one this server wrote"
    assert not stage.ledger.writable
    assert reasons(send(stage, mine)) == ["WRITING_STOPPED"] * 2
    other = stage.attestation("v", [(stage.ids["device 1"], START_MS, START_MS + 1)])
    assert reasons([stage.submit(ACT, other, "cloud")]) == ["WRITING_STOPPED"]
    assert (stage.ledger.size, events(stage), stage.ledger.checkpoint()) == (size, before, note)
    assert stage.run(stage.ledger.inclusion_proof(3))[0]
    assert stage.run(stage.ledger.receipt(size - 1))[0] == before[-1][2]
    assert receipts(stage.run(rival.submit(mine, act=ACT, submitter=stage.ids["cloud"])))
    stage.run(rival.close())
    stage.reopen()
    assert [index for index, _ in receipts(send(stage, [*theirs, *mine]))] == [size, size + 1, size + 2]


def test_a_lost_compare_and_swap_stops_even_where_the_batch_was_large(stage: House) -> None:
    """HeadMoved from a store whose head nobody can explain: no command of the batch is tried again alone."""
    rival = second_server(stage)
    stage.run(rival.submit(claims(stage, 1, hour=50), act=ACT, submitter=stage.ids["cloud"]))
    broken = break_insert(stage, HeadMoved("the head is no longer there"))
    assert set(reasons(send(stage, claims(stage, BATCH)))) == {"WRITING_STOPPED"}
    assert broken.calls == 1
    stage.run(rival.close())


@pytest.mark.parametrize("step", ["decide", "evolve"])
def test_a_poison_command_takes_no_other_with_it(
    stage: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A rule that raises for one claim of twenty: nineteen are accepted, one is INTERNAL, nothing is left of it."""
    other = twin(stage, tmp_path / "twin")
    envelopes = claims(stage, BATCH)
    poison = envelopes[BATCH // 2]
    real = getattr(rules, step)

    def raising(act: Any, state: Any, subject: Any) -> Any:
        done = real(act, state, subject) if step == "evolve" else None
        if subject.statement is not None and subject.statement.header.request_id in poison.payload:
            raise RuntimeError("secret text of a fault")
        return real(act, state, subject) if step == "decide" else done

    monkeypatch.setattr(rules, step, raising)
    outcomes = send(stage, envelopes)
    found = reasons(outcomes)
    assert found.count("ACCEPTED") == BATCH - 1
    assert found[BATCH // 2] == "INTERNAL"
    failed = outcomes[BATCH // 2]
    assert isinstance(failed, Refused)
    assert "secret" not in failed.message
    assert failed.recorded_index is None
    monkeypatch.undo()
    healthy = [envelope for envelope in envelopes if envelope is not poison]
    assert receipts(send(other, healthy)) == receipts([o for o in outcomes if isinstance(o, Accepted)])
    assert folded(stage.ledger.state) == folded(other.ledger.state)
    assert receipts(send(stage, [poison])) == receipts(send(other, [poison]))
    assert events(stage) == events(other)
    other.close()
    assert audit(stage, tmp_path / "export") == ("ok", ())


def test_a_fault_while_verifying_takes_no_other_statement_with_it(
    stage: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A verifier that raises for one of twenty: it is answered INTERNAL, and the next call is served as ever."""
    envelopes = claims(stage, BATCH)
    poison = envelopes[3]
    real = SignatureChecker.check

    def raising(self: SignatureChecker, envelope: SignedEnvelope, statement: Any) -> bool | None:
        if envelope == poison:
            raise RuntimeError("secret text of a fault")
        return real(self, envelope, statement)

    monkeypatch.setattr(SignatureChecker, "check", raising)
    outcomes = send(stage, envelopes)
    assert reasons(outcomes) == ["ACCEPTED"] * 3 + ["INTERNAL"] + ["ACCEPTED"] * (BATCH - 4)
    assert isinstance(outcomes[3], Refused)
    assert "secret" not in outcomes[3].message
    monkeypatch.undo()
    assert receipts(send(stage, [poison]))


def audit(house: House, out: Path) -> tuple[str, tuple[Any, ...]]:
    """What the auditor says of a house's export."""
    trust = Trust.load(house.made.directory.trust_file)
    report = verify(ExportSource(house.export(out)), trust=trust)
    return report.result, report.findings


def locked_note(house: House) -> tuple[int, bytes]:
    """Size and note of the checkpoint in the lock file, read on a connection of its own."""
    store = SQLiteLockStore(house.made.directory.lock)
    locked = store.read()
    store.close()
    assert locked is not None
    return locked.size, locked.note


@pytest.fixture
def note_of(house: House) -> Callable[[], tuple[int, bytes]]:
    """The published checkpoint, as (size, note)."""

    def published() -> tuple[int, bytes]:
        signed = house.ledger.checkpoint()
        assert signed is not None
        return signed.size, signed.note

    return published


@pytest.mark.parametrize(
    ("error", "persisted"),
    [
        (StoreUnavailable("the disk is full"), False),
        (LockMoved("the locked checkpoint is no longer the one of size 9"), False),
        (CommitUnknown("the commit failed"), False),
        (CommitUnknown("the commit failed"), True),
        (OSError("an error of the system"), True),
    ],
    ids=["unavailable", "moved", "unknown-not-persisted", "unknown-but-persisted", "oserror-but-persisted"],
)
def test_a_signature_is_published_only_once_it_is_locked(
    stage: House,
    tmp_path: Path,
    note_of: Callable[[], tuple[int, bytes]],
    error: Exception,
    *,
    persisted: bool,
) -> None:
    """The swap failed: the old checkpoint stays the published one, writing stops, a restart opens and goes on."""
    before = note_of()
    broken = break_swap(stage, error, persisted=persisted)
    envelopes = claims(stage, 3)
    first = receipts(send(stage, envelopes))

    def stopped() -> bool:
        stage.run(nothing())
        return not stage.ledger.writable

    until(stopped, what="writing stops after the failed swap")
    assert (broken.calls, note_of()) == (1, before)
    assert "no checkpoint can be made" in stage.ledger.stop_reason
    with pytest.raises(CheckpointUnavailable):
        stage.run(stage.ledger.until_checkpointed(stage.ledger.size - 1))
    assert reasons(send(stage, claims(stage, 1, hour=9))) == ["WRITING_STOPPED"]
    assert len(events(stage)) == stage.ledger.size == before[0] + 3
    locked = locked_note(stage)
    assert (locked[0], locked == before) == (before[0] + 3 * persisted, not persisted)
    stage.reopen()
    if persisted:
        assert note_of() == locked
    settle(stage)
    size, note = note_of()
    assert (size, note) == locked_note(stage)
    assert size == before[0] + 3
    vkey = stage.made.opened.log_vkey
    opened = open_checkpoint(note, Ed25519NoteVerifier.parse(vkey), stage.ledger.origin)
    assert opened.size == size
    assert receipts(send(stage, envelopes)) == first
    assert receipts(send(stage, claims(stage, 1, hour=9)))
    assert audit(stage, tmp_path / "export") == ("ok", ())


async def nothing() -> None:
    """Let the loop turn."""


@pytest.mark.parametrize("offset", [0, 2])
def test_a_row_that_was_edited_before_its_checkpoint_stops_writing_and_is_named(
    stage: House, note_of: Callable[[], tuple[int, bytes]], offset: int
) -> None:
    """The checkpointer re-reads what is stored: it signs nothing over a changed row and names the index."""
    before = note_of()
    index = stage.ledger.size + offset
    recorder: Any = stage.ledger._recorder
    real = recorder.insert_events

    def insert_then_edit(*arguments: Any, **named: Any) -> Any:
        done = real(*arguments, **named)
        edit_event(stage.made.directory.store, index)
        return done

    recorder.insert_events = insert_then_edit
    assert receipts(send(stage, claims(stage, 3)))
    recorder.insert_events = real

    def stopped() -> bool:
        stage.run(nothing())
        return not stage.ledger.writable

    until(stopped, what="writing stops after the edited row was read")
    assert f"record {index} is not what was written" in stage.ledger.stop_reason
    assert reasons(send(stage, claims(stage, 1, hour=9))) == ["WRITING_STOPPED"]
    assert note_of() == before == locked_note(stage)
    assert len(events(stage)) == stage.ledger.size


def test_a_queue_that_is_full_answers_at_once_and_keeps_nothing(stage: House) -> None:
    """More waiting statements than the bound: OVERLOADED, and the same bytes are accepted afterwards."""
    stage.ledger.sequencer._max_queued_items = 5
    envelopes = claims(stage, 6)
    size = stage.ledger.size
    assert reasons(send(stage, envelopes)) == ["OVERLOADED"] * 6
    assert stage.ledger.size == size
    assert receipts(send(stage, envelopes[:5]))
    assert stage.ledger.queued_items == 0
