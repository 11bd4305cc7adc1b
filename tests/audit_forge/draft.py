"""Drafts of events, and sealing them: signing, chaining, tree, checkpoint, tiles and bundles."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from audit_forge.digest import DIGEST, fill_digest
from ledger.proof.checkpoint import Checkpoint, sign_checkpoint
from ledger.proof.dsse import sign_payload
from ledger.proof.ed25519 import ED25519, Signer
from ledger.proof.hashing import leaf_hash
from ledger.proof.keys import key_id
from ledger.proof.merkle import Frontier
from ledger.proof.tiles import TILE_WIDTH, bundle_at, encode_bundle, grown_tiles
from ledger.proof.vkey import ED25519_TYPE, VKey
from ledger.v1 import event_pb2

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ORIGIN = "ledger.example.org/sz/e0"
ACT_NAMES = {
    "ledger_opened": "genesis",
    "officer_appointed": "officer-appointment",
    "key_registered": "key-registration",
    "key_retired": "key-retirement",
    "key_revoked": "key-revocation",
    "revocation_corrected": "revocation-correction",
    "certificate_registered": "certificate-registration",
    "participant_registered": "participant-registration",
    "provider_admitted": "provider-admission",
    "provider_standing_changed": "provider-standing",
    "holding_declared": "holding-declaration",
    "personal_data_erased": "personal-data-erasure",
    "devices_registered": "device-registration",
    "programme_opened": "programme-opening",
    "policy_published": "policy-publication",
    "calendar_published": "calendar-publication",
    "funds_allocated": "fund-allocation",
    "contract_registered": "contract-registration",
    "invoice_registered": "invoice-registration",
    "payment_registered": "payment-registration",
    "acceptance_registered": "acceptance-registration",
    "invoice_cancelled": "invoice-cancellation",
    "outside_support_declared": "outside-support",
    "application_submitted": "application-submission",
    "award_applied": "award-application",
    "application_returned": "application-return",
    "application_resubmitted": "application-resubmission",
    "application_checked": "application-check",
    "application_reviewed": "application-review",
    "application_publicised": "application-publication",
    "objection_recorded": "objection-record",
    "objection_decided": "objection-decision",
    "application_rejected": "application-rejection",
    "application_withdrawn": "application-withdrawal",
    "voucher_issued": "voucher-grant",
    "grant_queued": "voucher-grant",
    "voucher_held": "voucher-hold",
    "hold_released": "hold-release",
    "voucher_revoked": "voucher-revocation",
    "claim_accepted": "usage-attestation",
    "service_claim_accepted": "service-attestation",
    "claims_set_aside": "claim-setting-aside",
    "reconfirmed": "reconfirmation",
    "redemption_requested": "redemption-request",
    "redemption_verified": "redemption-verification",
    "redemption_approved": "redemption-approval",
    "payment_ordered": "payment-order",
    "payment_confirmed": "payment-confirmation",
    "payment_failed": "payment-failure",
    "clawback_opened": "clawback-opening",
    "clawback_notified": "clawback-notice",
    "clawback_appealed": "clawback-appeal",
    "clawback_determined": "clawback-determination",
    "repayment_received": "repayment-receipt",
    "fine_imposed": "fine",
    "recoverable_written_off": "write-off",
}
SYSTEM = (
    "voucher_allotted",
    "voucher_expired",
    "voucher_closed",
    "claim_refused",
    "quotas_published",
    "refusals_suppressed",
    DIGEST,
)
"""Event types without a statement of their own."""


def ident(label: str, size: int = 16) -> bytes:
    """A fixed pseudo-random id."""
    return sha256(label.encode()).digest()[:size]


class Actor:
    """Somebody with a key."""

    def __init__(self, name: str, *, owner: bytes | None = None) -> None:
        self.name = name
        self.id = owner if owner is not None else ident(name)
        self.signer = Signer.from_seed(ident("seed " + name, 32))
        self.public_key = self.signer.public_key
        self.key_id = key_id(ED25519, self.public_key)
        self.person = ident("person " + name, 32)


@dataclass
class Draft:
    """An event before it is sealed; tests change drafts and seal again."""

    kind: str
    event: event_pb2.Event
    statement: Any = None
    signers: list[Actor] = field(default_factory=list)
    subject: int | None = None
    carry: int | None = None
    follows: bool = False
    """Whether it belongs to the request of the draft before."""
    patch: Callable[[event_pb2.Event], None] | None = None
    """Applied to the finished event, after signing."""
    patch_payload: Callable[[bytes], bytes] | None = None
    """Applied to the payload before it is signed."""
    patch_bytes: Callable[[bytes], bytes] | None = None
    """Applied to the event's bytes."""
    sign_as: list[Actor] | None = None
    """Who really signs, where not those that the header names."""


