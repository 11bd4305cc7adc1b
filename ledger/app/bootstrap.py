"""Opening a new ledger offline: the genesis, then what the roots signed, then the first checkpoint.

Nothing else ever makes a store's tables or its lock. This module must not make keys or read files.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.app.application import LedgerApplication
from ledger.app.checkpointer import CheckpointMaker
from ledger.app.decisions import Decider
from ledger.app.jobs import Item
from ledger.app.outcomes import Refused
from ledger.app.verification import SignatureChecker
from ledger.codec.events import decode_event
from ledger.codec.statements import decode_statement
from ledger.domain.officers import check_genesis
from ledger.domain.state import State
from ledger.domain.statements import Genesis, OfficerAppointment
from ledger.errors import ExitCode, LedgerError
from ledger.proof.frontier import Frontier
from ledger.proof.vkey import VKey
from ledger.store.lock_store import Locked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.codec.envelopes import SignedEnvelope
    from ledger.proof.signing import Signer
    from ledger.store.location import StoreLocation
    from ledger.store.lock_store import LockStore


class GenesisRefused(LedgerError):
    """The genesis or a statement of the roots cannot open a ledger."""

    exit_code = ExitCode.REFUSED


@dataclass(frozen=True, slots=True)
class Opened:
    """A ledger that was opened."""

    ledger_id: bytes
    origin: str
    log_vkey: str
    genesis_leaf_hash: bytes
    size: int


def decode_record(type_name: str, data: bytes) -> object:
    """Decode a stored event for the library's mapper; LookupError for an unknown type name."""
    stored = decode_event(data)
    if stored.entry.event_name != type_name:
        raise LookupError(type_name)
    return stored


def new_store(location: StoreLocation, *, ledger_id: bytes) -> LedgerApplication:
    """An empty store for a ledger, open; the caller closes it."""
    return LedgerApplication(location, decode=decode_record, ledger_id=ledger_id, create=True)


def create_ledger(
    *,
    location: StoreLocation,
    lock_store: LockStore,
    log_signer: Signer,
    envelopes: Sequence[SignedEnvelope],
    now_ms: int,
    application: LedgerApplication | None = None,
) -> Opened:
    """Open a ledger with a genesis that every root signed, followed by appointments that the roots signed.

    An `application` is the store to open it in, with its tables made, and stays open; without one the store
    is made at `location`. Raises GenesisRefused, before anything is written, for a missing or wrong signature
    or statement.
    """
    items = [_item(envelope) for envelope in envelopes]
    genesis = items[0].statement if items else None
    if not isinstance(genesis, Genesis):
        raise GenesisRefused("the first statement is not a genesis")
    if any(not isinstance(item.statement, OfficerAppointment) for item in items[1:]):
        raise GenesisRefused("only appointments of officers may follow the genesis here")
    _check_genesis(items[0], genesis, log_signer)
    ledger_id = genesis.header.ledger_id
    locked = Locked(
        ledger_id=ledger_id,
        origin=genesis.origin,
        size=0,
        root_hash=Frontier().root(),
        leaf_hash=bytes(32),
        note=b"",
        frontier=Frontier().to_bytes(),
    )
    state = State()
    with ExitStack() as made:
        if application is None:
            application = made.enter_context(new_store(location, ledger_id=ledger_id))
        recorder = application.recorder
        decider = Decider(state, recorder, SignatureChecker(state), clock_slack_ms=0)
        prepared = decider.prepare(items, size=0, head=bytes(32), now_ms=now_ms)
        refused = [answer for _, answer in prepared.answers if isinstance(answer, Refused)]
        if refused:
            raise GenesisRefused(f"{refused[0].reason.name}: {refused[0].message}")
        lock_store.create(locked)
        events = [record.to_stored_event() for record in prepared.records]
        recorder.insert_events(events, batch=prepared.batch(state))
        CheckpointMaker(recorder=recorder, lock_store=lock_store, locked=locked, signer=log_signer).advance()
    return Opened(ledger_id, genesis.origin, genesis.log_vkey, prepared.leaf_hashes[0], len(prepared.records))


def _item(envelope: SignedEnvelope) -> Item:
    entry, statement = decode_statement(envelope)
    return Item(entry, statement, envelope, statement.header.request_id, envelope.digest(), b"")


def _check_genesis(item: Item, genesis: Genesis, log_signer: Signer) -> None:
    check_genesis(genesis)
    if len(genesis.header.key_ids) != len(genesis.roots):
        raise GenesisRefused(
            "the genesis lacks the signature of a root",
            hint="Every root signs it: `voucherctl keys sign-genesis`.",
        )
    unsigned = [
        number
        for number, (_, signature) in enumerate(item.envelope.signatures if item.envelope else (), start=1)
        if not signature
    ]
    if unsigned:
        raise GenesisRefused(
            f"root {unsigned[0]} has not signed the genesis",
            hint="Every root signs it: `voucherctl keys sign-genesis`.",
        )
    if item.envelope is None or SignatureChecker(State()).check(item.envelope, genesis) is not True:
        raise GenesisRefused("a root's signature on the genesis does not verify")
    vkey = VKey.parse(genesis.log_vkey)
    if (vkey.name, vkey.public_key) != (genesis.origin, log_signer.public_key):
        raise GenesisRefused("the genesis names another log key or origin than this one")
