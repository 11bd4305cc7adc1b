"""Rules of participants' keys and certificates: registration, retirement, revocation and its correction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import LedgerError
from ledger.proof.ed25519 import ED25519, check_public_key
from ledger.proof.keys import key_id
from ledger.v1 import event_pb2
from ledger_audit import signatures
from ledger_audit.entities import NEVER_MS, OFFICER, PARTY, ROOT, Key

if TYPE_CHECKING:
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act


def register_key(fold: Fold, act: Act, public_key: bytes, *, holder: str, owner: bytes, person: bytes) -> Key:
    """Take a new key into the state and expect its link; a weak or known one is a finding.

    A +new key is the last signer.
    """
    state = fold.state
    try:
        check_public_key(public_key)
        identity = key_id(ED25519, public_key)
    except LedgerError as error:
        act.fail("key_form", "a strong canonical key", error.summary)
        identity = public_key
    if holder != ROOT:
        last = act.statement.header.key_ids[-1:]
        act.require(list(last) == [identity], "signers", "the new key as last signer", b"".join(last))
    key = Key(identity, act.index, holder, owner, person, len(state.keys_by_number))
    known = state.keys.get(identity)
    if known is not None:
        act.fail("key_form", "a key that is registered once", f"registered at {known.index}")
        key = known
    else:
        state.keys[identity] = key
        state.keys_by_number.append(key)
    act.link(event_pb2.LINK_KIND_KEY, identity, key)
    return key


def key_registered(fold: Fold, act: Act) -> None:
    """K and the new key register a key of a participant."""
    state, statement = fold.state, act.statement
    signatures.require_administrators(state, act, act.keys[:-1])
    owner = state.participants.get(statement.participant_id)
    if owner is None:
        act.fail("key_state", "a registered participant", statement.participant_id)
    act.equal("key_state", ED25519, statement.algorithm)
    key = register_key(
        fold, act, statement.public_key, holder=PARTY, owner=statement.participant_id, person=b""
    )
    if owner is not None:
        act.link(event_pb2.LINK_KIND_PARTICIPANT, owner.participant_id, state.place(owner.participant_id))
    act.actor = act.first_owner
    act.stream = f"key/{key.key_id.hex()}"


def key_retired(fold: Fold, act: Act) -> None:
    """K, or R for an officer's key, end an active key that has no end yet."""
    key = _target(fold, act)
    active = signatures.is_active(key, act.event.recorded_ms) and key.until_ms == NEVER_MS
    act.require(active, "key_state", "an active key", "a key that is revoked or past its end")
    _require_authority(fold, act, key, owner_may=False)
    key.until_ms = act.statement.until_ms


def key_revoked(fold: Fold, act: Act) -> None:
    """The owner, K, or R for an officer's key revoke a key, once."""
    key = _target(fold, act)
    act.require(not key.revoked, "key_state", "a key that is not revoked", "a revoked one")
    _require_authority(fold, act, key, owner_may=True)
    key.revoked = True
    key.invalid_since_ms = min(act.statement.invalid_since_ms, key.invalid_since_ms)


def revocation_corrected(fold: Fold, act: Act) -> None:
    """K, or R for an officer's key, move a revocation to an earlier time."""
    key = _target(fold, act)
    since_ms = act.statement.invalid_since_ms
    earlier = key.revoked and since_ms < key.invalid_since_ms
    before = f"before {key.invalid_since_ms}" if key.revoked else "a revoked key"
    act.require(earlier, "key_state", before, since_ms if key.revoked else "one that is not")
    _require_authority(fold, act, key, owner_may=False)
    key.invalid_since_ms = min(since_ms, key.invalid_since_ms)


def certificate_registered(fold: Fold, act: Act) -> None:
    """K bind a certificate to a participant or officer."""
    state, owner_id = fold.state, act.statement.participant_id
    signatures.require_administrators(state, act, act.keys)
    if owner_id not in state.participants and owner_id not in state.officers:
        raise act.missing("participant or officer", owner_id)
    act.link(event_pb2.LINK_KIND_PARTICIPANT, owner_id, state.place(owner_id))
    act.actor = act.first_owner
    act.stream = f"participant/{owner_id.hex()}"


def _target(fold: Fold, act: Act) -> Key:
    identity = act.statement.key_id
    key = fold.state.keys.get(identity)
    if key is None:
        raise act.missing("key", identity)
    act.link(event_pb2.LINK_KIND_KEY, identity, key)
    act.stream = f"key/{identity.hex()}"
    return key


def _require_authority(fold: Fold, act: Act, key: Key, *, owner_may: bool) -> None:
    """Check the signers of a retirement or revocation and expect the actor that they give."""
    state, signers = fold.state, act.keys
    first = signers[0] if signers else None
    act.actor = act.first_owner
    by_owner = len(signers) == 1 and first is not None and first.holder != ROOT and first.owner == key.owner
    if owner_may and by_owner:
        return
    if key.holder in {OFFICER, ROOT}:
        signatures.require_roots(state, act, signers)
    else:
        signatures.require_administrators(state, act, signers)
