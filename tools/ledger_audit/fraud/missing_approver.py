"""`missing_approver`: an act without the signatures that it needs, or with two of one key or person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.acts import BY_EVENT
from ledger_audit.fraud.apart import judge_apart, search_apart
from ledger_audit.fraud.leaves import Leaf, NotShown
from ledger_audit.fraud.proof_type import Lead, ProofType, Roles, Search
from ledger_audit.fraud.signature import KEY
from ledger_audit.fraud.signers import (
    PERSONS_DIFFER,
    ROOT,
    TWO,
    Holder,
    Need,
    holders,
    need_name,
    needs,
)
from ledger_audit.fraud.verdict import Shown
from ledger_audit.signatures import KEY_ADMINISTRATOR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.reader import Reader

APPROVAL = event_pb2.PREMISE_KIND_APPROVAL
CONTRACT = event_pb2.PREMISE_KIND_CONTRACT
_SIGNERS = "Every act has the signers that it needs, in order (I12, I20; format.md, section 2)."
_PERSONS = "Where two officers sign one act they are different persons (I12)."
_ENDS = frozenset({"key_retired", "key_revoked", "revocation_corrected"})


def judge(case: Case) -> Shown:
    """The accused leaf's own envelopes; its signers by the leaves of `keys`; who may not have signed both."""
    leaf = case.accused
    shown = _unsigned(leaf) or _first_approval(case, leaf)
    if shown is None and leaf.has_statement:
        known = holders([leaf, *case.many("keys")])
        shown = _own_keys(leaf) or _wrong_signers(case, leaf, known) or judge_apart(case, leaf, known)
    if shown is None:
        raise NotShown(f"no signer of {leaf.name} is shown to be missing or wrong")
    return shown


def _unsigned(leaf: Leaf) -> Shown | None:
    """An act that people sign holds their statement."""
    spec = BY_EVENT[leaf.kind]
    if spec.statement is None:
        return None
    if not leaf.event.envelopes:
        return Shown(_SIGNERS, f"{leaf.name} holds no statement: nobody signed it")
    payload_type = leaf.event.envelopes[0].payload_type
    if payload_type != spec.payload_type:
        return Shown(
            _SIGNERS, f"{leaf.name} holds a statement of the type {payload_type!r}, which is another act"
        )
    if leaf.has_statement and not leaf.said.header.key_ids:
        return Shown(_SIGNERS, f"{leaf.name} names no signer")
    return None


def _first_approval(case: Case, leaf: Leaf) -> Shown | None:
    """The second approval holds the first one's envelope too, for the same redemption and amount."""
    if leaf.kind != "redemption_approved" or leaf.payload.approvals != TWO or not leaf.has_statement:
        return None
    if len(leaf.event.envelopes) != TWO or type(leaf.statements[1]) is not type(leaf.said):
        return Shown(_SIGNERS, f"{leaf.name}, the second approval, does not hold the first one")
    first = leaf.statements[1]
    if (first.redemption_id, first.amount_fen) != (leaf.said.redemption_id, leaf.said.amount_fen):
        return Shown(_SIGNERS, f"{leaf.name} holds a first approval of something else")
    approval = case.named(leaf, APPROVAL, "approval")
    if approval is None or approval.kind != "redemption_approved" or not approval.has_statement:
        return None
    mine, its = (
        one.SerializeToString(deterministic=True)
        for one in (leaf.event.envelopes[1], approval.event.envelopes[0])
    )
    if mine != its:
        return Shown(_SIGNERS, f"{leaf.name} holds another first approval than {approval.name}")
    return None


def _own_keys(leaf: Leaf) -> Shown | None:
    """All roots sign the genesis, and a new key signs its own registration, last."""
    ids = list(leaf.said.header.key_ids)
    registered = list(leaf.registered())
    if leaf.kind == "ledger_opened" and ids != registered and len(registered) == len(leaf.said.roots):
        return Shown(_SIGNERS, f"{leaf.name} is not signed by all its roots in their order")
    if leaf.kind in {"officer_appointed", "key_registered"} and registered and ids[-1:] != registered:
        return Shown(_SIGNERS, f"{leaf.name} is not signed by the key that it registers, last")
    return None


def _wrong_signers(case: Case, leaf: Leaf, known: Mapping[bytes, Holder]) -> Shown | None:
    """Every way in which the act may be signed is refuted by the number of signers or by whose a key is."""
    ids = leaf.signing_ids
    ways = needs(case, leaf)
    if ways is None:
        return _roots(leaf, ids, known)
    problems = [_problem(leaf, ids, way, known) for way in ways]
    if problems and all(problems):
        return Shown(_SIGNERS, str(problems[0]))
    if leaf.kind in PERSONS_DIFFER:
        return _same_person(leaf, ids, known)
    return None


