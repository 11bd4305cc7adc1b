"""Signed statements as plain values, between the wire and the rules.

This module must not verify signatures or look at what a statement says.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.v1.envelope_pb2 import Envelope

MAX_PAYLOAD_SIZE = 45_000


@dataclass(frozen=True, slots=True)
class SignedEnvelope:
    """A statement as it was received; `signatures` are (algorithm, signature) in signer order."""

    payload_type: str
    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]

    def digest(self) -> bytes:
        """SHA-256 of the payload."""
        return sha256(self.payload).digest()


def from_message(message: Envelope) -> SignedEnvelope:
    """The value of a protobuf envelope."""
    return SignedEnvelope(
        message.payload_type,
        message.payload,
        tuple([(signature.algorithm, signature.signature) for signature in message.signatures]),
    )
