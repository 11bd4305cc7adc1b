"""Reading: records in order, side rows by key and by page, tiles, streams of the library."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eventsourcing.persistence import Notification, PersistenceError, StoredEvent
from store_harness import append, claim, records

from ledger.store.errors import TileConflict
from ledger.store.port import FULL_TILE_WIDTH, Record, TileRow

if TYPE_CHECKING:
    from ledger.store.port import LedgerRecorder


def test_records_are_read_from_any_index_in_order(recorder: LedgerRecorder) -> None:
    """A page starts where it is asked to, ends at its limit or at the head."""
    append(recorder, records(10))
    assert [r.index for r in recorder.read_records(4, 3)] == [4, 5, 6]
    assert [r.index for r in recorder.read_records(8, 100)] == [8, 9]
    assert recorder.read_records(10, 5) == []
    assert recorder.read_records(99, 5) == []


def test_a_stream_of_records_ends_at_the_head_of_its_start(recorder: LedgerRecorder) -> None:
    """Appending while iterating neither disturbs nor prolongs the iteration."""
    append(recorder, records(5))
    seen = []
    for record in recorder.iter_records(1, page=2):
        seen.append(record.index)
        append(recorder, records(1, prefix=f"during-{record.index}"))
    assert seen == [1, 2, 3, 4]
    assert [record.index for record in recorder.iter_records(2, 4)] == [2, 3]
    assert recorder.head().size == 9


def test_the_librarys_readers_see_the_same_records(recorder: LedgerRecorder) -> None:
    """`select_events` reads a stream, `select_notifications` the log, with ids one above the index."""
    stream = [
        Record(stream_id="voucher:1", stream_version=version, type_name="T", data=b"%d" % version)
        for version in (1, 2, 3)
    ]
    append(recorder, [records(1)[0], *stream])
    expected = [StoredEvent("voucher:1", r.stream_version, "T", r.data) for r in stream]
    assert list(recorder.select_events("voucher:1")) == expected
    assert list(recorder.select_events("voucher:1", gt=1, lte=2)) == expected[1:2]
    assert list(recorder.select_events("voucher:1", desc=True, limit=1)) == expected[2:]
    assert list(recorder.select_notifications(3, 2)) == [
        Notification("voucher:1", 2, "T", b"2", id=3),
        Notification("voucher:1", 3, "T", b"3", id=4),
    ]


def test_no_keys_ask_nothing(recorder: LedgerRecorder) -> None:
    """An empty question has an empty answer."""
    assert recorder.read_requests([]) == {}
    assert recorder.read_facts("claim", []) == {}
    assert recorder.read_intervals([]) == {}
    assert recorder.read_tiles([]) == {}


def test_a_side_row_is_replaced_by_primary_key(recorder: LedgerRecorder) -> None:
    """A later row with the same key stands, within a batch and across batches."""
    append(recorder, records(1), facts={"claim": [claim(1, status=1), claim(1, status=2), claim(2)]})
    assert recorder.read_facts("claim", [(claim(1)[0],)]) == {(claim(1)[0],): claim(1, status=2)}
    append(recorder, records(1, prefix="next"), facts={"claim": [claim(1, status=5)]})
    keys = [(claim(n)[0],) for n in (1, 2, 3)]
    assert recorder.read_facts("claim", keys) == {keys[0]: claim(1, status=5), keys[1]: claim(2)}


def test_side_rows_of_a_composite_key_are_found_by_the_whole_key(recorder: LedgerRecorder) -> None:
    """A key of two columns matches on both."""
    rows = [(1, b"a", 10), (1, b"b", 11), (2, b"a", 12)]
    append(recorder, records(1), facts={"unique_key": rows})
    keys = [(1, b"a"), (2, b"a"), (2, b"b")]
    assert recorder.read_facts("unique_key", keys) == {(1, b"a"): rows[0], (2, b"a"): rows[2]}


def test_many_keys_are_answered_whole(recorder: LedgerRecorder) -> None:
    """More keys than fit one statement still give one answer."""
    rows = [(1, number.to_bytes(4, "big"), number) for number in range(1_500)]
    append(recorder, records(1), facts={"unique_key": rows})
    assert recorder.read_facts("unique_key", [row[:2] for row in rows]) == {row[:2]: row for row in rows}


def test_the_last_interval_before_a_time_is_found_for_each_pair(recorder: LedgerRecorder) -> None:
    """The greatest start strictly before the time, of that device alone, or None."""
    rows = [(b"d1", 10, 20, 0), (b"d1", 30, 40, 1), (b"d1", 50, 60, 2), (b"d2", 35, 36, 3)]
    append(recorder, records(1), facts={"device_interval": [rows[2], rows[0], rows[3], rows[1]]})
    pairs = [(b"d1", 10), (b"d1", 11), (b"d1", 50), (b"d1", 1_000), (b"d2", 35), (b"d2", 36), (b"d3", 9)]
    assert recorder.read_intervals(pairs) == dict(
        zip(pairs, [None, rows[0], rows[1], rows[2], None, rows[3], None], strict=True)
    )
    append(recorder, records(1, prefix="next"), facts={"device_interval": [(b"d1", 50, 70, 4)]})
    assert recorder.read_intervals([(b"d1", 51)]) == {(b"d1", 51): (b"d1", 50, 70, 4)}


def test_a_listing_pages_through_an_index_in_its_order(recorder: LedgerRecorder) -> None:
    """Rows of one voucher come by leaf index, then by key; each page continues after the last row."""
    ours = [claim(number, leaf_index=100 - number // 2) for number in range(7)]
    others = [claim(number, voucher=b"voucher-2") for number in range(20, 23)]
    append(recorder, records(1), facts={"claim": [*ours, *others]})
    expected = sorted(ours, key=lambda row: (row[1], row[0]))
    pages = []
    after = None
    while page := recorder.list_facts("claim", "voucher_id", b"voucher-1", after=after, limit=3):
        pages.append(page)
        after = page[-1]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [row for page in pages for row in page] == expected
    assert recorder.list_facts("claim", "voucher_id", b"voucher-3", limit=3) == []


def test_a_listing_may_follow_the_primary_key(recorder: LedgerRecorder) -> None:
    """The first column of a composite key is indexed too: the intervals of a device."""
    rows = [(b"d1", 10, 20, 0), (b"d1", 30, 40, 1), (b"d2", 35, 36, 3)]
    append(recorder, records(1), facts={"device_interval": rows})
    assert recorder.list_facts("device_interval", "device_id", b"d1", limit=9) == rows[:2]
    assert recorder.list_facts("device_interval", "device_id", b"d1", after=rows[0], limit=9) == rows[1:2]


def test_a_listing_without_an_index_is_refused(recorder: LedgerRecorder) -> None:
    """Reading a whole table is never an accident; an unknown table is an error as well."""
    with pytest.raises(ValueError, match="status"):
        recorder.list_facts("claim", "status", 1, limit=3)
    with pytest.raises(PersistenceError):
        recorder.list_facts("nothing", "status", 1, limit=3)
    with pytest.raises(PersistenceError):
        recorder.read_facts("nothing", [(1,)])


def test_a_partial_tile_grows_and_a_full_one_is_final(recorder: LedgerRecorder) -> None:
    """Derived rows may be written again until they are full; then only with the same bytes."""
    full = TileRow(0, 0, FULL_TILE_WIDTH, b"f" * 32 * FULL_TILE_WIDTH)
    recorder.write_tiles([TileRow(0, 0, 1, b"a" * 32), TileRow(1, 0, 1, b"u" * 32)])
    recorder.write_tiles([TileRow(0, 0, 2, b"ab" * 32)])
    assert recorder.read_tiles([(0, 0), (0, 1), (1, 0)]) == {
        (0, 0): TileRow(0, 0, 2, b"ab" * 32),
        (1, 0): TileRow(1, 0, 1, b"u" * 32),
    }
    recorder.write_tiles([full])
    recorder.write_tiles([full])
    for other in (full._replace(data=b"g" * 32 * FULL_TILE_WIDTH), TileRow(0, 0, 2, b"ab" * 32)):
        with pytest.raises(TileConflict):
            recorder.write_tiles([TileRow(0, 1, 1, b"n" * 32), other])
    assert recorder.read_tiles([(0, 0), (0, 1)]) == {(0, 0): full}


def test_a_tile_of_another_type_is_no_conflict(recorder: LedgerRecorder) -> None:
    """Wrong input is reported as such."""
    with pytest.raises(PersistenceError):
        recorder.write_tiles([TileRow(0, 0, 1, "text")])  # type: ignore[arg-type]
    assert recorder.read_tiles([(0, 0)]) == {}