def _problem(leaf: Leaf, ids: list[bytes], way: Sequence[Need], known: Mapping[bytes, Holder]) -> str:
    """Why these signers are not those of this way; empty where the leaves do not refute it."""
    wanted = ", ".join(map(need_name, way))
    if len(ids) != len(way):
        return f"{leaf.name} has {len(ids)} signers; it needs {wanted}"
    for identity, need in zip(ids, way, strict=True):
        holder = known.get(identity)
        if holder is not None and not holder.meets(need):
            return f"{leaf.name} needs {wanted}; {need_name(need)} has to sign where {holder.name} signed"
    return ""


def _roots(leaf: Leaf, ids: list[bytes], known: Mapping[bytes, Holder]) -> Shown | None:
    """By roots: not fewer than the threshold, all different persons. A key may end in other ways, too."""
    why = _not_by_roots(ids, known)
    if leaf.kind not in _ENDS:
        return Shown(_SIGNERS, f"{leaf.name} {why}") if why else None
    target = known.get(leaf.said.key_id)
    of_party = None if target is None else target.key.holder == "party"
    if of_party:
        why = f"ends a participant's key ({target.leaf.name if target else ''}); roots do not"
    others = _problem(leaf, ids, (KEY_ADMINISTRATOR, KEY_ADMINISTRATOR), known)
    if of_party is False:
        others = f"{leaf.name} ends the key of {target.name if target else ''}; key administrators do not"
    by_owner = leaf.kind == "key_revoked" and len(ids) == 1 and not _is_stranger(leaf, ids[0], known)
    if not why or not others or by_owner:
        return None
    return Shown(_SIGNERS, f"{leaf.name} {why}; {others}")


def _not_by_roots(ids: list[bytes], known: Mapping[bytes, Holder]) -> str:
    """Why the roots did not sign; empty where the leaves do not refute it."""
    if len(ids) < TWO:
        return f"has {len(ids)} signers; a threshold of roots is at least 2"
    for identity in ids:
        holder = known.get(identity)
        if holder is not None and not holder.meets(ROOT):
            return f"needs roots; {holder.name} signed"
    signed = [known[identity] for identity in ids if identity in known]
    if len(signed) < len(ids):
        return ""
    threshold = signed[0].leaf.said.root_threshold
    persons = {holder.key.person for holder in signed}
    if len(persons) < len(ids) or len(ids) < threshold:
        return f"is signed by {len(persons)} different roots; it needs {threshold}"
    return ""


def _is_stranger(leaf: Leaf, identity: bytes, known: Mapping[bytes, Holder]) -> bool:
    """Whether the signer is known to be another one than the owner of the key that the leaf ends."""
    signer, target = known.get(identity), known.get(leaf.said.key_id)
    return signer is not None and target is not None and signer.key.owner != target.key.owner


def _same_person(leaf: Leaf, ids: list[bytes], known: Mapping[bytes, Holder]) -> Shown | None:
    signed = [known[identity] for identity in ids if identity in known]
    if len(signed) == TWO and signed[0].is_person_of(signed[1]):
        return Shown(_PERSONS, f"{leaf.name} is signed by {signed[0].name} and {signed[1].name}, one person")
    return None


def search(reader: Reader, lead: Lead) -> Search:
    """With the key leaves that it names, its contract or first approval, and the decisions before it."""
    leaf = reader.leaf(lead.index)
    named = {at for at in leaf.premises(KEY) if at is not None and reader.leaf_if(at) is not None}
    base: dict[str, list[int]] = {"keys": sorted(named)} if named else {}
    found: list[Roles] = [{}, base]
    for kind, role in ((CONTRACT, "contract"), (APPROVAL, "approval")):
        at = leaf.premise(kind)
        if at is not None and reader.leaf_if(at) is not None:
            found.append({**base, role: [at]})
    if leaf.kind in _ENDS:
        hits = yield leaf.said.key_id.hex().encode()
        links = [link.prev for link in leaf.links() if link.entity == leaf.said.key_id]
        for at in [0, *hits, *(prev for prev in links if prev is not None)]:
            target = reader.leaf_if(at)
            if target is not None and leaf.said.key_id in target.registered():
                found.append({"keys": sorted({*named, at})})
    return [*found, *search_apart(reader, leaf, named)]


TYPE = ProofType(
    "missing_approver",
    "an act without the signers that it needs, or with two of one key or person",
    frozenset({"keys", "contract", "approval", "verification", "order", "handling"}),
    judge,
    search,
)
