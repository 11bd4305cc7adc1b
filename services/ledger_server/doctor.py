"""Examining the folder of a ledger: its keys, its database, its records, and what is derived from them.

Nothing is repaired, and nothing is written but a scratch database that is removed again.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509

from ledger.app.application import LedgerApplication
from ledger.app.bootstrap import decode_record, new_store
from ledger.app.examination import Fault, examine_records, examine_tables
from ledger.client.signing import SigningKey
from ledger.errors import LedgerError
from ledger.proof.checkpoint import open_checkpoint
from ledger.proof.note import Ed25519NoteVerifier
from ledger.proof.vkey import VKey
from ledger.store.factory import open_lock_store
from ledger.store.location import StoreKind, StoreLocation
from ledger_server.directory import SecondServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.store.lock_store import Locked
    from ledger.store.port import LedgerRecorder
    from ledger_server.directory import DirectoryConfig, LedgerDirectory

MOST_FAULTS = 100
_DAYS_LEFT = 30
_MIN_FREE_BYTES = 1 << 30


class Health(StrEnum):
    """How a check ended; a WARNING leaves the whole healthy."""

    PASSED = "PASS"
    WARNING = "WARNING"
    FAILED = "FAIL"
    SKIPPED = "SKIPPED"


@dataclass(slots=True)
class Examined:
    """A check with what it found, at most `MOST_FAULTS`."""

    name: str
    health: Health = Health.PASSED
    detail: str = ""
    faults: list[Fault] = field(default_factory=list)

    def take(self, faults: Iterator[Fault]) -> bool:
        """Keep what is found; whether nothing was."""
        for fault in faults:
            self.health = Health.FAILED
            self.faults.append(fault)
            if len(self.faults) == MOST_FAULTS:
                self.detail = "and perhaps more"
                break
        return not self.faults


class Doctor:
    """Examines one folder; `progress(what, done)` is told of long work."""

    def __init__(
        self,
        place: LedgerDirectory,
        *,
        store: str | None = None,
        progress: Callable[[str, int], None] = lambda _what, _done: None,
    ) -> None:
        self._place = place
        self._config = place.read_config()
        self._location = place.location(store)
        self._progress = progress

    def examine(self) -> list[Examined]:
        """Every check, in order. Raises UsageError where no ledger is."""
        config = self._config
        done = [
            _guarded("log_key", self._log_key),
            _guarded("certificate", self._certificate),
            _guarded("space", self._space),
        ]
        lock = Examined("lock")
        done.append(lock)
        with ExitStack() as held:
            lock_store = open_lock_store(config.lock, root=self._place.root)
            held.callback(lock_store.close)
            try:
                locked = lock_store.read()
            except LedgerError as error:
                locked = None
                lock.take(iter([Fault("lock", error.summary)]))
            if locked is None:
                lock.take(iter([] if lock.faults else [Fault("lock", "no checkpoint is locked here")]))
                return [*done, _skipped("database"), _skipped("records"), _skipped("derived_tables")]
            lock.take(self._locked(locked, config))
            if lock.health is Health.PASSED:
                lock.health, lock.detail = self._failure_domain(config)
            return [*done, *self._store(held, locked, lock)]

    def _log_key(self, check: Examined) -> Iterator[Fault]:
        key = SigningKey.load(self._place.log_key)
        vkey = VKey.parse(self._config.log_vkey)
        check.detail = self._config.log_vkey
        if key.signer.public_key != vkey.public_key:
            yield Fault("log_key", "the private key is not that of the log's verifier key")

    def _certificate(self, check: Examined) -> Iterator[Fault]:
        path = self._place.tls_files.certificate
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
        except (OSError, ValueError):
            check.health, check.detail = Health.WARNING, f"{path.name} cannot be read"
            return
        left = (certificate.not_valid_after_utc - datetime.now(UTC)).days
        check.detail = f"valid for {left} days"
        if left < 0:
            yield Fault("certificate", "the server's certificate has expired")
        elif left < _DAYS_LEFT:
            check.health = Health.WARNING

    def _space(self, check: Examined) -> Iterator[Fault]:
        free = shutil.disk_usage(self._place.root).free
        check.detail = f"{free >> 20} MiB free"
        if free < _MIN_FREE_BYTES:
            check.health = Health.WARNING
        yield from ()

    def _locked(self, locked: Locked, config: DirectoryConfig) -> Iterator[Fault]:
        if (locked.ledger_id.hex(), locked.origin) != (config.ledger_id, config.origin):
            yield Fault("lock", "the locked checkpoint is of another ledger or origin")
            return
        try:
            head = open_checkpoint(locked.note, Ed25519NoteVerifier.parse(config.log_vkey), config.origin)
        except LedgerError as error:
            yield Fault("lock", f"the locked note: {error.summary}")
            return
        if (head.size, head.root) != (locked.size, locked.root_hash):
            yield Fault("lock", "the locked note is of another tree than its row")

    def _failure_domain(self, config: DirectoryConfig) -> tuple[Health, str]:
        """In production the lock lies on another device than the events, or one fault takes both."""
        if self._location.path is None or not (self._place.root / config.lock).exists():
            return Health.PASSED, "apart from the event store"
        lock, store = (self._place.root / config.lock).stat(), self._location.path.stat()
        if lock.st_dev != store.st_dev:
            return Health.PASSED, "on a device of its own"
        text = "on the same device as the events: one rollback takes both"
        return (Health.PASSED, f"{text} (development)") if config.development else (Health.FAILED, text)

    def _store(self, held: ExitStack, locked: Locked, lock: Examined) -> list[Examined]:
        database, records, derived = Examined("database"), Examined("records"), Examined("derived_tables")
        if self._location.kind is StoreKind.SQLITE:
            database.detail = f"SQLite {sqlite3.sqlite_version}"
        try:
            guard = self._place.claim_for_writing()
            held.callback(guard.close)
            served = False
        except SecondServer:
            served = True
        try:
            application = held.enter_context(
                LedgerApplication(
                    self._location, decode=decode_record, ledger_id=bytes.fromhex(self._config.ledger_id)
                )
            )
            recorder = application.recorder
            database.take(Fault("database", line) for line in recorder.faults())
            size = recorder.head().size
            faults = examine_records(
                recorder, locked, size=size, progress=lambda done: self._progress("records", done)
            )
            for fault in faults:
                (lock if fault.check == "lock" else records).take(iter([fault]))
                if len(records.faults) == MOST_FAULTS:
                    break
            records.detail = records.detail or f"{size} events"
            if records.faults or served:
                derived.health = Health.SKIPPED
                derived.detail = (
                    "records are wrong" if records.faults else "a server is writing: stop it first"
                )
            else:
                self._derived(derived, recorder, locked)
        except LedgerError as error:
            database.take(iter([Fault("database", error.summary)]))
            for check in (records, derived):
                check.health = check.health if check.faults else Health.SKIPPED
        return [database, records, derived]

    def _derived(self, check: Examined, recorder: LedgerRecorder, locked: Locked) -> None:
        with tempfile.TemporaryDirectory(prefix="ledger-doctor-") as folder:
            location = StoreLocation.sqlite(Path(folder) / "scratch.db")
            with new_store(location, ledger_id=locked.ledger_id) as scratch:
                check.take(
                    examine_tables(
                        recorder,
                        locked,
                        scratch.recorder,
                        progress=lambda done: self._progress("derived tables", done),
                    )
                )


def _guarded(name: str, examine: Callable[[Examined], Iterator[Fault]]) -> Examined:
    """The check, failed where what it needs cannot be read."""
    check = Examined(name)
    try:
        check.take(examine(check))
    except (LedgerError, OSError) as error:
        check.health = Health.FAILED
        summary = error.summary if isinstance(error, LedgerError) else str(error.strerror)
        check.faults.append(Fault(name, summary))
    return check


def _skipped(name: str) -> Examined:
    return Examined(name, Health.SKIPPED)
