"""Rules of the genesis and of officers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import LedgerError
from ledger.proof.ed25519 import ED25519
from ledger.proof.vkey import VKey
from ledger.v1 import event_pb2, genesis_pb2
from ledger_audit import signatures
from ledger_audit.entities import OFFICER, ROOT, Officer
from ledger_audit.rules_keys import register_key

if TYPE_CHECKING:
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act

MIN_ROOTS, MAX_ROOTS, MIN_THRESHOLD = 3, 7, 2


def ledger_opened(fold: Fold, act: Act) -> None:
    """Index 0 and nothing else; all roots sign, in the order of `roots`."""
    state, genesis = fold.state, act.statement
    act.equal("genesis", 0, act.index)
    roots = list(genesis.roots)
    persons = {root.person_tag for root in roots}
    publics = {root.public_key for root in roots}
    act.require(
        MIN_ROOTS <= len(roots) <= MAX_ROOTS, "genesis", f"{MIN_ROOTS} to {MAX_ROOTS} roots", len(roots)
    )
    act.require(
        len(persons) == len(publics) == len(roots), "genesis", "different roots", "a key or person twice"
    )
    threshold = genesis.root_threshold
    act.require(
        MIN_THRESHOLD <= threshold <= len(roots), "genesis", "a threshold of 2 to the roots", threshold
    )
    act.equal("genesis", genesis.base_name + "/e0", genesis.origin)
    act.equal("genesis", (ED25519, "sha256"), (genesis.signature_algorithm, genesis.hash_algorithm))
    act.equal("genesis", ("+08:00", 1, 1), (genesis.zone, genesis.format_version, genesis.rules_version))
    try:
        act.equal("genesis", genesis.origin, VKey.parse(genesis.log_vkey).name)
    except LedgerError as error:
        act.fail("genesis", "a verifier key", error.summary)
    state.threshold = threshold
    state.simulated = genesis.clock == genesis_pb2.CLOCK_SIMULATED
    state.bureaux = {bureau.bureau_id for bureau in genesis.bureaux}
    act.equal("genesis", len(genesis.bureaux), len(state.bureaux))
    for root in roots:
        act.equal("genesis", ED25519, root.algorithm)
        key = register_key(
            fold, act, root.public_key, holder=ROOT, owner=state.ledger_id, person=root.person_tag
        )
        state.root_keys.append(key.key_id)
    if list(genesis.header.key_ids) != state.root_keys[-len(roots) :]:
        act.fail("signers", "all roots, in their order", f"{len(genesis.header.key_ids)} signers")
    act.actor = state.ledger_id
    act.stream = f"ledger/{state.ledger_id.hex()}"


def officer_appointed(fold: Fold, act: Act) -> None:
    """R and the new key appoint an officer with one role and one person."""
    state, officer = fold.state, act.statement
    signatures.require_roots(state, act, act.keys[:-1])
    officer_id, person = officer.officer_id, officer.person_tag
    used = officer_id in state.officers or officer_id in state.participants
    act.require(not used, "officer", "a new id", officer_id)
    act.require(officer.bureau_id in state.bureaux, "officer", "a bureau of the genesis", officer.bureau_id)
    for other in state.officers.values():
        administrator = signatures.KEY_ADMINISTRATOR in (other.role, officer.role)
        if other.person == person and administrator:
            act.fail(
                "officer", "a key administrator without another office", f"also {other.officer_id.hex()}"
            )
            break
    act.equal("officer", ED25519, officer.algorithm)
    state.officers[officer_id] = Officer(officer_id, officer.bureau_id, officer.role, person)
    register_key(fold, act, officer.public_key, holder=OFFICER, owner=officer_id, person=person)
    act.link(event_pb2.LINK_KIND_PARTICIPANT, officer_id, state.place(officer_id))
    act.actor = state.ledger_id
    act.stream = f"participant/{officer_id.hex()}"
