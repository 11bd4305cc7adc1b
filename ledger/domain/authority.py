"""Who has to sign what: roles, persons, parties and keys at the index of the decision (rules I12, I20).

Signatures themselves are verified elsewhere; here only their verdict is read. The table of signers is in
docs/reference/format.md, section 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.domain.journal import Premise, PremiseKind
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import Role

if TYPE_CHECKING:
    from ledger.domain.commands import Command, Refusals
    from ledger.domain.entities import Key, Officer
    from ledger.domain.state import State
    from ledger.domain.statements import DecisionBasis, SubjectReference


def key_premises(keys: tuple[Key | None, ...]) -> tuple[Premise, ...]:
    """One KEY premise for each signature, in order."""
    return tuple(Premise(PremiseKind.KEY, key.registered_index) for key in keys if key is not None)


def check_keys(refusals: Refusals, command: Command[Any], *, signers: int) -> bool:
    """Check that `signers` registered, active keys signed; True if who they are can be looked at."""
    if len(command.keys) != signers:
        refusals.add(Reason.MALFORMED, f"this act needs {signers} signature(s), not {len(command.keys)}")
        return False
    known = True
    for key in command.keys:
        if key is None:
            refusals.add(Reason.KEY_UNKNOWN, "a signing key is not registered")
            known = False
        elif not key.active_at(command.now_ms):
            refusals.add(Reason.KEY_REVOKED, "a signing key is revoked or retired", key.registered_index)
    if known and not command.signatures_hold:
        refusals.add(Reason.BAD_SIGNATURE, "a signature does not verify")
    return known


def check_parties(refusals: Refusals, command: Command[Any], *parties: bytes) -> None:
    """Check that signature n is by an active key of party n."""
    if not check_keys(refusals, command, signers=len(parties)):
        return
    for key, party in zip(command.keys, parties, strict=True):
        if key is not None and key.owner_id != party:
            refusals.add(Reason.NOT_AUTHORISED, "signed by another participant than the act needs")


def check_officers(
    refusals: Refusals, state: State, command: Command[Any], *roles: Role, basis: DecisionBasis | None = None
) -> tuple[Officer, ...]:
    """Check that signature n is by an active officer of role n and that the persons differ.

    A basis has to name the first one's office. Gives the officers, or () where they cannot be told.
    """
    if not check_keys(refusals, command, signers=len(roles)):
        return ()
    return _officers(refusals, state, command.keys, roles, basis)


def _officers(
    refusals: Refusals,
    state: State,
    keys: tuple[Key | None, ...],
    roles: tuple[Role, ...],
    basis: DecisionBasis | None,
) -> tuple[Officer, ...]:
    found: list[Officer] = []
    for key, role in zip(keys, roles, strict=True):
        officer = state.officers.get(key.owner_id) if key is not None else None
        if officer is None or officer.role != role:
            refusals.add(Reason.SEPARATION_OF_DUTY, f"this act needs a signature in the role {role.name}")
            return ()
        found.append(officer)
    if len({officer.person_tag for officer in found}) != len(found):
        refusals.add(Reason.SEPARATION_OF_DUTY, "two signatures are by one person")
    if basis is not None:
        check_basis(refusals, tuple(found), basis)
    return tuple(found)


def check_basis(refusals: Refusals, officers: tuple[Officer, ...], basis: DecisionBasis) -> None:
    """Check that a decision names the bureau and the role of those who signed it (rule I12)."""
    if any(officer.bureau_id != basis.bureau_id for officer in officers):
        refusals.add(Reason.NOT_AUTHORISED, "an officer of another bureau signed")
    if officers and officers[0].role != basis.role:
        refusals.add(Reason.SEPARATION_OF_DUTY, "the decision names another role than the signer's")


def check_bureau(refusals: Refusals, basis: DecisionBasis, bureau_id: bytes) -> None:
    """Check that a decision about a programme is taken in the programme's bureau."""
    if basis.bureau_id != bureau_id:
        refusals.add(Reason.NOT_AUTHORISED, "the programme belongs to another bureau")


def check_key_administrators(
    refusals: Refusals, state: State, command: Command[Any], *, new_key: bool
) -> None:
    """Check two key administrators, followed by the new key itself where one is registered."""
    keys = command.keys
    signers = 3 if new_key else 2
    if len(keys) != signers:
        refusals.add(Reason.SEPARATION_OF_DUTY, "this act needs the signatures of two key administrators")
        return
    _check_active(refusals, command, keys[:2])
    roles = (Role.KEY_ADMINISTRATOR, Role.KEY_ADMINISTRATOR)
    if all(key is not None for key in keys[:2]):
        _officers(refusals, state, keys[:2], roles, None)


def check_roots(refusals: Refusals, state: State, command: Command[Any], *, new_key: bool) -> None:
    """Check the threshold of different roots, followed by the new key where one is registered."""
    info = state.ledger()
    keys = command.keys[:-1] if new_key else command.keys
    _check_active(refusals, command, keys)
    persons = {
        info.root_persons[key.key_id] for key in keys if key is not None and key.key_id in info.root_persons
    }
    if len(persons) < info.root_threshold or len(persons) != len(keys):
        refusals.add(Reason.SEPARATION_OF_DUTY, f"this act needs {info.root_threshold} different roots")


def _check_active(refusals: Refusals, command: Command[Any], keys: tuple[Key | None, ...]) -> None:
    for key in keys:
        if key is None:
            refusals.add(Reason.KEY_UNKNOWN, "a signing key is not registered")
        elif not key.active_at(command.now_ms):
            refusals.add(Reason.KEY_REVOKED, "a signing key is revoked or retired", key.registered_index)
    if not command.signatures_hold:
        refusals.add(Reason.BAD_SIGNATURE, "a signature does not verify")


def actor_of(command: Command[Any]) -> bytes:
    """The owner of the first signing key: who carries the act."""
    first = command.keys[0] if command.keys else None
    return first.owner_id if first is not None else b""


def check_subject(
    refusals: Refusals, subject: SubjectReference, *, index: int, leaf_hash: bytes, what: str
) -> None:
    """Check that a decision's subject is the leaf that it has to have seen (rule I12)."""
    if (subject.leaf_index, subject.leaf_hash) != (index, leaf_hash):
        refusals.add(Reason.STATE_CONFLICT, f"the subject is not {what}", index)
