"""Who signed: which keys a statement names, whether they are active, and what role they give.

Verifying the signatures themselves is in `scan`. It must not know what an act does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger_audit.entities import OFFICER, PARTY, ROOT, Key, Officer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger_audit.frame import Act
    from ledger_audit.state import State


def is_active(key: Key, recorded_ms: int) -> bool:
    """Whether a key that an earlier leaf registered may sign at this time (I20)."""
    return not key.revoked and recorded_ms <= key.until_ms


def resolve(state: State, act: Act) -> None:
    """Look up the keys of the first envelope; a key that is not active is a finding (I20)."""
    key_ids = list(act.statement.header.key_ids)
    count = len(act.event.envelopes[0].signatures)
    if len(key_ids) != count or len(set(key_ids)) != len(key_ids) or not key_ids:
        act.fail("signers", f"{count} different key ids", f"{len(set(key_ids))} of {len(key_ids)}")
    recorded_ms = act.event.recorded_ms
    act.keys = [state.keys.get(key_id) for key_id in key_ids]
    old = 0 if act.kind == "ledger_opened" else len(key_ids) - act.has_new_key
    for key_id, key in zip(key_ids[:old], act.keys[:old], strict=True):
        if key is None:
            act.fail("key_active", "a registered key", f"{key_id.hex()} is not registered")
        elif key.revoked:
            act.fail("key_active", "a key that is not revoked", f"{key_id.hex()} is revoked")
        elif recorded_ms > key.until_ms:
            act.fail("key_active", f"recorded at or before {key.until_ms}", recorded_ms)


def require_roots(state: State, act: Act, keys: Sequence[Key | None]) -> None:
    """R: at least the threshold of different roots."""
    persons = {key.person for key in keys if key is not None and key.holder == ROOT}
    if len(persons) < state.threshold or len(persons) != len(keys):
        act.fail("signers", f"{state.threshold} different roots", describe(state, keys))


def require_administrators(state: State, act: Act, keys: Sequence[Key | None]) -> None:
    """K: two key administrators, different persons."""
    officers = [officer_of(state, key) for key in keys]
    persons = {officer.person for officer in officers if officer is not None and officer.role == 1}
    if len(keys) != 2 or len(persons) != 2:  # noqa: PLR2004 - two of them
        act.fail("signers", "two key administrators", describe(state, keys))


def require_officers(state: State, act: Act, roles: Sequence[int]) -> list[Officer | None]:
    """Exactly these roles, in order; the officers, None where a signer is none."""
    officers = [officer_of(state, key) for key in act.keys]
    if [officer.role if officer else 0 for officer in officers] != list(roles):
        names = [ROLE_NAMES.get(role, str(role)) for role in roles]
        act.fail("signers", ", ".join(names), describe(state, act.keys))
    return officers


def require_party(state: State, act: Act, position: int, participant_id: bytes) -> None:
    """The signer at this position is a key registered for the participant."""
    key = act.keys[position] if position < len(act.keys) else None
    if key is None or key.holder != PARTY or key.owner != participant_id:
        act.fail("signers", f"a key of {participant_id.hex()}", describe(state, [key]))


def require_count(state: State, act: Act, count: int) -> None:
    """Exactly so many signers."""
    if len(act.keys) != count:
        act.fail("signers", f"{count} signers", describe(state, act.keys))


def officer_of(state: State, key: Key | None) -> Officer | None:
    """The officer who holds the key."""
    return state.officers.get(key.owner) if key is not None and key.holder == OFFICER else None


def describe(state: State, keys: Sequence[Key | None]) -> str:
    """Signers as a finding shows them."""
    names = []
    for key in keys:
        officer = officer_of(state, key)
        if key is None:
            names.append("unknown")
        elif officer is not None:
            names.append(ROLE_NAMES.get(officer.role, str(officer.role)))
        else:
            names.append("root" if key.holder == ROOT else f"participant {key.owner.hex()}")
    return ", ".join(names) or "nobody"


KEY_ADMINISTRATOR, CLERK, REVIEWER, APPROVER, PAYER, AUDITOR = 1, 2, 3, 4, 5, 6
ROLE_NAMES = {
    KEY_ADMINISTRATOR: "key administrator",
    CLERK: "clerk",
    REVIEWER: "reviewer",
    APPROVER: "approver",
    PAYER: "payer",
    AUDITOR: "auditor",
    7: "operator",
}
