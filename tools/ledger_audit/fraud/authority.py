"""Whether a participant itself signed two statements, so that it may be accused beside the log's operator.

An operator could write a key of its own into the log under a participant's name. So the participant is named
only where the proof also has the key's registration by two key administrators, their appointments by the
roots, and the genesis of the trust file; all their signatures are verified here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger_audit.fraud.leaves import Leaf, NotShown
from ledger_audit.fraud.signature import KEY, public_keys, verified_ids
from ledger_audit.fraud.signers import TWO, Holder, holders
from ledger_audit.signatures import KEY_ADMINISTRATOR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.reader import Reader

ROLE = "authority"


def signing_keys(case: Case, party: bytes, signed: Sequence[Leaf]) -> tuple[str, ...]:
    """The ids of the keys with which the participant signed all these leaves; none where it is not shown."""
    try:
        leaves = case.many(ROLE)
    except NotShown:
        return ()
    if not signed or not leaves or not _is_pinned(case, leaves[0]):
        return ()
    known = _trusted(leaves)
    found: dict[str, None] = {}
    for leaf in signed:
        ids = _verified(leaf, known)
        own = [identity for identity in ids if _is_of(known[identity], party)]
        if len(ids) != 1 or not own or known[own[0]].leaf.index >= leaf.index:
            return ()
        found[own[0].hex()] = None
    return tuple(found)


def _is_pinned(case: Case, genesis: Leaf) -> bool:
    return genesis.index == 0 and case.genesis is not None and genesis.leaf_hash == case.genesis


def _is_of(holder: Holder, party: bytes) -> bool:
    return holder.key.holder == "party" and holder.key.owner == party


def _trusted(leaves: Sequence[Leaf]) -> dict[bytes, Holder]:
    """Keys that the genesis registers and, in order of index, those that such keys then register."""
    trusted = holders(leaves[:1])
    for leaf in leaves[1:]:
        if not leaf.has_statement:
            continue
        signers = [trusted[identity] for identity in _verified(leaf, trusted)]
        if leaf.kind == "officer_appointed":
            roots = [holder for holder in signers if holder.key.holder == "root"]
            enough = len({holder.key.person for holder in roots}) >= leaves[0].said.root_threshold
        else:
            offices = {holder.key.person for holder in signers if holder.key.role == KEY_ADMINISTRATOR}
            enough = leaf.kind == "key_registered" and len(offices) == TWO
        if enough and all(
            identity in verified_ids(leaf, public_keys(leaf)) for identity in leaf.registered()
        ):
            trusted |= {key: holder for key, holder in holders([leaf]).items() if key not in trusted}
    return trusted


def _verified(leaf: Leaf, trusted: Mapping[bytes, Holder]) -> set[bytes]:
    """The trusted keys whose signatures of the leaf's statement verify."""
    return verified_ids(
        leaf, public_keys(*{holder.leaf.index: holder.leaf for holder in trusted.values()}.values())
    )


def authority_of(reader: Reader, signed: Sequence[Leaf]) -> list[int]:
    """The leaves that show whose keys signed: genesis, appointments of key administrators, registrations."""
    found = {0}
    for leaf in signed:
        for at in _registrations(leaf):
            registration = reader.leaf_if(at)
            if registration is not None:
                found |= {at, *_registrations(registration)}
    return sorted(at for at in found if reader.leaf_if(at) is not None)


def _registrations(leaf: Leaf) -> list[int]:
    return [at for at in leaf.premises(KEY) if at is not None]
