"""The library's application over each store: closed registry, no topics, no environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import eventsourcing.application
import eventsourcing.persistence
import eventsourcing.popo
import eventsourcing.sqlite
import eventsourcing.utils
import pytest
from eventsourcing.persistence import StoredEvent
from store_harness import LEDGER_ID, SQLiteHarness, append, records

from ledger.app.application import LedgerApplication
from ledger.errors import LedgerError
from ledger.store.errors import StoreMissing, UnknownRecordType
from ledger.store.location import StoreLocation
from ledger.store.mapper import DecodedRecord, LedgerMapper
from ledger.store.port import Record

if TYPE_CHECKING:
    from pathlib import Path

RECORD = Record(stream_id="claim:1", stream_version=3, type_name="ClaimAccepted", data=b"\x00\xffdata")


def decode(type_name: str, data: bytes) -> object:
    """A registry of one type."""
    return {"ClaimAccepted": bytes.decode}[type_name](data, "latin-1")


@pytest.fixture(params=["memory", "sqlite"])
def location(request: pytest.FixtureRequest, sqlite_harness: SQLiteHarness) -> StoreLocation:
    """A place for a new store of each adapter."""
    return StoreLocation.memory() if request.param == "memory" else sqlite_harness.location


@pytest.fixture
def no_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail at any use of the library's topics, wherever it imported them."""

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("a topic was used")

    modules = ("utils", "persistence", "popo", "sqlite", "application")
    for module in (getattr(eventsourcing, name) for name in modules):
        for function in ("resolve_topic", "get_topic"):
            if hasattr(module, function):
                monkeypatch.setattr(module, function, refuse)


@pytest.mark.usefixtures("no_topics")
def test_a_record_goes_through_the_application_without_topics(location: StoreLocation) -> None:
    """Opening, appending, reading a stream and the notification log resolve no topic."""
    with LedgerApplication(location, decode=decode, ledger_id=LEDGER_ID, create=True) as app:
        append(app.recorder, [RECORD, *records(2)])
        assert app.recorder.head().size == 3
        assert list(app.events.get("claim:1", gt=2)) == [
            DecodedRecord(
                stream_id="claim:1",
                stream_version=3,
                type_name="ClaimAccepted",
                data=RECORD.data,
                event="\x00ÿdata",
            )
        ]
        notifications = app.notification_log.select(1, 10)
        assert [notification.id for notification in notifications] == [1, 2, 3]
        assert notifications[0].state == RECORD.data


def test_a_server_does_not_create(location: StoreLocation) -> None:
    """Without `create` a store that is not there is an error."""
    with pytest.raises(StoreMissing):
        LedgerApplication(location, decode=decode)


def test_a_server_opens_what_init_made(tmp_path: Path) -> None:
    """A store made once opens without creating, and names its ledger."""
    location = StoreLocation.sqlite(tmp_path / "ledger.db")
    with LedgerApplication(location, decode=decode, ledger_id=LEDGER_ID, create=True) as app:
        append(app.recorder, records(1))
    with LedgerApplication(location, decode=decode, ledger_id=LEDGER_ID) as app:
        assert app.recorder.info().ledger_id == LEDGER_ID
        assert app.recorder.head().size == 1


def test_the_environment_configures_nothing(
    location: StoreLocation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Variables that the library would read are without effect."""
    elsewhere = tmp_path / "elsewhere.db"
    for name, value in {
        "SQLITE_DBNAME": str(elsewhere),
        "PERSISTENCE_MODULE": "no.such.module",
        "MAPPER_TOPIC": "no.such:Mapper",
        "CIPHER_TOPIC": "no.such:Cipher",
        "COMPRESSOR_TOPIC": "zlib",
        "APPLICATION_RECORDER_TOPIC": "no.such:Recorder",
        "IS_SNAPSHOTTING_ENABLED": "yes",
        "CREATE_TABLE": "no",
        "LEDGERAPPLICATION_CREATE_TABLE": "no",
        "LEDGER_ID": "ff" * 16,
    }.items():
        monkeypatch.setenv(name, value)
    with LedgerApplication(location, decode=decode, ledger_id=LEDGER_ID, create=True) as app:
        append(app.recorder, [RECORD])
        assert app.recorder.info().ledger_id == LEDGER_ID
        assert app.recorder.read_records(0, 1)[0].data == RECORD.data
        assert app.snapshots is None
        assert app.repository.cache is None
    assert not elsewhere.exists()


def test_the_librarys_save_is_not_a_way_in(location: StoreLocation) -> None:
    """Writing goes through a batch."""
    with LedgerApplication(location, decode=decode, ledger_id=LEDGER_ID, create=True) as app:
        with pytest.raises(NotImplementedError):
            app.save()
        assert app.recorder.head().size == 0


def test_the_mapper_is_verbatim_both_ways() -> None:
    """The stored state is the record's data, the topic its type name."""
    mapper = LedgerMapper(decode)
    stored = mapper.to_stored_event(RECORD)
    assert stored == StoredEvent("claim:1", 3, "ClaimAccepted", RECORD.data)
    assert mapper.to_domain_event(stored).data == RECORD.data


@pytest.mark.parametrize("type_name", ["NeverHeardOf", "os:system", "eventsourcing.domain:Aggregate"])
@pytest.mark.usefixtures("no_topics")
def test_an_unknown_type_stops_with_its_name(type_name: str) -> None:
    """A name outside the registry is never imported, and the error says it."""
    with pytest.raises(UnknownRecordType, match=type_name):
        LedgerMapper(decode).to_domain_event(StoredEvent("s", 1, type_name, b""))


def test_an_error_of_a_decoder_passes_through() -> None:
    """Only an unknown name is one; bytes that do not parse keep their own error."""

    def malformed(type_name: str, data: bytes) -> object:
        raise LedgerError(f"{type_name} of {len(data)} bytes does not parse")

    with pytest.raises(LedgerError, match="does not parse"):
        LedgerMapper(malformed).to_domain_event(StoredEvent("s", 1, "ClaimAccepted", b"?"))


def test_only_records_are_stored() -> None:
    """An object of another class has no bytes of its own."""
    with pytest.raises(TypeError):
        LedgerMapper(decode).to_stored_event(object())  # type: ignore[arg-type]
