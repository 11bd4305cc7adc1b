"""Genesis, officers, keys and certificates: how authority enters the ledger (rules I12, I20).

This module must not know participants' business or money.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.domain import authority, checks
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.entities import Key, LedgerInfo, Officer
from ledger.domain.events import (
    CertificateRegistered,
    KeyRegistered,
    KeyRetired,
    KeyRevoked,
    LedgerOpened,
    OfficerAppointed,
    RevocationCorrected,
)
from ledger.domain.journal import Draft, Link, LinkKind, Recorded
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.vocabulary import Role

if TYPE_CHECKING:
    from ledger.domain.state import State
    from ledger.domain.statements import (
        CertificateRegistration,
        Genesis,
        KeyRegistration,
        KeyRetirement,
        KeyRevocation,
        OfficerAppointment,
        RevocationCorrection,
    )

    Decision = tuple[Draft, ...] | Rejection

MIN_ROOTS, MAX_ROOTS, MIN_THRESHOLD = 3, 7, 2


def check_genesis(statement: Genesis) -> None:
    """Shape and constants of a genesis (format.md, section 4); MalformedError names what is wrong."""
    checks.check_header(statement.header)
    roots = statement.roots
    checks.expect(MIN_ROOTS <= len(roots) <= MAX_ROOTS, f"roots: {MIN_ROOTS} to {MAX_ROOTS}")
    checks.check_distinct([root.public_key for root in roots], "roots: public keys")
    checks.check_distinct([root.person_tag for root in roots], "roots: person tags")
    for root in roots:
        checks.check_digest(root.person_tag, "roots: person_tag")
    checks.expect(MIN_THRESHOLD <= statement.root_threshold <= len(roots), "root_threshold: 2 to the roots")
    checks.expect(statement.origin == f"{statement.base_name}/e0", "origin: base_name followed by /e0")
    checks.check_name(statement.base_name, "base_name")
    checks.expect(statement.signature_algorithm == "ed25519", "signature_algorithm: ed25519")
    checks.expect(statement.hash_algorithm == "sha256", "hash_algorithm: sha256")
    checks.expect(statement.zone == "+08:00", "zone: +08:00")
    checks.expect((statement.format_version, statement.rules_version) == (1, 1), "versions: 1 and 1")
    checks.expect(bool(statement.bureaux), "bureaux: at least one")
    for bureau in statement.bureaux:
        checks.check_id(bureau.bureau_id, "bureaux: bureau_id")
        checks.check_code(bureau.code, "bureaux: code")
    checks.check_distinct([bureau.bureau_id for bureau in statement.bureaux], "bureaux")


def decide_genesis(state: State, command: Command[Genesis]) -> Decision:
    """Open the ledger; only ever called on an empty one, with all roots' signatures verified."""
    statement = command.statement
    check_genesis(statement)
    if state.info is not None:
        return Rejection(Reason.STATE_CONFLICT, "the ledger is open already", 0)
    ledger_id = statement.header.ledger_id
    links = tuple(Link(LinkKind.KEY, key_id, None) for key_id in statement.header.key_ids)
    stream_id = f"ledger/{ledger_id.hex()}"
    return (Draft(payload=LedgerOpened(), stream_id=stream_id, actor=ledger_id, premises=(), links=links),)


def evolve_genesis(state: State, recorded: Recorded) -> None:
    """Fold the genesis."""
    statement: Genesis = recorded.statement
    key_ids = statement.header.key_ids
    state.info = LedgerInfo(
        ledger_id=statement.header.ledger_id,
        origin=statement.origin,
        clock=statement.clock,
        root_threshold=statement.root_threshold,
        root_persons={k: root.person_tag for k, root in zip(key_ids, statement.roots, strict=True)},
        bureau_ids=frozenset(bureau.bureau_id for bureau in statement.bureaux),
        genesis_leaf_hash=recorded.leaf_hash,
    )
    for key_id, root in zip(key_ids, statement.roots, strict=True):
        state.keys[key_id] = Key(
            key_id=key_id,
            algorithm=root.algorithm,
            public_key=root.public_key,
            owner_id=b"",
            registered_index=0,
        )


def _check_new_key(
    refusals: Refusals, state: State, command: Command[OfficerAppointment | KeyRegistration]
) -> None:
    key_id = command.statement.header.key_ids[-1]
    known = state.keys.get(key_id)
    if known is not None:
        refusals.add(Reason.WEAK_KEY, "the key is registered already", known.registered_index)


