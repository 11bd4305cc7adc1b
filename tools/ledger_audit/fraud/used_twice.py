"""`used_twice`: two leaves that use what can be used once: an id, a number, a claim, an instalment."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ledger_audit.fraud.leaves import Leaf, NotShown
from ledger_audit.fraud.proof_type import Lead, ProofType, Roles, Search
from ledger_audit.fraud.verdict import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.reader import Reader

Use = tuple[str, bytes]
"""What is used, in words, and which of them."""
_CLAIMS = frozenset({"claim_accepted", "service_claim_accepted"})


def _ids(what: str, *fields: str) -> Callable[[Leaf], list[Use]]:
    """The use of what one or several fields of the statement name together."""

    def uses(leaf: Leaf) -> list[Use]:
        return [(what, b"".join(_as_bytes(getattr(leaf.said, field)) for field in fields))]

    return uses


def _payload_id(what: str, field: str) -> Callable[[Leaf], list[Use]]:
    """The use of what a field of the event's own message names."""

    def uses(leaf: Leaf) -> list[Use]:
        return [(what, _as_bytes(getattr(leaf.payload, field)))]

    return uses


def _several(*parts: Callable[[Leaf], list[Use]]) -> Callable[[Leaf], list[Use]]:
    def uses(leaf: Leaf) -> list[Use]:
        return [use for part in parts for use in part(leaf)]

    return uses


def _redeemed(leaf: Leaf) -> list[Use]:
    return [("redemption of the claim", claim_id) for claim_id in leaf.said.claim_ids]


def _superseding(leaf: Leaf) -> list[Use]:
    said = leaf.said
    replaces = said.HasField("superseded_index")
    return [("superseding of leaf", _as_bytes(said.superseded_index))] if replaces else []


def _approval(leaf: Leaf) -> list[Use]:
    return [("approval of the redemption", leaf.said.redemption_id + _as_bytes(leaf.payload.approvals))]


def _as_bytes(value: Any) -> bytes:
    """Ids as they are, numbers in eight bytes, so that no two lists of values give one text."""
    return value.to_bytes(8, "big", signed=value < 0) if isinstance(value, int) else bytes(value)


_PARTY = _ids("participant's or officer's id", "participant_id")
_CLAIM = _several(
    _ids("claim id", "claim_id"),
    _ids("attestation number", "provider_id", "voucher_id", "sequence"),
    _superseding,
)
_GRANT = _several(_ids("voucher id", "voucher_id"), _ids("grant of the application", "application_id"))
_END = "end of the voucher"
_REQUEST = "request id"
_USES: Mapping[str, Callable[[Leaf], list[Use]]] = MappingProxyType(
    {
        "participant_registered": _PARTY,
        "officer_appointed": _ids("participant's or officer's id", "officer_id"),
        "key_revoked": _ids("revocation of the key", "key_id"),
        "key_retired": _ids("retirement of the key", "key_id"),
        "programme_opened": _ids("programme id", "programme_id"),
        "policy_published": _ids("version of the policy", "programme_id", "version"),
        "contract_registered": _several(
            _ids("contract id", "contract_id"), _ids("contract's fingerprint", "fingerprint")
        ),
        "invoice_cancelled": _ids("cancellation of the invoice", "fingerprint"),
        "application_submitted": _ids("application id", "application_id"),
        "award_applied": _several(
            _ids("application id", "application_id"), _ids("publication of an award", "publication_digest")
        ),
        "objection_recorded": _ids("objection id", "objection_id"),
        "objection_decided": _ids("decision of the objection", "objection_id"),
        "voucher_issued": _GRANT,
        "grant_queued": _GRANT,
        "voucher_allotted": _payload_id("allotment of the voucher", "voucher_id"),
        "voucher_revoked": _ids(_END, "voucher_id"),
        "voucher_expired": _payload_id(_END, "voucher_id"),
        "voucher_closed": _payload_id(_END, "voucher_id"),
        "claim_accepted": _CLAIM,
        "service_claim_accepted": _CLAIM,
        "claim_refused": _payload_id("claim id", "claim_id"),
        "redemption_requested": _several(_ids("redemption id", "redemption_id"), _redeemed),
        "redemption_verified": _ids("verification of the redemption", "redemption_id"),
        "redemption_approved": _approval,
        "payment_ordered": _ids("payment order", "redemption_id", "instalment", "attempt"),
        "payment_confirmed": _ids("payment of the instalment", "redemption_id", "instalment"),
        "clawback_opened": _ids("clawback id", "clawback_id"),
        "clawback_determined": _ids("determination of the clawback", "clawback_id"),
        "recoverable_written_off": _ids("write-off of the clawback", "clawback_id"),
    }
)
"""What each event uses that no other event may use (docs/reference/format.md, section 4)."""


def uses_of(leaf: Leaf) -> list[Use]:
    """All that the leaf uses up."""
    event = leaf.event
    found: list[Use] = [
        ("place of the stream", event.stream_id.encode() + b"\0" + _as_bytes(event.stream_version))
    ]
    if leaf.has_statement and not event.HasField("ordinal"):
        found.append((f"{_REQUEST} of {event.actor.hex()}", event.request_id))
    found += [("registration of the key", identity) for identity in leaf.registered()]
    rule = _USES.get(leaf.kind)
    return found if rule is None else [*found, *rule(leaf)]


def judge(case: Case) -> Shown:
    """The accused leaf and an `other` one, which is earlier."""
    leaf, other = case.accused, case.need("other")
    if other.index >= leaf.index:
        raise NotShown("the other leaf is not an earlier one")
    before = set(uses_of(other))
    for what, which in uses_of(leaf):
        if (what, which) in before:
            name = (
                which.decode(errors="replace").partition("\0")[0] if what.startswith("place") else which.hex()
            )
            both = leaf.kind in _CLAIMS and other.kind in _CLAIMS
            party = leaf.said.provider_id if both and leaf.said.provider_id == other.said.provider_id else b""
            return Shown(
                "Ids, numbers and steps that may be used once are used once (I5, I10, I17).",
                f"{other.name} and {leaf.name} both use the {what} {name}",
                party=party,
                signed=(other, leaf) if party else (),
            )
    raise NotShown(f"{leaf.name} uses nothing that {other.name} has used")


def search(reader: Reader, lead: Lead) -> Search:
    """With every earlier leaf that holds one of the ids."""
    leaf = reader.leaf(lead.index)
    hits = set(lead.hints)
    for what, which in uses_of(leaf):
        for needle in _needles(what, which, leaf):
            hits.update((yield needle))
    mine = set(uses_of(leaf))
    found: list[Roles] = []
    for at in sorted(hits):
        other = reader.leaf_if(at) if at < lead.index else None
        if other is not None and mine.intersection(uses_of(other)):
            found.append({"other": [at]})
    return found


def _needles(what: str, which: bytes, leaf: Leaf) -> list[bytes]:
    """Bytes that another leaf with the same use holds."""
    if what.startswith("place"):
        return [leaf.event.stream_id.encode()]
    if what.startswith(_REQUEST):
        return [which]
    if what == "registration of the key":
        return [leaf.registered()[which].public_key]
    if what == "superseding of leaf":
        return [leaf.said.voucher_id]
    return [which[:16]]


TYPE = ProofType(
    "used_twice",
    "an id, a number, a claim or an instalment that is used twice",
    frozenset({"other", "authority"}),
    judge,
    search,
)
