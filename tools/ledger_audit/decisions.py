"""Who decides: officers of given roles with a basis, or one party for itself.

It must not know what is decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger_audit import signatures
from ledger_audit.dossiers import Signing
from ledger_audit.form import check_basis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger_audit.dossiers import Leaf
    from ledger_audit.entities import Officer
    from ledger_audit.fold import Fold
    from ledger_audit.frame import Act


def decide(
    fold: Fold, act: Act, roles: Sequence[int], *, bureau_id: bytes | None = None
) -> list[Officer | None]:
    """Officers of exactly these roles sign, in order, and the basis names the first one's (I12).

    `bureau_id` is the programme's, None where no programme is concerned.
    """
    officers = signatures.require_officers(fold.state, act, roles)
    check_basis(fold.state, act, officers, role=roles[0], bureau_id=bureau_id)
    act.actor = act.first_owner
    return officers


def signing(act: Act, officers: Sequence[Officer | None]) -> Signing | None:
    """The first officer's signature, None where the signer is no officer."""
    key, officer = (act.keys[0], officers[0]) if act.keys and officers else (None, None)
    if key is None or officer is None:
        return None
    return Signing(officer.role, key, officer.person, act.event.recorded_ms)


def check_apart(act: Act, mine: Signing | None, other: Signing | None) -> None:
    """Two decisions are those of different keys and persons (I12)."""
    if mine is not None and other is not None and (mine.key is other.key or mine.person == other.person):
        office = signatures.ROLE_NAMES.get(other.office, str(other.office))
        act.fail("i12_separation", f"another person than the {office}", mine.key.key_id)


def by_party(fold: Fold, act: Act, participant_id: bytes) -> None:
    """One key of the participant signs, and the participant is the actor."""
    signatures.require_count(fold.state, act, 1)
    signatures.require_party(fold.state, act, 0, participant_id)
    act.actor = participant_id


def leaf_of(act: Act) -> Leaf:
    """The leaf of this event, as later decisions name it."""
    return act.index, act.leaf_hash


__all__ = ["by_party", "check_apart", "decide", "leaf_of", "signing"]
