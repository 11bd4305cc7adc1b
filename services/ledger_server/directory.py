"""The folder of one ledger: where its parts lie, and how it is opened for service.

Only names and settings are here, never a secret: keys stay in their own files. This module must not make a
ledger (`ledger.app.bootstrap`) or sign for anybody.
"""

from __future__ import annotations

import fcntl
import json
import tomllib
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from ledger.app.application import LedgerApplication
from ledger.app.bootstrap import decode_record
from ledger.app.ledger import Ledger
from ledger.client.signing import SigningKey
from ledger.errors import ExitCode, LedgerError, UsageError
from ledger.store.factory import open_lock_store
from ledger.store.location import StoreLocation
from ledger_server.listening import TlsFiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ledger.app.clock import LedgerClock
    from ledger.app.publication import QuorumDelays
    from ledger.domain.entities import Quotas

CONFIG = "ledger.toml"
_KEYS = ("ledger_id", "origin", "log_vkey", "profile", "development", "lock")
DEFAULT_LOCK = "lock/lock.db"


class SecondServer(LedgerError):
    """The folder is served already."""

    exit_code = ExitCode.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class LedgerDirectory:
    """Paths below the folder of a ledger."""

    root: Path

    @property
    def store(self) -> Path:
        """The event database."""
        return self.root / "store" / "ledger.db"

    @property
    def lock(self) -> Path:
        """Where the lock store lies unless the settings name another failure domain."""
        return self.root / DEFAULT_LOCK

    @property
    def keys(self) -> Path:
        """Private signing keys, mode 0600."""
        return self.root / "keys"

    @property
    def log_key(self) -> Path:
        """The key that signs checkpoints."""
        return self.keys / "log.pem"

    @property
    def tls(self) -> Path:
        """Certificates and their keys."""
        return self.root / "tls"

    @property
    def identities(self) -> Path:
        """Identity files, one a role."""
        return self.root / "as"

    @property
    def trust_file(self) -> Path:
        """What is published outside: ledger id, genesis leaf hash, log keys."""
        return self.root / "trust.json"

    @property
    def witnessed_checkpoint(self) -> Path:
        """The newest checkpoint that a quorum of witnesses cosigned, kept over restarts."""
        return self.root / "witnessed-checkpoint"

    @property
    def tls_files(self) -> TlsFiles:
        """What a server needs for mutual TLS."""
        return TlsFiles(
            certificate=self.tls / "server.pem",
            key=self.tls / "server.key",
            client_authorities=self.tls / "ca.pem",
        )

    def check_empty(self) -> None:
        """Refuse a folder that holds a ledger already."""
        if (self.root / CONFIG).exists() or self.store.exists() or self.lock.exists():
            raise UsageError(f"{self.root} holds a ledger already", hint="Choose a new folder with --dir.")

    def write_config(self, config: DirectoryConfig) -> None:
        """Write the settings of the folder."""
        keys = (*_KEYS, "store") if config.store else _KEYS
        lines = [f"{key} = {json.dumps(getattr(config, key))}" for key in keys]
        (self.root / CONFIG).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def read_config(self) -> DirectoryConfig:
        """The settings of the folder; UsageError where no ledger is."""
        path = self.root / CONFIG
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
            optional = {"store": values["store"]} if "store" in values else {}
            return DirectoryConfig(**{key: values[key] for key in _KEYS}, **optional)
        except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
            raise UsageError(
                f"{self.root} holds no ledger", hint="Make one with `voucherd init --dir DIR --profile NAME`."
            ) from error

    def write_trust(self, *, genesis_leaf_hash: bytes, config: DirectoryConfig) -> None:
        """Write the trust file (docs/reference/format.md, section 5)."""
        trust = {
            "ledger_id": config.ledger_id,
            "genesis_leaf_hash": genesis_leaf_hash.hex(),
            "origins": {config.origin: config.log_vkey},
            "policy": "",
        }
        self.trust_file.write_text(json.dumps(trust, indent=2) + "\n", encoding="utf-8")

    def open(
        self,
        *,
        store: str | None = None,
        application: LedgerApplication | None = None,
        clock: LedgerClock | None = None,
        progress: Callable[[int, int], None] | None = None,
        accept_clock: bool = False,
        quotas: Quotas | None = None,
        quorum_delays: QuorumDelays | None = None,
        hold_signing: bool = False,
    ) -> Ledger:
        """Open the ledger for service, every row checked; called inside a running event loop.

        `store` is a store URL in place of the folder's own database, `application` one that is open and will
        be closed with the ledger; `accept_clock` lets a SYSTEM clock be more than a day ahead of the last
        record; `quotas` are published if others are in force. `quorum_delays` and
        `hold_signing` are for a server that asks witnesses.
        """
        config = self.read_config()
        log_key = SigningKey.load(self.log_key)
        with ExitStack() as held:
            guard = held.enter_context(self.claim_for_writing())
            application = held.enter_context(
                application
                or LedgerApplication(
                    self.location(store), decode=decode_record, ledger_id=bytes.fromhex(config.ledger_id)
                )
            )
            application.recorder.claim()
            lock_store = open_lock_store(config.lock, root=self.root)
            held.callback(lock_store.close)
            ledger = Ledger(
                application=application,
                lock_store=lock_store,
                log_signer=log_key.signer,
                clock=clock,
                progress=progress,
                on_close=guard.close,
                accept_clock=accept_clock,
                quotas=quotas,
                quorum_delays=quorum_delays,
                hold_signing=hold_signing,
            )
            held.pop_all()
        return ledger

    def location(self, store: str | None = None) -> StoreLocation:
        """Where the events are: the URL that is given, or the folder's setting, or its own database."""
        url = store or self.read_config().store
        return StoreLocation.parse(url) if url else StoreLocation.sqlite(self.store)

    def claim_for_writing(self) -> IO[bytes]:
        """Hold the folder until the file is closed or the process ends; SecondServer if another does."""
        held = (self.root / "writer").open("wb")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.close()
            raise SecondServer(
                f"another server has the ledger in {self.root} open",
                hint="Stop it first; a ledger has exactly one writer.",
            ) from None
        return held


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryConfig:
    """Settings of a ledger's folder; ids in hexadecimal.

    `lock` is a path, which may be relative to the folder, or a PostgreSQL URL; `store` the URL of the event
    store, or nothing for the folder's own database.
    """

    ledger_id: str
    origin: str
    log_vkey: str
    profile: str
    development: bool
    lock: str = DEFAULT_LOCK
    store: str = ""