def decide_officer_appointment(state: State, command: Command[OfficerAppointment]) -> Decision:
    """Appoint an officer: root threshold, a fresh key with proof of possession, one role a person allows."""
    statement = command.statement
    checks.check_id(statement.officer_id, "officer_id")
    checks.check_digest(statement.person_tag, "person_tag")
    checks.check_digest(statement.certificate_sha256, "certificate_sha256")
    refusals = Refusals()
    authority.check_roots(refusals, state, command, new_key=True)
    _check_new_key(refusals, state, command)
    if statement.bureau_id not in state.ledger().bureau_ids:
        refusals.add(Reason.STATE_CONFLICT, "the bureau is not named in the genesis")
    if statement.officer_id in state.officers or statement.officer_id in state.participants:
        refusals.add(Reason.STATE_CONFLICT, "the officer id is in use")
    _check_certificate_free(refusals, state, statement.certificate_sha256, statement.officer_id)
    for other in state.officers.values():
        if other.person_tag == statement.person_tag and Role.KEY_ADMINISTRATOR in (
            other.role,
            statement.role,
        ):
            refusals.add(Reason.SEPARATION_OF_DUTY, "a key administrator holds no other role", other.index)
    if refusals.first:
        return refusals.first
    links = (
        state.link(LinkKind.KEY, statement.header.key_ids[-1]),
        state.link(LinkKind.PARTICIPANT, statement.officer_id),
    )
    premises = authority.key_premises(command.keys[:-1])
    stream_id = f"participant/{statement.officer_id.hex()}"
    actor = state.ledger().ledger_id
    return (
        Draft(payload=OfficerAppointed(), stream_id=stream_id, actor=actor, premises=premises, links=links),
    )


def evolve_officer_appointed(state: State, recorded: Recorded) -> None:
    """Fold an appointment with its key and certificate."""
    statement: OfficerAppointment = recorded.statement
    state.officers[statement.officer_id] = Officer(
        officer_id=statement.officer_id,
        bureau_id=statement.bureau_id,
        role=statement.role,
        person_tag=statement.person_tag,
        index=recorded.index,
    )
    _add_key(state, recorded, statement.officer_id)
    _bind_certificate(state, statement.certificate_sha256, statement.officer_id)


def _add_key(state: State, recorded: Recorded, owner_id: bytes) -> None:
    statement: OfficerAppointment | KeyRegistration = recorded.statement
    key_id = statement.header.key_ids[-1]
    state.keys[key_id] = Key(
        key_id=key_id,
        algorithm=statement.algorithm,
        public_key=statement.public_key,
        owner_id=owner_id,
        registered_index=recorded.index,
    )


def decide_key_registration(state: State, command: Command[KeyRegistration]) -> Decision:
    """Register a participant's key: two key administrators and proof of possession."""
    statement = command.statement
    if statement.participant_id not in state.participants:
        return missing("the participant")
    refusals = Refusals()
    authority.check_key_administrators(refusals, state, command, new_key=True)
    _check_new_key(refusals, state, command)
    if refusals.first:
        return refusals.first
    key_id = statement.header.key_ids[-1]
    links = (state.link(LinkKind.KEY, key_id), state.link(LinkKind.PARTICIPANT, statement.participant_id))
    return (_key_draft(state, KeyRegistered(), key_id, links, command.keys[:-1]),)


def evolve_key_registered(state: State, recorded: Recorded) -> None:
    """Fold a key registration."""
    _add_key(state, recorded, recorded.statement.participant_id)


def _key_draft(
    state: State,
    payload: object,
    key_id: bytes,
    links: tuple[Link, ...],
    signers: tuple[Key | None, ...],
) -> Draft:
    first = signers[0]
    owner_id = first.owner_id if first is not None else b""
    return Draft(
        payload=payload,
        stream_id=f"key/{key_id.hex()}",
        actor=owner_id or state.ledger().ledger_id,
        premises=authority.key_premises(signers),
        links=links,
    )


def _check_key_authority(
    refusals: Refusals,
    state: State,
    command: Command[KeyRetirement] | Command[KeyRevocation] | Command[RevocationCorrection],
    key: Key,
    *,
    owner_may: bool,
) -> None:
    first = command.keys[0]
    if owner_may and len(command.keys) == 1 and first is not None and first.owner_id == key.owner_id != b"":
        authority.check_parties(refusals, command, key.owner_id)
    elif key.owner_id in state.participants:
        authority.check_key_administrators(refusals, state, command, new_key=False)
    else:
        authority.check_roots(refusals, state, command, new_key=False)


