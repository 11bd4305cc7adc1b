"""`duplicate_evidence`: evidence that is registered twice, used beyond its amount, cancelled or foreign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.v1 import event_pb2
from ledger_audit.fraud.leaves import Leaf, NotShown
from ledger_audit.fraud.proof_type import Lead, ProofType, Roles, Search
from ledger_audit.fraud.verdict import Shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.reader import Reader

_LINKS = {
    "invoice_registered": event_pb2.LINK_KIND_INVOICE,
    "payment_registered": event_pb2.LINK_KIND_PAYMENT,
}
_CONTRACT = event_pb2.PREMISE_KIND_CONTRACT
_CLAIMS = frozenset({"claim_accepted", "service_claim_accepted"})
_REGISTERED = frozenset({*_LINKS, "acceptance_registered"})
_ONCE = "A fingerprint of evidence is registered once (I5)."
_UP_TO = "Evidence is used at most up to its amount, over all redemptions (I5)."
_OWN = "A redemption uses claims of its own voucher, invoices and payments of its own contract (I5, I7)."
_VALID = "An invoice that was cancelled is used no more (I5)."


def judge(case: Case) -> Shown:
    """The accused leaf registers evidence again or uses it; `evidence` is its registration or cancellation.

    `uses` are other requests that use it: what all of them use together counts.
    """
    leaf, evidence = case.accused, case.need("evidence")
    if evidence.index >= leaf.index:
        raise NotShown("the evidence's leaf is not an earlier one")
    if leaf.kind in _REGISTERED:
        return _registered_twice(leaf, evidence)
    if leaf.kind != "redemption_requested":
        raise NotShown(f"{leaf.name} neither registers nor uses evidence")
    if evidence.kind == "invoice_cancelled":
        return _cancelled(leaf, evidence)
    if evidence.kind in _CLAIMS:
        return _other_voucher(leaf, evidence)
    return _overused(leaf, evidence, case.many("uses"))


def fingerprint_of(leaf: Leaf) -> bytes:
    """The fingerprint that a leaf registers."""
    said = leaf.said
    return bytes(said.document_digest if leaf.kind == "acceptance_registered" else said.fingerprint)


def _registered_twice(leaf: Leaf, evidence: Leaf) -> Shown:
    if evidence.kind not in _REGISTERED or fingerprint_of(evidence) != fingerprint_of(leaf):
        raise NotShown(f"{evidence.name} registers no evidence with the fingerprint of {leaf.name}")
    name = fingerprint_of(leaf).hex()
    party = leaf.event.actor if leaf.event.actor == evidence.event.actor else b""
    return Shown(
        _ONCE,
        f"{evidence.name} and {leaf.name} both register the fingerprint {name}",
        party=party,
        signed=(evidence, leaf) if party else (),
    )


def _cancelled(leaf: Leaf, evidence: Leaf) -> Shown:
    name = evidence.said.fingerprint
    if all(use.fingerprint != name for use in leaf.said.invoices):
        raise NotShown(f"{leaf.name} uses no invoice that {evidence.name} cancelled")
    return Shown(_VALID, f"{leaf.name} uses the invoice {name.hex()}, which {evidence.name} had cancelled")


def _other_voucher(leaf: Leaf, claim: Leaf) -> Shown:
    if claim.said.claim_id not in leaf.said.claim_ids or claim.said.voucher_id == leaf.said.voucher_id:
        raise NotShown(f"{claim.name} is no claim of another voucher that {leaf.name} redeems")
    return Shown(
        _OWN,
        f"{leaf.name} redeems on the voucher {leaf.said.voucher_id.hex()} the claim of {claim.name} on the"
        f" voucher {claim.said.voucher_id.hex()}",
    )


def _overused(leaf: Leaf, evidence: Leaf, uses: list[Leaf]) -> Shown:
    kind = _LINKS.get(evidence.kind)
    if kind is None:
        raise NotShown(f"{evidence.name} registers nothing that is used up")
    name, amount_fen = fingerprint_of(evidence), evidence.said.amount_fen
    used = sum(_used(leaf, kind, name))
    if not used:
        raise NotShown(f"{leaf.name} does not use the evidence of {evidence.name}")
    others = [(other, sum(_used(other, kind, name))) for other in uses if other.index != leaf.index]
    together = used + sum(amount for _, amount in others)
    mine, its = leaf.premises(_CONTRACT), evidence.premises(_CONTRACT)
    if mine and mine != its:
        return Shown(
            _OWN,
            f"{leaf.name} rests on the contract of leaf {mine[0]}; {evidence.name}, which it uses, is of the"
            f" one of leaf {its[0] if its else 'none'}",
        )
    link = leaf.link(kind, name)
    stated = link.totals[0] if link is not None and link.totals else 0
    most = max(together, stated)
    if most <= amount_fen:
        raise NotShown(f"{most} fen are used, the evidence is good for {amount_fen} fen")
    counted = [other.name for other, amount in others if amount] if together > amount_fen else []
    who = " and ".join([leaf.name, *counted])
    return Shown(
        _UP_TO,
        f"by {who} {most} fen are used of the evidence {name.hex()}, which {evidence.name} registers"
        f" with {amount_fen} fen",
        {"amount_fen": amount_fen, "used_fen": most},
    )


def _used(leaf: Leaf, kind: int, fingerprint: bytes) -> Iterator[int]:
    """The amounts of an evidence that a request names."""
    if leaf.kind != "redemption_requested":
        raise NotShown(f"{leaf.name} is no request of a redemption")
    named = leaf.said.invoices if kind == event_pb2.LINK_KIND_INVOICE else leaf.said.payments
    return (use.amount_fen for use in named if use.fingerprint == fingerprint)


def search(reader: Reader, lead: Lead) -> Search:
    """With registration, cancellation and the other requests of each evidence that the leaf names."""
    leaf = reader.leaf(lead.index)
    if leaf.kind in _REGISTERED:
        names = [fingerprint_of(leaf)]
    elif leaf.kind == "redemption_requested":
        names = [use.fingerprint for use in (*leaf.said.invoices, *leaf.said.payments)]
        names += leaf.said.claim_ids
    else:
        return []
    found: list[Roles] = []
    for name in names:
        hits = yield name
        others = [other for at in hits if at != leaf.index and (other := reader.leaf_if(at)) is not None]
        uses = [other.index for other in others if other.kind == "redemption_requested"]
        for other in others:
            if other.index < leaf.index and other.kind in {*_REGISTERED, *_CLAIMS, "invoice_cancelled"}:
                found.append({"evidence": [other.index]})
                if uses and other.kind in _LINKS:
                    found.append({"evidence": [other.index], "uses": uses})
    return found


TYPE = ProofType(
    "duplicate_evidence",
    "evidence that is registered twice, used beyond its amount, or after its cancellation",
    frozenset({"evidence", "uses", "authority"}),
    judge,
    search,
)
