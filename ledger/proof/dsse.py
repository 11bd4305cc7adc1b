"""DSSE v1: signing a typed payload over its pre-authentication encoding.

It must not parse payloads or envelopes, and no DSSE key id decides anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.proof.signing import Signer, Verifier


def pae(payload_type: str, payload: bytes) -> bytes:
    """`DSSEv1 LEN(type) type LEN(payload) payload`, lengths in bytes (DSSE v1, "Signature Definition")."""
    type_bytes = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(type_bytes), type_bytes, len(payload), payload)


def sign_payload(signer: Signer, *, payload_type: str, payload: bytes) -> bytes:
    """The signature over PAE(type, payload) (DSSE protocol, "Signing")."""
    return signer.sign(pae(payload_type, payload))


def verify_payload(verifier: Verifier, *, payload_type: str, payload: bytes, signature: bytes) -> bytes:
    """The payload, once the signature over PAE(type, payload) verifies; VerificationError otherwise."""
    verifier.verify(signature, pae(payload_type, payload))
    return payload
