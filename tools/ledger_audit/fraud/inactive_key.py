"""`inactive_key`: a leaf that is signed with a key after its revocation, or recorded after its retirement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger_audit.fraud.leaves import NotShown
from ledger_audit.fraud.proof_type import Lead, ProofType, Roles, Search
from ledger_audit.fraud.verdict import Shown

if TYPE_CHECKING:
    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.reader import Reader

_ACTIVE = "Every signing key was active at the index of its event (I20)."
_ENDINGS = frozenset({"key_revoked", "key_retired"})


def judge(case: Case) -> Shown:
    """The accused leaf names the key among its signers, and `ending` is an earlier leaf that ended it."""
    leaf, ending = case.accused, case.need("ending")
    if ending.kind not in _ENDINGS or ending.index >= leaf.index:
        raise NotShown(f"{ending.name} is no earlier end of a key")
    identity = ending.said.key_id
    if identity not in leaf.signing_ids:
        raise NotShown(f"{leaf.name} is not signed with the key that {ending.name} ends")
    recorded_ms = leaf.event.recorded_ms
    if ending.kind == "key_revoked":
        return Shown(
            _ACTIVE,
            f"{leaf.name} is signed with the key {identity.hex()}, which {ending.name} had revoked",
            {"recorded_ms": recorded_ms, "revoked_ms": ending.event.recorded_ms},
        )
    until_ms = ending.said.until_ms
    if recorded_ms <= until_ms:
        raise NotShown(f"{leaf.name} was recorded at {recorded_ms} ms, the key is good until {until_ms} ms")
    return Shown(
        _ACTIVE,
        f"{leaf.name} is signed with the key {identity.hex()}, which by {ending.name} was good until"
        f" {until_ms} ms, and was recorded at {recorded_ms} ms",
        {"recorded_ms": recorded_ms, "until_ms": until_ms},
    )


def search(reader: Reader, lead: Lead) -> Search:
    """With the earlier ends of each signing key, which are on the key's stream."""
    found: list[Roles] = []
    for identity in reader.leaf(lead.index).signing_ids:
        for at in (yield f"key/{identity.hex()}".encode()):
            ending = reader.leaf_if(at) if at < lead.index else None
            if ending is not None and ending.kind in _ENDINGS:
                found.append({"ending": [at]})
    return found


TYPE = ProofType(
    "inactive_key",
    "a signature with a key that was revoked or past its end",
    frozenset({"ending"}),
    judge,
    search,
)
