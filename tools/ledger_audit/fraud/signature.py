"""`signature`: a signature that does not verify, or a key that nobody registered.

A key id is a hash of the public key: which key has to verify a signature does not depend on any leaf.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import LedgerError
from ledger.proof.dsse import verify_payload
from ledger.proof.ed25519 import ED25519, SIGNATURE_SIZE, Verifier, check_public_key, check_signature_r
from ledger.v1 import envelope_pb2, event_pb2
from ledger_audit.fraud.leaves import Leaf, NotShown
from ledger_audit.fraud.proof_type import Lead, ProofType, Search
from ledger_audit.fraud.verdict import Shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger_audit.fraud.case import Case
    from ledger_audit.fraud.reader import Reader

KEY = event_pb2.PREMISE_KIND_KEY
_VERIFIES = "Every signature verifies under the key that its statement names (I20)."
_REGISTERED = "Every signing key was registered in an earlier leaf, which the event names (I20)."


def judge(case: Case) -> Shown:
    """The accused leaf's signatures under its new keys and those of `key`, and the key leaves it names."""
    leaf = case.accused
    keys = case.many("key")
    shown = _weak_key(leaf) or _wrong_premise(leaf, keys)
    known = public_keys(leaf, *keys)
    shown = shown or _bad_signature(leaf, known)
    if shown is None:
        raise NotShown(
            "every signature verifies whose key is in the proof, and no named key leaf is a wrong one"
        )
    return shown


def verify_one(envelope: envelope_pb2.Envelope, signature: bytes, public_key: bytes) -> None:
    """Raise LedgerError unless the signature over the envelope's statement verifies under an admissible key.

    Ed25519 without cofactor (RFC 8032 section 5.1.7, the equation of encodings), R not of small order.
    """
    check_signature_r(signature)
    verify_payload(
        Verifier(public_key),
        payload_type=envelope.payload_type,
        payload=envelope.payload,
        signature=signature,
    )


def verified_ids(leaf: Leaf, known: Mapping[bytes, bytes]) -> set[bytes]:
    """The ids of those of these public keys under which a signature of the leaf's statement verifies."""
    envelope = leaf.event.envelopes[0]
    verified = set()
    for identity, signed in zip(leaf.said.header.key_ids, envelope.signatures, strict=False):
        if identity in known and signed.algorithm == ED25519:
            try:
                verify_one(envelope, signed.signature, known[identity])
            except LedgerError:
                continue
            verified.add(identity)
    return verified


def public_keys(*leaves: Leaf) -> dict[bytes, bytes]:
    """The admissible public keys that these leaves register, by key id."""
    known = {}
    for leaf in leaves:
        for identity, key in leaf.registered().items():
            try:
                known[identity] = check_public_key(key.public_key)
            except LedgerError:
                continue
    return known


def _weak_key(leaf: Leaf) -> Shown | None:
    for identity, key in leaf.registered().items():
        try:
            check_public_key(key.public_key)
        except LedgerError as error:
            return Shown(
                "A registered key is canonical, on the curve, torsion-free and not of small order.",
                f"{leaf.name} registers the key {identity.hex()}: {error.summary}",
            )
    return None


def _wrong_premise(leaf: Leaf, keys: list[Leaf]) -> Shown | None:
    """The key leaves that it names are as many as signers, earlier, and register just these keys."""
    if not leaf.has_statement:
        return None
    signing, named = leaf.signing_ids, leaf.premises(KEY)
    if len(named) != len(signing):
        text = f"{leaf.name} has {len(signing)} signers and names {len(named)} key leaves"
        return Shown(_REGISTERED, text, {"signers": len(signing), "key_leaves": len(named)})
    by_index = {key.index: key for key in keys}
    for identity, index in zip(signing, named, strict=True):
        if index is None or index >= leaf.index:
            return Shown(_REGISTERED, f"{leaf.name} names no earlier leaf for its key {identity.hex()}")
        if index in by_index and identity not in by_index[index].registered():
            return Shown(
                _REGISTERED,
                f"{leaf.name} is signed with the key {identity.hex()}; it names {by_index[index].name} as its"
                " registration, which registers no such key",
            )
    return None


def _bad_signature(leaf: Leaf, known: Mapping[bytes, bytes]) -> Shown | None:
    for envelope, statement in zip(leaf.event.envelopes, leaf.statements, strict=True):
        if statement is None:
            continue
        ids = list(statement.header.key_ids)
        if len(ids) != len(envelope.signatures) or len(set(ids)) != len(ids):
            return Shown(
                "A statement has one signature for each of the different keys that it names.",
                f"{leaf.name} names {len(set(ids))} keys and has {len(envelope.signatures)} signatures",
            )
        for identity, signed in zip(ids, envelope.signatures, strict=True):
            if signed.algorithm != ED25519 or len(signed.signature) != SIGNATURE_SIZE:
                return Shown(
                    "Signatures are of the algorithm that the genesis names.",
                    f"{leaf.name} has a signature of {len(signed.signature)} bytes under {identity.hex()},"
                    " or of another algorithm",
                )
            if identity not in known:
                continue
            try:
                verify_one(envelope, signed.signature, known[identity])
            except LedgerError as error:
                text = f"{leaf.name}: the signature under the key {identity.hex()} is wrong: {error.summary}"
                return Shown(_VERIFIES, text)
    return None


def search(reader: Reader, lead: Lead) -> Search:
    """With the leaves that it names as registrations of its keys."""
    yield from ()
    leaf = reader.leaf(lead.index)
    named = sorted({at for at in leaf.premises(KEY) if at is not None and reader.leaf_if(at) is not None})
    return [{"key": [at]} for at in named] + [{}]


TYPE = ProofType(
    "signature",
    "a signature that does not verify, or a key that nobody registered",
    frozenset({"key"}),
    judge,
    search,
)
