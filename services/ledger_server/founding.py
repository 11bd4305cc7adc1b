"""Opens a new ledger in a folder from statements that were signed elsewhere.

It writes the store, the lock, the settings and the trust file, and refuses before it writes. This module must
not make or hold root keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.app.bootstrap import Opened, create_ledger
from ledger.store.factory import open_lock_store
from ledger.store.location import StoreLocation
from ledger_server.directory import DEFAULT_LOCK, DirectoryConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.app.application import LedgerApplication
    from ledger.client.signing import SigningKey
    from ledger.codec.envelopes import SignedEnvelope
    from ledger_server.directory import LedgerDirectory


def found_ledger(
    directory: LedgerDirectory,
    *,
    envelopes: Sequence[SignedEnvelope],
    log_key: SigningKey,
    profile: str,
    development: bool,
    now_ms: int,
    lock: str = "",
    store: str = "",
    application: LedgerApplication | None = None,
) -> Opened:
    """Open a ledger with a genesis that all roots signed and appointments that the roots signed.

    `lock` is a path or a PostgreSQL URL, `store` a store URL in place of the folder's own database,
    `application` a store that is open and stays so. Raises UsageError for a folder that holds one,
    GenesisRefused for a signature or statement that is missing or wrong; then no ledger is in the folder.
    """
    directory.check_empty()
    lock = lock or DEFAULT_LOCK
    for folder in (directory.store.parent, directory.lock.parent, directory.keys, directory.tls):
        folder.mkdir(parents=True, exist_ok=True)
    directory.keys.chmod(0o700)
    opened = create_ledger(
        location=StoreLocation.parse(store) if store else StoreLocation.sqlite(directory.store),
        lock_store=open_lock_store(lock, root=directory.root),
        log_signer=log_key.signer,
        envelopes=envelopes,
        now_ms=now_ms,
        application=application,
    )
    if not directory.log_key.exists():
        log_key.save(directory.log_key)
    config = DirectoryConfig(
        ledger_id=opened.ledger_id.hex(),
        origin=opened.origin,
        log_vkey=opened.log_vkey,
        profile=profile,
        development=development,
        lock=lock,
        store=store if application is None else "",
    )
    directory.write_config(config)
    directory.write_trust(genesis_leaf_hash=opened.genesis_leaf_hash, config=config)
    return opened