LOG = Actor("log")
VKEY = VKey(ORIGIN, ED25519_TYPE, LOG.public_key).render()


def seal(drafts: list[Draft]) -> list[bytes]:
    """Sign and chain all drafts; a draft that is sealed twice gives the same bytes."""
    entries: list[bytes] = []
    hashes: list[bytes] = []
    events: list[event_pb2.Event] = []
    previous = bytes(32)
    for index, draft in enumerate(drafts):
        event = event_pb2.Event()
        event.CopyFrom(draft.event)
        event.index = index
        event.prev_leaf_hash = previous
        if not event.rules_version:
            event.rules_version = 1
        if draft.statement is not None:
            _add_envelope(draft, event, hashes)
        elif draft.follows:
            event.request_id, event.request_digest = events[-1].request_id, events[-1].request_digest
        if draft.kind == DIGEST:
            fill_digest(event, index, zip(events, drafts, strict=False))
        if draft.carry is not None:
            event.envelopes.add().CopyFrom(events[draft.carry].envelopes[0])
        getattr(event, draft.kind).SetInParent()
        if draft.patch is not None:
            draft.patch(event)
        data = event.SerializeToString(deterministic=True)
        if draft.patch_bytes is not None:
            data = draft.patch_bytes(data)
        entries.append(data)
        events.append(event)
        previous = leaf_hash(data)
        hashes.append(previous)
    return entries


def _add_envelope(draft: Draft, event: event_pb2.Event, hashes: list[bytes]) -> None:
    statement = draft.statement
    if draft.subject is not None:
        statement.subject.leaf_index = draft.subject
        statement.subject.leaf_hash = hashes[draft.subject]
    del statement.header.key_ids[:]
    statement.header.key_ids.extend(actor.key_id for actor in draft.signers)
    payload: bytes = statement.SerializeToString(deterministic=True)
    if draft.patch_payload is not None:
        payload = draft.patch_payload(payload)
    envelope = event.envelopes.add()
    envelope.payload_type = f"application/vnd.voucher-ledger.{ACT_NAMES[draft.kind]}.v1+protobuf"
    envelope.payload = payload
    for actor in draft.sign_as if draft.sign_as is not None else draft.signers:
        signature = sign_payload(actor.signer, payload_type=envelope.payload_type, payload=payload)
        envelope.signatures.add(algorithm=ED25519, signature=signature)
    event.request_id = statement.header.request_id
    event.request_digest = sha256(payload).digest()


def checkpoint(entries: list[bytes], *, signer: Actor = LOG, root: bytes | None = None) -> bytes:
    """The signed note over these entries."""
    frontier = Frontier()
    frontier.extend(leaf_hash(entry) for entry in entries)
    head = Checkpoint(ORIGIN, len(entries), frontier.root() if root is None else root)
    return sign_checkpoint(head, signer.signer)


def write(entries: list[bytes], directory: Path, *, note: bytes | None = None) -> Path:
    """An export directory of these entries."""
    hashes = [leaf_hash(entry) for entry in entries]
    for path, data in grown_tiles(old_size=0, leaf_hashes=hashes, load_tile=refuse_tile):
        _put(directory / path.render(), data)
    for start in range(0, len(entries), TILE_WIDTH):
        path = bundle_at(index=start // TILE_WIDTH, size=len(entries))
        _put(directory / path.render(), encode_bundle(entries[start : start + TILE_WIDTH]))
    _put(directory / "checkpoint", checkpoint(entries) if note is None else note)
    return directory


def refuse_tile(_: object) -> bytes:
    raise AssertionError("an empty tree has no tiles")


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