def decide_key_retirement(state: State, command: Command[KeyRetirement]) -> Decision:
    """Let a key sign nothing after `until_ms`."""
    statement = command.statement
    checks.expect(statement.until_ms >= 0, "until_ms: 0 or later")
    key = state.keys.get(statement.key_id)
    if key is None:
        return Rejection(Reason.KEY_UNKNOWN, "the key is not registered")
    refusals = Refusals()
    _check_key_authority(refusals, state, command, key, owner_may=False)
    if key.invalid_since_ms is not None or key.until_ms is not None:
        refusals.add(Reason.KEY_REVOKED, "the key is revoked or retired already", key.registered_index)
    if refusals.first:
        return refusals.first
    links = (state.link(LinkKind.KEY, key.key_id),)
    return (_key_draft(state, KeyRetired(), key.key_id, links, command.keys),)


def evolve_key_retired(state: State, recorded: Recorded) -> None:
    """Fold a retirement."""
    key = state.keys[recorded.statement.key_id]
    state.keys[key.key_id] = replace(key, until_ms=recorded.statement.until_ms)


def decide_key_revocation(state: State, command: Command[KeyRevocation]) -> Decision:
    """Revoke a key for ever."""
    statement = command.statement
    checks.expect(statement.invalid_since_ms >= 0, "invalid_since_ms: 0 or later")
    key = state.keys.get(statement.key_id)
    if key is None:
        return Rejection(Reason.KEY_UNKNOWN, "the key is not registered")
    refusals = Refusals()
    _check_key_authority(refusals, state, command, key, owner_may=True)
    if key.invalid_since_ms is not None:
        text = "the key is revoked; allowed: revocation-correction"
        refusals.add(Reason.KEY_REVOKED, text, key.registered_index)
    if refusals.first:
        return refusals.first
    links = (state.link(LinkKind.KEY, key.key_id),)
    return (_key_draft(state, KeyRevoked(), key.key_id, links, command.keys),)


def evolve_key_revoked(state: State, recorded: Recorded) -> None:
    """Fold a revocation or its correction."""
    key = state.keys[recorded.statement.key_id]
    state.keys[key.key_id] = replace(key, invalid_since_ms=recorded.statement.invalid_since_ms)


def decide_revocation_correction(state: State, command: Command[RevocationCorrection]) -> Decision:
    """Move the time since when a revoked key is invalid earlier; its owner has no say in it."""
    statement = command.statement
    checks.expect(statement.invalid_since_ms >= 0, "invalid_since_ms: 0 or later")
    key = state.keys.get(statement.key_id)
    if key is None:
        return Rejection(Reason.KEY_UNKNOWN, "the key is not registered")
    refusals = Refusals()
    _check_key_authority(refusals, state, command, key, owner_may=False)
    if key.invalid_since_ms is None or statement.invalid_since_ms >= key.invalid_since_ms:
        text = "the key is not revoked, or not from a later time"
        refusals.add(Reason.STATE_CONFLICT, text, key.registered_index)
    if refusals.first:
        return refusals.first
    links = (state.link(LinkKind.KEY, key.key_id),)
    return (_key_draft(state, RevocationCorrected(), key.key_id, links, command.keys),)


def _check_certificate_free(refusals: Refusals, state: State, fingerprint: bytes, owner_id: bytes) -> None:
    holder = state.certificates.get(fingerprint) if fingerprint else None
    if holder is not None and holder != owner_id:
        refusals.add(Reason.STATE_CONFLICT, "the certificate belongs to another")


def decide_certificate_registration(state: State, command: Command[CertificateRegistration]) -> Decision:
    """Bind a TLS certificate to its owner in place of the earlier one."""
    statement = command.statement
    checks.check_digest(statement.certificate_sha256, "certificate_sha256")
    owner_id = statement.participant_id
    if owner_id not in state.participants and owner_id not in state.officers:
        return missing("the participant or officer")
    refusals = Refusals()
    authority.check_key_administrators(refusals, state, command, new_key=False)
    _check_certificate_free(refusals, state, statement.certificate_sha256, owner_id)
    if refusals.first:
        return refusals.first
    first = command.keys[0]
    draft = Draft(
        payload=CertificateRegistered(),
        stream_id=f"participant/{owner_id.hex()}",
        actor=first.owner_id if first is not None else b"",
        premises=authority.key_premises(command.keys),
        links=(state.link(LinkKind.PARTICIPANT, owner_id),),
    )
    return (draft,)


def evolve_certificate_registered(state: State, recorded: Recorded) -> None:
    """Fold a certificate."""
    _bind_certificate(state, recorded.statement.certificate_sha256, recorded.statement.participant_id)


def _bind_certificate(state: State, fingerprint: bytes, owner_id: bytes) -> None:
    if fingerprint:
        state.certificates[fingerprint] = owner_id
        state.fingerprint_of[owner_id] = fingerprint
