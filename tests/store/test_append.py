"""Appending: one head, no gaps, all or nothing, on every adapter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eventsourcing.persistence import IntegrityError, PersistenceError, ProgrammingError
from store_harness import LEDGER_ID, Harness, append, claim, leaf_hash, records, request

from ledger.store.errors import CommitUnknown, HeadMoved
from ledger.store.port import ZERO_HASH, Batch, Head, Record, StoredRecord
from ledger.store.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from ledger.store.port import LedgerRecorder
    from ledger.store.schema import FactRow

FACTS: dict[str, list[FactRow]] = {
    "claim": [claim(7)],
    "unique_key": [(1, b"key", 0)],
    "device_interval": [(b"device", 5, 9, 0)],
}


def assert_empty(recorder: LedgerRecorder) -> None:
    """Nothing of a failed batch is there: no record, head, request or side row."""
    assert recorder.head() == (0, ZERO_HASH)
    assert recorder.read_records(0, 10) == []
    assert recorder.max_notification_id() is None
    assert recorder.read_requests([request(1)[:2]]) == {}
    assert recorder.read_facts("claim", [(claim(7)[0],)]) == {}
    assert recorder.read_facts("unique_key", [(1, b"key")]) == {}
    assert recorder.read_intervals([(b"device", 100)]) == {(b"device", 100): None}


def test_a_new_store_names_its_ledger_and_has_the_zero_head(recorder: LedgerRecorder) -> None:
    """An empty store has size 0 and 32 zero octets as its head."""
    assert (recorder.info().schema_version, recorder.info().ledger_id) == (SCHEMA_VERSION, LEDGER_ID)
    assert_empty(recorder)


def test_an_append_returns_notification_ids_one_above_the_leaf_index(recorder: LedgerRecorder) -> None:
    """The library's notification id is the leaf index + 1, across batches."""
    assert list(append(recorder, records(3))) == [1, 2, 3]
    assert list(append(recorder, records(2, prefix="grant"))) == [4, 5]
    assert recorder.max_notification_id() == 5


def test_everything_of_a_batch_is_readable_after_the_append(recorder: LedgerRecorder) -> None:
    """Records verbatim, head, requests and side rows are all there."""
    new = records(3)
    append(recorder, new, requests=[request(1), request(2, 2)], facts=FACTS)
    expected = [
        StoredRecord(index, r.stream_id, r.stream_version, r.type_name, r.data, leaf_hash(r.data))
        for index, r in enumerate(new)
    ]
    assert recorder.read_records(0, 10) == expected
    assert recorder.head() == Head(3, leaf_hash(new[-1].data))
    assert recorder.read_requests([request(n)[:2] for n in (1, 2, 3)]) == {
        request(1)[:2]: (request(1).digest, 0),
        request(2)[:2]: (request(2).digest, 2),
    }
    assert recorder.read_facts("claim", [(claim(7)[0],)]) == {(claim(7)[0],): claim(7)}


def test_octets_of_every_value_come_back_verbatim(recorder: LedgerRecorder) -> None:
    """Data is opaque: zeros, high octets, no octet at all, and 60,000 of them."""
    values = [bytes(range(256)), b"", b"\x00" * 3, b"\xff" * 60_000]
    new = [
        Record(stream_id=f"s{n}", stream_version=1, type_name="T", data=data) for n, data in enumerate(values)
    ]
    append(recorder, new)
    assert [record.data for record in recorder.read_records(0, 10)] == values


@pytest.mark.parametrize("count", [1, 7, 8, 9, 64, 127, 128, 129, 300])
def test_batches_of_every_size_are_gap_free(recorder: LedgerRecorder, count: int) -> None:
    """Indexes run without a gap and side rows are complete, whatever the size of the batch."""
    for prefix in ("a", "b"):
        size = recorder.head().size
        facts: dict[str, list[FactRow]] = {
            "claim": [claim(size + n, leaf_index=size + n) for n in range(count)]
        }
        requests = [request(size + n, size + n) for n in range(count)]
        append(recorder, records(count, prefix=prefix), requests=requests, facts=facts)
    stored = list(recorder.iter_records(page=50))
    assert [record.index for record in stored] == list(range(2 * count))
    assert [record.data for record in stored] == [r.data for p in "ab" for r in records(count, prefix=p)]
    keys = [(claim(n)[0],) for n in range(2 * count)]
    assert recorder.read_facts("claim", keys) == {key: claim(n, leaf_index=n) for n, key in enumerate(keys)}
    assert len(recorder.read_requests([request(n)[:2] for n in range(2 * count)])) == 2 * count


def test_a_batch_on_another_size_loses_and_is_not_persisted(recorder: LedgerRecorder) -> None:
    """The head compare-and-swap refuses a batch that was decided on an older head."""
    before = recorder.head()
    append(recorder, records(1))
    with pytest.raises(HeadMoved):
        append(recorder, records(2, prefix="late"), head=before, requests=[request(9)], facts=FACTS)
    assert recorder.head().size == 1
    assert recorder.read_requests([request(9)[:2]]) == {}
    assert recorder.read_facts("claim", [(claim(7)[0],)]) == {}


def test_a_batch_on_another_hash_of_the_same_size_loses(recorder: LedgerRecorder) -> None:
    """Size alone is not the head: a fork of the same length is refused."""
    append(recorder, records(1))
    with pytest.raises(HeadMoved):
        append(recorder, records(1, prefix="fork"), head=Head(1, b"\x01" * 32))
    assert [record.stream_id for record in recorder.read_records(0, 10)] == ["claim:0"]


def test_a_lost_head_is_reported_before_any_clash(recorder: LedgerRecorder) -> None:
    """A writer that lost learns that it lost, not that its own earlier rows exist."""
    before = recorder.head()
    append(recorder, records(1), requests=[request(1)])
    with pytest.raises(HeadMoved):
        append(recorder, records(1), head=before, requests=[request(1)])


@pytest.mark.parametrize("where", ["stored", "batch"])
def test_a_stream_version_clash_is_refused_and_not_persisted(recorder: LedgerRecorder, where: str) -> None:
    """One (stream, version) exists once, against stored records and inside a batch."""
    twice = records(1, prefix="twice")
    if where == "stored":
        append(recorder, twice)
    before = recorder.head()
    new = [*records(2, prefix="new"), *twice, *(twice if where == "batch" else [])]
    with pytest.raises(IntegrityError):
        append(recorder, new, requests=[request(1)], facts=FACTS)
    assert recorder.head() == before
    assert len(recorder.read_records(0, 10)) == before.size
    assert recorder.read_requests([request(1)[:2]]) == {}
    append(recorder, records(2, prefix="new"))
    assert recorder.head().size == before.size + 2


@pytest.mark.parametrize("where", ["stored", "batch"])
def test_a_request_clash_is_refused_and_not_persisted(recorder: LedgerRecorder, where: str) -> None:
    """A request id of a participant is spent once, against stored requests and inside a batch."""
    if where == "stored":
        append(recorder, records(1), requests=[request(1)])
    before = recorder.head()
    requests = [request(2), request(1), *([request(1)] if where == "batch" else [])]
    with pytest.raises(IntegrityError):
        append(recorder, records(2, prefix="new"), requests=requests, facts=FACTS)
    assert recorder.head() == before
    assert recorder.read_requests([request(2)[:2]]) == {}
    assert recorder.read_facts("claim", [(claim(7)[0],)]) == {}


def test_the_same_request_id_of_another_participant_is_another_request(recorder: LedgerRecorder) -> None:
    """The namespace of a request id is its participant."""
    other = request(1)._replace(participant=b"provider-2", leaf_index=1)
    append(recorder, records(2), requests=[request(1), other])
    assert recorder.read_requests([other[:2]]) == {other[:2]: (other.digest, 1)}


@pytest.mark.parametrize(
    "facts",
    [
        {"no_such_table": [(1,)]},
        {"unique_key": [(1, b"key")]},
        {"unique_key": [(1, b"key"), (1, b"key", 0, 0)]},
        {"unique_key": [("text", b"key", 0)]},
        {"unique_key": [(1, 2, 0)]},
        {"unique_key": [(1, None, 0)]},
        {"unique_key": [(1, b"key", 1 << 63)]},
    ],
    ids=["table", "short", "compensating", "text", "integer-for-octets", "none", "overflow"],
)
def test_a_side_row_of_another_shape_is_refused_and_not_persisted(
    recorder: LedgerRecorder, facts: dict[str, list[tuple[object, ...]]]
) -> None:
    """A wrong table, width or type spoils the whole batch, and the next batch finds a clean store."""
    with pytest.raises(PersistenceError):
        append(recorder, records(1), requests=[request(1)], facts=facts)  # type: ignore[arg-type]
    assert_empty(recorder)
    append(recorder, records(1))
    assert recorder.head().size == 1


def test_events_without_their_batch_are_refused(recorder: LedgerRecorder) -> None:
    """The library's plain insert would skip the head: it is an error, as is a hash too few."""
    stored = [record.to_stored_event() for record in records(2)]
    with pytest.raises(ProgrammingError):
        recorder.insert_events(stored)
    short = Batch(size_before=0, head_before=ZERO_HASH, leaf_hashes=[bytes(32)])
    with pytest.raises(ProgrammingError):
        recorder.insert_events(stored, batch=short)
    assert_empty(recorder)


@pytest.mark.parametrize(
    ("size_before", "head_before", "leaf_hashes"),
    [(0, bytes(32), []), (-1, bytes(32), [bytes(32)]), (0, bytes(31), [bytes(32)]), (0, bytes(32), [b"x"])],
)
def test_a_malformed_batch_cannot_be_made(
    size_before: int, head_before: bytes, leaf_hashes: list[bytes]
) -> None:
    """An empty batch, a negative size or a hash of another length never reaches a store."""
    with pytest.raises(ValueError, match=r"batch|hash"):
        Batch(size_before=size_before, head_before=head_before, leaf_hashes=leaf_hashes)


def test_a_failed_commit_and_not_persisted(harness: Harness, recorder: LedgerRecorder) -> None:
    """After an unknown outcome the head says: not written; the same batch then goes through."""
    append(recorder, records(1))
    before = recorder.head()
    harness.break_commit(recorder, persisted=False)
    with pytest.raises(CommitUnknown):
        append(recorder, records(2, prefix="new"), requests=[request(1)], facts=FACTS)
    assert recorder.head() == before
    assert recorder.read_requests([request(1)[:2]]) == {}
    append(recorder, records(2, prefix="new"), head=before, requests=[request(1)], facts=FACTS)
    assert recorder.head().size == 3


def test_a_failed_commit_but_persisted(harness: Harness, recorder: LedgerRecorder) -> None:
    """After an unknown outcome the head says: written; writing the batch again loses."""
    before = recorder.head()
    new = records(2, prefix="new")
    harness.break_commit(recorder, persisted=True)
    with pytest.raises(CommitUnknown):
        append(recorder, new, requests=[request(1)], facts=FACTS)
    assert recorder.head() == Head(2, leaf_hash(new[-1].data))
    assert recorder.read_requests([request(1)[:2]]) == {request(1)[:2]: (request(1).digest, 0)}
    with pytest.raises(HeadMoved):
        append(recorder, new, head=before, requests=[request(1)])
    append(recorder, records(1, prefix="next"))
    assert recorder.head().size == 3
